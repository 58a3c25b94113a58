package books

import (
	"bufio"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"customerportal/internal/document"
)

// Sheet writes a CSV file for Excel: a byte order mark so that it reads UTF-8,
// CRLF, every cell quoted, and cells that a spreadsheet would take for a formula
// guarded by a leading apostrophe. Reading the file with this package takes the
// guard off again, without loss. It is for every CSV that leaves the program.
type Sheet struct {
	out *bufio.Writer
	err error
}

// NewSheet begins a file with its header. The caller closes w after [Sheet.Flush].
func NewSheet(w io.Writer, header ...string) *Sheet {
	s := &Sheet{out: bufio.NewWriterSize(w, 64<<10)}
	_, s.err = s.out.WriteString("\ufeff")
	s.Row(header...)
	return s
}

// Row writes one row. An error is kept for [Sheet.Flush].
func (s *Sheet) Row(cells ...string) {
	for i, cell := range cells {
		if i > 0 {
			s.write(",")
		}
		s.write(`"`)
		if document.Formula(cell) {
			s.write("'")
		}
		s.write(strings.ReplaceAll(cell, `"`, `""`))
		s.write(`"`)
	}
	s.write("\r\n")
}

func (s *Sheet) write(text string) {
	if s.err == nil {
		_, s.err = s.out.WriteString(text)
	}
}

// Flush writes what is still held back and returns the first error there was.
func (s *Sheet) Flush() error {
	if s.err != nil {
		return s.err
	}
	return s.out.Flush()
}

// unguard takes off the apostrophe that [Sheet.Row] put before a cell.
func unguard(cell string) string {
	rest := strings.TrimLeft(cell, "'")
	if len(rest) < len(cell) && rest != "" && strings.ContainsRune("=+-@\t\r\n", rune(rest[0])) {
		return cell[1:]
	}
	return cell
}

// clean takes from a cell what people and spreadsheets leave in it: outer
// blanks of every kind, no-break spaces, marks without width, and the ="…" by
// which some programs keep Excel from dropping leading zeros.
func clean(cell string) string {
	if plain(cell) {
		return cell
	}
	cell = strings.TrimFunc(strings.Map(func(r rune) rune {
		switch r {
		case '\u00a0', '\u2007', '\u202f': // spaces that do not break
			return ' '
		case '\u200b', '\u2060', '\ufeff': // marks without width
			return -1
		}
		return r
	}, cell), unicode.IsSpace)
	if inner, ok := strings.CutPrefix(cell, `="`); ok {
		if inner, ok = strings.CutSuffix(inner, `"`); ok && !strings.Contains(inner, `"`) {
			return strings.TrimSpace(inner)
		}
	}
	return unguard(cell)
}

// plain reports whether there is nothing to clean, which is so for most cells.
func plain(cell string) bool {
	if cell == "" {
		return true
	}
	if c := cell[0]; c == '\'' || c == '=' || c <= ' ' || cell[len(cell)-1] <= ' ' {
		return false
	}
	for i := range len(cell) {
		if cell[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// oneLine puts a text into one line, every run of blanks one blank, for cells
// that cannot hold more.
func oneLine(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) && !strings.Contains(s, "  ") {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == ' ' }), " ")
}
