package books_test

import (
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/books"
)

const taxHead = "tax_code,name,taxes_recurring,taxes_other,from_date,rate_percent\n"

// taxesOf reads the tax codes of the books, each rate as day:ppm.
func taxesOf(t *testing.T, d *db.DB) string {
	t.Helper()
	var out string
	err := d.Reader().QueryRowContext(t.Context(), `SELECT coalesce(group_concat(words, '|'), '') FROM (
		SELECT c.code || ' ' || c.name || ' ' || c.taxes_recurring || c.taxes_other ||
			coalesce((SELECT ' ' || group_concat(r.from_date || ':' || r.ppm, ' ') FROM (SELECT * FROM tax_rates WHERE tax_code_id = c.id ORDER BY from_date) r), '') AS words
		FROM tax_codes c ORDER BY c.code)`).Scan(&out)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What the columns may say, a code in other letters, names left out after the
// first row; a new code taxes everything unless the file says otherwise.
func TestTaxCodesComeIn(t *testing.T) {
	d := dbtest.New(t)
	s := service(t, d)
	text := "Tax Code,Name,Taxes Recurring,Taxes Other,From Date,Rate Percent\n" +
		"MA,Massachusetts,no,,1/1/2020,6.25 %\n" +
		"ma,,,,2027-01-01,6.5\n" +
		"NY-TROY,\"Troy, NY\",,y,2026-06-01,8.0000\n" +
		"OLD,Of no rate,n,n,,\n"
	r := imported(t, s, books.Options{}, csv("taxes.csv", text))
	if r.Totals().New != 4 || r.Totals().Refused+r.Totals().Kept != 0 {
		t.Fatalf("%+v %v", r.Totals(), r.Refused)
	}
	want := "MA Massachusetts 01 2020-01-01:62500 2027-01-01:65000|NY-TROY Troy, NY 11 2026-06-01:80000|OLD Of no rate 00"
	if got := taxesOf(t, d); got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if r := imported(t, s, books.Options{}, csv("taxes.csv", text)); r.Written || r.Totals().Unchanged != 4 {
		t.Errorf("again: %+v %v %v", r.Totals(), r.Refused, r.Changed)
	}
}

// A name and what is taxed may change, a rate may come; one that is there never
// changes, and what a file does not name stays.
func TestTaxCodesChangeAndRatesStay(t *testing.T) {
	d := dbtest.New(t)
	s := service(t, d)
	imported(t, s, books.Options{}, csv("taxes.csv", taxHead+"MA,Massachusetts,no,yes,2020-01-01,6.25\nNY,New York,,,2020-01-01,4\n"))
	r := imported(t, s, books.Options{}, csv("taxes.csv", taxHead+
		"MA,Bay State,yes,,2020-01-01,6.25\n"+ // line 2: changes
		"MA,,,,2027-01-01,7\n"+ // line 3: a rate more
		"NY,,,,2020-01-01,5\n")) // line 4: another rate for a day that has one
	if n := r.Totals(); n.Changed != 1 || n.New != 1 || n.Refused != 1 || len(r.Changed) != 2 {
		t.Errorf("%+v %v %v", n, r.Changed, r.Refused)
	}
	if f := r.Refused[0]; f.File != "taxes.csv" || f.Line != 4 || f.Column != "rate_percent" || !strings.Contains(f.Text, "has 4 % in the books, which stays") {
		t.Errorf("%+v", f)
	}
	if got, want := taxesOf(t, d), "MA Bay State 11 2020-01-01:62500 2027-01-01:70000|NY New York 11 2020-01-01:40000"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

func TestTaxRowsThatAreRefused(t *testing.T) {
	d := dbtest.New(t)
	s := service(t, d)
	imported(t, s, books.Options{}, csv("taxes.csv", taxHead+"MA,Massachusetts,no,yes,2020-01-01,6.25\n"))
	before := taxesOf(t, d)
	for _, c := range []struct {
		rows   string
		line   int64
		column string
		want   string
	}{
		{",Nowhere,,,2026-01-01,1", 2, "tax_code", "must not be empty"},
		{"X,,,,2026-01-01,1", 2, "name", "Enter a name"},
		{strings.Repeat("X", 41) + ",N,,,2026-01-01,1", 2, "tax_code", "at most 40"},
		{"X," + strings.Repeat("N", 101) + ",,,2026-01-01,1", 2, "name", "at most 100"},
		{"X,N,perhaps,,2026-01-01,1", 2, "taxes_recurring", "neither yes nor no"},
		{"X,N,,perhaps,2026-01-01,1", 2, "taxes_other", "neither yes nor no"},
		{"X,N,,,soon,1", 2, "from_date", "is not a date"},
		{"X,N,,,,1", 2, "from_date", "is missing"},
		{"X,N,,,2026-01-01,", 2, "rate_percent", "is missing"},
		{"X,N,,,2026-01-01,much", 2, "rate_percent", "in percent, like 6.25"},
		{"X,N,,,2026-01-01,-1", 2, "rate_percent", "in percent, like 6.25"},
		{"X,N,,,2026-01-01,50.0001", 2, "rate_percent", "at most 50 %"},
		{"X,N,,,2026-01-01,1\nX,N,,,2026-01-01,2", 3, "from_date", "on line 2 already"},
		{"X,N,,,2026-01-01,1\nx,M,,,2026-02-01,2", 3, "name", `on line 2 the tax code X has "N"`},
		{"X,N,,,2026-01-01,1\nX,N,no,,2026-02-01,2", 3, "taxes_recurring", `on line 2 the tax code X has "yes"`},
		{"ma,,,,1/1/2020,6.2501", 2, "rate_percent", "a rate is never edited"},
	} {
		r := imported(t, s, books.Options{DryRun: true}, csv("taxes.csv", taxHead+c.rows+"\n"))
		if r.Totals().Refused != 1 || r.Refused[0].Line != c.line || r.Refused[0].Column != c.column || !strings.Contains(r.Refused[0].Text, c.want) {
			t.Errorf("%s: %+v %v; want %s of line %d: %q", c.rows, r.Totals(), r.Refused, c.column, c.line, c.want)
		}
	}
	if after := taxesOf(t, d); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

// The paper of a site's exemption: it comes, changes and, where the file has no
// word of it, stays.
func TestExemptionsComeWithTheirSites(t *testing.T) {
	d := dbtest.New(t)
	s := service(t, d)
	paper := func() string {
		t.Helper()
		var out string
		if err := d.Reader().QueryRowContext(t.Context(), `SELECT coalesce(group_concat(certificate || ' ' || expires_date, '|'), '') FROM tax_exemptions`).Scan(&out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	const head = "customer_number,site_name,tax_code,tax_exempt,Exemption Certificate,Exemption Expires\n"
	people := csv("customers.csv", "customer_number,business_name\n1,A\n")
	text := head + "1,Shop,MA,yes,E-77,6/30/2027\n1,Barn,NOWHERE,no,,\n"
	if r := imported(t, s, books.Options{}, people, csv("sites.csv", text)); r.Totals().Refused != 0 || paper() != "E-77 2027-06-30" {
		t.Fatalf("%v: %s", r.Refused, paper())
	}
	if r := imported(t, s, books.Options{}, csv("sites.csv", text)); r.Written || r.Totals().Unchanged != 2 {
		t.Errorf("again: %+v %v", r.Totals(), r.Changed)
	}
	imported(t, s, books.Options{}, csv("sites.csv", "customer_number,site_name,city\n1,Shop,Troy\n"))
	if got := paper(); got != "E-77 2027-06-30" {
		t.Errorf("a file without the columns left %q", got)
	}
	if r := imported(t, s, books.Options{}, csv("sites.csv", head+"1,Shop,MA,yes,E-78,\n")); r.Totals().Changed != 1 || paper() != "E-78 2027-06-30" {
		t.Errorf("%+v: %s", r.Totals(), paper())
	}
	r := imported(t, s, books.Options{}, csv("sites.csv", head+"1,Shop,MA,yes,"+strings.Repeat("9", 101)+",\n1,Barn,MA,no,,some day\n"))
	if r.Totals().Refused != 2 || r.Refused[0].Column != "exemption_certificate" || r.Refused[1].Column != "exemption_expires" || paper() != "E-78 2027-06-30" {
		t.Errorf("%v: %s", r.Refused, paper())
	}
}
