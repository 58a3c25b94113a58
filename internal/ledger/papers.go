package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
)

// Paper is a document as it is sent.
type Paper struct {
	Name   string // "INV-10023.pdf"
	MIME   string
	SHA256 string // in hexadecimal
	Body   []byte
}

const pdf = "application/pdf"

// errMade ends the transaction of a paper that somebody else made meanwhile.
var errMade = errors.New("ledger: the paper was made meanwhile")

// InvoicePaper returns the PDF of a customer's invoice. The first time it is
// made, from the invoice as it was issued, and frozen; ever after it is only
// sent, whatever is paid or changes. Of several first calls at once one is kept
// and returned by all. An invoice that is missing, a draft, or another
// customer's is NotFound.
//
// A paper that carries a pay link is kept sealed. Where the key file it was
// sealed with is lost, it is made again, with a new link on it.
func (s *Service) InvoicePaper(ctx context.Context, customerID int64, number string) (Paper, error) {
	row, err := s.db.Read().GetInvoicePaperForCustomer(ctx, db.GetInvoicePaperForCustomerParams{Number: number, CustomerID: customerID})
	if errors.Is(err, sql.ErrNoRows) {
		return Paper{}, fault.Missing("invoice")
	}
	if err != nil {
		return Paper{}, fmt.Errorf("ledger: invoice %s: %w", number, err)
	}
	var body []byte
	if row.Sum != "" {
		if body, err = s.settings.Sealer().OpenPaper(row.Body, row.Sum); err == nil {
			return Paper{Name: "INV-" + row.Number + ".pdf", MIME: pdf, SHA256: row.Sum, Body: body}, nil
		}
	}
	err = s.freezeInvoice(ctx, row.ID)
	if err != nil && !errors.Is(err, errMade) {
		return Paper{}, err
	}
	row, err = s.db.Read().GetInvoicePaperForCustomer(ctx, db.GetInvoicePaperForCustomerParams{Number: number, CustomerID: customerID})
	if err == nil {
		body, err = s.settings.Sealer().OpenPaper(row.Body, row.Sum)
	}
	if err != nil {
		return Paper{}, fmt.Errorf("ledger: invoice %s: %w", number, err)
	}
	return Paper{Name: "INV-" + row.Number + ".pdf", MIME: pdf, SHA256: row.Sum, Body: body}, nil
}

// freezeInvoice makes the paper of an invoice and keeps it. It is drawn before
// the transaction begins, so that nobody waits for the drawing; the transaction
// keeps it only when no other was kept first, else it returns errMade.
func (s *Service) freezeInvoice(ctx context.Context, id int64) error {
	link := ""
	err := s.db.Write(ctx, func(q *db.Queries) (err error) {
		link, err = s.printedLink(ctx, q, id)
		return err
	})
	if err != nil {
		return err
	}
	var data document.InvoiceData
	err = s.db.View(ctx, func(q *db.Queries) (err error) {
		data, err = s.invoiceData(ctx, q, id, link)
		return err
	})
	if err != nil {
		return err
	}
	body, err := document.Invoice(data)
	if err != nil {
		return fmt.Errorf("ledger: invoice %s: %w", data.Number, err)
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		_, err := s.keepPaper(ctx, q, id, data, body)
		return err
	})
}

// paperToAttach returns the id of an invoice's paper, which it makes when nobody
// asked for it yet. It runs in the caller's transaction.
func (s *Service) paperToAttach(ctx context.Context, q *db.Queries, id int64) (int64, error) {
	made, err := q.GetPaperOfInvoice(ctx, id)
	if err == nil {
		if _, err := s.settings.Sealer().OpenPaper(made.Body, made.Sum); err == nil {
			return made.ID, nil
		}
	} else if !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("ledger: paper of an invoice: %w", err)
	}
	link, err := s.printedLink(ctx, q, id)
	if err != nil {
		return 0, err
	}
	data, err := s.invoiceData(ctx, q, id, link)
	if err != nil {
		return 0, err
	}
	body, err := document.Invoice(data)
	if err != nil {
		return 0, fmt.Errorf("ledger: invoice %s: %w", data.Number, err)
	}
	return s.keepPaper(ctx, q, id, data, body)
}

// keepPaper stores the paper of an invoice, sealed when a link is on it, and
// returns its id. It runs in the caller's transaction; errMade says that a paper
// was kept first.
func (s *Service) keepPaper(ctx context.Context, q *db.Queries, id int64, data document.InvoiceData, body []byte) (int64, error) {
	raw := sha256.Sum256(body)
	sum := hex.EncodeToString(raw[:])
	if data.PayURL != "" {
		body = s.settings.Sealer().SealPaper(body, sum)
	}
	now := s.clock.Now()
	made, err := q.GetPaperOfInvoice(ctx, id)
	if err == nil {
		if _, err := s.settings.Sealer().OpenPaper(made.Body, made.Sum); err == nil {
			return 0, errMade
		}
		err = q.ReplaceDocument(ctx, db.ReplaceDocumentParams{SHA256: sum, Body: body, MadeAt: now, ID: made.ID})
		if err != nil {
			return 0, fmt.Errorf("ledger: keeping invoice %s: %w", data.Number, err)
		}
		return made.ID, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("ledger: keeping invoice %s: %w", data.Number, err)
	}
	paper, err := q.AddDocument(ctx, db.AddDocumentParams{Kind: "invoice", Name: "INV-" + data.Number + ".pdf", Mime: pdf, SHA256: sum, Body: body, MadeAt: now})
	if err != nil {
		return 0, fmt.Errorf("ledger: keeping invoice %s: %w", data.Number, err)
	}
	n, err := q.AttachInvoicePaper(ctx, db.AttachInvoicePaperParams{DocumentID: db.NullID(paper), ID: id})
	if err != nil {
		return 0, fmt.Errorf("ledger: keeping invoice %s: %w", data.Number, err)
	}
	if n == 0 {
		return 0, errMade
	}
	return paper, nil
}

// invoiceData gathers what the paper of an invoice shows, all of one moment. It
// runs in the caller's transaction.
func (s *Service) invoiceData(ctx context.Context, q *db.Queries, id int64, link string) (document.InvoiceData, error) {
	d, err := s.fillInvoice(ctx, q, id)
	if err != nil {
		return d, fmt.Errorf("ledger: invoice to print: %w", err)
	}
	d.PayURL = link
	return d, nil
}

func (s *Service) fillInvoice(ctx context.Context, q *db.Queries, id int64) (document.InvoiceData, error) {
	var d document.InvoiceData
	dealer, _, err := s.dealer(ctx, q)
	if err != nil {
		return d, err
	}
	i, err := q.GetInvoiceToPrint(ctx, id)
	if err != nil {
		return d, err
	}
	lines, err := q.ListInvoiceLines(ctx, id)
	if err != nil {
		return d, err
	}
	d = document.InvoiceData{
		Dealer: dealer, CustomerNumber: i.CustomerNumber,
		BillTo: AddressLines(i.DisplayName, i.Address1, i.Address2, i.City, i.State, i.Zip),
		Site:   AddressLines(i.Site, i.SiteAddress1, i.SiteAddress2, i.SiteCity, i.SiteState, i.SiteZip),
		Number: i.Number, Date: i.InvoiceDate, Due: i.DueDate, PONumber: i.PoNumber, Terms: i.Terms,
		Tax: i.TaxCents, Subtotal: i.TotalCents - i.TaxCents, Total: i.TotalCents, Balance: i.TotalCents,
		PortalURL: s.mail.PublicURL("/"), RegistrationKey: groupKey(i.RegistrationKey),
	}
	for _, l := range lines {
		d.Lines = append(d.Lines, document.Line{Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPriceCents,
			Tax: l.TaxCents, Amount: l.AmountCents})
	}
	return d, nil
}

// Letterhead returns what stands at the top of the dealer's papers. It reads by
// the caller's queries: papers are drawn in the middle of a transaction too.
func (s *Service) Letterhead(ctx context.Context, q *db.Queries) (document.Dealer, error) {
	d, _, err := s.dealer(ctx, q)
	return d, err
}

// dealer returns the letterhead and the settings it is taken from. It reads by
// the caller's queries.
func (s *Service) dealer(ctx context.Context, q *db.Queries) (document.Dealer, *settings.Settings, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return document.Dealer{}, nil, err
	}
	c := set.Company
	d := document.Dealer{Name: c.Name, Address: AddressLines("", c.Address1, c.Address2, c.City, c.State, c.Zip),
		Phone: c.Phone, Email: c.Email, Web: c.Web, Accent: c.Color}
	logo, err := q.GetLogo(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return d, nil, fmt.Errorf("ledger: logo: %w", err)
	}
	d.Logo = logo.Body
	return d, set, nil
}

// AddressLines returns the lines of an address that hold something.
func AddressLines(name, line1, line2, city, state, zip string) []string {
	var lines []string
	last := strings.TrimSpace(city)
	if region := strings.TrimSpace(state + " " + zip); region != "" {
		if last != "" {
			last += ", "
		}
		last += region
	}
	for _, l := range []string{name, line1, line2, last} {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	return lines
}

// groupKey writes a Registration Key as people read it: in groups of four.
func groupKey(key string) string {
	var b strings.Builder
	for i, r := range key {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return b.String()
}
