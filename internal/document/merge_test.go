package document

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func merged(t testing.TB, papers ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	m, err := NewMerger(&out)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range papers {
		if err := m.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// numbered is an invoice of that number and so many lines, with a text that
// looks like a reference in its file.
func numbered(t testing.TB, number string, lines int) []byte {
	t.Helper()
	d := InvoiceData{Number: number, CustomerNumber: "(5 0 R", BillTo: []string{"Ann (4 0 R) Lee \\"}, Date: "2026-11-01", Due: "2026-12-01", PortalURL: "https://portal.example.com/a(5)b",
		Dealer: Dealer{Name: "Dealer 7 0 R endobj", Logo: sampleLogo()}}
	for i := range lines {
		d.Lines = append(d.Lines, Line{Description: fmt.Sprintf("%s line %d 1 0 R", number, i+1), Quantity: 1000, UnitPrice: 100, Amount: 100})
		d.Subtotal += 100
	}
	d.Total, d.Balance = d.Subtotal, d.Subtotal
	body, err := Invoice(d)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestMerge(t *testing.T) {
	papers := [][]byte{numbered(t, "A-1", 3), numbered(t, "A-2", 120), numbered(t, "A-3", 1)}
	whole := merged(t, papers...)
	if !bytes.Equal(whole, merged(t, papers...)) {
		t.Error("the same papers give another file")
	}
	if n := bytes.Count(whole, []byte("/Subtype /Image")); n > bytes.Count(papers[0], []byte("/Subtype /Image")) {
		t.Errorf("the logo is in it %d times", n)
	}
	path := filepath.Join(t.TempDir(), "whole.pdf")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"qpdf", "pdftotext"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("%s is not here to look at the file", tool)
			return
		}
	}
	if out, err := exec.CommandContext(t.Context(), "qpdf", "--check", path).CombinedOutput(); err != nil {
		t.Errorf("qpdf: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	pages := strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")
	if len(pages) < 5 || !strings.Contains(pages[0], "A-1 line 3 1 0 R") || !strings.Contains(pages[1], "A-2 line 1 ") ||
		!strings.Contains(pages[len(pages)-2], "A-2 line 120") || !strings.Contains(pages[len(pages)-1], "A-3 line 1 ") {
		t.Errorf("%d pages:\n%s", len(pages), out)
	}
	if !strings.Contains(string(out), "Ann (4 0 R) Lee \\") {
		t.Error("a text was taken for a reference")
	}
}

func TestMergeRefuses(t *testing.T) {
	m, err := NewMerger(&bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	good := numbered(t, "A-1", 1)
	for _, bad := range [][]byte{nil, []byte("%PDF-1.7\n"), good[:len(good)/2], good[len(good)/2:], append(bytes.Clone(good), 'x')} {
		if err := m.Add(bad); err == nil {
			t.Errorf("%d bytes were taken", len(bad))
		}
	}
	if err := m.Close(); err == nil {
		t.Error("a file without a page")
	}
	if m, err = NewMerger(full{}); err == nil {
		t.Errorf("a full disk: %v", m)
	}
}

// full is a disk with no room left.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrClosed }

// FuzzMerge takes apart whatever comes: it refuses or writes, and never falls over.
func FuzzMerge(f *testing.F) {
	good := numbered(f, "A-1", 1)
	f.Add(good)
	f.Add(good[:200])
	f.Add(bytes.ReplaceAll(good, []byte(" 0 R"), []byte(" 1 R")))
	f.Add([]byte("1 0 obj\n\nendobj\nxref\n0 2\n0000000000 65535 f \n0000000000 00000 n \ntrailer\n<<\n/Size 2\n/Root 1 0 R\n/Info 1 0 R\n>>\nstartxref\n16\n%%EOF\n"))
	f.Fuzz(func(t *testing.T, pdf []byte) {
		m, err := NewMerger(&bytes.Buffer{})
		if err != nil {
			t.Fatal(err)
		}
		if m.Add(pdf) == nil {
			_ = m.Close()
		}
	})
}

// BenchmarkMerge is what a batch of 500 papers costs.
func BenchmarkMerge(b *testing.B) {
	paper := numbered(b, "A-1", 3)
	b.ReportAllocs()
	for b.Loop() {
		var n int
		m, err := NewMerger(counter{&n})
		if err != nil {
			b.Fatal(err)
		}
		for range 500 {
			if err := m.Add(paper); err != nil {
				b.Fatal(err)
			}
		}
		if err := m.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n), "bytes/file")
	}
}

type counter struct{ n *int }

func (c counter) Write(p []byte) (int, error) { *c.n += len(p); return len(p), nil }
