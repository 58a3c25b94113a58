package proposal

import (
	"context"
	"database/sql"
	"encoding/json"
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

// Version is one version of a proposal as the customer sees it.
type Version struct {
	ID      int64
	Number  string
	Version int64
	State   State
	// Paper is what was sent, as it was; Sum the SHA-256 of its PDF.
	Paper document.ProposalData
	Sum   string
	Lines []Line
	// Chosen are the positions of the optional lines the sums are for, and Totals
	// the sums.
	Chosen []int64
	Totals Totals
	// Attached are the PDFs that go with it.
	Attached []Attached
	// Others are the other versions that were sent, the newest first.
	Others []Other
	// Decision is how it was answered, nil while it is not.
	Decision *Decision
	// Closed says why it cannot be answered, "" when it can.
	Closed string
	// Newer is the version that replaced it, 0 when none did.
	Newer int64
	// Stands says how it stands to the versions that were accepted, "" when there is
	// nothing to say, and StandsTo which one that is about.
	Stands   string
	StandsTo int64
	// AskedWith says with which versions Totals.Asked was asked: "with version 1".
	AskedWith string
}

// Attached is a PDF that goes with a version.
type Attached struct {
	Position int64
	Name     string
	Pages    int64
	Bytes    int64
	SHA256   string
}

// Other is another version of the same proposal.
type Other struct {
	Version int64
	State   State
	Sent    calendar.Instant
	Total   money.Cents
	Monthly money.Cents
}

// Decision is how a version was answered.
type Decision struct {
	Accepted     bool
	Name         string // as typed
	Email        string // of who answered
	Strokes      string // as package signature writes them
	Reason       string
	At           calendar.Instant
	Local        string // in the dealer's time, as it is printed
	SignedSHA256 string
	// Deposit is what was invoiced as deposits, with this version and the accepted
	// ones before it, DepositLeft what of it is left to pay, and DepositInvoice the
	// first number it is paid by, "" when nothing is left.
	Deposit, DepositLeft money.Cents
	DepositInvoice       string
	CancelBy             calendar.Date // the last day a sale at home may be cancelled, else none
}

// ReadForCustomer returns one version, 0 = the newest that was sent, with its
// sums for certain options, nil = as they are chosen beforehand or were accepted.
// A position that is no option is Invalid (field options). It only reads.
func (s *Service) ReadForCustomer(ctx context.Context, who Reader, number string, version int64, chosen []int64) (v Version, err error) {
	err = s.db.View(ctx, func(q *db.Queries) error {
		p, err := s.find(ctx, q, who, number, version)
		if err != nil {
			return err
		}
		v, err = s.version(ctx, q, who, p, chosen)
		return err
	})
	return v, err
}

func (s *Service) version(ctx context.Context, q *db.Queries, who Reader, p db.GetProposalForCustomerRow, chosen []int64) (Version, error) {
	v := Version{ID: p.ID, Number: p.Number, Version: p.Version, Chosen: chosen}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return v, err
	}
	today := s.clock.Today(set.Zone)
	v.State = StateOf(p.State, calendar.Date(p.ValidUntil), today)
	row, err := q.GetProposalToPrint(ctx, p.ID)
	if err != nil {
		return v, fmt.Errorf("proposal: %w", err)
	}
	if row.Paper == "" {
		v.Paper, err = s.paperData(ctx, q, p.ID)
	} else {
		err = json.Unmarshal([]byte(row.Paper), &v.Paper)
	}
	if err != nil {
		return v, fmt.Errorf("proposal: paper of %s: %w", p.Number, err)
	}
	if v.Sum, err = q.GetProposalPaperSum(ctx, p.ID); err != nil {
		return v, fmt.Errorf("proposal: paper of %s: %w", p.Number, err)
	}
	if v.Lines, err = lines(ctx, q, p.ID); err != nil {
		return v, err
	}
	attached, err := q.ListProposalAttachments(ctx, p.ID)
	if err != nil {
		return v, fmt.Errorf("proposal: attachments: %w", err)
	}
	for _, a := range attached {
		v.Attached = append(v.Attached, Attached{a.Position, a.Name, a.Pages, a.Bytes, a.SHA256})
	}
	versions, err := q.ListProposalVersionsForCustomer(ctx, db.ListProposalVersionsForCustomerParams{Number: p.Number, CustomerID: who.CustomerID})
	if err != nil {
		return v, fmt.Errorf("proposal: versions: %w", err)
	}
	for _, o := range versions {
		if o.Version > v.Version {
			v.Newer = max(v.Newer, o.Version)
		}
		if o.Version != v.Version && who.Link.ID == 0 {
			v.Others = append(v.Others, Other{o.Version, StateOf(o.State, calendar.Date(o.ValidUntil), today), o.SentAt, money.Cents(o.TotalCents), money.Cents(o.MonthlyCents)})
		}
	}
	kin, err := KinOf(ctx, q, p.Number, p.Version, today)
	if err != nil {
		return v, err
	}
	asked := kin.Asked()
	d, err := q.GetProposalDecision(ctx, p.ID)
	switch {
	case err == nil:
		v.Decision = &Decision{Accepted: d.Decision == "accepted", Name: d.TypedName, Email: d.UserEmail + d.LinkEmail, Strokes: d.Strokes, Reason: d.Reason,
			At: d.At, Local: d.LocalTime, SignedSHA256: d.SignedSha256}
		if v.Decision.Accepted {
			v.Decision.owe(kin.Deposits)
			if row.Residential != 0 {
				v.Decision.CancelBy = document.CancelBy(d.At.Date(set.Zone))
			}
			asked = d.DepositAskedCents
			if err := json.Unmarshal([]byte(d.Chosen), &v.Chosen); err != nil {
				return v, fmt.Errorf("proposal: decision of %s: %w", p.Number, err)
			}
		}
	case !errors.Is(err, sql.ErrNoRows):
		return v, fmt.Errorf("proposal: decision: %w", err)
	}
	if v.Chosen == nil {
		v.Chosen = Preset(v.Lines)
	}
	if v.Totals, err = TotalsOf(v.Lines, v.Chosen, row.DepositCents, row.DepositPpm); err != nil {
		return v, err
	}
	v.Totals.Asked, v.AskedWith = asked, kin.askedWith()
	if v.State == StateExpired || v.State == StateWithdrawn || v.State == StateReplaced {
		v.Closed = message(whyClosed(v.State, calendar.Date(p.ValidUntil), set))
	}
	v.Stands, v.StandsTo = kin.words(v.State, p.DecidedAt, set.Zone)
	if kin.Successor.ID != 0 {
		v.State = StateReplaced
		v.Decision.CancelBy, v.Decision.DepositInvoice = "", "" // both are the later one's now
	}
	return v, nil
}

// owe fills in what was invoiced as deposits and what of it is left to pay.
func (d *Decision) owe(deposits []Deposit) {
	for _, one := range deposits {
		d.Deposit += one.Asked
		d.DepositLeft += one.Left
		if one.Left > 0 && d.DepositInvoice == "" {
			d.DepositInvoice = one.Invoice
		}
	}
}

// PaperForCustomer returns the PDF of a version as it was sent.
func (s *Service) PaperForCustomer(ctx context.Context, who Reader, number string, version int64) (ledger.Paper, error) {
	q := s.db.Read()
	p, err := s.find(ctx, q, who, number, version)
	if err != nil {
		return ledger.Paper{}, err
	}
	d, err := q.GetDocument(ctx, p.DocumentID.Int64)
	if err != nil {
		return ledger.Paper{}, fmt.Errorf("proposal: paper of %s: %w", number, err)
	}
	return ledger.Paper{Name: paperName(p.Number, p.Version), MIME: d.Mime, SHA256: d.SHA256, Body: d.Body}, nil
}

// SignedForCustomer returns the signed copy of a version; NotFound when it was
// not accepted.
func (s *Service) SignedForCustomer(ctx context.Context, who Reader, number string, version int64) (ledger.Paper, error) {
	q := s.db.Read()
	p, err := s.find(ctx, q, who, number, version)
	if err != nil {
		return ledger.Paper{}, err
	}
	made, err := q.GetProposalDecision(ctx, p.ID)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !made.SignedDocumentID.Valid {
		return ledger.Paper{}, fault.Missing("signed copy")
	}
	if err != nil {
		return ledger.Paper{}, fmt.Errorf("proposal: decision: %w", err)
	}
	d, err := q.GetDocument(ctx, made.SignedDocumentID.Int64)
	if err != nil {
		return ledger.Paper{}, fmt.Errorf("proposal: signed copy of %s: %w", number, err)
	}
	return ledger.Paper{Name: d.Name, MIME: d.Mime, SHA256: d.SHA256, Body: d.Body}, nil
}

// AttachmentForCustomer returns one of the PDFs that go with a version.
func (s *Service) AttachmentForCustomer(ctx context.Context, who Reader, number string, version, position int64) (ledger.Paper, error) {
	q := s.db.Read()
	p, err := s.find(ctx, q, who, number, version)
	if err != nil {
		return ledger.Paper{}, err
	}
	d, err := q.GetProposalAttachmentForCustomer(ctx, db.GetProposalAttachmentForCustomerParams{ProposalID: p.ID, CustomerID: who.CustomerID, Position: position})
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Paper{}, fault.Missing("document")
	}
	if err != nil {
		return ledger.Paper{}, fmt.Errorf("proposal: attachment of %s: %w", number, err)
	}
	name := d.Name
	if !strings.HasSuffix(strings.ToLower(name), ".pdf") {
		name += ".pdf"
	}
	return ledger.Paper{Name: name, MIME: d.Mime, SHA256: d.Sum, Body: d.Body}, nil
}

// View records that the customer has a version before him: in its state the
// first time, and in the trail at most once a day for each person. A page says so
// once it is shown; opening an address records nothing, for programs open
// addresses too.
func (s *Service) View(ctx context.Context, who Reader, number string, version int64) error {
	p, err := s.find(ctx, s.db.Read(), who, number, version)
	if err != nil {
		return err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	since := calendar.InstantOf(now.Date(set.Zone).Time(set.Zone))
	return s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.CountProposalViews(ctx, db.CountProposalViewsParams{ProposalID: p.ID, Kind: evViewed, Since: since, UserID: db.NullID(who.By.UserID), Details: who.note("")})
		if err != nil {
			return fmt.Errorf("proposal: view: %w", err)
		}
		if n > 0 {
			return nil
		}
		if _, err := q.MarkProposalViewed(ctx, db.MarkProposalViewedParams{ViewedAt: now, ID: p.ID}); err != nil {
			return fmt.Errorf("proposal: view: %w", err)
		}
		return record(ctx, q, now, who.By, p.ID, evViewed, who.note(""))
	})
}
