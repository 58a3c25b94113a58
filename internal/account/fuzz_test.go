package account

import (
	"strings"
	"testing"
	"unicode/utf8"

	"customerportal/db/dbtest"
)

// FuzzMatchWords hands whatever is typed into the search box to the index
// itself: nothing typed is an operator, and nothing is an error.
func FuzzMatchWords(f *testing.F) {
	for _, s := range []string{`o'bri`, `"`, `a" OR "b`, `NEAR(a b)`, `name:x`, `^a`, `a*`, `-a`, `(`, `ﬀ`, "\u0301", "{a b}:c", "😀", "+", `a""`, "ß"} {
		f.Add(s)
	}
	d := dbtest.New(f)
	f.Fuzz(func(t *testing.T, s string) {
		typed := oneLine(cut(s, 200))
		if !utf8.ValidString(typed) || strings.ContainsRune(typed, 0) {
			return // refused before it gets here
		}
		match := matchWords(typed)
		if match == "" {
			return
		}
		if _, err := d.Read().SearchCustomerText(t.Context(), match); err != nil {
			t.Errorf("%q as %q: %v", s, match, err)
		}
	})
}

// FuzzCompare looks at the forms in which typed things are compared: each is
// the same when it is made twice, and short enough to be stored.
func FuzzCompare(f *testing.F) {
	for _, s := range []string{"O'Brien", "+1 (518) 555-0101 x7", "02134-1234", "2134", "K1A 0B1", "Łukasz", "\xff", "ǅ", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d := phoneDigits(s); phoneDigits(d) != d || len(d) > 10 {
			t.Errorf("phone %q: %q", s, d)
		}
		if z := zipDigits(s); zipDigits(z) != z {
			t.Errorf("zip %q: %q", s, z)
		}
		if n := foldName(s); foldName(n) != n {
			t.Errorf("name %q: %q, then %q", s, n, foldName(n))
		}
		if e, ok := CleanEmail(s); ok && (strings.ContainsAny(e, "\r\n\x00 ") || len(e) > 254) {
			t.Errorf("address %q", e)
		}
		if c := cut(s, 7); len(c) > 7 || utf8.ValidString(s) && !utf8.ValidString(c) {
			t.Errorf("cut %q: %q", s, c)
		}
	})
}
