package books

import (
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// dateForms are the ways in which files write a day, US order. Go's two-digit
// years end in 2068, which suits books.
var dateForms = []string{
	"2006-1-2", "1/2/2006", "1/2/06", "2-Jan-06", "2-Jan-2006", "1-2-2006", "1-2-06", "2006/1/2",
	"Jan 2, 2006", "January 2, 2006", "2 Jan 2006", "20060102",
}

// parseDate reads a day; a time of day behind it is left out. Days are read in
// US order, the month first.
func parseDate(s string) (calendar.Date, error) {
	if s == "" {
		return "", fmt.Errorf("a date is needed")
	}
	if len(s) <= 40 {
		day := s
		if i := strings.IndexAny(s, "T "); i >= 8 && strings.Contains(s[i:], ":") {
			day = s[:i]
		}
		for _, form := range dateForms {
			t, err := time.Parse(form, day)
			if err != nil {
				continue
			}
			if t.Year() < 1970 || t.Year() > 2199 {
				return "", fmt.Errorf("%s is not a year these books can hold", strconv.Quote(shorten(s)))
			}
			return calendar.DateOf(t), nil
		}
	}
	return "", fmt.Errorf("%s is not a date; write it like 2026-11-01 or 11/1/2026, the month first", strconv.Quote(shorten(s)))
}

// parseMoney reads an amount as bookkeeping programs write it, negative with a
// minus before or behind it or in brackets. It never rounds.
func parseMoney(s string) (money.Cents, error) {
	bare := strings.ReplaceAll(s, " ", "")
	if inner, ok := strings.CutSuffix(bare, "-"); ok && !strings.ContainsAny(inner, "-(") {
		bare = "-" + inner
	}
	if rest, ok := strings.CutPrefix(bare, "\u2212"); ok { // the minus sign proper
		bare = "-" + rest
	}
	if inner, ok := strings.CutPrefix(bare, "$("); ok {
		bare = "($" + inner
	}
	amount, err := money.ParseSigned(bare)
	switch {
	case err == nil:
		return amount, nil
	case err == money.ErrTooLarge:
		return 0, fmt.Errorf("%s is more than an amount can be", strconv.Quote(shorten(s)))
	}
	return 0, fmt.Errorf("%s is not an amount in dollars and cents, like 1,234.50", strconv.Quote(shorten(s)))
}

// parseQuantity reads a number of pieces.
func parseQuantity(s string) (money.Quantity, error) {
	bare := strings.ReplaceAll(s, ",", "")
	if whole, frac, ok := strings.Cut(bare, "."); ok { // 1.0000, as some programs write it
		if frac = strings.TrimRight(frac, "0"); frac == "" {
			bare = whole
		} else {
			bare = whole + "." + frac
		}
	}
	q, err := money.ParseQuantity(bare)
	if err != nil {
		return 0, fmt.Errorf("%s is not a quantity, like 1 or 1.5", strconv.Quote(shorten(s)))
	}
	return q, nil
}

// parseZip gives a zip code back the leading zeros that a spreadsheet took from
// it: 1234 is 01234, 601 is 00601. Anything else is left as it is, for there are
// other countries.
func parseZip(s string) string {
	first, last, plus := strings.Cut(s, "-")
	if !digitsOnly(first) || plus && (!digitsOnly(last) || len(last) != 4) {
		return s
	}
	switch {
	case len(first) == 3 || len(first) == 4:
		first = strings.Repeat("0", 5-len(first)) + first
	case !plus && len(first) >= 7 && len(first) <= 9:
		// zip+4 as one number
		first = strings.Repeat("0", 9-len(first)) + first
		return first[:5] + "-" + first[5:]
	}
	if plus {
		return first + "-" + last
	}
	return first
}

// parseYes reads yes or no; nothing is no.
func parseYes(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "yes", "y", "true", "t", "1", "x":
		return true, nil
	case "", "no", "n", "false", "f", "0":
		return false, nil
	}
	return false, fmt.Errorf("%s is neither yes nor no", strconv.Quote(shorten(s)))
}

// parseList reads the several phones or addresses of one cell, with semicolons
// or line breaks between them.
func parseList(s string) []string {
	var list []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// parseEmails reads the addresses of one cell; commas may stand between them too.
func parseEmails(s string) ([]string, error) {
	list := parseList(strings.ReplaceAll(s, ",", ";"))
	for i, one := range list {
		a, err := mail.ParseAddress(one)
		if err != nil || len(one) > 254 {
			return nil, fmt.Errorf("%s is not an e-mail address", strconv.Quote(shorten(one)))
		}
		list[i] = a.Address
	}
	return list, nil
}

// share is one part of apply_to.
type share struct {
	invoice string
	cents   money.Cents
	rest    bool // no amount was given: it takes what is left
}

// parseApplyTo reads the invoices that a payment is for: "10023:45.00;10024". A
// number without an amount takes what is left. What stands behind the last colon
// is the amount, so a number may hold colons when an amount is given.
func parseApplyTo(s string) ([]share, error) {
	var shares []share
	for _, part := range parseList(s) {
		number, amount, given := part, "", false
		if i := strings.LastIndexByte(part, ':'); i >= 0 {
			number, amount, given = part[:i], part[i+1:], true
		}
		sh := share{invoice: strings.TrimSpace(number), rest: !given}
		if sh.invoice == "" {
			return nil, fmt.Errorf("%s has no invoice number", strconv.Quote(shorten(part)))
		}
		for _, other := range shares {
			if strings.EqualFold(other.invoice, sh.invoice) {
				return nil, fmt.Errorf("invoice %s is named twice", sh.invoice)
			}
		}
		if given {
			cents, err := parseMoney(strings.TrimSpace(amount))
			if err != nil {
				return nil, err
			}
			if cents <= 0 {
				return nil, fmt.Errorf("the amount for invoice %s must be more than zero", sh.invoice)
			}
			sh.cents = cents
		}
		shares = append(shares, sh)
	}
	return shares, nil
}

// formatApplyTo is the opposite of parseApplyTo.
func formatApplyTo(shares []share) string {
	var b strings.Builder
	for i, s := range shares {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(s.invoice)
		if !s.rest {
			b.WriteByte(':')
			b.WriteString(s.cents.Plain())
		}
	}
	return b.String()
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// shorten keeps what is quoted in a message readable.
func shorten(s string) string {
	const most = 40
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}
