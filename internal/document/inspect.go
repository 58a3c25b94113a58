package document

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"slices"
	"strconv"
)

// What [Inspect] refuses a file for. The texts are shown to people.
var (
	ErrNotPDF       = errors.New("This is not a PDF")
	ErrBrokenPDF    = errors.New("This PDF is damaged or of a kind that cannot be checked. Open it, print it to a new PDF, and attach that")
	ErrEncryptedPDF = errors.New("This PDF is protected by a password. Print it to a new PDF without one, and attach that")
	ErrActivePDF    = errors.New("This PDF holds a program, a form that runs one, or another file. Print it to a new PDF, and attach that")
)

// Bounds of what is read: a file that unpacks to more, or nests deeper, is
// refused as damaged.
const (
	maxUnpacked = 32 << 20
	maxNesting  = 60
	maxPages    = 5000
	maxHeld     = 500_000
)

// active are the keys and names by which a PDF runs something, fetches
// something or carries another file (ISO 32000-1, 7.11.4, 12.6.4 and 12.7.8).
// GoToR opens a file of any machine, to which Windows logs in by itself.
var active = []string{"JavaScript", "JS", "Launch", "EmbeddedFile", "EF", "RichMedia", "XFA", "SubmitForm", "ImportData", "GoToE", "GoToR", "Rendition", "Movie", "Sound"}

// Inspect reads a PDF that somebody brings and returns how many pages it has.
// What opens as a PDF elsewhere but cannot be followed here, is encrypted, or
// could do something when it is opened is refused with one of the errors above.
//
// It does not trust the file's own table of objects: it looks at every object
// there is, packed or not, so that none can hide behind a table that names
// others.
func Inspect(pdf []byte) (pages int, err error) {
	if !bytes.Contains(pdf[:min(len(pdf), 1024)], []byte("%PDF-")) {
		return 0, ErrNotPDF
	}
	f := &pdfFile{objects: map[int]any{}}
	if err := f.read(pdf); err != nil {
		return 0, err
	}
	return f.pages()
}

// The values a PDF is made of; numbers are float64, what is true, false or null
// is a pdfWord, texts are nil, and lists leave out all three: nobody reads them
// here.
type (
	pdfName  string
	pdfWord  string
	pdfRef   int
	pdfDict  map[pdfName]any
	pdfArray []any
)

// pdfFile is what is known of a file.
type pdfFile struct {
	objects  map[int]any
	root     any // of the trailer that comes last
	unpacked int
	held     int // lists, dictionaries and what stands in lists
}

var (
	objMark     = []byte("obj")
	trailerMark = []byte("trailer")
	streamMark  = []byte("endstream")
)

// read looks at each object and each trailer, those inside of streams as well:
// a table of objects may lead there.
func (f *pdfFile) read(pdf []byte) error {
	at, word := nextMark(pdf, 0)
	for at >= 0 {
		from := at + len(word)
		end, following := nextMark(pdf, from)
		piece := pdf[from:]
		if end >= 0 {
			piece = pdf[from:end]
		}
		l := &pdfLexer{b: piece, file: f, stream: -1}
		value, err := l.value(0)
		if err == nil {
			err = l.drain()
		}
		if err != nil {
			return err
		}
		dict, _ := value.(pdfDict)
		if dict["Encrypt"] != nil {
			return ErrEncryptedPDF
		}
		if root := dict["Root"]; root != nil {
			f.root = root
		}
		if n := numberBefore(pdf, at); n >= 0 && len(word) == len(objMark) {
			f.objects[n] = value
		}
		if l.stream >= 0 && dict["N"] != nil && dict["First"] != nil {
			if err := f.unpack(dict, pdf[from+l.stream:]); err != nil {
				return err
			}
		}
		at, word = end, following
	}
	return nil
}

// nextMark finds where the next object or trailer begins. Within the bytes of a
// stream a mark may stand by chance: one counts when a number stands before it or
// a dictionary or list behind it.
func nextMark(b []byte, from int) (at int, word []byte) {
	for i := from; i < len(b); {
		n := bytes.IndexAny(b[i:], "ot")
		if n < 0 {
			break
		}
		i += n
		for _, mark := range [][]byte{objMark, trailerMark} {
			if !bytes.HasPrefix(b[i:], mark) || i >= 3 && string(b[i-3:i]) == "end" {
				continue
			}
			l := &pdfLexer{b: b[:min(len(b), i+256)], at: i + len(mark)}
			l.blanks()
			if numberBefore(b, i) >= 0 || l.at < len(l.b) && (l.b[l.at] == '<' || l.b[l.at] == '[') {
				return i, mark
			}
		}
		i++
	}
	return -1, nil
}

// numberBefore reads the number of the object whose mark is at i: "12 0 obj".
func numberBefore(b []byte, i int) int {
	back := func(ok func(byte) bool) []byte {
		end := i
		for i > 0 && ok(b[i-1]) {
			i--
		}
		return b[i:end]
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	back(pdfSpace)
	back(digit)
	back(pdfSpace)
	n, err := strconv.Atoi(string(back(digit)))
	if err != nil {
		return -1
	}
	return n
}

// unpack reads the objects that are packed into a stream (ISO 32000-1, 7.5.7).
func (f *pdfFile) unpack(dict pdfDict, stream []byte) error {
	switch filter := dict["Filter"].(type) {
	case nil:
	case pdfName:
		if filter != "FlateDecode" && filter != "Fl" {
			return ErrBrokenPDF
		}
	case pdfArray:
		if len(filter) != 1 || filter[0] != pdfName("FlateDecode") {
			return ErrBrokenPDF
		}
	default:
		return ErrBrokenPDF
	}
	if parms, ok := dict["DecodeParms"].(pdfDict); ok && parms["Predictor"] != nil && parms["Predictor"] != 1.0 {
		return ErrBrokenPDF
	}
	body := stream
	if dict["Filter"] == nil {
		end := bytes.Index(stream, streamMark)
		if length, ok := dict["Length"].(float64); ok && length > float64(end) && length <= float64(len(stream)) {
			end = int(length)
		}
		if end < 0 {
			return ErrBrokenPDF
		}
		body = stream[:end]
	} else {
		z, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			return ErrBrokenPDF
		}
		// what is wrong with its end does not matter to those who show it
		body, err = io.ReadAll(io.LimitReader(z, int64(maxUnpacked-f.unpacked)+1))
		if err != nil && len(body) == 0 {
			return ErrBrokenPDF
		}
	}
	if f.unpacked += len(body); f.unpacked > maxUnpacked {
		return ErrBrokenPDF
	}
	many, _ := dict["N"].(float64)
	first, ok := dict["First"].(float64)
	if !ok || many < 0 || many > 1e6 || first < 0 || int(first) > len(body) {
		return ErrBrokenPDF
	}
	head := &pdfLexer{b: body[:int(first)], file: f, stream: -1}
	rest := body[int(first):]
	type place struct{ number, at int }
	var places []place
	for range int(many) {
		number, err := head.value(0)
		if err != nil {
			return err
		}
		at, err := head.value(0)
		if err != nil {
			return err
		}
		n, numberOK := number.(float64)
		offset, atOK := at.(float64)
		if !numberOK || !atOK || offset < 0 || int(offset) > len(rest) {
			return ErrBrokenPDF
		}
		places = append(places, place{int(n), int(offset)})
	}
	slices.SortStableFunc(places, func(a, b place) int { return a.at - b.at })
	for i, p := range places {
		end := len(rest)
		if i+1 < len(places) {
			end = places[i+1].at
		}
		l := &pdfLexer{b: rest[p.at:end], file: f, stream: -1}
		value, err := l.value(0)
		if err == nil {
			err = l.drain()
		}
		if err != nil {
			return err
		}
		if _, there := f.objects[p.number]; !there {
			f.objects[p.number] = value
		}
	}
	return nil
}

// pages counts the leaves of the tree of pages (ISO 32000-1, 7.7.3).
func (f *pdfFile) pages() (int, error) {
	catalog, _ := f.follow(f.root).(pdfDict)
	if catalog["Pages"] == nil {
		catalog = nil
		numbers := make([]int, 0, len(f.objects))
		for n := range f.objects {
			numbers = append(numbers, n)
		}
		slices.Sort(numbers)
		for _, n := range numbers {
			if d, ok := f.objects[n].(pdfDict); ok && d["Type"] == pdfName("Catalog") && d["Pages"] != nil {
				catalog = d
			}
		}
	}
	many, err := f.leaves(catalog["Pages"], map[pdfRef]bool{}, 0)
	if err != nil || many == 0 || many > maxPages {
		return 0, ErrBrokenPDF
	}
	return many, nil
}

func (f *pdfFile) leaves(at any, seen map[pdfRef]bool, depth int) (int, error) {
	if depth > maxNesting {
		return 0, ErrBrokenPDF
	}
	if ref, ok := at.(pdfRef); ok {
		if seen[ref] {
			return 0, ErrBrokenPDF
		}
		seen[ref] = true
	}
	node, ok := f.follow(at).(pdfDict)
	if !ok {
		return 0, ErrBrokenPDF
	}
	kids, ok := f.follow(node["Kids"]).(pdfArray)
	if !ok {
		return 1, nil
	}
	sum := 0
	for _, k := range kids {
		n, err := f.leaves(k, seen, depth+1)
		if err != nil {
			return 0, err
		}
		if sum += n; sum > maxPages {
			return 0, ErrBrokenPDF
		}
	}
	return sum, nil
}

// follow returns what a reference leads to.
func (f *pdfFile) follow(v any) any {
	for range 8 {
		ref, ok := v.(pdfRef)
		if !ok {
			return v
		}
		v = f.objects[int(ref)]
	}
	return nil
}

// pdfLexer reads values from a piece of a file.
type pdfLexer struct {
	b      []byte
	at     int
	file   *pdfFile
	stream int // where the bytes of a stream begin, -1 while none was met
	ended  bool
}

// hold counts what is kept in memory of the file.
func (l *pdfLexer) hold() error {
	if l.file.held++; l.file.held > maxHeld {
		return ErrBrokenPDF
	}
	return nil
}

func pdfSpace(c byte) bool { return bytes.IndexByte([]byte("\x00\t\n\f\r "), c) >= 0 }

func pdfDelimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

// drain looks at all that is left before a stream's bytes or the end.
func (l *pdfLexer) drain() error {
	for !l.ended {
		if _, err := l.value(0); err != nil {
			return err
		}
	}
	return nil
}

// blanks skips white space and remarks.
func (l *pdfLexer) blanks() {
	for l.at < len(l.b) {
		switch c := l.b[l.at]; {
		case pdfSpace(c):
			l.at++
		case c == '%':
			for l.at < len(l.b) && l.b[l.at] != '\n' && l.b[l.at] != '\r' {
				l.at++
			}
		default:
			return
		}
	}
}

// value reads the next value; at the end of the piece or at its stream it sets
// ended and returns nil. A closing bracket outside of what it closes is passed
// over.
func (l *pdfLexer) value(depth int) (any, error) {
	if depth > maxNesting {
		return nil, ErrBrokenPDF
	}
	l.blanks()
	if l.at >= len(l.b) {
		l.ended = true
		return nil, nil
	}
	switch c := l.b[l.at]; c {
	case '(':
		l.text()
		return nil, nil
	case '<':
		if l.at+1 < len(l.b) && l.b[l.at+1] == '<' {
			l.at += 2
			return l.dict(depth)
		}
		for l.at < len(l.b) && l.b[l.at] != '>' {
			l.at++
		}
		l.at++
		return nil, nil
	case '[':
		l.at++
		return l.array(depth)
	case '/':
		return l.name()
	case ')', '>', ']', '{', '}':
		l.at++
		return nil, nil
	}
	from := l.at
	for l.at < len(l.b) && !pdfSpace(l.b[l.at]) && !pdfDelimiter(l.b[l.at]) {
		l.at++
	}
	word := string(l.b[from:l.at])
	if word == "stream" && depth == 0 {
		l.stream, l.ended = l.begin(), true
		return nil, nil
	}
	n, err := strconv.ParseFloat(word, 64)
	if err != nil || n != n || n > 1e15 || n < -1e15 {
		return pdfWord(word), nil
	}
	if n >= 0 && n == float64(int(n)) {
		if ref, ok := l.reference(int(n)); ok {
			return ref, nil
		}
	}
	return n, nil
}

// begin is where a stream's bytes begin: behind the end of the line.
func (l *pdfLexer) begin() int {
	at := l.at
	if at < len(l.b) && l.b[at] == '\r' {
		at++
	}
	if at < len(l.b) && l.b[at] == '\n' {
		at++
	}
	return at
}

// reference reads the rest of "12 0 R".
func (l *pdfLexer) reference(number int) (pdfRef, bool) {
	at := l.at
	l.blanks()
	from := l.at
	for l.at < len(l.b) && l.b[l.at] >= '0' && l.b[l.at] <= '9' {
		l.at++
	}
	if l.at > from {
		l.blanks()
		if l.at < len(l.b) && l.b[l.at] == 'R' && (l.at+1 == len(l.b) || pdfSpace(l.b[l.at+1]) || pdfDelimiter(l.b[l.at+1])) {
			l.at++
			return pdfRef(number), true
		}
	}
	l.at = at
	return 0, false
}

// text skips a string in brackets.
func (l *pdfLexer) text() {
	l.at = stringEnd(l.b, l.at)
}

// name reads a name, with what is written as #xx in it (ISO 32000-1, 7.3.5).
func (l *pdfLexer) name() (any, error) {
	l.at++
	var name []byte
	for l.at < len(l.b) && !pdfSpace(l.b[l.at]) && !pdfDelimiter(l.b[l.at]) {
		c := l.b[l.at]
		if c == '#' && l.at+2 < len(l.b) {
			if n, err := strconv.ParseUint(string(l.b[l.at+1:l.at+3]), 16, 8); err == nil {
				name = append(name, byte(n))
				l.at += 3
				continue
			}
		}
		name = append(name, c)
		l.at++
	}
	if slices.Contains(active, string(name)) {
		return nil, ErrActivePDF
	}
	return pdfName(name), nil
}

func (l *pdfLexer) array(depth int) (any, error) {
	out := pdfArray{}
	if err := l.hold(); err != nil {
		return nil, err
	}
	for {
		l.blanks()
		if l.at >= len(l.b) {
			return out, nil
		}
		if l.b[l.at] == ']' {
			l.at++
			return out, nil
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		switch v.(type) {
		case pdfName, pdfRef, pdfDict, pdfArray: // a list of numbers is nothing to us
			out = append(out, v)
			if err := l.hold(); err != nil {
				return nil, err
			}
		}
	}
}

func (l *pdfLexer) dict(depth int) (any, error) {
	out := pdfDict{}
	if err := l.hold(); err != nil {
		return nil, err
	}
	for {
		l.blanks()
		if l.at >= len(l.b) {
			return out, nil
		}
		if l.b[l.at] == '>' {
			l.at = min(l.at+2, len(l.b))
			return out, nil
		}
		key, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, ok := key.(pdfName)
		if !ok {
			continue
		}
		l.blanks()
		if l.at < len(l.b) && l.b[l.at] == '>' {
			continue
		}
		if out[name], err = l.value(depth + 1); err != nil {
			return nil, err
		}
	}
}
