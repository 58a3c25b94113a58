package account

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// undecomposed are the letters that Unicode does not take apart into a base
// letter and an accent, though people without that key type the base letter.
var undecomposed = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe", "ı", "i", "ħ", "h")

// foldName is the form in which names are compared: without case, accents,
// punctuation and blanks.
func foldName(s string) string {
	s = undecomposed.Replace(cases.Fold().String(norm.NFKD.String(s)))
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// sameName compares two names as the registration does.
func sameName(a, b string) bool { return foldName(a) == foldName(b) }

// phoneDigits is the form in which phone numbers are compared: the last ten
// digits, so that a leading 1 or +1 does not matter. An extension ("x12",
// "ext. 12", "#12") is left out.
func phoneDigits(s string) string {
	if i := strings.IndexAny(s, "xX#"); i >= 0 {
		s = s[:i]
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	return digits[max(0, len(digits)-10):]
}

// zipDigits is the form in which zip codes are compared: the first five digits,
// a lost leading zero put back. Codes of other countries are compared whole.
func zipDigits(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	code, _, _ := strings.Cut(s, "-")
	code = strings.Join(strings.Fields(code), "")
	if code != "" && strings.Trim(code, "0123456789") == "" {
		if len(code) < 5 {
			code = strings.Repeat("0", 5-len(code)) + code
		}
		return code[:5]
	}
	return code
}
