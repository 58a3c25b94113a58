package books

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"customerportal/internal/fault"
)

const (
	// MaxUpload is how many bytes may be brought at once, and MaxUnpacked how
	// many the files of archives may come to: more than the books of a dealer
	// with a million invoice lines.
	MaxUpload   = 200 << 20
	MaxUnpacked = 400 << 20
	// maxFiles bounds the files of one import, maxPapers the PDFs that go along
	// with proposals, maxDirectory the list of files at the end of an archive,
	// which is read into memory.
	maxFiles     = 100
	maxPapers    = 5000
	maxDirectory = 1 << 20
)

// ErrTooLarge says that what was brought is more than is taken.
var ErrTooLarge = errors.New("books: more than can be taken at once")

// staged is a file that was brought: under what name, and where it lies.
type staged struct {
	Name string // as people know it
	File string // in the folder
}

// brought is what was brought, as it is kept in the books.
type brought struct {
	Files []staged
	Notes []Note // files of archives that are not read
}

// intake puts files into a folder, each under a number, so that no name that
// was sent is ever a path.
type intake struct {
	folder string
	left   int64 // bytes that may still be taken
	unpack int64 // bytes that may still be unpacked
	taken  int   // files that were written, among them
	papers int   // PDFs
	others int
	files  []staged
	notes  []Note
}

func newIntake(folder string) *intake {
	return &intake{folder: folder, left: MaxUpload, unpack: MaxUnpacked}
}

// take keeps one file; of an archive it keeps the CSV files in it. More than is
// taken is ErrTooLarge, an archive that cannot be read Invalid (field files).
func (in *intake) take(name string, body io.Reader) error {
	kept, err := in.keep(name, body, &in.left)
	if err != nil {
		return err
	}
	if !strings.EqualFold(path.Ext(kept.Name), ".zip") {
		in.files = append(in.files, kept)
		return nil
	}
	file := filepath.Join(in.folder, kept.File)
	if err := in.open(kept.Name, file); err != nil {
		return err
	}
	return os.Remove(file)
}

// keep writes a file to the folder, at most as many bytes as are left.
func (in *intake) keep(name string, body io.Reader, left *int64) (staged, error) {
	counted, allowed := &in.others, maxFiles
	if isPaper(name) {
		counted, allowed = &in.papers, maxPapers
	}
	if *counted++; *counted > allowed {
		return staged{}, fault.Field("files", "These are more than %d files", allowed)
	}
	s := staged{Name: in.unique(fileName(name)), File: strconv.Itoa(in.taken)}
	in.taken++
	f, err := os.OpenFile(filepath.Join(in.folder, s.File), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return s, fmt.Errorf("books: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(body, *left+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return s, fmt.Errorf("books: taking %s: %w", s.Name, err)
	}
	if *left -= n; *left < 0 {
		return s, ErrTooLarge
	}
	return s, nil
}

// open unpacks an archive. What it says of itself is not believed: bytes are
// counted as they come out.
func (in *intake) open(name, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("books: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	size, err := directory(f)
	if err != nil {
		return err
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		return broken(name)
	}
	for _, entry := range z.File {
		base := fileName(entry.Name)
		if !entry.Mode().IsRegular() || strings.HasPrefix(base, ".") || strings.HasPrefix(entry.Name, "__MACOSX/") {
			continue
		}
		switch strings.ToLower(path.Ext(base)) {
		case ".csv", ".tsv", ".txt", ".pdf":
		default:
			in.note(base, "left out of "+name+", for it is no CSV file")
			continue
		}
		if !isPaper(base) && kindOf(base) == nil && written[stemOf(base)] == "" {
			in.note(base, "left out of "+name+", for the name is none that an import knows: "+kindNames())
			continue
		}
		r, err := entry.Open()
		if err != nil {
			return broken(name)
		}
		packed := &packed{Reader: r}
		kept, err := in.keep(base, packed, &in.unpack)
		_ = r.Close() // its error is that of the last read
		switch {
		case packed.err != nil:
			return broken(name)
		case err != nil:
			return err
		}
		in.files = append(in.files, kept)
	}
	return nil
}

// packed remembers whether it was the archive that could not be read.
type packed struct {
	io.Reader
	err error
}

func (p *packed) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		p.err = err
	}
	return n, err
}

// note keeps a few of the notes: an archive may hold a great many files.
func (in *intake) note(file, text string) {
	if len(in.notes) < maxFiles {
		in.notes = append(in.notes, Note{file, text})
	}
}

func broken(name string) error {
	return fault.Field("files", "%s cannot be unpacked; pack it anew, without a password, or send the files themselves", name)
}

// directory returns the size of an archive whose list of files is short enough
// to be read into memory. An archive that small needs none of the 64-bit fields
// (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16).
func directory(f *os.File) (int64, error) {
	const record = 22
	info, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("books: %w", err)
	}
	size := info.Size()
	tail := make([]byte, min(size, record+1<<16))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("books: %w", err)
	}
	for i := len(tail) - record; i >= 0; i-- {
		if binary.LittleEndian.Uint32(tail[i:]) != 0x06054b50 {
			continue
		}
		offset := int64(binary.LittleEndian.Uint32(tail[i+16:]))
		if size-offset > maxDirectory || binary.LittleEndian.Uint16(tail[i+10:]) == 0xffff || offset == 0xffffffff {
			return 0, ErrTooLarge
		}
		return size, nil
	}
	return 0, broken(info.Name())
}

// fileName is the last part of a name that was sent, whatever system it comes
// from, as a short text of one line.
func fileName(name string) string {
	name = strings.ToValidUTF8(name, "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name))
	if utf8.RuneCountInString(name) > 100 {
		ext := path.Ext(name)
		if len(ext) > 5 {
			ext = ""
		}
		name = string([]rune(name)[:90]) + ext
	}
	if name == "" || name == "." || name == ".." {
		return "file"
	}
	return name
}

// unique gives the second file of a name another.
func (in *intake) unique(name string) string {
	ext := path.Ext(name)
	stem, out := strings.TrimSuffix(name, ext), name
	for n := 2; ; n++ {
		taken := false
		for _, f := range in.files {
			taken = taken || strings.EqualFold(f.Name, out)
		}
		if !taken {
			return out
		}
		out = fmt.Sprintf("%s (%d)%s", stem, n, ext)
	}
}
