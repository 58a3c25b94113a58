package books_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/books"
	"customerportal/internal/fault"
)

const (
	oneCustomer = "customer_number,first_name,last_name,terms\n1042,Mary,O'Brien,Net 30\n1043,José,Muñoz,\n"
	oneSite     = "customer_number,site_name\n1042,Shop\n"
	oneInvoice  = "invoice_number,customer_number,invoice_date,description,unit_price\n10023,1042,11/1/2026,Monitoring,45.00\n10024,1042,2026-11-01,Monitoring,55.00\n"
)

// filled returns books with two customers, a site and two invoices.
func filled(t *testing.T) (*books.Service, *db.DB) {
	t.Helper()
	d := dbtest.New(t)
	s := service(t, d)
	r := imported(t, s, books.Options{}, csv("invoices.csv", oneInvoice), csv("sites.csv", oneSite), csv("customers.csv", oneCustomer))
	if n := r.Totals(); n.New != 5 || n.Refused != 0 {
		t.Fatalf("%+v %v", n, r.Refused)
	}
	return s, d
}

func TestEachSortOfBrokenRowIsNamedByFileLineColumnAndReason(t *testing.T) {
	const (
		customers = "customer_number,business_name,first_name,last_name,email,phone,status,registration_key,zip\n"
		invoices  = "invoice_number,customer_number,invoice_date,due_date,site_name,description,quantity,unit_price,tax\n"
		payments  = "payment_number,customer_number,payment_date,payment_type,reference,amount,apply_to\n"
	)
	for _, c := range []struct {
		name, file, text string
		line             int64
		column, reason   string
	}{
		{"no number", "customers.csv", customers + ",A,,,,,,,\n", 2, "customer_number", "must not be empty"},
		{"no name", "customers.csv", customers + "7,,Ann,,,,,,\n", 2, "last_name", "neither a business name"},
		{"e-mail", "customers.csv", customers + "7,A,,,nobody,,,,\n", 2, "email", "not an e-mail address"},
		{"phone", "customers.csv", customers + "7,A,,,,call me,,,\n", 2, "phone", "not a phone number"},
		{"status", "customers.csv", customers + "7,A,,,,,maybe,,\n", 2, "status", "neither active nor inactive"},
		{"key", "customers.csv", customers + "7,A,,,,,,ABC,\n", 2, "registration_key", "no Registration Key"},
		{"key of another", "customers.csv", customers + "7,A,,,,,,0123-4567-89AB-CDEF,\n8,B,,,,,,0123456789ABCDEF,\n", 3, "registration_key", "customer on line 2"},
		{"twice", "customers.csv", customers + "7,A,,,,,,,\n7,B,,,,,,,\n", 3, "customer_number", "on line 2 already"},
		{"too many cells", "customers.csv", customers + "7,A,,,,,,,,surplus\n", 2, "column 10", "more cells"},
		{"line breaks before it", "customers.csv", customers + "6,\"A\nB\nC\",,,,,,,\n7,,,,,,,,\n", 5, "last_name", ""},
		{"too long", "customers.csv", customers + "7," + strings.Repeat("x", 501) + ",,,,,,,\n", 2, "business_name", "longer than"},
		{"NUL", "customers.csv", customers + "6,Café Ångström,,,,,,,\n7,A\x01,,,a@\x00b.example,,,,\n", 3, "email", "no text"},
		{"bytes that are no UTF-8", "customers.csv", customers + "6,Café Ångström,,,,,,,\n7,Caf\xe9,,,,,,,\n", 3, "business_name", "cannot be read"},

		{"site of nobody", "sites.csv", "customer_number,site_name\n99,Shop\n", 2, "customer_number", `no customer "99"`},
		{"exempt", "sites.csv", "customer_number,site_name,tax_exempt\n1042,Barn,perhaps\n", 2, "tax_exempt", "neither yes nor no"},
		{"system of no site", "systems.csv", "customer_number,site_name,system_name\n1042,Barn,Fire\n", 2, "site_name", `no site "Barn"`},
		{"system without name", "systems.csv", "customer_number,site_name,system_name\n1042,Shop, \n", 2, "system_name", "must not be empty"},

		{"no invoice number", "invoices.csv", invoices + ",1042,2026-11-01,,,M,1,5,\n", 2, "invoice_number", "must not be empty"},
		{"customer unknown", "invoices.csv", invoices + "1,99,2026-11-01,,,M,1,5,\n", 2, "customer_number", `no customer "99"`},
		{"no customer", "invoices.csv", invoices + "1,,2026-11-01,,,M,1,5,\n", 2, "customer_number", "must not be empty"},
		{"no date", "invoices.csv", invoices + "1,1042,,,,M,1,5,\n", 2, "invoice_date", "must not be empty"},
		{"date the other way round", "invoices.csv", invoices + "1,1042,13/11/2026,,,M,1,5,\n", 2, "invoice_date", "the month first"},
		{"no such day", "invoices.csv", invoices + "1,1042,2026-02-30,,,M,1,5,\n", 2, "invoice_date", "not a date"},
		{"due", "invoices.csv", invoices + "1,1042,2026-11-01,soon,,M,1,5,\n", 2, "due_date", "not a date"},
		{"site unknown", "invoices.csv", invoices + "1,1042,2026-11-01,,Barn,M,1,5,\n", 2, "site_name", `no site "Barn"`},
		{"no description", "invoices.csv", invoices + "1,1042,2026-11-01,,,,1,5,\n", 2, "description", "must not be empty"},
		{"quantity", "invoices.csv", invoices + "1,1042,2026-11-01,,,M,-1,5,\n", 2, "quantity", "not a quantity"},
		{"quantity zero", "invoices.csv", invoices + "1,1042,2026-11-01,,,M,0,5,\n", 2, "quantity", ""},
		{"no price", "invoices.csv", invoices + "1,1042,2026-11-01,,,M,1,,\n", 2, "unit_price", "must not be empty"},
		{"three decimals", "invoices.csv", invoices + "1,1042,2026-11-01,,,M,1,1.005,\n", 2, "unit_price", "not an amount"},
		{"tax", "invoices.csv", invoices + "1,1042,2026-11-01,,,M,1,5,lots\n", 2, "tax", "not an amount"},
		{"below zero", "invoices.csv", invoices + "1,1042,2026-11-01,,,M,1,(5.00),\n", 2, "unit_price", "never comes to less than zero"},
		{"rows that differ", "invoices.csv", invoices + "1,1042,2026-11-01,,,M,1,5,\n1,1043,2026-11-01,,,N,1,5,\n", 3, "customer_number", "differs"},
		{"semicolon", "invoices.csv", invoices + "1;2,1042,2026-11-01,,,M,1,5,\n", 2, "invoice_number", "semicolon"},

		{"payer unknown", "payments.csv", payments + "P1,99,2026-11-01,Check,1,5,\n", 2, "customer_number", "no customer"},
		{"no type", "payments.csv", payments + "P1,1042,2026-11-01,,1,5,\n", 2, "payment_type", "must not be empty"},
		{"no payment date", "payments.csv", payments + "P1,1042,,Check,1,5,\n", 2, "payment_date", "date is needed"},
		{"nothing paid", "payments.csv", payments + "P1,1042,2026-11-01,Check,1,0.00,\n", 2, "amount", "more than zero"},
		{"given back", "payments.csv", payments + "P1,1042,2026-11-01,Check,1,-5,\n", 2, "amount", "given back"},
		{"blank in the number", "payments.csv", payments + "P 1,1042,2026-11-01,Check,1,5,\n", 2, "payment_number", "without blanks"},
		{"no such invoice", "payments.csv", payments + "P1,1042,2026-11-01,Check,1,5,77\n", 2, "apply_to", `no invoice "77"`},
		{"invoice of another", "payments.csv", payments + "P1,1043,2026-11-01,Check,1,5,10023\n", 2, "apply_to", "not one of customer 1043"},
		{"over the balance", "payments.csv", payments + "P1,1042,2026-11-01,Check,1,50,10023:45.01\n", 2, "apply_to", "only $45.00 left"},
		{"over what is left", "payments.csv", payments + "P1,1042,2026-11-01,Check,1,40,10023:40.00\nP2,1042,2026-11-02,Check,2,40,10023:40.00\n", 3, "apply_to", "only $5.00 left"},
		{"more than the payment", "payments.csv", payments + "P1,1042,2026-11-01,Check,1,50,10023:45;10024:6\n", 2, "apply_to", "more than the payment"},
		{"named twice", "payments.csv", payments + "P1,1042,2026-11-01,Check,1,50,10023:5;10023\n", 2, "apply_to", "named twice"},
		{"part of nothing", "payments.csv", payments + "P1,1042,2026-11-01,Check,1,50,:5\n", 2, "apply_to", "no invoice number"},
		{"part without amount", "payments.csv", payments + "P1,1042,2026-11-01,Check,1,50,10023:x\n", 2, "apply_to", "not an amount"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, d := filled(t)
			before := count(t, d, `SELECT (SELECT count(*) FROM invoices) + (SELECT count(*) FROM payments)`)
			var rejects bytes.Buffer
			r := imported(t, s, books.Options{Rejects: func(string) (io.WriteCloser, error) { return closer{&rejects}, nil }}, csv(c.file, c.text))
			if r.Totals().Refused == 0 {
				t.Fatalf("nothing was refused: %+v", r.Totals())
			}
			f := r.Refused[0]
			for _, other := range r.Refused {
				if other.Column == c.column {
					f = other
				}
			}
			if f.File != c.file || f.Line != c.line || f.Column != c.column || !strings.Contains(f.Text, c.reason) {
				t.Errorf("refused: %v", r.Refused)
			}
			if !strings.Contains(rejects.String(), strings.ReplaceAll(f.Text, `"`, `""`)) {
				t.Errorf("the file of refused rows: %q", rejects.String())
			}
			if after := count(t, d, `SELECT (SELECT count(*) FROM invoices) + (SELECT count(*) FROM payments)`); after != before+r.Totals().New-count(t, d, `SELECT count(*) - 2 FROM customers`)-count(t, d, `SELECT count(*) - 1 FROM sites`) {
				t.Errorf("%d before, %d after, %+v", before, after, r.Totals())
			}
		})
	}
}

type closer struct{ io.Writer }

func (closer) Close() error { return nil }

func TestARefusedRowRefusesItsInvoiceWhole(t *testing.T) {
	s, d := filled(t)
	r := imported(t, s, books.Options{}, csv("invoices.csv", "invoice_number,customer_number,invoice_date,description,unit_price\n"+
		"1,1042,2026-11-01,Monitoring,5\n2,1042,2026-11-01,Monitoring,5\n1,,,Cellular,free\n"))
	if n := r.Totals(); n.New != 1 || n.Refused != 2 {
		t.Fatalf("%+v", n)
	}
	if f := r.Refused[len(r.Refused)-1]; f.Line != 2 || !strings.Contains(f.Text, "line 4") {
		t.Errorf("%v", r.Refused)
	}
	if n := count(t, d, `SELECT count(*) FROM invoices WHERE number = '1'`); n != 0 {
		t.Error("half an invoice is in the books")
	}
}

func TestFilesThatCannotBeReadAsAWholeAreRefusedInWords(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"empty":         {"customers.csv", "", "the file is empty"},
		"no columns":    {"invoices.csv", "invoice_number,date\n1,2\n", "missing: customer_number, invoice_date, description, unit_price"},
		"names missing": {"customers.csv", "customer_number,first_name\n1,A\n", "first_name and last_name, or business_name"},
		"column twice":  {"customers.csv", "Customer Number,customer_number,business_name\n1,2,A\n", "customer_number stands there twice"},
		"open quote":    {"customers.csv", "customer_number,business_name\n1,A\n2,\"B\n3,C\n", "line 3: a quote that is opened in this row is never closed"},
		"spreadsheet":   {"customers.csv", "PK\x03\x04rest", "not a CSV file"},
		"binary":        {"customers.csv", "a\x00\x00\x00\x00bcdefgh\x00\x00", "not a CSV file"},
		"strange name":  {"stuff.csv", "a,b\n", "call it one of customers.csv"},
		"endless row":   {"customers.csv", "customer_number,business_name\n1,\"" + strings.Repeat("x", 2<<20), "longer than a row can be"},
		"cells":         {"customers.csv", "customer_number,business_name\n" + strings.Repeat(",", 2000) + "\n", "longer than a row can be"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := service(t, dbtest.New(t)).Import(t.Context(), audit.Program, []books.Source{csv(c.file, c.text)}, books.Options{})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestFilesOfOtherScreensAndUnknownColumnsAreReported(t *testing.T) {
	r := imported(t, service(t, dbtest.New(t)), books.Options{}, csv("workorders.csv", "x\n"), csv("ledger.csv", "x\n"),
		csv("Customers (2).CSV", "customer_number,business_name,Shoe Size\n1,A,44\n"))
	var all strings.Builder
	if err := r.Print(&all); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"workorders.csv: work orders are written down for you and not read back", "ledger.csv: this is a report", "Shoe Size"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, all.String())
		}
	}
	if r.Totals().New != 1 {
		t.Errorf("%+v", r.Totals())
	}
}

func TestOfAFolderOnlyTheFilesThemselvesAreRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"Customers.csv", "refused-customers.csv", "customers (2).csv", "notes.csv", "workorders.csv", "ledger.csv", "readme.md"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("customer_number,business_name\n"+name+",A\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sources, notes, err := books.Files(dir)
	if err != nil || len(sources) != 3 || len(notes) != 3 {
		t.Fatalf("%v %v, %v", sources, notes, err)
	}
	if r := imported(t, service(t, dbtest.New(t)), books.Options{}, sources...); r.Totals().New != 1 || len(r.Notes) != 2 {
		t.Errorf("%+v %v", r.Totals(), r.Notes)
	}
	if _, _, err := books.Files(t.TempDir()); err == nil || !strings.Contains(err.Error(), "customers.csv") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, _, err := books.Files(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there is taken")
	}
}

func TestFilesAsProgramsReallyWriteThem(t *testing.T) {
	const want = "1042|Café “Zoë” & Söhne|12 Rue de l'Église\u00a0—|01234|(413) 555-0100;413 555 0101|Mary@Example.com"
	text := "Zip , CUSTOMER NUMBER,Business-Name,address1,phone,Email\n" +
		"1234,=\"1042\", \"Café “Zoë” & Söhne\" ,\" 12 Rue de l'Église\u00a0— \",\"(413) 555-0100\n413 555 0101\",Mary@Example.com\n,,,,,\n"
	utf16Text := func(bom bool, big bool) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune(map[bool]string{true: "\ufeff", false: ""}[bom] + text)) {
			if big {
				b.WriteByte(byte(u >> 8))
				b.WriteByte(byte(u))
			} else {
				b.WriteByte(byte(u))
				b.WriteByte(byte(u >> 8))
			}
		}
		return b.String()
	}
	cp1252, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"UTF-8": text, "with mark": "\ufeff" + text, "Windows-1252": cp1252,
		"UTF-16 LE": utf16Text(true, false), "UTF-16 BE": utf16Text(true, true), "UTF-16 LE bare": utf16Text(false, false), "UTF-16 BE bare": utf16Text(false, true),
		"CRLF": strings.ReplaceAll(text, "\n", "\r\n"), "CR": strings.ReplaceAll(text, "\n", "\r"),
		"semicolons": strings.ReplaceAll(text, ",", ";"), "tabs": strings.ReplaceAll(text, ",", "\t"),
		"separator named": "sep=;\r\n" + strings.ReplaceAll(text, ",", ";"), "no last line end": strings.TrimSuffix(text, "\n,,,,,\n"),
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.New(t)
			r := imported(t, service(t, d), books.Options{}, csv("customers.csv", file))
			if n := r.Totals(); n.New != 1 || n.Rows != 1 {
				t.Fatalf("%+v %v", n, r.Refused)
			}
			var got string
			if err := d.Reader().QueryRow(`SELECT number || '|' || business_name || '|' || address1 || '|' || zip || '|' ||
				(SELECT group_concat(phone, ';') FROM customer_phones) || '|' || (SELECT email FROM customer_emails) FROM customers`).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if strings.ReplaceAll(want, "\u00a0", " ") != got {
				t.Errorf("%s\nnot %s", got, want)
			}
		})
	}
}

func TestPaymentsAreSplitAndNeverBookedTwice(t *testing.T) {
	s, d := filled(t)
	const text = "payment_number,customer_number,payment_date,payment_type,reference,amount,apply_to\n" +
		"P1,1042,11/2/2026,Check,1001,$120.00,10023:45.00; 10024\n" + // 20.00 is left over
		",1043,11/3/2026,Cash,,10.00,\n,1043,11/3/2026,Cash,,10.00,\n" + // two of the same are two
		",1043,11/4/2026,Credit Card,4111 1111 1111 1111,1.00,\n" +
		",1043,11/4/2026,Money order,77,1.00,\n"
	if r := imported(t, s, books.Options{}, csv("payments.csv", text)); r.Totals().New != 5 {
		t.Fatalf("%+v %v", r.Totals(), r.Refused)
	}
	if n := count(t, d, `SELECT -sum(cents) FROM ledger WHERE invoice_id IS NULL`); n != 2000+2200 {
		t.Errorf("%d cents of credit", n)
	}
	if n := count(t, d, `SELECT sum(balance_cents) FROM invoices`); n != 0 {
		t.Errorf("%d cents are open", n)
	}
	if n := count(t, d, `SELECT count(*) FROM payments WHERE number_label = '1111' AND kind = 'card'`) + count(t, d, `SELECT count(*) FROM payments WHERE type_label = 'Money order' AND kind = 'other'`); n != 2 {
		t.Error("the card's number or the word of the type is wrong")
	}
	r := imported(t, s, books.Options{}, csv("payments.csv", text))
	if n := r.Totals(); n.Unchanged != 5 || n.Kept != 0 || r.Written {
		t.Errorf("again: %+v %v", n, r.Kept)
	}
	r = imported(t, s, books.Options{}, csv("payments.csv", strings.NewReplacer("$120.00", "$121.00", "11/4/2026,Money order,77,1.00,", "11/4/2026,Money order,77,1.00,10023").Replace(text)))
	if n := r.Totals(); n.Unchanged != 5 || n.Kept != 1 || r.Kept[0].Column != "amount" {
		t.Errorf("with another amount: %+v %v", n, r.Kept)
	}
}

func TestIssuedInvoicesStayAndTheDifferenceIsReported(t *testing.T) {
	s, d := filled(t)
	r := imported(t, s, books.Options{}, csv("invoices.csv", strings.Replace(oneInvoice, "45.00", "46.00", 1)))
	if n := r.Totals(); n.Unchanged != 2 || n.Kept != 1 || r.Written || r.Kept[0].Line != 2 || r.Kept[0].Column != "unit_price" {
		t.Errorf("%+v %v", n, r.Kept)
	}
	if n := count(t, d, `SELECT total_cents FROM invoices WHERE number = '10023'`); n != 4500 {
		t.Errorf("the total is %d", n)
	}
}

func TestWhatTheCustomerChangedStaysUnlessTheFileIsToWin(t *testing.T) {
	s, d := filled(t)
	if err := d.Write(t.Context(), func(q *db.Queries) error {
		_, _, err := account.SaveCustomer(t.Context(), q, 5, account.Record{Number: "1042", FirstName: "Maria", LastName: "O'Brien", Terms: "Net 30", Phones: []string{"413-555-0100"}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE customers SET contact_edited_at = 1793534400000 WHERE number = '1042'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	const file = "customer_number,first_name,last_name,terms,phone\n1042,Mary,O'Brien,Net 15,(413) 555 0199\n"
	r := imported(t, s, books.Options{}, csv("customers.csv", file))
	if n := r.Totals(); n.Changed != 1 || n.Kept != 1 || len(r.Kept) != 2 || !strings.Contains(r.Kept[0].Text, "Nov 1, 2026") {
		t.Fatalf("%+v %v", n, r.Kept)
	}
	if n := count(t, d, `SELECT count(*) FROM customers WHERE first_name = 'Maria' AND terms = 'Net 15'`); n != 1 {
		t.Error("the customer's own name was overwritten, or the terms were not")
	}
	r = imported(t, s, books.Options{OverwriteContact: true}, csv("customers.csv", file))
	if n := count(t, d, `SELECT count(*) FROM customers WHERE first_name = 'Mary'`); n != 1 || r.Totals().Kept != 0 {
		t.Error("the file did not win")
	}
	if n := count(t, d, `SELECT count(*) FROM customer_phones`); n != 2 {
		t.Errorf("%d phones: a file never deletes", n)
	}
	if r = imported(t, s, books.Options{}, csv("customers.csv", file)); r.Written || r.Totals().Unchanged != 1 {
		t.Errorf("again: %+v %v", r.Totals(), r.Changed)
	}
	// an empty cell has nothing to say
	if r = imported(t, s, books.Options{}, csv("customers.csv", "customer_number,first_name,last_name,terms,phone\n1042,,,,\n")); r.Written {
		t.Errorf("empty cells changed something: %v", r.Changed)
	}
}

func TestAnOldRegistrationKeyDoesNotComeBack(t *testing.T) {
	s, d := filled(t)
	r := imported(t, s, books.Options{}, csv("customers.csv", "customer_number,first_name,last_name,registration_key\n1042,Mary,O'Brien,0123-4567-89AB-CDEF\n"))
	if r.Written || r.Totals().Kept != 1 || count(t, d, `SELECT count(*) FROM customers WHERE registration_key = '0123456789ABCDEF'`) != 0 {
		t.Errorf("%+v %v", r.Totals(), r.Kept)
	}
}

func TestStoppingLeavesTheBooksAsTheyWere(t *testing.T) {
	for _, doing := range []string{"Reading invoices.csv", "Checking", "Writing"} {
		t.Run(doing, func(t *testing.T) {
			d := dbtest.New(t)
			s := service(t, d)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			_, err := s.Import(ctx, audit.Program, folder(t, smallBooks), books.Options{Progress: func(p books.Progress) {
				if p.Doing == doing && p.Done > 1000 {
					stop()
				}
			}})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("Import = %v", err)
			}
			if n := count(t, d, `SELECT (SELECT count(*) FROM customers) + (SELECT count(*) FROM invoices) + (SELECT count(*) FROM audit)`); n != 0 {
				t.Errorf("%d rows are in the books", n)
			}
			if r := imported(t, s, books.Options{}, folder(t, smallBooks)...); !r.Written || r.Totals().Refused != 0 {
				t.Errorf("afterwards: %+v", r.Totals())
			}
		})
	}
}

func TestNothingIsWrittenWhenTheAnswerIsNo(t *testing.T) {
	d := dbtest.New(t)
	no := errors.New("no")
	r, err := service(t, d).Import(t.Context(), audit.Program, []books.Source{csv("customers.csv", oneCustomer)}, books.Options{Confirm: func(*books.Report) error { return no }})
	if !errors.Is(err, no) || r.Written || count(t, d, `SELECT count(*) FROM customers`) != 0 {
		t.Errorf("Import = %+v, %v", r, err)
	}
}

func TestBooksThatChangeMeanwhileArePlannedAnew(t *testing.T) {
	s, _ := filled(t)
	const file = "payment_number,customer_number,payment_date,payment_type,amount,apply_to\nP1,1042,2026-11-02,Check,45,10023:45\n"
	asked := 0
	r, err := s.Import(t.Context(), audit.Program, []books.Source{csv("payments.csv", file)}, books.Options{Confirm: func(*books.Report) error {
		// somebody else pays the invoice while the question stands there
		if asked++; asked == 1 {
			imported(t, s, books.Options{}, csv("payments.csv", strings.Replace(file, "P1", "P2", 1)))
		}
		return nil
	}})
	if err != nil || asked != 2 || r.Written || r.Totals().Refused != 1 || !strings.Contains(r.Refused[0].Text, "only $0.00 left") {
		t.Errorf("asked %d times, %v, %+v %v", asked, err, r.Totals(), r.Refused)
	}
}
