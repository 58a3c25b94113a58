package books

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Source is one file to be read. It is opened more than once.
type Source struct {
	Name string // as people know it; it says which of the files it is
	Open func() (io.ReadCloser, error)
	// beside marks a PDF that was not asked for by name: it is taken when a
	// proposal has its number, and nothing is said of it when none has.
	beside bool
}

// Files returns the sources behind the paths of files and folders, and in words
// what was found but is not read. Of a folder it takes the files whose names are
// exactly those that an import knows.
func Files(paths ...string) ([]Source, []Note, error) {
	var sources []Source
	var notes []Note
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, nil, fmt.Errorf("books: %w", err)
		}
		if !info.IsDir() {
			sources = append(sources, file(path))
			if stemOf(filepath.Base(path)) == proposalsFile.name {
				papers, err := papersIn(filepath.Dir(path))
				if err != nil {
					return nil, nil, err
				}
				sources = append(sources, papers...)
			}
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, nil, fmt.Errorf("books: %w", err)
		}
		found := false
		for _, e := range entries {
			ext := strings.ToLower(filepath.Ext(e.Name()))
			if e.IsDir() || strings.HasPrefix(e.Name(), ".") || ext != ".csv" && ext != ".tsv" && ext != ".txt" {
				continue
			}
			stem := strings.ToLower(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))
			switch {
			case stem == stemOf(e.Name()) && stem != "":
				sources = append(sources, file(filepath.Join(path, e.Name())))
				if found = true; stem == proposalsFile.name {
					papers, err := papersIn(path)
					if err != nil {
						return nil, nil, err
					}
					sources = append(sources, papers...)
				}
			case written[stemOf(e.Name())] != "":
				notes = append(notes, Note{e.Name(), written[stemOf(e.Name())]})
			case stemOf(e.Name()) != "":
				// an older copy, or the refused rows of last time
				notes = append(notes, Note{e.Name(), "left out, for of a folder only " + stemOf(e.Name()) + ".csv is read; name the file itself to read it"})
			default:
				notes = append(notes, Note{e.Name(), "left out, for the name is none that an import knows: " + kindNames()})
			}
		}
		if !found {
			return nil, nil, fmt.Errorf("there is no file in %s that an import knows; it looks for %s", path, kindNames())
		}
	}
	return sources, notes, nil
}

func file(path string) Source {
	return Source{Name: filepath.Base(path), Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// papersIn returns the PDFs of a folder, which may go along with proposals.
func papersIn(folder string) ([]Source, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("books: %w", err)
	}
	var papers []Source
	for _, e := range entries {
		if e.Type().IsRegular() && isPaper(e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			paper := file(filepath.Join(folder, e.Name()))
			paper.beside = true
			papers = append(papers, paper)
		}
	}
	return papers, nil
}

// kind is one of the files an import knows.
type kind struct {
	name    string // of the file, without .csv
	rank    int    // the order in which they are taken in
	columns []string
	// missing says which needed columns a header lacks
	missing func(has func(string) bool) []string
}

// reasonColumn is what a file of refused rows has more than its original.
const reasonColumn = "refused_because"

// The kinds of file, in the order in which they are taken in.
var (
	customersFile = &kind{name: "customers", columns: []string{"customer_number", "business_name", "first_name", "last_name", "address1", "address2",
		"city", "state", "zip", "phone", "email", "registration_key", "status", "terms", "salesperson_email"},
		missing: func(has func(string) bool) []string {
			lost := need("customer_number")(has)
			if !has("business_name") && (!has("first_name") || !has("last_name")) {
				lost = append(lost, "first_name and last_name, or business_name")
			}
			return lost
		}}
	taxesFile = &kind{name: "taxes", columns: []string{"tax_code", "name", "taxes_recurring", "taxes_other", "from_date", "rate_percent"},
		missing: need("tax_code", "name", "from_date", "rate_percent")}
	sitesFile = &kind{name: "sites", columns: []string{"customer_number", "site_name", "address1", "address2", "city", "state", "zip", "tax_code", "tax_exempt",
		"exemption_certificate", "exemption_expires"},
		missing: need("customer_number", "site_name")}
	systemsFile = &kind{name: "systems", columns: []string{"customer_number", "site_name", "system_name", "system_type", "account_number"},
		missing: need("customer_number", "site_name", "system_name")}
	recurringFile = &kind{name: "recurring", columns: []string{"customer_number", "site_name", "system_name", "description", "amount", "cycle_months", "start_date",
		"end_date", "prorate", "arrears", "quantity", "taxable", "billed_until", "price_history", "reason", "end_reason"},
		missing: need("customer_number", "description", "amount", "cycle_months", "start_date")}
	invoicesFile = &kind{name: "invoices", columns: []string{"invoice_number", "customer_number", "invoice_date", "due_date", "po_number", "site_name",
		"description", "quantity", "unit_price", "tax", "status"},
		missing: need("invoice_number", "customer_number", "invoice_date", "description", "unit_price")}
	paymentsFile = &kind{name: "payments", columns: []string{"payment_number", "customer_number", "payment_date", "payment_type", "reference", "amount", "apply_to"},
		missing: need("customer_number", "payment_date", "payment_type", "amount")}

	proposalsFile = &kind{name: "proposals", columns: []string{"proposal_number", "customer_number", "title", "date", "valid_until", "salesperson_email", "site_name",
		"description", "quantity", "unit_price", "tax", "cycle_months", "optional", "deposit", "status", "introduction", "terms"},
		missing: need("proposal_number", "customer_number", "description", "unit_price")}

	kinds = []*kind{customersFile, taxesFile, sitesFile, systemsFile, recurringFile, invoicesFile, paymentsFile, proposalsFile}
)

func init() {
	for i, k := range kinds {
		k.rank = i
	}
}

// written says of the files that an export writes beside those that are read why
// they are not.
var written = map[string]string{
	"ledger":     "this is a report for the accountant; nothing was read from it",
	"journal":    "this is a report for the accountant; nothing was read from it",
	"workorders": "work orders are written down for you and not read back; nothing was read from it",
}

func need(columns ...string) func(func(string) bool) []string {
	return func(has func(string) bool) []string {
		return slices.DeleteFunc(slices.Clone(columns), has)
	}
}

func kindNames() string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name + ".csv"
	}
	return strings.Join(names, ", ")
}

// stemOf returns the one word of a file's name that says what is in it:
// "Customers (2).csv" is customers, "acme-invoices.csv" is invoices. It is ""
// when no word does, or more than one.
func stemOf(name string) string {
	words := strings.FieldsFunc(strings.ToLower(strings.TrimSuffix(name, filepath.Ext(name))), func(r rune) bool { return !unicode.IsLetter(r) })
	found := ""
	for _, w := range words {
		_, isWritten := written[w]
		if isWritten || slices.ContainsFunc(kinds, func(k *kind) bool { return k.name == w }) {
			if found != "" && found != w {
				return ""
			}
			found = w
		}
	}
	return found
}

// kindOf returns the kind of a file by its name, nil when it is none.
func kindOf(name string) *kind {
	stem := stemOf(name)
	i := slices.IndexFunc(kinds, func(k *kind) bool { return k.name == stem })
	if i < 0 {
		return nil
	}
	return kinds[i]
}

// heading is a file's first row, understood.
type heading struct {
	columns []int    // of each known column its place in the file, -1 when it is not there
	written []string // the names as the file writes them
	unknown []string
}

// columnKey makes header names comparable: case, blanks, dashes and underlines
// do not count, and # is a number.
func columnKey(name string) string {
	name = strings.ReplaceAll(name, "#", "number")
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// read understands a header. A missing needed column is one error that names all.
func (k *kind) read(cells []string) (heading, error) {
	h := heading{columns: make([]int, len(k.columns))}
	for i := range h.columns {
		h.columns[i] = -1
	}
	for place, cell := range cells {
		name := oneLine(clean(cell))
		h.written = append(h.written, name)
		key := columnKey(name)
		i := slices.IndexFunc(k.columns, func(c string) bool { return columnKey(c) == key })
		switch {
		case name == "" || key == columnKey(reasonColumn):
		case i < 0:
			h.unknown = append(h.unknown, name)
		case h.columns[i] >= 0:
			return h, fmt.Errorf("the column %s stands there twice", k.columns[i])
		default:
			h.columns[i] = place
		}
	}
	lost := k.missing(func(c string) bool { return h.columns[slices.Index(k.columns, c)] >= 0 })
	if len(lost) > 0 {
		return h, fmt.Errorf("the first row must name the columns, and these are missing: %s (it has: %s)",
			strings.Join(lost, ", "), shortList(h.written))
	}
	return h, nil
}

// named returns a name for every column, for a file in the same columns.
func (h heading) named() []string {
	names := slices.Clone(h.written)
	for i, n := range names {
		if n == "" {
			names[i] = fmt.Sprintf("column %d", i+1)
		}
	}
	return names
}

func shortList(names []string) string {
	names = slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "" })
	if len(names) == 0 {
		return "none"
	}
	more := ""
	if len(names) > 20 {
		names, more = names[:20], ", …"
	}
	for i, n := range names {
		names[i] = shorten(n)
	}
	return strings.Join(names, ", ") + more
}

// Folder returns a function that makes files in a folder, for
// [Service.Export]; it makes the folder when it is missing and replaces no file
// that is there. Each file is written
// under a passing name and gets its own when it is closed, so that a broken
// export never leaves half a file under a good name.
func Folder(path string) (func(name string) (io.WriteCloser, error), error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("books: %w", err)
	}
	return func(name string) (io.WriteCloser, error) {
		name = filepath.Join(path, name)
		if _, err := os.Lstat(name); err == nil {
			return nil, fmt.Errorf("%s is there already; name a new folder", name)
		}
		return createFile(name)
	}, nil
}

// wholeFile is a file that appears under its name once it is whole.
type wholeFile struct {
	*os.File
	name string
}

func createFile(name string) (io.WriteCloser, error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-")
	if err != nil {
		return nil, fmt.Errorf("books: %w", err)
	}
	return &wholeFile{f, name}, nil
}

// Close gives the file its name.
func (f *wholeFile) Close() error {
	if err := errors.Join(f.Sync(), f.File.Close()); err != nil {
		return errors.Join(err, f.Abandon())
	}
	return os.Rename(f.File.Name(), f.name)
}

// Abandon removes a file that will not be finished.
func (f *wholeFile) Abandon() error {
	_ = f.File.Close() // closed already when Close failed
	if err := os.Remove(f.File.Name()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
