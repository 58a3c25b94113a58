// Package money holds amounts of US dollars as whole cents. There is no
// floating point here and no rounding except [Tax], which rounds half up.
package money

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Cents is an amount of US dollars in cents. It is stored as INTEGER in SQL and
// may be negative where the books are signed (ledger rows, credit lines).
type Cents int64

// Max is the largest amount a person may type: ten million dollars. It keeps
// every sum of a book far from the limits of int64.
const Max Cents = 1_000_000_000

// Errors of [Parse] and [ParseSigned]. Their texts are shown beside the field.
var (
	ErrFormat   = errors.New("Enter an amount in dollars and cents, like 45.00")
	ErrTooLarge = errors.New("This amount is too large")
)

// Parse reads an amount as a person types it: "45", "45.5", "45.50", "1,234.50",
// with an optional leading "$" and outer blanks. It is strict: a sign, a third
// decimal, an exponent, a misplaced comma or any other character is ErrFormat,
// and more than [Max] is ErrTooLarge. Only the ASCII digits count as digits.
func Parse(s string) (Cents, error) {
	s = strings.TrimSpace(s)
	s = strings.TrimSpace(strings.TrimPrefix(s, "$"))
	whole, frac, point := strings.Cut(s, ".")
	if point && (len(frac) == 0 || len(frac) > 2 || !digits(frac)) {
		return 0, ErrFormat
	}
	whole, ok := ungroup(whole)
	if !ok || !digits(whole) || (whole == "" && frac == "") {
		return 0, ErrFormat
	}
	if whole = strings.TrimLeft(whole, "0"); len(whole) > 15 {
		return 0, ErrTooLarge
	}
	if len(frac) == 1 {
		frac += "0"
	}
	dollars, _ := strconv.ParseInt("0"+whole, 10, 64)
	cents, _ := strconv.ParseInt("0"+frac, 10, 64)
	total := Cents(dollars*100 + cents)
	if total > Max {
		return 0, ErrTooLarge
	}
	return total, nil
}

// ParseSigned reads an amount as bookkeeping files write it: what [Parse] takes,
// and negative amounts as "-12.00", "-$12.00", "$-12.00" or "(12.00)".
func ParseSigned(s string) (Cents, error) {
	s = strings.TrimSpace(s)
	negative := false
	if inner, ok := strings.CutPrefix(s, "("); ok {
		if inner, ok = strings.CutSuffix(inner, ")"); !ok {
			return 0, ErrFormat
		}
		negative, s = true, inner
	} else if rest, ok := strings.CutPrefix(s, "-"); ok {
		negative, s = true, rest
	} else if rest, ok := strings.CutPrefix(s, "$-"); ok {
		negative, s = true, rest
	}
	amount, err := Parse(s)
	if err != nil {
		return 0, err
	}
	if negative {
		amount = -amount
	}
	return amount, nil
}

// ungroup removes thousands separators, refusing them in the wrong place.
func ungroup(s string) (string, bool) {
	if !strings.Contains(s, ",") {
		return s, true
	}
	groups := strings.Split(s, ",")
	if len(groups[0]) == 0 || len(groups[0]) > 3 {
		return "", false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// String formats the amount for a person: "$1,234.50", "-$12.00".
func (c Cents) String() string {
	plain := c.Plain()
	sign := ""
	if c < 0 {
		sign, plain = "-", plain[1:]
	}
	whole, frac, _ := strings.Cut(plain, ".")
	var b strings.Builder
	b.WriteString(sign)
	b.WriteByte('$')
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	b.WriteByte('.')
	b.WriteString(frac)
	return b.String()
}

// Plain formats the amount for a form field or a file: "1234.50", "-12.00".
func (c Cents) Plain() string {
	sign, abs := "", uint64(c)
	if c < 0 {
		sign, abs = "-", uint64(-(c+1))+1
	}
	s := strconv.FormatUint(abs, 10)
	for len(s) < 3 {
		s = "0" + s
	}
	return sign + s[:len(s)-2] + "." + s[len(s)-2:]
}

// RatePPM is a tax rate in parts per million: 8.875 % is 88,750.
type RatePPM int64

// Tax returns the tax on an amount, rounded half up (away from zero, so that a
// credited line undoes exactly what was charged) to the cent. It is taken per
// line.
func Tax(amount Cents, rate RatePPM) Cents {
	return divideHalfUp(int64(amount), int64(rate), 1_000_000)
}

// QuantityScale is how many units of [Quantity] make one piece.
const QuantityScale = 1000

// Quantity is a number of pieces or hours in thousandths: 1.5 is 1500.
type Quantity int64

// Extend returns quantity times unit price, rounded half up to the cent.
func Extend(quantity Quantity, unit Cents) Cents {
	return divideHalfUp(int64(unit), int64(quantity), QuantityScale)
}

// String formats the quantity without trailing zeros: "1", "1.5".
func (q Quantity) String() string {
	s := strconv.FormatFloat(float64(q)/QuantityScale, 'f', 3, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// ParseQuantity reads "1", "1.5" or "0.125"; more than three decimals, a sign
// or more than a million pieces is an error.
func ParseQuantity(s string) (Quantity, error) {
	whole, frac, _ := strings.Cut(strings.TrimSpace(s), ".")
	if whole+frac == "" || !digits(whole) || !digits(frac) || len(frac) > 3 || len(whole) > 6 {
		return 0, ErrQuantity
	}
	for len(frac) < 3 {
		frac += "0"
	}
	n, _ := strconv.ParseInt("0"+whole+frac, 10, 64)
	return Quantity(n), nil
}

// ErrQuantity is what [ParseQuantity] returns for anything it does not take.
var ErrQuantity = errors.New("Enter a quantity, like 1 or 1.5")

// divideHalfUp is a*b/d, halves away from zero.
func divideHalfUp(a, b, d int64) Cents {
	negative := (a < 0) != (b < 0)
	x, y := abs(a), abs(b)
	if x != 0 && y > math.MaxInt64/x-1 {
		panic("money: product out of range")
	}
	n := (x*y + d/2) / d
	if negative {
		n = -n
	}
	return Cents(n)
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
