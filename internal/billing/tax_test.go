package billing_test

import (
	"context"
	"testing"

	"customerportal/db"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

func (b *books) taxOn(site int64, on calendar.Date, recurring bool) (t billing.Tax, err error) {
	b.Helper()
	err = b.db.View(b.Context(), func(q *db.Queries) (e error) {
		t, e = billing.TaxOn(b.Context(), q, site, on, recurring)
		return e
	})
	return t, err
}

func TestTaxByTheDay(t *testing.T) {
	b := newBooks(t)
	id, err := b.billing.AddTaxCode(t.Context(), office, billing.TaxCode{Code: "NY-R", Name: "Rensselaer County", Recurring: true, Other: true}, 80_000, "2020-01-01")
	b.must(err)
	b.must(b.billing.AddTaxRate(t.Context(), office, id, 82_500, "2026-12-01"))
	b.must(b.billing.SetSiteTax(t.Context(), office, 1, billing.SiteTax{SiteID: 1, Code: "ny-r"}))
	for _, c := range []struct {
		on   calendar.Date
		rate money.RatePPM
	}{{"2020-01-01", 80_000}, {"2026-11-30", 80_000}, {"2026-12-01", 82_500}, {"2030-02-28", 82_500}} {
		got, err := b.taxOn(1, c.on, true)
		if err != nil || got.Rate != c.rate || got.Name != "Rensselaer County" || got.Exempt {
			t.Errorf("on %s: %+v, %v; want %d", c.on, got, err, c.rate)
		}
	}
	_, err = b.taxOn(1, "2019-12-31", true)
	b.refused(err, fault.Invalid, "tax_code")
	if got, err := b.taxOn(2, "2026-11-01", true); err != nil || got != (billing.Tax{}) {
		t.Errorf("a site without a code: %+v, %v", got, err)
	}
	if got, err := b.taxOn(0, "2026-11-01", true); err != nil || got != (billing.Tax{}) {
		t.Errorf("no site: %+v, %v", got, err)
	}
	_, err = b.taxOn(99, "2026-11-01", true)
	b.refused(err, fault.NotFound, "")
	// half up, line by line: 2.5 % of 1.00 and of 1.80
	tax := billing.Tax{Rate: 25_000}
	if tax.Of(100) != 3 || tax.Of(180) != 5 || tax.Of(-100) != -3 {
		t.Errorf("rounding: %d %d %d", tax.Of(100), tax.Of(180), tax.Of(-100))
	}
}

func TestTaxOfWhatRecursAndOfTheRest(t *testing.T) {
	b := newBooks(t)
	id, err := b.billing.AddTaxCode(t.Context(), office, billing.TaxCode{Code: "MA", Name: "Massachusetts", Other: true}, 62_500, "2009-08-01")
	b.must(err)
	b.must(b.billing.SetSiteTax(t.Context(), office, 1, billing.SiteTax{SiteID: 1, Code: "MA"}))
	if got, err := b.taxOn(1, "2026-11-01", true); err != nil || got.Rate != 0 || got.Exempt {
		t.Errorf("monitoring: %+v, %v", got, err)
	}
	if got, err := b.taxOn(1, "2026-11-01", false); err != nil || got.Rate != 62_500 {
		t.Errorf("parts: %+v, %v", got, err)
	}
	b.must(b.billing.EditTaxCode(t.Context(), office, id, billing.TaxCode{Name: "Massachusetts", Recurring: true}))
	if got, err := b.taxOn(1, "2026-11-01", true); err != nil || got.Rate != 62_500 {
		t.Errorf("after the change: %+v, %v", got, err)
	}
}

func TestTaxExemptionAndItsCertificate(t *testing.T) {
	b := newBooks(t)
	_, err := b.billing.AddTaxCode(t.Context(), office, billing.TaxCode{Code: "MA", Name: "Massachusetts", Recurring: true}, 62_500, "2009-08-01")
	b.must(err)
	b.must(b.billing.SetSiteTax(t.Context(), office, 1, billing.SiteTax{SiteID: 1, Code: "MA", Exempt: true, Certificate: "ST-5 4711", Expires: "2026-12-31"}))
	if got, err := b.taxOn(1, "2026-12-31", true); err != nil || !got.Exempt || got.Of(10_000) != 0 {
		t.Errorf("on the certificate's last day: %+v, %v", got, err)
	}
	if got, err := b.taxOn(1, "2027-01-01", true); err != nil || got.Exempt || got.Of(10_000) != 625 {
		t.Errorf("after it: %+v, %v", got, err)
	}
	b.must(b.billing.SetSiteTax(t.Context(), office, 1, billing.SiteTax{SiteID: 1, Code: "MA", Exempt: true}))
	if got, err := b.taxOn(1, "2099-01-01", true); err != nil || !got.Exempt {
		t.Errorf("without an end: %+v, %v", got, err)
	}
	b.refused(b.billing.SetSiteTax(t.Context(), office, 2, billing.SiteTax{SiteID: 1}), fault.NotFound, "")
	b.refused(b.billing.SetSiteTax(t.Context(), office, 1, billing.SiteTax{SiteID: 1, Code: "XX"}), fault.Invalid, "tax_code")
}

// A code that came with an import and was never set up charges nobody by guess.
func TestTaxCodeNobodySetUp(t *testing.T) {
	b := newBooks(t)
	b.exec(`UPDATE sites SET tax_code = 'CT' WHERE id = 1`)
	_, err := b.taxOn(1, "2026-11-01", true)
	b.refused(err, fault.Invalid, "tax_code")
	b.exec(`UPDATE sites SET tax_exempt = 1 WHERE id = 1`)
	if got, err := b.taxOn(1, "2026-11-01", true); err != nil || !got.Exempt {
		t.Errorf("exempt: %+v, %v", got, err)
	}
}

func TestTaxRatesAreNeverEdited(t *testing.T) {
	b := newBooks(t)
	id, err := b.billing.AddTaxCode(t.Context(), office, billing.TaxCode{Code: "MA", Name: "Massachusetts"}, 62_500, "2009-08-01")
	b.must(err)
	_, err = b.billing.AddTaxCode(t.Context(), office, billing.TaxCode{Code: "ma", Name: "Again"}, 1, "2009-08-01")
	b.refused(err, fault.Invalid, "code")
	b.refused(b.billing.AddTaxRate(t.Context(), office, id, 1, "2009-08-01"), fault.Invalid, "from_date")
	b.refused(b.billing.AddTaxRate(t.Context(), office, id, 500_001, "2027-01-01"), fault.Invalid, "rate")
	b.refused(b.billing.AddTaxRate(t.Context(), office, 99, 1, "2027-01-01"), fault.NotFound, "")
	b.must(b.billing.AddTaxRate(t.Context(), office, id, 70_000, "2027-01-01"))
	b.must(b.billing.RemoveTaxRate(t.Context(), office, id, "2027-01-01"))
	b.refused(b.billing.RemoveTaxRate(t.Context(), office, id, "2027-01-01"), fault.NotFound, "")
	b.refused(b.billing.RemoveTaxRate(t.Context(), office, id, "2009-08-01"), fault.Conflict, "")
	err = b.db.WriteTx(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE tax_rates SET ppm = 1`)
		return err
	})
	if err == nil {
		t.Error("a rate was edited")
	}
}

func TestParseRate(t *testing.T) {
	for in, want := range map[string]money.RatePPM{"0": 0, "6.25": 62_500, " 8.875 % ": 88_750, "50": 500_000, "7.0001": 70_001} {
		got, err := billing.ParseRate(in)
		if err != nil || got != want {
			t.Errorf("ParseRate(%q) = %d, %v", in, got, err)
		}
		if again, err := billing.ParseRate(billing.FormatRate(got)); err != nil || again != got {
			t.Errorf("%q does not come back: %q", in, billing.FormatRate(got))
		}
	}
	for _, in := range []string{"", ".5", "5.", "-1", "+1", "1e1", "50.0001", "6.25001", "6,25", "٣", "1000"} {
		if got, err := billing.ParseRate(in); err == nil {
			t.Errorf("ParseRate(%q) = %d", in, got)
		}
	}
}
