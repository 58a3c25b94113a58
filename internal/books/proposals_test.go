package books_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/books"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
)

// offers makes up proposals for the customers there are.
func (w words) offers(t *testing.T, q *db.Queries, s *proposal.Service) error {
	t.Helper()
	list, err := q.ExportCustomers(t.Context(), db.ExportCustomersParams{HowMany: 100})
	if err != nil {
		return err
	}
	for i, c := range list {
		if w.IntN(2) == 0 {
			continue
		}
		r := proposal.Record{Number: fmt.Sprintf("%s%d", strings.Map(func(r rune) rune {
			if strings.ContainsRune(`"/\;`+"\t", r) {
				return -1
			}
			return r
		}, strings.TrimSpace(w.maybe(w.text()))), i), CustomerID: c.ID, Title: strings.Join(strings.Fields(w.text()), " ") + " x", Introduction: strings.TrimSpace(w.maybe(w.text("two\nlines"))),
			Terms: strings.TrimSpace(w.maybe(w.text())), Date: calendar.NewDate(2026, 10, 1+w.IntN(28)), SalespersonEmail: w.maybe("sam@dealer.example"), Deposit: money.Cents(w.IntN(3) * 500)}
		if w.IntN(2) == 0 {
			r.ValidUntil = r.Date.AddDays(w.IntN(90))
		}
		for range 1 + w.IntN(4) {
			l := proposal.Line{Description: strings.TrimSpace(w.text("two\nlines")), Quantity: money.Quantity(1 + w.IntN(5000)), UnitPrice: money.Cents(w.IntN(100_000)), Tax: money.Cents(w.IntN(100)),
				Cycle: proposal.Cycles[w.IntN(6)], Optional: w.IntN(2) == 0, Chosen: w.IntN(2) == 0}
			l.Position, l.Taxable = int64(len(r.Lines)+1), l.Tax != 0
			r.Lines = append(r.Lines, l)
		}
		if w.IntN(2) == 0 {
			r.Paper = onePage(t)
		}
		if err := s.ImportIn(t.Context(), q, now, audit.Program, r); err != nil {
			return err
		}
	}
	return nil
}

// onePage is a small PDF.
func onePage(t testing.TB) []byte {
	t.Helper()
	pdf, err := document.Proposal(document.ProposalData{Number: "1", Version: 1, Title: "Old paper", Date: "2026-10-01"})
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

const customersOfTwo = "customer_number,business_name\n1,Acme\n2,Bolt\n"

func TestProposalsGoInAsTheyWereSent(t *testing.T) {
	d := dbtest.New(t)
	s := service(t, d)
	paper := string(onePage(t))
	text := "Proposal #,Customer Number,Title,Date,Valid Until,Salesperson Email,Description,Quantity,Unit Price,Tax,cycle_months,optional,deposit,status\n" +
		"Q-7,1,Shop alarm,10/15/2026,12/31/2026,sam@dealer.example,Panel,1,$899.00,71.92,,,100.00,Open\n" +
		"Q-7,,,,,,Sensors,2.5,33.30,6.66,0,chosen,,\n" +
		"q-7,,,,,,Monitoring,1,44.95,,1,no,,\n" +
		"Q-8,2,,,,,\"Camera\nwith mount\",,250.00,,,yes,,Viewed\n" +
		"Q-9,2,Gone,2026-09-01,,,Lock,1,10.00,,,,,Accepted\n"
	sources := func() []books.Source {
		return []books.Source{csv("q-7.PDF", paper), csv("X-1.pdf", paper), csv("proposals.csv", text), csv("customers.csv", customersOfTwo)}
	}
	dry := imported(t, s, books.Options{DryRun: true}, sources()...)
	if n := count(t, d, `SELECT count(*) FROM proposals`); n != 0 {
		t.Fatalf("a dry run wrote %d proposals", n)
	}
	r := imported(t, s, books.Options{}, sources()...)
	for _, r := range []*books.Report{dry, r} {
		if f := r.Files[1]; f.Name != "proposals.csv" || f.Rows != 5 || f.New != 4 || f.Unchanged != 1 || f.Kept != 1 || f.Refused != 0 {
			t.Fatalf("%+v %v", f, r.Refused)
		}
	}
	var all strings.Builder
	if err := r.Print(&all); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"line 7, status: proposal Q-9 was accepted where it comes from and is not offered again", "X-1.pdf: left out, for no row of proposals.csv that is taken in has this number"} {
		if !strings.Contains(strings.Join(strings.Fields(all.String()), " "), want) {
			t.Errorf("the report does not say %q:\n%s", want, all.String())
		}
	}
	for query, want := range map[string]int64{
		`SELECT count(*) FROM proposals WHERE state = 'sent' AND version = 1 AND sent_at > 0 AND paper <> ''`:                                          2,
		`SELECT total_cents FROM proposals WHERE number = 'Q-7'`:                                                                                       899_00 + 71_92 + 83_25 + 6_66,
		`SELECT monthly_cents FROM proposals WHERE number = 'Q-7'`:                                                                                     44_95,
		`SELECT deposit_cents FROM proposals WHERE number = 'Q-7'`:                                                                                     100_00,
		`SELECT count(*) FROM proposals WHERE number = 'Q-7' AND title = 'Shop alarm' AND proposal_date = '2026-10-15' AND valid_until = '2026-12-31'`: 1,
		`SELECT count(*) FROM proposals WHERE number = 'Q-8' AND title = 'Camera' AND proposal_date = '2026-11-01' AND total_cents = 0`:                1,
		`SELECT count(*) FROM proposal_events WHERE kind = 'imported'`:                                                                                 2,
		`SELECT count(*) FROM proposal_attachments WHERE name = 'Q-7.pdf' AND pages = 1`:                                                               1,
		`SELECT count(*) FROM outbox`: 0,
	} {
		if got := count(t, d, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	again := imported(t, s, books.Options{}, sources()...)
	if again.Written || again.Files[1].New != 0 || again.Files[1].Unchanged != 5 || again.Files[1].Kept != 1 {
		t.Errorf("a second time: %+v", again.Files[1])
	}
	other := imported(t, s, books.Options{}, csv("proposals.csv", strings.Replace(text, "$899.00", "$900.00", 1)))
	if other.Written || len(other.Kept) != 2 || other.Kept[0].Line != 2 || other.Kept[0].Column != "unit_price" {
		t.Errorf("another price: %+v %v", other.Files[0], other.Kept)
	}
}

func TestBrokenProposalsAreRefusedByLineAndColumn(t *testing.T) {
	const head = "proposal_number,customer_number,title,date,valid_until,salesperson_email,site_name,description,quantity,unit_price,tax,cycle_months,optional,deposit,status\n"
	for name, c := range map[string]struct {
		rows, column, words string
		line                int64
	}{
		"no number":             {",1,,,,,,Panel,1,1.00,,,,,", "proposal_number", "must not be empty", 2},
		"a slash in the number": {"Q/1,1,,,,,,Panel,1,1.00,,,,,", "proposal_number", "without slashes", 2},
		"a word as the number":  {"drafts,1,,,,,,Panel,1,1.00,,,,,", "proposal_number", "cannot be a number", 2},
		"no customer":           {"Q1,,,,,,,Panel,1,1.00,,,,,", "customer_number", "must not be empty", 2},
		"an unknown customer":   {"Q1,77,,,,,,Panel,1,1.00,,,,,", "customer_number", "77", 2},
		"two customers":         {"Q1,1,,,,,,Panel,1,1.00,,,,,\nQ1,2,,,,,,Panel,1,1.00,,,,,", "customer_number", "differs", 3},
		"an unknown site":       {"Q1,1,,,,,Nowhere,Panel,1,1.00,,,,,", "site_name", "Nowhere", 2},
		"a broken date":         {"Q1,1,,31/31/2026,,,,Panel,1,1.00,,,,,", "date", "not a date", 2},
		"valid before its date": {"Q1,1,,2026-11-01,2026-10-01,,,Panel,1,1.00,,,,,", "valid_until", "before", 2},
		"no address":            {"Q1,1,,,,sam,,Panel,1,1.00,,,,,", "salesperson_email", "not one e-mail", 2},
		"no description":        {"Q1,1,,,,,,,1,1.00,,,,,", "description", "must not be empty", 2},
		"a broken quantity":     {"Q1,1,,,,,,Panel,lots,1.00,,,,,", "quantity", "lots", 2},
		"no price":              {"Q1,1,,,,,,Panel,1,,,,,,", "unit_price", "must not be empty", 2},
		"a broken price":        {"Q1,1,,,,,,Panel,1,1.005,,,,,", "unit_price", "1.005", 2},
		"a broken tax":          {"Q1,1,,,,,,Panel,1,1.00,x,,,,", "tax", "x", 2},
		"a strange cycle":       {"Q1,1,,,,,,Panel,1,1.00,,5,,,", "cycle_months", "5", 2},
		"a strange option":      {"Q1,1,,,,,,Panel,1,1.00,,,perhaps,,", "optional", "perhaps", 2},
		"a deposit below zero":  {"Q1,1,,,,,,Panel,1,1.00,,,,-5.00,", "deposit", "below zero", 2},
		"a strange status":      {"Q1,1,,,,,,Panel,1,1.00,,,,,Sleeping", "status", "sleeping", 2},
		"a bad second row":      {"Q1,1,,,,,,Panel,1,1.00,,,,,\nQ1,,,,,,,Panel,x,1.00,,,,,", "quantity", "x", 3},
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.New(t)
			r := imported(t, service(t, d), books.Options{}, csv("customers.csv", customersOfTwo), csv("proposals.csv", head+c.rows+"\n"))
			f := r.Files[1]
			if f.New != 0 || f.Refused != f.Rows {
				t.Errorf("%+v", f)
			}
			found := false
			for _, x := range r.Refused {
				found = found || x.File == "proposals.csv" && x.Line == c.line && x.Column == c.column && strings.Contains(x.Text, c.words)
			}
			if !found {
				t.Errorf("not refused at line %d, %s with %q: %v", c.line, c.column, c.words, r.Refused)
			}
			if n := count(t, d, `SELECT count(*) FROM proposals`); n != 0 {
				t.Errorf("%d proposals", n)
			}
		})
	}
}

func TestAPDFThatIsNoneRefusesItsProposal(t *testing.T) {
	d := dbtest.New(t)
	r := imported(t, service(t, d), books.Options{}, csv("customers.csv", customersOfTwo), csv("Q1.pdf", "%PDF-1.4 and nothing more"),
		csv("proposals.csv", "proposal_number,customer_number,description,unit_price\nQ1,1,Panel,1.00\nQ2,1,Panel,1.00\n"))
	if len(r.Refused) != 1 || r.Refused[0].Line != 2 || !strings.HasPrefix(r.Refused[0].Text, "Q1.pdf: ") {
		t.Errorf("%v", r.Refused)
	}
	if n := count(t, d, `SELECT count(*) FROM proposals WHERE number = 'Q2'`); n != 1 {
		t.Error("the other is not taken in")
	}
}

// A folder brings the PDFs that lie in it, a file alone those beside it.
func TestPapersBesideTheFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"customers.csv": customersOfTwo, "proposals.csv": "proposal_number,customer_number,description,unit_price\nQ1,1,Panel,1.00\n",
		"Q1.pdf": string(onePage(t)), "brochure.pdf": "not asked for", "P-1 signed.pdf": "nor this"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, paths := range map[string][]string{"folder": {dir}, "files": {filepath.Join(dir, "customers.csv"), filepath.Join(dir, "proposals.csv")}} {
		t.Run(name, func(t *testing.T) {
			sources, notes, err := books.Files(paths...)
			if err != nil || len(notes) != 0 {
				t.Fatal(err, notes)
			}
			d := dbtest.New(t)
			r := imported(t, service(t, d), books.Options{}, sources...)
			if len(r.Notes) != 0 || len(r.Refused) != 0 || count(t, d, `SELECT count(*) FROM proposal_attachments`) != 1 {
				t.Errorf("%v %v", r.Notes, r.Refused)
			}
		})
	}
}
