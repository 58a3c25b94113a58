package document

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"rsc.io/qr"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// tool runs a program on a PDF and returns what it prints. Without the program
// the test is skipped on a developer's machine and fails in CI.
func tool(t *testing.T, pdf []byte, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	file := filepath.Join(t.TempDir(), "document.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "FILE" {
			args[i] = file
		}
	}
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// read returns the text of a PDF in the order it is drawn.
func read(t *testing.T, pdf []byte) string {
	t.Helper()
	return tool(t, pdf, "pdftotext", "-raw", "FILE", "-")
}

var pagesLine = regexp.MustCompile(`(?m)^Pages:\s+(\d+)$`)

func pageCount(t *testing.T, pdf []byte) int {
	t.Helper()
	m := pagesLine.FindStringSubmatch(tool(t, pdf, "pdfinfo", "FILE"))
	if m == nil {
		t.Fatal("pdfinfo names no pages")
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func mustInvoice(t testing.TB, d InvoiceData) []byte {
	t.Helper()
	pdf, err := Invoice(d)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

func mustReceipt(t testing.TB, d ReceiptData) []byte {
	t.Helper()
	pdf, err := Receipt(d)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

func mustStatement(t testing.TB, d StatementData) []byte {
	t.Helper()
	pdf, err := Statement(d)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

// contains looks for texts, wherever the lines end.
func contains(t *testing.T, got string, want ...string) {
	t.Helper()
	got = strings.Join(strings.Fields(got), " ")
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%q is not in\n%s", w, got)
		}
	}
}

func lacks(t *testing.T, got string, not ...string) {
	t.Helper()
	for _, w := range not {
		if strings.Contains(got, w) {
			t.Errorf("%q is in\n%s", w, got)
		}
	}
}

// golden compares a document's words, in reading order, with testdata; where the
// lines end depends on the version of pdftotext. Run with UPDATE=1 to accept what
// changed.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	got = strings.ReplaceAll(got, "\f", "\n----\n")
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(strings.Fields(got), strings.Fields(string(want))) {
		t.Errorf("%s reads\n%s\nnot\n%s", name, got, want)
	}
}

func TestReadingOrder(t *testing.T) {
	golden(t, "invoice", read(t, mustInvoice(t, sampleInvoice(8))))
	golden(t, "receipt", read(t, mustReceipt(t, sampleReceipt(3))))
	golden(t, "statement", read(t, mustStatement(t, sampleStatement(5))))
}

func TestInvoicePages(t *testing.T) {
	for _, c := range []struct{ lines, pages, atMost int }{
		{1, 1, 30_000}, {40, 3, 40_000}, {200, 8, 60_000},
	} {
		d := sampleInvoice(c.lines)
		pdf := mustInvoice(t, d)
		if len(pdf) > c.atMost {
			t.Errorf("%d lines take %d bytes, more than %d", c.lines, len(pdf), c.atMost)
		}
		if got := pageCount(t, pdf); got != c.pages {
			t.Errorf("%d lines take %d pages, want %d", c.lines, got, c.pages)
		}
		tool(t, pdf, "qpdf", "--check", "FILE")

		pages := strings.Split(strings.TrimSuffix(read(t, pdf), "\f"), "\f")
		for i, page := range pages {
			contains(t, page, "Customer # 104-2207", "Harbor Light Security", "10023",
				"Description Quantity Unit Price Tax Amount", fmt.Sprintf("Page %d of %d", i+1, c.pages))
		}
		all := strings.Join(pages, "")
		for i, l := range d.Lines {
			words, _, _ := strings.Cut(l.Description, ",")
			words, _, _ = strings.Cut(words, ":")
			if !strings.Contains(all, words) {
				t.Errorf("line %d is missing: %q", i, words)
			}
		}
		last := pages[len(pages)-1]
		contains(t, last, "Subtotal "+d.Subtotal.String(), "Tax "+d.Tax.String(), "Total "+d.Total.String(),
			"Balance Due "+d.Balance.String(), "Amount Due "+d.Balance.String(), "Amount Enclosed",
			"Detach and return with payment", "PO Box 4410", "https://portal.harborlight.example",
			"Registration Key 7K3Q-9ZWX-2M4T")
		lacks(t, strings.Join(pages[:len(pages)-1], ""), "Subtotal", "Registration Key", "Detach")
	}
}

// TestInvoiceStates looks at invoices that ask for less than their total.
func TestInvoiceStates(t *testing.T) {
	partly := sampleInvoice(2)
	partly.Balance = partly.Total - 2000
	contains(t, read(t, mustInvoice(t, partly)), "Payments and Credits -$20.00", "Balance Due $67.00", "Amount Due $67.00")

	paid := sampleInvoice(2)
	paid.Balance = 0
	got := read(t, mustInvoice(t, paid))
	contains(t, got, "Total $87.00", "Payments and Credits -$87.00", "Balance Due $0.00", "No payment is needed", "Registration Key 7K3Q")
	lacks(t, got, "Detach and return", "Amount Enclosed")

	credit := sampleInvoice(0)
	credit.Lines = []Line{{Description: "Panel returned", Quantity: 1000, UnitPrice: -12500, Tax: -1109, Amount: -12500}}
	credit.Subtotal, credit.Tax, credit.Total, credit.Balance = -12500, -1109, -13609, -13609
	got = read(t, mustInvoice(t, credit))
	contains(t, got, "Credit # 10023", "Credit on your account -$136.09", "-$125.00", "No payment is needed")
	lacks(t, got, "Detach and return")
}

// TestInvoiceEmpty draws an invoice with nothing but what it must have.
func TestInvoiceEmpty(t *testing.T) {
	pdf := mustInvoice(t, InvoiceData{Date: "2026-11-01"})
	tool(t, pdf, "qpdf", "--check", "FILE")
	got := read(t, pdf)
	contains(t, got, "Invoice", "Balance Due $0.00", "Page 1 of 1")
	lacks(t, got, "Registration Key", "Customer #", "PO #", "Terms", "Service At", "Bill To")
}

func TestRefusals(t *testing.T) {
	wrong := func(name string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s was not refused", name)
		}
	}
	d := sampleInvoice(2)
	d.Total++
	d.Balance++
	_, err := Invoice(d)
	wrong("an invoice that does not add up", err)
	d = sampleInvoice(2)
	d.Lines[1].Tax--
	_, err = Invoice(d)
	wrong("an invoice whose tax is not that of its lines", err)
	_, err = Invoice(InvoiceData{})
	wrong("an invoice without a date", err)

	r := sampleReceipt(2)
	r.Unapplied--
	_, err = Receipt(r)
	wrong("a receipt that does not add up", err)
	r = sampleReceipt(2)
	r.Refunded = r.Amount + 1
	_, err = Receipt(r)
	wrong("more refunded than was paid", err)

	s := sampleStatement(4)
	s.Closing++
	_, err = Statement(s)
	wrong("a statement that does not add up", err)
	s = sampleStatement(4)
	s.To = ""
	_, err = Statement(s)
	wrong("a statement without an end", err)
}

func TestReceipt(t *testing.T) {
	d := sampleReceipt(3)
	pdf := mustReceipt(t, d)
	tool(t, pdf, "qpdf", "--check", "FILE")
	got := read(t, pdf)
	contains(t, got, "Receipt", "Reference P-7K3Q9Z", "Method Visa ending 4242", "State Received", "Payment received $124.37",
		"10022 Nov 1, 2026 $43.52 $25.02 $18.50", "Credit on Your Account $12.34", "(603) 555-0142")
	lacks(t, got, "Sandbox")

	for _, c := range []struct {
		state string
		want  []string
	}{
		{Submitted, []string{"Payment submitted $124.37", "State Submitted", "once your bank has settled it"}},
		{Returned, []string{"Payment returned $124.37", "does not count as paid"}},
		{Refunded, []string{"Refund", "given back to you in full"}},
		{"Being checked", []string{"State Being checked", "Payment $124.37"}},
	} {
		d.State = c.state
		contains(t, read(t, mustReceipt(t, d)), c.want...)
	}

	d.State, d.Refunded = Refunded, 5000
	contains(t, read(t, mustReceipt(t, d)), "$50.00 of this payment was given back", "Refunded -$50.00", "Payment after Refund $74.37")

	d = sampleReceipt(0)
	contains(t, read(t, mustReceipt(t, d)), "not applied to an invoice", "Credit on Your Account $12.34")
}

// TestSandboxBanner finds the banner on every page.
func TestSandboxBanner(t *testing.T) {
	r := sampleReceipt(60)
	r.Sandbox = true
	s := sampleStatement(60)
	s.Sandbox = true
	for _, pdf := range [][]byte{mustReceipt(t, r), mustStatement(t, s)} {
		pages := strings.Split(strings.TrimSuffix(read(t, pdf), "\f"), "\f")
		if len(pages) < 2 {
			t.Errorf("%d pages", len(pages))
		}
		for _, page := range pages {
			contains(t, page, "Sandbox - no money moved")
		}
	}
}

func TestStatement(t *testing.T) {
	d := sampleStatement(5)
	d.InFlight = 4350
	pdf := mustStatement(t, d)
	tool(t, pdf, "qpdf", "--check", "FILE")
	got := read(t, pdf)
	contains(t, got, "From Jan 1, 2026", "To Dec 31, 2026", "Opening balance $43.50", "Balance Due $87.00",
		"Payment, Visa ending 4242 P-701 $43.50 $43.50", "Closing Balance $87.00", "Payments and Credits -$87.00",
		"$43.50 more has been submitted")

	d = sampleStatement(0)
	d.Opening, d.Closing = -500, -500
	contains(t, read(t, mustStatement(t, d)), "Credit on your account $5.00", "Closing Balance -$5.00")
}

// hostile puts one string into every field of all three documents.
func hostile(s string) (InvoiceData, ReceiptData, StatementData) {
	lines := []string{s, s, "", s}
	dealer := Dealer{Name: s, Address: lines, Phone: s, Email: s, Web: s, Remit: lines, Accent: s}
	day := calendar.NewDate(2026, 2, 28)
	return InvoiceData{Dealer: dealer, CustomerNumber: s, BillTo: lines, Site: lines, Number: s, Date: day, Due: day,
			PONumber: s, Terms: s, Note: s, PortalURL: s, RegistrationKey: s,
			Lines: []Line{{Description: s, Quantity: 1, Amount: 5, Tax: -2}, {Description: s}}, Subtotal: 5, Tax: -2, Total: 3, Balance: 3},
		ReceiptData{Dealer: dealer, CustomerNumber: s, BillTo: lines, Reference: s, Date: day, Method: s, Amount: 7, State: s,
			Allocations: []Allocation{{Invoice: s, Date: day, Amount: 4}}, Unapplied: 3, PortalURL: s},
		StatementData{Dealer: dealer, CustomerNumber: s, BillTo: lines, From: day, To: day,
			Entries: []Entry{{Date: day, Description: s, Reference: s, Amount: -8}}, Closing: -8, PortalURL: s}
}

// TestHostileText draws every document with awkward text in every field: the
// file stays sound and what the font has is found in it.
func TestHostileText(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"delimiters":    {`O'Neil (A\B) ) endstream endobj %%EOF`, `O'Neil (A\B) )`},
		"accents":       {"Núñez-Łącki, Đặng, Σωκράτης, Щедрин", "Núñez-Łącki"},
		"ligature":      {"ﬁre & oﬃce", "re & o"},
		"CJK":           {"王小明 Wang", "王小明 Wang"},
		"right to left": {"כהן Cohen مرحبا", "Cohen"},
		"emoji":         {"Hot 🔥 Dogs", "Hot"},
		"control":       {"Line\x00one\r\nLine\x1btwo", "Lineone Linetwo"},
		"bad UTF-8":     {"caf\xe9 \xff\xfe bar", "bar"},
		"carriage byte": {"\u010d\u0d0d\u0a0d č", "č"}, // bytes that are CR and LF in UTF-16
		"endless word":  {strings.Repeat("W", 700), "WWWW"},
		"very long":     {strings.Repeat("word ", 2500), "word word"},
	} {
		t.Run(name, func(t *testing.T) {
			i, r, s := hostile(c.in)
			for _, pdf := range [][]byte{mustInvoice(t, i), mustReceipt(t, r), mustStatement(t, s)} {
				tool(t, pdf, "qpdf", "--check", "FILE")
				contains(t, read(t, pdf), c.want)
			}
		})
	}
}

// TestLinks checks that a web address, and nothing else, becomes a link.
func TestLinks(t *testing.T) {
	r := sampleReceipt(1)
	for address, want := range map[string]string{
		`https://portal.example/(a)\b?c=d`: `https://portal.example/%28a%29%5Cb?c=d`,
		"javascript:alert(1)":              "",
		"portal.example":                   "",
	} {
		r.PortalURL = address
		pdf := mustReceipt(t, r)
		tool(t, pdf, "qpdf", "--check", "FILE")
		list := tool(t, pdf, "pdfinfo", "-url", "FILE")
		if want == "" {
			lacks(t, list, "Annotation")
		} else {
			contains(t, list, want)
		}
	}
}

// TestSameBytes draws each document again and again, alone and side by side.
func TestSameBytes(t *testing.T) {
	draw := func() []byte {
		return bytes.Join([][]byte{
			mustInvoice(t, sampleInvoice(30)), mustReceipt(t, sampleReceipt(5)), mustStatement(t, sampleStatement(9)),
		}, nil)
	}
	want := draw()
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			for range 3 {
				if !bytes.Equal(draw(), want) {
					t.Error("the same data gave another file")
				}
			}
		})
	}
	group.Wait()
}

// TestDates checks that the file's dates come from the data and not from a clock.
func TestDates(t *testing.T) {
	d := sampleInvoice(1)
	if got := mustInvoice(t, d); !bytes.Contains(got, []byte("/CreationDate (D:20261101120000)")) || !bytes.Contains(got, []byte("/ModDate (D:20261101120000)")) {
		t.Error("the file is not dated by the invoice")
	}
	d.Created = 0
	d.Date = "2025-02-03"
	if got := mustInvoice(t, d); !bytes.Contains(got, []byte("/CreationDate (D:20250203120000)")) {
		t.Error("without a creation time the invoice's date does not stand in")
	}
}

func TestLogo(t *testing.T) {
	gradient := image.NewNRGBA64(image.Rect(0, 0, 1200, 300))
	for y := range 300 {
		for x := range 1200 {
			gradient.SetNRGBA64(x, y, color.NRGBA64{uint16(x * 50), uint16(y * 200), 0x8000, uint16(x * 54)})
		}
	}
	grey := image.NewGray(image.Rect(0, 0, 3, 900))
	encode := func(encode func(*bytes.Buffer) error) []byte {
		t.Helper()
		var out bytes.Buffer
		if err := encode(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	good := map[string][]byte{
		"deep transparent PNG": encode(func(b *bytes.Buffer) error { return png.Encode(b, gradient) }),
		"JPEG":                 encode(func(b *bytes.Buffer) error { return jpeg.Encode(b, gradient, nil) }),
		"thin grey PNG":        encode(func(b *bytes.Buffer) error { return png.Encode(b, grey) }),
		"thin grey JPEG":       encode(func(b *bytes.Buffer) error { return jpeg.Encode(b, grey, nil) }),
	}
	for name, data := range good {
		d := sampleInvoice(1)
		d.Dealer.Logo = data
		pdf := mustInvoice(t, d)
		tool(t, pdf, "qpdf", "--check", "FILE")
		if list := tool(t, pdf, "pdfimages", "-list", "FILE"); strings.Count(list, "\n") != 3 { // two lines of heading
			t.Errorf("%s: %s", name, list)
		}
	}
	bad := map[string][]byte{
		"not a picture": []byte("<svg/>"),
		"GIF":           encode(func(b *bytes.Buffer) error { return gif.Encode(b, grey, nil) }),
		"cut short":     good["JPEG"][:len(good["JPEG"])/2],
		"too large":     encode(func(b *bytes.Buffer) error { return png.Encode(b, image.NewGray(image.Rect(0, 0, 4001, 1))) }),
	}
	for name, data := range bad {
		d := sampleInvoice(1)
		d.Dealer.Logo = data
		if _, err := Invoice(d); err == nil {
			t.Errorf("logo %s was not refused", name)
		}
	}
}

// TestKeyIsRed checks the colour the key is printed in.
func TestKeyIsRed(t *testing.T) {
	d := sampleInvoice(1)
	d.Dealer.Logo, d.Dealer.Accent = nil, ""
	plain := tool(t, mustInvoice(t, d), "qpdf", "--qdf", "--object-streams=disable", "FILE", "-")
	const want = "0.690 0.000 0.125 rg"
	if n := strings.Count(plain, want); n < 2 {
		t.Errorf("red is set %d times", n)
	}
	d.RegistrationKey = ""
	plain = tool(t, mustInvoice(t, d), "qpdf", "--qdf", "--object-streams=disable", "FILE", "-")
	if strings.Contains(plain, want) {
		t.Error("something else is red too")
	}
}

// TestWindow keeps the two addresses, and nothing else, in the windows of the
// envelopes (inches from the top left corner, the sheet in the middle of its play).
func TestWindow(t *testing.T) {
	pdf := mustInvoice(t, sampleInvoice(3))
	window := func(x, y, w, h float64) string {
		in := func(v float64) string { return strconv.Itoa(int(v * 72)) }
		words := tool(t, pdf, "pdftotext", "-layout", "-x", in(x), "-y", in(y), "-W", in(w), "-H", in(h), "FILE", "-")
		return strings.Join(strings.Fields(words), " ")
	}
	// #10 is 9 1/2 x 4 1/8 for a third of a page; #9 is 8 7/8 x 3 7/8 for the slip.
	if got, want := window(0.375, 2.05, 4.5, 1.1), "Margaret O'Brien-Núñez 18 Old Mill Road Apartment 4B Durham, NH 03824"; got != want {
		t.Errorf("the window shows %q, want %q", got, want)
	}
	if got, want := window(0.69, 11-1.625, 4.5, 1.125), "Harbor Light Security PO Box 4410 Portsmouth, NH 03802-4410"; got != want {
		t.Errorf("the answer's window shows %q, want %q", got, want)
	}
}

// TestQR compares the printed QR code, module by module, with the code of the
// portal's address, or of the pay link where there is one.
func TestQR(t *testing.T) {
	for _, link := range []string{"", "https://portal.example.com/p/abcdefghijklmnopqrstuvwxyz"} {
		d := sampleInvoice(1)
		d.PayURL = link
		scan(t, d, cmp.Or(link, d.PortalURL))
		if printed := read(t, mustInvoice(t, d)); strings.Contains(printed, "/p/") || !strings.Contains(printed, strings.TrimRight(d.PortalURL, "/")) {
			t.Errorf("printed beside it: %s", printed)
		}
		if paper := mustInvoice(t, d); link != "" && !bytes.Contains(paper, []byte("/URI ("+link+")")) {
			t.Error("a press on the code leads elsewhere")
		}
	}
}

// scan compares the QR code of an invoice with the code of an address.
func scan(t *testing.T, d InvoiceData, address string) {
	t.Helper()
	code, err := qr.Encode(address, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	const scale = 4 // pixels a point
	image := []byte(tool(t, mustInvoice(t, d), "pdftoppm", "-gray", "-r", strconv.Itoa(72*scale), "FILE"))
	head := fmt.Appendf(nil, "P5\n%d %d\n255\n", int(pageWidth)*scale, int(pageHeight)*scale)
	if !bytes.HasPrefix(image, head) {
		t.Fatalf("the page begins with %q", image[:20])
	}
	image = image[len(head):]
	module := qrSide / float64(code.Size)
	top := perforation - 12 - qrSide
	for row := range code.Size {
		for col := range code.Size {
			x := int((left + (float64(col)+0.5)*module) * scale)
			y := int((top + (float64(row)+0.5)*module) * scale)
			if dark := image[y*int(pageWidth)*scale+x] < 128; dark != code.Black(col, row) {
				t.Fatalf("module %d, %d is dark: %v", col, row, dark)
			}
		}
	}
}

func TestLines(t *testing.T) {
	d := sampleInvoice(0)
	d.Lines = []Line{{Description: "Copper wire", Quantity: 12_345_678, UnitPrice: 999_999_99, Tax: money.Max, Amount: -money.Max}}
	d.Subtotal, d.Tax = -money.Max, money.Max
	d.Balance = 0
	contains(t, read(t, mustInvoice(t, d)), "Copper wire 12345.678 $999,999.99 $10,000,000.00 -$10,000,000.00")
}

func BenchmarkInvoice(b *testing.B) {
	for _, n := range []int{3, 200} {
		b.Run(fmt.Sprintf("lines=%d", n), func(b *testing.B) {
			d := sampleInvoice(n)
			mustInvoice(b, d)
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				size = len(mustInvoice(b, d))
			}
			b.ReportMetric(float64(size), "pdf-bytes")
		})
	}
}

// FuzzDocuments draws every document with any text in every field.
func FuzzDocuments(f *testing.F) {
	f.Add("O'Neil (A\\B)")
	f.Add("王 🔥 \x00\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 500 {
			return
		}
		i, r, st := hostile(s)
		for _, pdf := range [][]byte{mustInvoice(t, i), mustReceipt(t, r), mustStatement(t, st)} {
			if !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.HasSuffix(pdf, []byte("%%EOF\n")) {
				t.Fatalf("%q makes no PDF", s)
			}
		}
	})
}
