package document_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"customerportal/internal/calendar"
	"customerportal/internal/document"
)

// pdfOf puts objects into a file with a table, as a printer driver does.
func pdfOf(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d /Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, table)
	return b.Bytes()
}

const (
	catalog  = "<</Type/Catalog/Pages 2 0 R>>"
	twoPages = "<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]>>"
	page     = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>"
)

// packed is a stream of objects; more goes into its dictionary.
func packed(more string, flate bool, objects ...string) string {
	var head, body bytes.Buffer
	for i, o := range objects {
		fmt.Fprintf(&head, "%d %d ", 10+i, body.Len())
		body.WriteString(o + " ")
	}
	raw := append(append([]byte{}, head.Bytes()...), body.Bytes()...)
	if flate {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		_, _ = w.Write(raw)
		_ = w.Close()
		raw = z.Bytes()
		more += "/Filter/FlateDecode"
	}
	return fmt.Sprintf("<</Type/ObjStm/N %d/First %d/Length %d%s>>\nstream\n%s\nendstream", len(objects), head.Len(), len(raw), more, raw)
}

func TestInspect(t *testing.T) {
	paper, err := document.Invoice(document.InvoiceData{Dealer: document.Dealer{Name: "Dealer"}, Number: "1", Date: calendar.NewDate(2026, 11, 1)})
	if err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat("[", 100_000)
	cases := map[string]struct {
		pdf  []byte
		want int
		err  error
	}{
		"our own":                          {pdf: paper, want: 1},
		"two pages":                        {pdf: pdfOf("", catalog, twoPages, page, page), want: 2},
		"rubbish before it":                {pdf: append([]byte("HTTP/1.1 200 OK\r\n\r\n"), pdfOf("", catalog, twoPages, page, page)...), want: 2},
		"no trailer":                       {pdf: bytes.Split(pdfOf("", catalog, twoPages, page, page), []byte("trailer"))[0], want: 2},
		"packed pages":                     {pdf: pdfOf("", catalog, "<</Type/Pages/Kids[10 0 R 11 0 R 12 0 R]>>", packed("", true, page, page, page)), want: 3},
		"an unpacked stream of objects":    {pdf: pdfOf("", catalog, "<</Type/Pages/Kids[10 0 R]>>", packed("", false, page)), want: 1},
		"words in a text":                  {pdf: pdfOf("", catalog, twoPages, page, "<</Type/Page/T(obj /JavaScript \\) /JS \\( endobj)>>"), want: 2},
		"words in a stream":                {pdf: pdfOf("", catalog, twoPages, page, "<</Type/Page/Contents 5 0 R>>", "<</Length 40>>\nstream\nobj /JS /JavaScript obj 7 [[[[ ((((\nendstream"), want: 2},
		"nothing":                          {err: document.ErrNotPDF},
		"a picture":                        {pdf: []byte("\x89PNG\r\n\x1a\n"), err: document.ErrNotPDF},
		"a page of a site":                 {pdf: []byte("<html>%PD"), err: document.ErrNotPDF},
		"only a head":                      {pdf: []byte("%PDF-1.7\n"), err: document.ErrBrokenPDF},
		"no pages":                         {pdf: pdfOf("", catalog, "<</Type/Pages/Kids[]>>"), err: document.ErrBrokenPDF},
		"pages that are not there":         {pdf: pdfOf("", catalog, twoPages, page), err: document.ErrBrokenPDF},
		"a tree that bites itself":         {pdf: pdfOf("", catalog, "<</Type/Pages/Kids[2 0 R]>>"), err: document.ErrBrokenPDF},
		"a reference to itself":            {pdf: pdfOf("", "1 0 R"), err: document.ErrBrokenPDF},
		"the same page ten thousand times": {pdf: pdfOf("", catalog, "<</Kids["+strings.Repeat("<</Type/Page>>", 10_000)+"]>>"), err: document.ErrBrokenPDF},
		"nested too deeply":                {pdf: pdfOf("", deep), err: document.ErrBrokenPDF},
		"a password":                       {pdf: pdfOf("/Encrypt 9 0 R", catalog, twoPages, page, page), err: document.ErrEncryptedPDF},
		"a script":                         {pdf: pdfOf("", "<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>", twoPages, page, page), err: document.ErrActivePDF},
		"a script in disguise":             {pdf: pdfOf("", "<</Type/Catalog/Pages 2 0 R/OpenAction<</S/J#61vaScr#69pt>>>>", twoPages, page, page), err: document.ErrActivePDF},
		"a program":                        {pdf: pdfOf("", catalog, twoPages, page, page, "<</S/Launch/F(cmd.exe)>>"), err: document.ErrActivePDF},
		"a file of another machine":        {pdf: pdfOf("", `<</Type/Catalog/Pages 2 0 R/OpenAction<</S/GoToR/F(\\\\thief.example\\share\\x.pdf)/D[0/Fit]>>>>`, twoPages, page, page), err: document.ErrActivePDF},
		"a file in it":                     {pdf: pdfOf("", catalog, twoPages, page, page, "<</Type/Filespec/EF<</F 6 0 R>>>>"), err: document.ErrActivePDF},
		"a packed script":                  {pdf: pdfOf("", catalog, twoPages, page, page, packed("", true, "<</A 1>>", "<</S/JavaScript>>")), err: document.ErrActivePDF},
		"a packed script, of no type":      {pdf: pdfOf("", catalog, twoPages, page, page, strings.Replace(packed("", true, "<</S/JavaScript>>"), "/Type/ObjStm", "", 1)), err: document.ErrActivePDF},
		"packed otherwise":                 {pdf: pdfOf("", catalog, twoPages, page, page, packed("/Filter/LZWDecode", false, "<</A 1>>")), err: document.ErrBrokenPDF},
		"packed and predicted":             {pdf: pdfOf("", catalog, twoPages, page, page, packed("/DecodeParms<</Predictor 12>>", true, "<</A 1>>")), err: document.ErrBrokenPDF},
		"packed, and damaged":              {pdf: pdfOf("", catalog, twoPages, page, page, "<</N 1/First 4/Filter/FlateDecode>>\nstream\nnothing\nendstream"), err: document.ErrBrokenPDF},
		"a script inside of a stream":      {pdf: pdfOf("", catalog, twoPages, page, page, "<</Length 60>>\nstream\n 9 0 obj <</S/JavaScript>> endobj \nendstream"), err: document.ErrActivePDF},
		"a script behind a remark":         {pdf: pdfOf("", catalog, twoPages, page, page, "<</Length 60>>\nstream\n 9 %\n0 obj %x\n<</S/JavaScript>> endobj \nendstream"), err: document.ErrActivePDF},
		"a script behind an open text":     {pdf: pdfOf("", catalog, twoPages, page, "<</T(open>>", "<</S/JavaScript>>"), err: document.ErrActivePDF},
		"packed to burst":                  {pdf: pdfOf("", catalog, twoPages, page, page, packed("", true, strings.Repeat(" ", 40<<20))), err: document.ErrBrokenPDF},
		"more lists than memory":           {pdf: pdfOf("", catalog, twoPages, page, page, strings.Repeat("[]", 600_000)), err: document.ErrBrokenPDF},
	}
	for name, c := range cases {
		got, err := document.Inspect(c.pdf)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %d pages, %v; want %d, %v", name, got, err, c.want, c.err)
		}
	}
}

// TestInspectReadsOtherPrograms has other programs write the file anew: packed,
// and with a password.
func TestInspectReadsOtherPrograms(t *testing.T) {
	tool, err := exec.LookPath("qpdf")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("qpdf is not installed")
		}
		t.Skip("qpdf is not installed")
	}
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain.pdf")
	if err := os.WriteFile(plain, pdfOf("", catalog, twoPages, page, page), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		args []string
		err  error
	}{
		"packed":     {args: []string{"--object-streams=generate"}},
		"linearized": {args: []string{"--linearize"}},
		"locked":     {args: []string{"--encrypt", "", "owner", "256", "--"}, err: document.ErrEncryptedPDF},
	}
	for name, c := range cases {
		to := filepath.Join(dir, name+".pdf")
		if out, err := exec.CommandContext(t.Context(), tool, append(append([]string{}, c.args...), plain, to)...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		pdf, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		want := 2
		if c.err != nil {
			want = 0
		}
		if got, err := document.Inspect(pdf); got != want || !errors.Is(err, c.err) {
			t.Errorf("%s: %d pages, %v", name, got, err)
		}
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(pdfOf("", catalog, twoPages, page, page))
	f.Add(pdfOf("", catalog, "<</Type/Pages/Kids[10 0 R]>>", packed("", true, page)))
	f.Add(pdfOf("/Encrypt 9 0 R", catalog, twoPages, page, "<</T(a\\)b)/U<41>/V#20x -1.5 R>>"))
	f.Fuzz(func(t *testing.T, pdf []byte) {
		pages, err := document.Inspect(pdf)
		if (err == nil) != (pages > 0) || pages > 5000 {
			t.Errorf("%d pages, %v", pages, err)
		}
	})
}
