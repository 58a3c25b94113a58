package document

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// text is a string that can be drawn: valid, without control characters, on one
// line and within the basic plane, which is all fpdf can address. Only [clean]
// makes one from a string somebody typed.
type text string

// outside stands for a character beyond the basic plane. The fonts lack it on
// purpose, so it is drawn as the box of a missing character.
const outside = '□'

// clean makes a string drawable. Accents are composed, white space of any kind
// becomes single blanks, control and format characters go. A character the font
// lacks is replaced by its plain form where Unicode knows one (full-width
// letters, ligatures); otherwise it stays: it is drawn as a box, and whoever
// copies the text out of the PDF still gets the character itself.
func clean(s string) text {
	if plain(s) {
		return text(s)
	}
	visible := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return r
		}
		if unicode.In(r, unicode.Cc, unicode.Cf) || nonCharacter(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))

	var b strings.Builder
	b.Grow(len(s))
	blank := false
	for _, r := range norm.NFC.String(visible) {
		if r != '\u00A0' && unicode.IsSpace(r) {
			blank = true
			continue
		}
		drawn := string(r)
		if !regular().has(r) {
			drawn = fallback(r)
		}
		if blank && b.Len() > 0 && drawn != "" {
			b.WriteByte(' ')
		}
		blank = blank && drawn == ""
		b.WriteString(drawn)
	}
	return text(norm.NFC.String(b.String()))
}

// plain reports whether a string is ASCII text that needs no cleaning, which
// nearly all are.
func plain(s string) bool {
	before := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && before == ' ' {
			return false
		}
		before = c
	}
	return before != ' ' || s == ""
}

func nonCharacter(r rune) bool {
	return r&0xFFFE == 0xFFFE || (r >= 0xFDD0 && r <= 0xFDEF)
}

// fallback returns what is drawn for a character the font lacks.
func fallback(r rune) string {
	if r == '\u2212' { // the minus sign of mathematics
		return "-"
	}
	apart := norm.NFKD.String(string(r))
	var b strings.Builder
	for _, p := range apart {
		if unicode.Is(unicode.Mn, p) {
			continue
		}
		if !regular().has(p) {
			b.Reset()
			break
		}
		b.WriteRune(p)
	}
	switch {
	case b.Len() > 0:
		return strings.TrimSpace(b.String())
	case unicode.Is(unicode.Mn, r):
		return ""
	case r > 0xFFFF:
		return string(outside)
	}
	return string(r)
}

// cleanLines cleans the lines of an address and leaves out the empty ones.
func cleanLines(lines []string) []text {
	out := make([]text, 0, len(lines))
	for _, line := range lines {
		if t := clean(line); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// wrap breaks a text into lines no wider than width. It breaks at blanks and
// behind hyphens and slashes; a word wider than a line is broken anywhere.
// There is always at least one line.
func (f *face) wrap(t text, size, width float64) []text {
	if f.width(t, size) <= width {
		return []text{t}
	}
	var lines []text
	rest := string(t)
	for rest != "" {
		n := f.fit(rest, size, width)
		lines = append(lines, text(strings.TrimRight(rest[:n], " ")))
		rest = strings.TrimLeft(rest[n:], " ")
	}
	return lines
}

// fit returns how many bytes of s make its first line.
func (f *face) fit(s string, size, width float64) int {
	limit := int(width * 1000 / size)
	sum, at := 0, 0 // at: the last place to break
	for i, r := range s {
		w, ok := f.advances[r]
		if !ok {
			w = f.missing
		}
		if sum += int(w); sum > limit && r != ' ' {
			switch {
			case at > 0:
				return at
			case i > 0:
				return i
			}
			return utf8.RuneLen(r)
		}
		if r == ' ' || r == '-' || r == '/' {
			at = i + 1
		}
	}
	return len(s)
}

// cut shortens a text to width with an ellipsis; without room for a word nothing
// is left.
func (f *face) cut(t text, size, width float64) text {
	if f.width(t, size) <= width {
		return t
	}
	if width < 3*size { // no room for a word
		return ""
	}
	n := f.fit(string(t), size, width-f.width("…", size))
	return text(strings.TrimRight(string(t[:n]), " ")) + "…"
}

// most keeps the first n lines; when there were more, the last one says so.
func (f *face) most(lines []text, size, width float64, n int) []text {
	if len(lines) <= n {
		return lines
	}
	lines = lines[:n:n]
	last := lines[n-1]
	if f.width(last+"…", size) > width {
		return append(lines[:n-1:n-1], f.cut(last+"……", size, width))
	}
	return append(lines[:n-1:n-1], last+"…")
}
