package proposal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"customerportal/internal/money"
)

var errDeposit = errors.New("Enter an amount, like 500.00, or a part of what is paid once, like 30 %")

// ParseDeposit reads a deposit as people type it: an amount, "500.00", or a part
// of what is paid once in percent with at most four decimals, "30 %". Nothing
// typed is no deposit. The error is shown beside the field.
func ParseDeposit(s string) (cents money.Cents, ppm int64, err error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, 0, nil
	}
	percent, ok := strings.CutSuffix(s, "%")
	if !ok {
		cents, err := money.Parse(s)
		if errors.Is(err, money.ErrFormat) {
			err = errDeposit
		}
		return cents, 0, err
	}
	whole, frac, point := strings.Cut(strings.TrimSpace(percent), ".")
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	if whole == "" || len(whole) > 3 || !digits(whole) || len(frac) > 4 || !digits(frac) || point && frac == "" {
		return 0, 0, errDeposit
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 4-len(frac)), 10, 64)
	if err != nil {
		return 0, 0, errDeposit
	}
	if n > 1_000_000 {
		return 0, 0, errors.New("A deposit is at most 100 %")
	}
	return 0, n, nil
}

// FormatDeposit writes a deposit as [ParseDeposit] reads it, "" for none.
func FormatDeposit(cents money.Cents, ppm int64) string {
	switch {
	case ppm != 0:
		s := fmt.Sprintf("%d.%04d", ppm/10_000, ppm%10_000)
		return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") + " %"
	case cents != 0:
		return cents.Plain()
	}
	return ""
}
