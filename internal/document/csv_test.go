package document

import (
	"encoding/csv"
	"strings"
	"testing"
)

func TestStatementTable(t *testing.T) {
	d := StatementData{CustomerNumber: "=1+1", From: "2026-01-01", To: "2026-12-31", Opening: -500, Closing: 100, Entries: []Entry{
		{Date: "2026-02-01", Description: "Invoice", Reference: `@A"1`, Amount: 10600},
		{Date: "2026-02-02", Description: "-Payment, Visa ending 4242\r\nx", Reference: "\tR", Amount: -10000},
	}}
	body := string(StatementTable(d))
	if !strings.HasPrefix(body, "\ufeff\"Customer #\",") || strings.Count(body, "\r\n") != 6 {
		t.Errorf("%q", body)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, r := range rows[1:] {
		got += strings.Join(r, "|") + "\n"
	}
	want := "'=1+1|2026-01-01|Opening balance|||-5.00\n" +
		"'=1+1|2026-02-01|Invoice|'@A\"1|106.00|101.00\n" +
		"'=1+1|2026-02-02|'-Payment, Visa ending 4242\nx|'\tR|-100.00|1.00\n" +
		"'=1+1|2026-12-31|Closing balance|||1.00\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func FuzzStatementTable(f *testing.F) {
	f.Add("=cmd", "10023")
	f.Add("\"\r\n,", "-1.00")
	f.Fuzz(func(t *testing.T, description, reference string) {
		body := string(StatementTable(StatementData{Entries: []Entry{{Date: "2026-02-01", Description: description, Reference: reference}}}))
		r := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff")))
		rows, err := r.ReadAll()
		if err != nil || len(rows) != 4 {
			t.Fatalf("%d rows, %v: %q", len(rows), err, body)
		}
		for _, cell := range rows[2] {
			if cell != "" && strings.ContainsRune("=+@\t\r\n", rune(cell[0])) {
				t.Errorf("unguarded %q", cell)
			}
		}
	})
}

func TestPlanTable(t *testing.T) {
	body := string(PlanTable([]PlannedPayment{{Day: "2026-12-01", CustomerNumber: "1042", Customer: "=Ann", Method: "Visa ending 4242", Open: 9000, InFlight: 500, Credit: 100,
		Amount: 5000, Limit: 5000, State: "Will be taken", Words: "The customer's limit of $50.00 leaves the rest open."}, {Day: "2026-12-01", State: "Nothing due"}}))
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v\n%s", err, body)
	}
	if got, want := strings.Join(rows[1], "|"), "2026-12-01|1042|'=Ann|Visa ending 4242|90.00|5.00|1.00|50.00|50.00|Will be taken|The customer's limit of $50.00 leaves the rest open."; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
