package document

import (
	"strings"
	"testing"
	"time"

	"customerportal/internal/calendar"
)

func sampleConsent() ConsentData {
	return ConsentData{Dealer: sampleDealer(), CustomerNumber: "104-2207", BillTo: []string{"Margaret O'Brien-Núñez", "18 Old Mill Road", "Durham, NH 03824"},
		Paragraphs: []string{"I authorize Harbor Light Security to charge Visa ending 4242 for recurring payments until I revoke this authorization.",
			"When: on the 15th of each month. Amount: the open balance of my invoices that are due by that day. Never more than $60.00 in one month.",
			"How to revoke: I can switch Auto Recurring off at any time under CC/eCheck."},
		Method: "Visa ending 4242", Day: "15th", Limit: 6000, Version: "2026-11.2", SHA256: strings.Repeat("0a1b", 16),
		Shown: calendar.InstantOf(time.Date(2026, 11, 1, 3, 4, 5, 0, time.UTC)), Accepted: calendar.InstantOf(time.Date(2026, 11, 1, 3, 5, 6, 7e6, time.UTC)),
		Zone: time.FixedZone("EDT", -4*3600), Address: "2001:db8::7", Browser: "Mozilla/5.0 (X11; Linux x86_64) " + strings.Repeat("AppleWebKit/537.36 ", 6),
		Authenticated: "signed in with password as margaret@example.com"}
}

func TestConsent(t *testing.T) {
	pdf, err := Consent(sampleConsent())
	if err != nil {
		t.Fatal(err)
	}
	again, err := Consent(sampleConsent())
	if err != nil || string(again) != string(pdf) {
		t.Errorf("the same authorization gives another file (%v)", err)
	}
	tool(t, pdf, "qpdf", "--check", "FILE")
	got := strings.Join(strings.Fields(read(t, pdf)), " ")
	for _, want := range []string{"Authorization", "104-2207", "Margaret O'Brien-Núñez", "Never more than $60.00 in one month.", "Visa ending 4242", "15th of each month",
		"2026-11.2", strings.Repeat("0a1b", 8) + " " + strings.Repeat("0a1b", 8), "Oct 31, 2026, 11:05:06 PM EDT", "(2026-11-01 03:05:06.007 UTC)", "2001:db8::7", "Mozilla/5.0",
		"signed in with password as margaret@example.com", "Given Oct 31, 2026"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "Signature") || pageCount(t, pdf) != 1 {
		t.Errorf("%d pages:\n%s", pageCount(t, pdf), got)
	}
}

func TestConsentFromAForm(t *testing.T) {
	d := sampleConsent()
	d.Signed, d.FormSHA256, d.Limit, d.Sandbox = "2026-10-28", strings.Repeat("9f8e", 16), 0, true
	pdf, err := Consent(d)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(read(t, pdf)), " ")
	for _, want := range []string{"Signed on paper Oct 28, 2026", strings.Repeat("9f8e", 8) + " " + strings.Repeat("9f8e", 8), "Maximum per month none set", "Sandbox"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
	}
	d.Paragraphs = append(d.Paragraphs, strings.Repeat("And so it goes on for a very long time. ", 120))
	if pdf, err = Consent(d); err != nil || pageCount(t, pdf) < 2 {
		t.Errorf("a long text: %v", err)
	}
}

func TestConsentToSign(t *testing.T) {
	d := sampleConsent()
	d.Blank, d.On = true, "2026-11-22"
	d.Shown, d.Accepted, d.Zone, d.Address, d.Browser, d.Authenticated, d.SHA256 = 0, 0, nil, "", "", "", ""
	pdf, err := Consent(d)
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, pdf)
	for _, want := range []string{"Signature", "Date", "Name in print", "I authorize"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
	}
	for name, bad := range map[string]func(d *ConsentData){
		"no text":    func(d *ConsentData) { d.Paragraphs = nil },
		"no time":    func(d *ConsentData) { d.Blank = false },
		"no day":     func(d *ConsentData) { d.On = "" },
		"a bad logo": func(d *ConsentData) { d.Dealer.Logo = []byte("x") },
	} {
		d := d
		bad(&d)
		if _, err := Consent(d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
