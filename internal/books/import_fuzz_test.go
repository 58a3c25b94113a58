package books_test

import (
	"fmt"
	"testing"

	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/books"
	"customerportal/internal/fault"
)

// FuzzImportOfAnyFile gives the import any bytes under each of the names: it
// answers with a report or with words, and every row is counted once.
func FuzzImportOfAnyFile(f *testing.F) {
	d := dbtest.New(f)
	s := service(f, d)
	imported(f, s, books.Options{}, csv("customers.csv", oneCustomer), csv("sites.csv", oneSite), csv("invoices.csv", oneInvoice))
	names := []string{"customers.csv", "sites.csv", "systems.csv", "invoices.csv", "payments.csv", "taxes.csv"}
	for i, text := range []string{oneCustomer, oneSite, "customer_number,site_name,system_name\n1042,Shop,Fire\n", oneInvoice + "10023,,,x,1\n",
		"customer_number,payment_date,payment_type,amount,apply_to\n1042,11/1/2026,Check,5,10023:5\n", taxHead + "MA,Massachusetts,no,yes,1/1/2020,6.25 %\nma,,,,2027-01-01,7\n", "\xff\xfea\x00", "a;\"b\n"} {
		f.Add([]byte(text), uint8(i))
	}
	f.Fuzz(func(t *testing.T, text []byte, name uint8) {
		r, err := s.Import(t.Context(), audit.Program, []books.Source{csv(names[int(name)%len(names)], string(text))}, books.Options{DryRun: true})
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if n := r.Totals(); n.Rows != n.New+n.Changed+n.Unchanged+n.Refused {
			t.Errorf("%+v", n)
		}
	})
}

func TestBooksThatNeverStandStillArePlannedWhileTheyAreHeld(t *testing.T) {
	s, d := filled(t)
	meanwhile := 0
	r := imported(t, s, books.Options{Progress: func(p books.Progress) {
		if p.Doing == "Checking" && p.Done == p.Total && meanwhile < 3 {
			meanwhile++
			imported(t, s, books.Options{}, csv("customers.csv", fmt.Sprintf("customer_number,business_name\nM%d,Meanwhile\n", meanwhile)))
		}
	}}, csv("customers.csv", "customer_number,business_name\nM3,Meanwhile\n7,New\n"))
	if n := r.Totals(); !r.Written || meanwhile != 3 || n.New != 1 || n.Unchanged != 1 || n.Rows != 2 {
		t.Errorf("%d times, %+v", meanwhile, n)
	}
	if n := count(t, d, `SELECT count(*) FROM customers`); n != 6 {
		t.Errorf("%d customers", n)
	}
}
