package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// ConsentRecord is one authorization a customer has given, in force or not.
type ConsentRecord struct {
	// Number counts the customer's authorizations from 1; it is their address.
	Number   int
	Method   string // "Visa ending 4242"
	Day      int
	Limit    money.Cents // 0 for none
	Version  string
	SHA256   string
	Accepted calendar.Instant
	// How is how it was made sure who gave it.
	How string
	// Signed is the day of the signed form, "" for one given in the portal;
	// HasForm says that the form is kept.
	Signed  calendar.Date
	HasForm bool
	// Ended is when it ended, 0 while it is in force, and EndedBy how.
	Ended   calendar.Instant
	EndedBy string
}

// Consents lists all authorizations the customer has given, the newest first.
func (s *Service) Consents(ctx context.Context, customerID int64) ([]ConsentRecord, error) {
	rows, err := s.db.Read().ListMandatesForCustomer(ctx, customerID)
	if err != nil {
		return nil, fmt.Errorf("payment: consents: %w", err)
	}
	list := make([]ConsentRecord, len(rows))
	for i, r := range rows {
		list[len(rows)-1-i] = ConsentRecord{Number: i + 1, Method: inWords(r.Kind, r.Brand, r.Last4), Day: int(r.Day), Limit: r.CapCents, Version: r.ConsentVersion,
			SHA256: r.ConsentSha256, Accepted: r.AcceptedAt, How: r.Authenticated, Signed: r.SignedDate, HasForm: r.Form != 0,
			Ended: r.RevokedAt, EndedBy: endedBy(r.RevokedBy)}
	}
	return list, nil
}

// endedBy says to a person what ended a consent.
func endedBy(by string) string {
	who, why, _ := strings.Cut(by, ": ")
	kind, name, _ := strings.Cut(who, " ")
	words := map[string]string{"replaced": "replaced by a newer one", "customer": "by the customer", "system": "by the portal", "staff": "by the office"}[kind]
	if name != "" {
		words = "by " + name
	}
	if why != "" {
		words += ": " + why
	}
	return words
}

// ConsentPaper returns the record of a customer's authorization by its number,
// as it was mailed. One from before records were kept is drawn now, and kept. A
// number the customer has not is NotFound.
func (s *Service) ConsentPaper(ctx context.Context, customerID int64, number int) (ledger.Paper, error) {
	id, err := s.consentID(ctx, customerID, number)
	if err != nil {
		return ledger.Paper{}, err
	}
	paper, err := s.mandatePaper(ctx, id, "record")
	if !fault.Is(err, fault.NotFound) {
		return paper, err
	}
	row, err := s.db.Read().GetMandate(ctx, id)
	if err != nil {
		return paper, fmt.Errorf("payment: %w", err)
	}
	m, err := s.db.Read().GetMethod(ctx, row.MethodID)
	if err != nil {
		return paper, fmt.Errorf("payment: %w", err)
	}
	body, err := s.drawConsent(ctx, db.AddMandateParams{CustomerID: customerID, ConsentText: row.ConsentText, ConsentSha256: row.ConsentSha256,
		ConsentVersion: row.ConsentVersion, CapCents: row.CapCents, Day: row.Day, ShownAt: row.ShownAt, AcceptedAt: row.AcceptedAt, IP: row.IP,
		UserAgent: row.UserAgent, Authenticated: row.Authenticated, SignedDate: row.SignedDate}, labelOf(m), "")
	if err != nil {
		return paper, err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		_, err := keepPaper(ctx, q, s.clock.Now(), id, "record", db.AddDocumentParams{Kind: "consent", Name: consentName(row.AcceptedAt), Mime: "application/pdf", Body: body})
		return err
	})
	if err != nil && !errors.Is(err, errKept) {
		return paper, err
	}
	return s.mandatePaper(ctx, id, "record")
}

// ConsentForm returns the signed form that a customer's authorization was
// entered from; NotFound when there is none.
func (s *Service) ConsentForm(ctx context.Context, customerID int64, number int) (ledger.Paper, error) {
	id, err := s.consentID(ctx, customerID, number)
	if err != nil {
		return ledger.Paper{}, err
	}
	return s.mandatePaper(ctx, id, "form")
}

func (s *Service) consentID(ctx context.Context, customerID int64, number int) (int64, error) {
	rows, err := s.db.Read().ListMandatesForCustomer(ctx, customerID)
	if err != nil {
		return 0, fmt.Errorf("payment: consents: %w", err)
	}
	if number < 1 || number > len(rows) {
		return 0, fault.Missing("authorization")
	}
	return rows[number-1].ID, nil
}

func (s *Service) mandatePaper(ctx context.Context, id int64, kind string) (ledger.Paper, error) {
	row, err := s.db.Read().GetMandatePaper(ctx, db.GetMandatePaperParams{MandateID: id, Kind: kind})
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Paper{}, fault.Missing("authorization")
	}
	if err != nil {
		return ledger.Paper{}, fmt.Errorf("payment: authorization: %w", err)
	}
	return ledger.Paper{Name: row.Name, MIME: row.Mime, SHA256: row.SHA256, Body: row.Body}, nil
}

// errKept ends the transaction of a paper that somebody else kept meanwhile.
var errKept = errors.New("payment: the paper was kept meanwhile")

// keepPaper puts a paper of a consent into the books for good and returns its
// id. It runs in the caller's transaction.
func keepPaper(ctx context.Context, q *db.Queries, now calendar.Instant, mandate int64, kind string, paper db.AddDocumentParams) (int64, error) {
	paper.SHA256, paper.MadeAt = sha256Hex(paper.Body), now
	id, err := q.AddDocument(ctx, paper)
	if err != nil {
		return 0, fmt.Errorf("payment: keeping %s: %w", paper.Name, err)
	}
	n, err := q.AddMandatePaper(ctx, db.AddMandatePaperParams{MandateID: mandate, Kind: kind, DocumentID: id})
	if err != nil {
		return 0, fmt.Errorf("payment: keeping %s: %w", paper.Name, err)
	}
	if n == 0 {
		return 0, errKept
	}
	return id, nil
}

func consentName(accepted calendar.Instant) string {
	return "Authorization-" + accepted.Time().Format("2006-01-02") + ".pdf"
}

// drawConsent makes the PDF of a consent as it is recorded.
func (s *Service) drawConsent(ctx context.Context, row db.AddMandateParams, method, formSHA256 string) ([]byte, error) {
	d, err := s.consentData(ctx, row, method)
	if err != nil {
		return nil, err
	}
	d.FormSHA256 = formSHA256
	body, err := document.Consent(d)
	if err != nil {
		return nil, fmt.Errorf("payment: %w", err)
	}
	return body, nil
}

func (s *Service) consentData(ctx context.Context, row db.AddMandateParams, method string) (document.ConsentData, error) {
	var d document.ConsentData
	dealer, err := s.ledger.Letterhead(ctx, s.db.Read())
	if err != nil {
		return d, err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return d, err
	}
	c, err := s.db.Read().GetBillTo(ctx, row.CustomerID)
	if err != nil {
		return d, found(err, "customer")
	}
	d = document.ConsentData{Dealer: dealer, CustomerNumber: c.Number, BillTo: []string{c.DisplayName, c.Address1, c.Address2, strings.TrimSpace(c.City + " " + c.State + " " + c.Zip)},
		Paragraphs: strings.Split(row.ConsentText, "\n\n"), Method: method, Day: DayInWords(int(row.Day)), Limit: row.CapCents,
		Version: row.ConsentVersion, SHA256: row.ConsentSha256, Shown: row.ShownAt, Accepted: row.AcceptedAt, Zone: set.Zone,
		Address: row.IP, Browser: row.UserAgent, Authenticated: row.Authenticated, Signed: row.SignedDate, Sandbox: set.NoMoney() != ""}
	return d, nil
}
