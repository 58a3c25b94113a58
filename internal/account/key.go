package account

import (
	"crypto/subtle"
	"strings"
)

// crockford is Douglas Crockford's base32 alphabet: no I, L, O or U, so that
// nothing printed can be misread (https://www.crockford.com/base32.html).
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// keyLength is 16 letters of 5 bits: 80 random bits.
const keyLength = 16

// NewRegistrationKey returns a fresh Registration Key in the form in which it is
// stored: 16 letters of Crockford's base32, no dashes.
func NewRegistrationKey() string { return draw(crockford, keyLength) }

// FormatKey shows a Registration Key as it is printed: XXXX-XXXX-XXXX-XXXX.
func FormatKey(key string) string { return groups(key) }

// NormalizeKey reads a Registration Key as people type it: with or without
// dashes and blanks, in any case, O for 0 and I or L for 1. It reports false for
// anything that cannot be a key.
func NormalizeKey(s string) (string, bool) {
	var b strings.Builder
	for _, r := range strings.ToUpper(s) {
		switch r {
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		case ' ', '\t', '\u00a0', '-', '\u2010', '\u2011', '\u2013', '\u2014':
			continue
		}
		if !strings.ContainsRune(crockford, r) || b.Len() == keyLength {
			return "", false
		}
		b.WriteRune(r)
	}
	return b.String(), b.Len() == keyLength
}

// sameKey compares keys in a time that does not depend on where they differ.
func sameKey(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
