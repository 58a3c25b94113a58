package money

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	good := map[string]Cents{
		"0": 0, "45": 4500, "45.5": 4550, "45.50": 4550, ".5": 50, "19.99": 1999,
		"1,234.50": 123450, "$1,234.50": 123450, " $ 45 ": 4500, "007.00": 700,
		"10000000": Max, "1,000,000.01": 100000001,
	}
	for in, want := range good {
		if got, err := Parse(in); err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	bad := []string{"", ".", "-5", "+5", "1e3", "NaN", "1.005", "1.", "٥", "1.2.3", "12,34.00", "1,2345", ",123",
		"1234,567", "0x10", "5 0", "$$5", "Inf", "1_000", "4５"}
	for _, in := range bad {
		if got, err := Parse(in); !errors.Is(err, ErrFormat) {
			t.Errorf("Parse(%q) = %d, %v; want ErrFormat", in, got, err)
		}
	}
	for _, in := range []string{"10000000.01", "99999999999999999999", "999999999999999"} {
		if got, err := Parse(in); !errors.Is(err, ErrTooLarge) {
			t.Errorf("Parse(%q) = %d, %v; want ErrTooLarge", in, got, err)
		}
	}
}

func TestParseSigned(t *testing.T) {
	for in, want := range map[string]Cents{
		"(12.00)": -1200, "-12.00": -1200, "-$12.00": -1200, "$-12.00": -1200, "($1,234.50)": -123450, "12": 1200,
	} {
		if got, err := ParseSigned(in); err != nil || got != want {
			t.Errorf("ParseSigned(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"(12", "12)", "--12", "(-12)", "-", "()"} {
		if _, err := ParseSigned(in); err == nil {
			t.Errorf("ParseSigned(%q) succeeded", in)
		}
	}
}

// A peer product lost a cent on 4,586 of these by way of floating point.
func TestEveryAmountSurvivesItsOwnText(t *testing.T) {
	for c := Cents(0); c <= 100_000; c++ {
		if got, err := Parse(c.Plain()); err != nil || got != c {
			t.Fatalf("Parse(%q) = %d, %v", c.Plain(), got, err)
		}
		if got, err := Parse(c.String()); err != nil || got != c {
			t.Fatalf("Parse(%q) = %d, %v", c.String(), got, err)
		}
	}
}

func TestFormat(t *testing.T) {
	for c, want := range map[Cents]string{
		0: "$0.00", 5: "$0.05", 123450: "$1,234.50", -1200: "-$12.00", 100000000: "$1,000,000.00",
		-9223372036854775808: "-$92,233,720,368,547,758.08",
	} {
		if got := c.String(); got != want {
			t.Errorf("String(%d) = %q; want %q", int64(c), got, want)
		}
	}
}

func TestTaxRoundsHalfUpPerLine(t *testing.T) {
	for _, c := range []struct {
		amount Cents
		rate   RatePPM
		want   Cents
	}{{4500, 88750, 399}, {100, 5000, 1}, {99, 5000, 0}, {1000, 82500, 83}, {-1000, 82500, -83}, {0, 82500, 0}} {
		if got := Tax(c.amount, c.rate); got != c.want {
			t.Errorf("Tax(%d, %d) = %d; want %d", c.amount, c.rate, got, c.want)
		}
	}
}

func TestQuantity(t *testing.T) {
	for in, want := range map[string]Quantity{"1": 1000, "1.5": 1500, "0.125": 125, ".5": 500} {
		got, err := ParseQuantity(in)
		if err != nil || got != want {
			t.Errorf("ParseQuantity(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", ".", "-1", "1.2345", "1e3", "12345678"} {
		if _, err := ParseQuantity(in); err == nil {
			t.Errorf("ParseQuantity(%q) succeeded", in)
		}
	}
	if got := Extend(1500, 3333); got != 5000 {
		t.Errorf("Extend(1.5, 33.33) = %d; want 5000", got)
	}
	if got := Quantity(1500).String(); got != "1.5" {
		t.Errorf("String = %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1,234.50", "-5", "1e3", "٥", "$", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			return
		}
		if c < 0 || c > Max {
			t.Fatalf("Parse(%q) = %d", s, c)
		}
		if strings.ContainsAny(s, "-+eE()") {
			t.Fatalf("Parse(%q) took a sign or an exponent", s)
		}
	})
}
