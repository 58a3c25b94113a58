package document

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
)

// Merger puts documents of this package behind each other in one file, page for
// page as they are. It writes as it goes and remembers only where the objects
// are, so that many documents take no more memory than one. What they have in
// common to the byte, as a logo, is written once.
//
// It reads what this package writes (PDF 1.3 with a plain table of objects, ISO
// 32000-1 7.5.4), not every PDF there is.
type Merger struct {
	w       io.Writer
	at      int64
	offsets []int64 // of the objects, from 1 on; the first two are the new root and its tree of pages
	trees   []int   // the documents' own trees of pages
	pages   int
	known   map[[sha256.Size]byte]int
}

// The objects that are written last, and referred to before.
const (
	mergedCatalog = 1
	mergedPages   = 2
)

// NewMerger begins a file on w.
func NewMerger(w io.Writer) (*Merger, error) {
	m := &Merger{w: w, offsets: make([]int64, mergedPages+1), known: map[[sha256.Size]byte]int{}}
	return m, m.write([]byte("%PDF-1.3\n"))
}

func (m *Merger) write(b []byte) error {
	n, err := m.w.Write(b)
	m.at += int64(n)
	if err != nil {
		return fmt.Errorf("document: merging: %w", err)
	}
	return nil
}

var errForeign = errors.New("document: merging: not a document of this package")

var (
	trailerForm = regexp.MustCompile(`(?s)trailer\n<<\n/Size ([0-9]{1,9})\n/Root ([0-9]{1,9}) 0 R\n/Info ([0-9]{1,9}) 0 R\n>>\nstartxref\n([0-9]{1,12})\n%%EOF\n$`)
	treeForm    = regexp.MustCompile(`^<</Type /Pages\n/Kids \[[0-9 R]*\]\n/Count ([0-9]{1,6})\n`)
	refForm     = regexp.MustCompile(`^[0-9]{1,9} 0 R\b`)
)

// object is one object of a document: its number and what stands between "obj"
// and "endobj".
type object struct {
	number int
	body   []byte
}

// objects takes a document apart.
func objects(pdf []byte) (list []object, root, info int, err error) {
	tail := pdf[max(0, len(pdf)-300):]
	t := trailerForm.FindSubmatch(tail)
	if t == nil {
		return nil, 0, 0, errForeign
	}
	size, _ := strconv.Atoi(string(t[1]))
	root, _ = strconv.Atoi(string(t[2]))
	info, _ = strconv.Atoi(string(t[3]))
	xref, _ := strconv.Atoi(string(t[4]))
	table := fmt.Appendf(nil, "xref\n0 %d\n", size)
	// each line of the table has 20 bytes, of which the first ten are the place
	first := xref + len(table)
	if size < 1 || xref > len(pdf) || !bytes.HasPrefix(pdf[xref:], table) || first+20*size > len(pdf) {
		return nil, 0, 0, errForeign
	}
	ends := []int{xref}
	starts := make([]int, size)
	for n := 1; n < size; n++ {
		line := first + 20*n
		at, err := strconv.Atoi(string(pdf[line : line+10]))
		if err != nil || at >= xref {
			return nil, 0, 0, errForeign
		}
		starts[n] = at
		ends = append(ends, at)
	}
	slices.Sort(ends)
	for n := 1; n < size; n++ {
		i, _ := slices.BinarySearch(ends, starts[n])
		if i+1 >= len(ends) {
			return nil, 0, 0, errForeign
		}
		head, whole := fmt.Appendf(nil, "%d 0 obj\n", n), pdf[starts[n]:ends[i+1]]
		if !bytes.HasPrefix(whole, head) || !bytes.HasSuffix(whole, []byte("\nendobj\n")) || len(whole) < len(head)+8 {
			return nil, 0, 0, errForeign
		}
		list = append(list, object{n, whole[len(head) : len(whole)-8]})
	}
	return list, root, info, nil
}

// Add puts a document at the end.
func (m *Merger) Add(pdf []byte) error {
	list, root, info, err := objects(pdf)
	if err != nil {
		return err
	}
	numbers := map[int]int{} // there -> here
	var fresh []object
	tree := 0
	for _, o := range list {
		if o.number == root || o.number == info {
			continue
		}
		if t := treeForm.FindSubmatch(o.body); t != nil {
			count, _ := strconv.Atoi(string(t[1]))
			m.pages += count
			tree = o.number
		}
		if _, stream := o.split(); stream != nil {
			sum := sha256.Sum256(o.body)
			if at := m.known[sum]; at != 0 {
				numbers[o.number] = at
				continue
			}
			if !o.refers() {
				m.known[sum] = len(m.offsets)
			}
		}
		numbers[o.number] = len(m.offsets)
		m.offsets = append(m.offsets, 0)
		fresh = append(fresh, o)
	}
	if tree == 0 {
		return errForeign
	}
	m.trees = append(m.trees, numbers[tree])
	for _, o := range fresh {
		dict, stream := o.split()
		if dict, err = renumber(dict, numbers); err != nil {
			return err
		}
		if o.number == tree { // it hangs under the new root now
			dict = bytes.Replace(dict, []byte("/Kids"), fmt.Appendf(nil, "/Parent %d 0 R\n/Kids", mergedPages), 1)
		}
		if err := m.object(numbers[o.number], dict, stream); err != nil {
			return err
		}
	}
	return nil
}

// split parts an object from its stream, which is nil when it has none.
func (o object) split() (dict, stream []byte) {
	if i := bytes.Index(o.body, []byte("\nstream\n")); i >= 0 && bytes.HasSuffix(o.body, []byte("endstream")) {
		return o.body[:i], o.body[i:]
	}
	return o.body, nil
}

// refers reports whether the object names others.
func (o object) refers() bool {
	dict, _ := o.split()
	return bytes.Contains(dict, []byte(" 0 R"))
}

// renumber writes the references in a dictionary anew. What stands in a string
// is text and stays.
func renumber(dict []byte, numbers map[int]int) ([]byte, error) {
	var out bytes.Buffer
	for i := 0; i < len(dict); {
		c := dict[i]
		switch {
		case c == '(':
			end := stringEnd(dict, i)
			out.Write(dict[i:end])
			i = end
		case c >= '0' && c <= '9':
			if ref := refForm.Find(dict[i:]); ref != nil {
				n, _ := strconv.Atoi(string(ref[:bytes.IndexByte(ref, ' ')]))
				here := numbers[n]
				if here == 0 {
					return nil, errForeign
				}
				fmt.Fprintf(&out, "%d 0 R", here)
				i += len(ref)
				continue
			}
			for i < len(dict) && (dict[i] >= '0' && dict[i] <= '9' || dict[i] == '.') {
				out.WriteByte(dict[i])
				i++
			}
		case c == '/': // a name may hold digits
			out.WriteByte(c)
			for i++; i < len(dict) && !bytes.ContainsRune([]byte(" \n()<>[]/"), rune(dict[i])); i++ {
				out.WriteByte(dict[i])
			}
		default:
			out.WriteByte(c)
			i++
		}
	}
	return out.Bytes(), nil
}

// stringEnd is where the literal string that begins at i ends (ISO 32000-1,
// 7.3.4.2).
func stringEnd(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(b)
}

func (m *Merger) object(number int, dict, stream []byte) error {
	m.offsets[number] = m.at
	whole := fmt.Appendf(nil, "%d 0 obj\n", number)
	whole = append(append(append(whole, dict...), stream...), "\nendobj\n"...)
	return m.write(whole)
}

// Close writes the end of the file. A file without a page is an error.
func (m *Merger) Close() error {
	if m.pages == 0 {
		return errors.New("document: merging: there is no page")
	}
	var kids bytes.Buffer
	for _, n := range m.trees {
		fmt.Fprintf(&kids, "%d 0 R ", n)
	}
	if err := m.object(mergedPages, fmt.Appendf(nil, "<</Type /Pages\n/Kids [%s]\n/Count %d\n>>", kids.Bytes(), m.pages), nil); err != nil {
		return err
	}
	if err := m.object(mergedCatalog, fmt.Appendf(nil, "<</Type /Catalog\n/Pages %d 0 R\n/Lang (en-US)\n>>", mergedPages), nil); err != nil {
		return err
	}
	xref := m.at
	var end bytes.Buffer
	fmt.Fprintf(&end, "xref\n0 %d\n0000000000 65535 f \n", len(m.offsets))
	for _, at := range m.offsets[1:] {
		fmt.Fprintf(&end, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&end, "trailer\n<<\n/Size %d\n/Root %d 0 R\n>>\nstartxref\n%d\n%%%%EOF\n", len(m.offsets), mergedCatalog, xref)
	return m.write(end.Bytes())
}
