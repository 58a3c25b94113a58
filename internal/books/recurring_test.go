package books_test

import (
	"database/sql"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/books"
)

const recurringPeople = "customer_number,business_name\n1,A\n2,B\n"
const recurringSites = "customer_number,site_name\n1,Shop\n"
const recurringSystems = "customer_number,site_name,system_name\n1,Shop,Fire\n"

func recurringBooks(t *testing.T) (*db.DB, *books.Service) {
	t.Helper()
	d := dbtest.New(t)
	s := service(t, d)
	imported(t, s, books.Options{}, csv("customers.csv", recurringPeople), csv("sites.csv", recurringSites), csv("systems.csv", recurringSystems))
	return d, s
}

// item reads what the books hold of an item: next period, bill month, prices.
func item(t *testing.T, d *db.DB, description string) string {
	t.Helper()
	var out string
	err := d.Reader().QueryRowContext(t.Context(), `SELECT r.next_date || ' ' || r.bill_date || ' ' || r.end_date || ' ' || r.prorate || r.arrears || r.taxable || ' ' || r.quantity || ' ' ||
		(SELECT group_concat(from_date || ':' || amount_cents) FROM (SELECT * FROM recurring_amounts WHERE item_id = r.id ORDER BY from_date))
		FROM recurring_items r WHERE r.description = ?`, description).Scan(&out)
	if err == sql.ErrNoRows {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// It is Nov 1, 2026. What began by then counts as billed, unless the file says
// until when it was: an import charges nobody for the past.
func TestRecurringItemsComeIn(t *testing.T) {
	d, s := recurringBooks(t)
	text := "Customer #,Site Name,System Name,Description,Amount,Cycle Months,Start Date,End Date,Prorate,Arrears,billed_until\n" +
		"1,shop,fire,Monitoring,$45.00,1,5/17/2019,,yes,,\n" +
		"1,Shop,,Lease,\"1,200.50\",12,2020-02-29,,no,no,\n" +
		"2,,,Inspection,90,6,2026-10-15,,,yes,\n" +
		"2,,,Missed,10,1,2026-01-01,,y,n,2026-08-31\n" +
		"2,,,To come,10,1,2027-01-31,2027-06-30,n,n,\n"
	r := imported(t, s, books.Options{}, csv("recurring.csv", text))
	if r.Totals().New != 5 || r.Totals().Refused != 0 {
		t.Fatalf("%+v %v", r.Totals(), r.Refused)
	}
	for description, want := range map[string]string{
		"Monitoring": "2026-12-01 2026-12-01  101 1000 2019-05-17:4500",
		"Lease":      "2027-02-28 2027-02-01  001 1000 2020-02-29:120050",
		"Inspection": "2026-10-15 2027-05-01  011 1000 2026-10-15:9000",
		"Missed":     "2026-09-01 2026-09-01  101 1000 2026-01-01:1000",
		"To come":    "2027-01-31 2027-01-01 2027-06-30 001 1000 2027-01-31:1000",
	} {
		if got := item(t, d, description); got != want {
			t.Errorf("%s: %s; want %s", description, got, want)
		}
	}
	if r := imported(t, s, books.Options{}, csv("recurring.csv", text)); r.Written || r.Totals().Unchanged != 5 || r.Totals().Kept != 0 {
		t.Errorf("again: %+v %v %v", r.Totals(), r.Kept, r.Changed)
	}
}

func TestRecurringItemsThatAreRefused(t *testing.T) {
	_, s := recurringBooks(t)
	const head = "customer_number,site_name,system_name,description,amount,cycle_months,start_date,end_date,price_history\n"
	for line, want := range map[string]string{
		"9,,,A,1,1,2026-12-01,,":                                    "there is no customer",
		"1,Yard,,A,1,1,2026-12-01,,":                                "has no site",
		"1,Shop,Doors,A,1,1,2026-12-01,,":                           "has no system",
		"1,,Fire,A,1,1,2026-12-01,,":                                "name the site",
		"1,,,,1,1,2026-12-01,,":                                     "must not be empty",
		"1,,,A,,1,2026-12-01,,":                                     "must not be empty",
		"1,,,A,-1,1,2026-12-01,,":                                   "not below zero",
		"1,,,A,1,4,2026-12-01,,":                                    "1, 2, 3, 6 or 12",
		"1,,,A,1,1,soon,,":                                          "is not a date",
		"1,,,A,1,1,2026-12-01,2026-11-01,":                          "before the start",
		"1,,,A,2,1,2026-12-01,,2026-12-01:1.00":                     "it ends with $1.00",
		"1,,,A,1,1,2026-12-01,,2026-12-02:1.00":                     "from the start on",
		"1,,,A,1,1,2026-12-01,,2026-12-01":                          "not a day and an amount",
		"1,,,A,1,1,2026-12-01,,2026-12-01:2.00;2026-11-01:1.00":     "order of their days",
		"1,,,A,1,1,2026-12-01,,\n1,,,a,2,1,2026-12-01,,":            "already, with other values",
		"1,,,A,10000000.01,1,2026-12-01,,":                          "more than an amount can be",
		"1,,," + strings.Repeat("long ", 200) + ",1,1,2026-12-01,,": "at most 500",
	} {
		r := imported(t, s, books.Options{DryRun: true}, csv("recurring.csv", head+line+"\n"))
		if r.Totals().Refused != 1 || !strings.Contains(r.Refused[0].Text, want) {
			t.Errorf("%s: %+v %v; want %q", line, r.Totals(), r.Refused, want)
		}
	}
}

// A file changes what is still to be billed; the rest stays and is reported.
func TestRecurringItemsChange(t *testing.T) {
	d, s := recurringBooks(t)
	const head = "customer_number,description,amount,cycle_months,start_date,end_date,prorate,billed_until,price_history,end_reason\n"
	imported(t, s, books.Options{}, csv("recurring.csv", head+"1,Monitoring,45.00,1,2026-01-01,,yes,2026-11-30,,\n"))
	// a new amount counts from the next period on
	r := imported(t, s, books.Options{}, csv("recurring.csv", head+"1,MONITORING,50.00,1,2026-01-01,,,,,\n"))
	if got := item(t, d, "Monitoring"); r.Totals().Changed != 1 || got != "2026-12-01 2026-12-01  101 1000 2026-01-01:4500,2026-12-01:5000" {
		t.Fatalf("%+v %v %v: %s", r.Totals(), r.Kept, r.Refused, got)
	}
	// the history adds what is to come, and leaves what is billed
	r = imported(t, s, books.Options{}, csv("recurring.csv", head+"1,Monitoring,60.00,1,2026-01-01,,,,2026-01-01:40.00;2027-02-10:60.00,\n"))
	if got := item(t, d, "Monitoring"); r.Totals().Changed != 1 || got != "2026-12-01 2026-12-01  101 1000 2026-01-01:4500,2026-12-01:5000,2027-02-10:6000" {
		t.Fatalf("%+v %v: %s", r.Totals(), r.Kept, got)
	}
	// an end; another cycle is reported and stays
	r = imported(t, s, books.Options{}, csv("recurring.csv", head+"1,Monitoring,60.00,3,2026-01-01,2027-03-15,no,2027-01-31,,Sold\n"))
	if got := item(t, d, "Monitoring"); r.Totals().Changed != 1 || r.Totals().Kept != 1 || got != "2026-12-01 2026-12-01 2027-03-15 101 1000 2026-01-01:4500,2026-12-01:5000,2027-02-10:6000" {
		t.Fatalf("%+v %v: %s", r.Totals(), r.Kept, got)
	}
	if count(t, d, `SELECT count(*) FROM recurring_items`) != 1 {
		t.Error("there are two items")
	}
}
