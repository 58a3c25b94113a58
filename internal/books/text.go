package books

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	xunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// charset is how the text of a file is written down.
type charset int

const (
	utf8Text charset = iota
	utf16LE
	utf16BE
	windows1252
)

func (c charset) String() string {
	return [...]string{"UTF-8", "UTF-16 LE", "UTF-16 BE", "Windows-1252"}[c]
}

// encodingOf returns the decoder's encoding; a byte order mark is taken off.
func (c charset) encoding() encoding.Encoding {
	switch c {
	case utf16LE:
		return xunicode.UTF16(xunicode.LittleEndian, xunicode.UseBOM)
	case utf16BE:
		return xunicode.UTF16(xunicode.BigEndian, xunicode.UseBOM)
	case windows1252:
		return charmap.Windows1252
	default:
		return nil
	}
}

// survey is what a first look through a whole file finds out about it.
type survey struct {
	charset charset
	// lines is how many lines the file has, for the progress shown; a little too
	// many when cells hold line breaks.
	lines int64
	comma byte // what separates the cells: ',', ';' or a tab
}

// errNotText is returned for a spreadsheet or any other file that is no text.
var errNotText = errors.New("this is not a CSV file; in the spreadsheet choose Save As, CSV UTF-8")

// look reads the file once and finds its encoding, its separator and its length.
// The encoding can only be told from the whole: a file is Windows-1252 when its
// bytes are no UTF-8. A UTF-8 file with a few broken bytes is still taken for
// UTF-8; the rows they stand in are refused.
func look(r io.Reader) (survey, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(16 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return survey{}, err
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")) || bytes.HasPrefix(head, []byte("%PDF")) {
		return survey{}, errNotText
	}
	var s survey
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		s.charset = utf16LE
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		s.charset = utf16BE
	case bytes.IndexByte(head, 0) >= 0:
		if s.charset, err = nakedUTF16(head); err != nil {
			return survey{}, err
		}
	}
	whole, broken := 0, 0
	var tail []byte // an unfinished character at the end of the last piece
	buf := make([]byte, 64<<10)
	var last byte
	cr := int64(0)
	for {
		n, err := in.Read(buf)
		piece := buf[:n]
		for _, b := range piece {
			if b == '\n' {
				s.lines++
			} else if b == '\r' {
				cr++
			}
			if b != 0 {
				last = b
			}
		}
		if s.charset == utf8Text {
			text := piece
			if len(tail) > 0 {
				text = append(tail, piece...)
			}
			for len(text) > 0 {
				if text[0] < utf8.RuneSelf {
					text = text[1:]
					continue
				}
				if !utf8.FullRune(text) && err == nil {
					break
				}
				c, size := utf8.DecodeRune(text)
				if c == utf8.RuneError && size == 1 {
					broken++
				} else {
					whole++
				}
				text = text[size:]
			}
			tail = append([]byte(nil), text...)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return survey{}, err
		}
	}
	if s.lines == 0 {
		s.lines = cr // line ends as old Macs wrote them
	}
	if last != '\n' && last != '\r' {
		s.lines++
	}
	if broken > 0 && broken >= whole {
		s.charset = windows1252
	}
	s.comma = sniffComma(head, s.charset)
	return s, nil
}

// nakedUTF16 tells the byte order of UTF-16 without a mark by where the zero
// bytes of its ASCII characters are.
func nakedUTF16(head []byte) (charset, error) {
	var even, odd int
	for i, b := range head {
		if b == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	switch {
	case odd > len(head)/4 && even <= odd/4:
		return utf16LE, nil
	case even > len(head)/4 && odd <= even/4:
		return utf16BE, nil
	case even+odd <= len(head)/20:
		return utf8Text, nil // the rows they stand in are refused
	}
	return 0, errNotText
}

// sniffComma finds what separates the cells: of comma, semicolon and tab the
// one that stands most often in the header, outside quotes.
func sniffComma(head []byte, c charset) byte {
	if e := c.encoding(); e != nil {
		// the piece may end within a character; what was decoded until there is enough
		text, _, _ := transform.Bytes(e.NewDecoder(), head)
		head = text
	}
	var counts [256]int
	quoted, any := false, false
	for _, b := range head {
		if b == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if b == '\n' || b == '\r' {
			if any {
				break
			}
			continue // blank lines before the header
		}
		if b > ' ' && b < utf8.RuneSelf {
			any = true
		}
		counts[b]++
	}
	best := byte(',')
	for _, b := range []byte{';', '\t'} {
		if counts[b] > counts[best] {
			best = b
		}
	}
	return best
}

// decode returns the file's text as UTF-8 without a byte order mark.
func decode(r io.Reader, c charset) io.Reader {
	if e := c.encoding(); e != nil {
		return transform.NewReader(r, e.NewDecoder())
	}
	in := bufio.NewReader(r)
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3) // just peeked at
	}
	return in
}

// Limits on one row: a file that passes them is broken (a quote that is never
// closed) or hostile, and is refused before it fills the memory.
const (
	maxRow   = 1 << 20
	maxCells = 500
)

// tableError is a fault of a whole file, found at a line of it.
type tableError struct {
	line int64
	text string
}

func (e *tableError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

// table reads the rows of a CSV text: quoted cells with line breaks, every sort
// of line end, and stray quotes as spreadsheets and people leave them. The
// standard library's reader does not know a lone CR as a line end, and where
// it is lenient with quotes it lets one that is never closed swallow the rest of
// the file without a word.
type table struct {
	in    *bufio.Reader
	comma byte
	line  int64 // of the text that is read next, from 1
	buf   []byte
	ends  []int
	cells []string
}

func newTable(r io.Reader, comma byte) *table {
	return &table{in: bufio.NewReaderSize(r, 64<<10), comma: comma, line: 1}
}

// row returns the cells of the next row that is not blank, and the line it
// begins on. The slice is only good until the next call. At the end it returns
// io.EOF; trouble with the file's form is a *tableError.
func (t *table) row() ([]string, int64, error) {
	for {
		start := t.line
		last, err := t.scan(start)
		if err != nil {
			return nil, start, err
		}
		if len(t.ends) == 1 && len(bytes.TrimSpace(t.buf)) == 0 {
			if last {
				return nil, start, io.EOF
			}
			continue
		}
		// one allocation for all the cells of a row
		text := string(t.buf)
		t.cells = t.cells[:0]
		from := 0
		for _, end := range t.ends {
			t.cells = append(t.cells, text[from:end])
			from = end
		}
		return t.cells, start, nil
	}
}

// scan reads one row into buf and ends, and reports whether the text is at its end.
func (t *table) scan(start int64) (last bool, err error) {
	t.buf, t.ends = t.buf[:0], t.ends[:0]
	const (
		open   = iota // at the beginning of a cell
		bare          // in a cell without quotes
		quoted        // between the quotes
		closed        // behind a quote that may close the cell
	)
	state, from := open, 0
	for {
		if len(t.buf) > maxRow || len(t.ends) > maxCells {
			return false, &tableError{start, "this row is longer than a row can be; is a quote missing its partner?"}
		}
		b, err := t.in.ReadByte()
		if errors.Is(err, io.EOF) {
			if state == quoted {
				return false, &tableError{start, "a quote that is opened in this row is never closed"}
			}
			t.ends = append(t.ends, len(t.buf))
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if b == '\r' || b == '\n' {
			if b == '\r' {
				if next, err := t.in.Peek(1); err == nil && next[0] == '\n' {
					_, _ = t.in.ReadByte() // just peeked at
					b = '\n'
				}
			}
			t.line++
			if state != quoted {
				t.ends = append(t.ends, len(t.buf))
				return false, nil
			}
			t.buf = append(t.buf, b)
			continue
		}
		switch {
		case state == quoted && b == '"':
			state = closed
		case state == quoted:
			t.buf = append(t.buf, b)
		case b == t.comma:
			t.ends = append(t.ends, len(t.buf))
			state, from = open, len(t.buf)
		case state == closed && b == '"':
			t.buf = append(t.buf, '"')
			state = quoted
		case state == closed && b == ' ':
			// blanks between the quote and the separator
			if next, err := t.in.Peek(1); err != nil || next[0] == t.comma || next[0] == ' ' || next[0] == '\r' || next[0] == '\n' {
				continue
			}
			t.buf = append(t.buf, '"', ' ')
			state = quoted
		case state == closed:
			// "5" pipe": a stray quote within the cell
			t.buf = append(t.buf, '"', b)
			state = quoted
		case state == open && b == '"':
			t.buf = t.buf[:from]
			state = quoted
		case state == open && b == ' ':
			t.buf = append(t.buf, b)
		default:
			t.buf = append(t.buf, b)
			state = bare
		}
	}
}
