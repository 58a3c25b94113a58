package proposal_test

import (
	"reflect"
	"testing"

	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
)

func TestTotals(t *testing.T) {
	panel := proposal.Line{Position: 1, Description: "Panel", Quantity: 1000, UnitPrice: 89_900, Tax: 7_192, Chosen: true}
	sensors := proposal.Line{Position: 2, Description: "Sensors", Quantity: 2500, UnitPrice: 333, Tax: 67, Optional: true, Chosen: true}
	discount := proposal.Line{Position: 3, Description: "Discount", Quantity: 1000, UnitPrice: -10_000, Chosen: true}
	monitoring := proposal.Line{Position: 4, Description: "Monitoring", Quantity: 1000, UnitPrice: 4_495, Tax: 371, Cycle: 1, Chosen: true}
	inspection := proposal.Line{Position: 5, Description: "Inspection", Quantity: 1000, UnitPrice: 10_001, Cycle: 12, Optional: true}
	quarterly := proposal.Line{Position: 6, Description: "Lease", Quantity: 1000, UnitPrice: 100, Cycle: 3, Chosen: true}
	all := []proposal.Line{panel, sensors, discount, monitoring, inspection, quarterly}
	cases := map[string]struct {
		lines  []proposal.Line
		chosen []int64
		cents  money.Cents
		ppm    int64
		want   proposal.Totals
	}{
		"nothing": {want: proposal.Totals{}},
		"nothing chosen": {lines: all, want: proposal.Totals{Once: 79_900, Tax: 7_192, Total: 87_092, Monthly: 4_528,
			Recurring: []proposal.Recurring{{1, 4_495, 371, 4_866}, {3, 100, 0, 100}}}},
		// 2.5 x 3.33 = 8.325, half up 8.33; a year of 12 x 44.95 + 4 x 1.00 + 100.01 is 643.41, its twelfth 53.6175
		"everything chosen": {lines: all, chosen: []int64{5, 2}, want: proposal.Totals{Once: 80_733, Tax: 7_259, Total: 87_992, Monthly: 5_362,
			Recurring: []proposal.Recurring{{1, 4_495, 371, 4_866}, {3, 100, 0, 100}, {12, 10_001, 0, 10_001}}}},
		"a deposit in parts is half up": {lines: []proposal.Line{panel, sensors}, ppm: 500_000, want: proposal.Totals{Once: 89_900, Tax: 7_192, Total: 97_092, Deposit: 48_546}},
		"a half cent of deposit":        {lines: []proposal.Line{{Position: 1, Quantity: 1000, UnitPrice: 1001, Chosen: true}}, ppm: 500_000, want: proposal.Totals{Once: 1001, Total: 1001, Deposit: 501}},
		"a third of it":                 {lines: []proposal.Line{{Position: 1, Quantity: 1000, UnitPrice: 1000, Chosen: true}}, ppm: 333_333, want: proposal.Totals{Once: 1000, Total: 1000, Deposit: 333}},
		"all of it":                     {lines: []proposal.Line{panel}, ppm: 1_000_000, want: proposal.Totals{Once: 89_900, Tax: 7_192, Total: 97_092, Deposit: 97_092}},
		"a deposit in dollars":          {lines: []proposal.Line{panel}, cents: 20_000, want: proposal.Totals{Once: 89_900, Tax: 7_192, Total: 97_092, Deposit: 20_000}},
		"never more than is paid once":  {lines: []proposal.Line{panel, monitoring}, cents: 2_000_000, want: proposal.Totals{Once: 89_900, Tax: 7_192, Total: 97_092, Deposit: 97_092, Monthly: 4_495, Recurring: []proposal.Recurring{{1, 4_495, 371, 4_866}}}},
		"none on what only recurs":      {lines: []proposal.Line{monitoring}, cents: 5_000, want: proposal.Totals{Monthly: 4_495, Recurring: []proposal.Recurring{{1, 4_495, 371, 4_866}}}},
		"none below zero":               {lines: []proposal.Line{discount}, ppm: 500_000, want: proposal.Totals{Once: -10_000, Total: -10_000}},
		"half a cent a month":           {lines: []proposal.Line{{Position: 1, Quantity: 1000, UnitPrice: 6, Cycle: 12, Chosen: true}}, want: proposal.Totals{Monthly: 1, Recurring: []proposal.Recurring{{12, 6, 0, 6}}}},
		"less than half a cent a month": {lines: []proposal.Line{{Position: 1, Quantity: 1000, UnitPrice: 5, Cycle: 12, Chosen: true}}, want: proposal.Totals{Recurring: []proposal.Recurring{{12, 5, 0, 5}}}},
		"a credit that recurs":          {lines: []proposal.Line{{Position: 1, Quantity: 1000, UnitPrice: -6, Cycle: 12, Chosen: true}}, want: proposal.Totals{Monthly: -1, Recurring: []proposal.Recurring{{12, -6, 0, -6}}}},
		"an option is taken once":       {lines: []proposal.Line{sensors}, chosen: []int64{2, 2}, want: proposal.Totals{Once: 833, Tax: 67, Total: 900}},
	}
	for name, c := range cases {
		got, err := proposal.TotalsOf(c.lines, c.chosen, c.cents, c.ppm)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
	for _, position := range []int64{0, 1, 7} {
		if _, err := proposal.TotalsOf(all, []int64{position}, 0, 0); !fault.Is(err, fault.Invalid) {
			t.Errorf("choosing line %d: %v", position, err)
		}
	}
	if got := proposal.Preset(all); !reflect.DeepEqual(got, []int64{2}) {
		t.Errorf("chosen beforehand: %v", got)
	}
}

func TestDeposit(t *testing.T) {
	cases := map[string]struct {
		cents money.Cents
		ppm   int64
		bad   bool
		again string
	}{
		"": {}, " ": {}, "500": {cents: 50_000, again: "500.00"}, "$1,250.50": {cents: 125_050, again: "1250.50"}, "0": {}, "0 %": {},
		"30%": {ppm: 300_000, again: "30 %"}, "33.3333 %": {ppm: 333_333, again: "33.3333 %"}, "100 %": {ppm: 1_000_000, again: "100 %"}, "0.5 %": {ppm: 5_000, again: "0.5 %"},
		"100.0001 %": {bad: true}, "101 %": {bad: true}, "-5": {bad: true}, "-5 %": {bad: true}, "1e3": {bad: true}, "5.005": {bad: true}, "٥ %": {bad: true},
		"%": {bad: true}, "30. %": {bad: true}, "1.23456 %": {bad: true}, "30 % %": {bad: true}, "99999999999": {bad: true}, "half": {bad: true},
	}
	for typed, want := range cases {
		cents, ppm, err := proposal.ParseDeposit(typed)
		if cents != want.cents && !want.bad || ppm != want.ppm || (err != nil) != want.bad {
			t.Errorf("%q: %v %d %v", typed, cents, ppm, err)
			continue
		}
		if got := proposal.FormatDeposit(cents, ppm); !want.bad && got != want.again {
			t.Errorf("%q is written again as %q", typed, got)
		}
	}
}
