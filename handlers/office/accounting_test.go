package office_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"customerportal/db"
	"customerportal/internal/books"
	"customerportal/internal/ledger"
)

// tells checks the rows of a page's tables, their cells with a blank between.
func tells(t testing.TB, doc *goquery.Document, wanted ...string) {
	t.Helper()
	var rows []string
	doc.Find("tr").Each(func(_ int, tr *goquery.Selection) {
		rows = append(rows, strings.Join(tr.Children().Map(func(_ int, cell *goquery.Selection) string { return strings.TrimSpace(cell.Text()) }), " "))
	})
	for _, want := range wanted {
		if !strings.Contains(strings.Join(rows, "|"), want) {
			t.Errorf("no row %q in\n%s", want, strings.Join(rows, "\n"))
		}
	}
}

// month has an invoice and a part payment in October and an invoice in November.
func (d *desk) month() {
	d.Helper()
	first := d.issue(d.customer[0], "10001", "2026-11-05", 10000) // of Oct 6
	d.issue(d.customer[1], "10002", "2026-12-05", 4500)           // of Nov 5
	d.write(func(q *db.Queries) error {
		_, err := ledger.RecordPayment(d.Context(), q, 1, ledger.PaymentRecord{Reference: "CHK1", CustomerID: d.customer[0], Kind: ledger.Check, Number: "7", Amount: 2500,
			Date: "2026-10-20", Source: "import", Allocations: []ledger.Allocation{{InvoiceID: first}}})
		return err
	})
}

func TestAccounting(t *testing.T) {
	d := newDesk(t)
	d.month()
	doc := d.page("billing", "/office/accounting?from=2026-10-01&to=2026-10-31")
	says(t, doc, "Oct 1, 2026 to Oct 31, 2026", "Nothing is closed")
	tells(t, doc, "Invoiced $100.00 $0.00 $100.00", "Received -$25.00 $0.00 -$25.00", "On the evening of Oct 31, 2026 $75.00 $0.00 $75.00")
	hides(t, doc, "Close the period", "Import", "what the open invoices come to now")
	if href := doc.Find(`a:contains("Download everything")`).AttrOr("href", ""); href != "/office/accounting/files/everything.zip?from=2026-10-01&to=2026-10-31" {
		t.Errorf("everything is at %q", href)
	}
	// this month by itself; what it closes with is what the home page calls due
	doc = d.page("owner", "/office/accounting")
	tells(t, doc, "On the evening of Nov 30, 2026 $120.00 $0.00 $120.00")
	says(t, doc, "Nov 1, 2026 to Nov 30, 2026", "what the open invoices come to now", "Close the period", "Account names for QuickBooks")
	says(t, d.page("owner", "/office"), "Due$120.00")
	for _, bad := range []string{"from=2026-11-02&to=2026-11-01", "from=x&to=2026-11-01", "from=2026-11-01", "from=2026-02-30&to=2026-03-01"} {
		says(t, d.parse(d.send("owner", "/office/accounting?"+bad, nil), 422), "Please check one thing")
		if w := d.send("owner", "/office/accounting/files/payments.csv?"+bad, nil); w.Code != 422 {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}

func TestAccountingFiles(t *testing.T) {
	d := newDesk(t)
	d.month()
	w := d.send("billing", "/office/accounting/files/payments.csv?from=2026-10-01&to=2026-10-31", nil)
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `"2026-10-20","CHK1","A/10 42","Zoë O'Neil","Check","7","Check","25.00"`) || !strings.HasPrefix(body, "\ufeff") {
		t.Errorf("%d %s", w.Code, body)
	}
	if h := w.Header(); h.Get("Content-Disposition") != `attachment; filename="payments-2026-10-01-2026-10-31.csv"; filename*=UTF-8''payments-2026-10-01-2026-10-31.csv` ||
		h.Get("Content-Type") != "text/csv; charset=utf-8" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", h)
	}
	w = d.send("owner", "/office/accounting/files/everything.zip?from=2026-10-01&to=2026-10-31", nil)
	z, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	must(t, err)
	names := ""
	for _, f := range z.File {
		names += f.Name + " "
	}
	if !strings.Contains(names, "quickbooks-desktop.iif") || !strings.Contains(names, "quickbooks-online/2-invoices-001.csv") {
		t.Error(names)
	}
	for _, none := range []string{"passwords.csv", "..%2Fportal.key", "payments"} {
		if w := d.send("owner", "/office/accounting/files/"+none, nil); w.Code != 404 {
			t.Errorf("%s: %d", none, w.Code)
		}
	}
	if n := d.count(`SELECT count(*) FROM audit WHERE action = 'accounting.download'`); n != 2 {
		t.Errorf("%d downloads in the trail", n)
	}
}

func TestLockThePeriod(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			d.month()
			lock := func(until string) *httptest.ResponseRecorder {
				return d.send("owner", "/office/accounting/lock", url.Values{"until": {until}}, headers...)
			}
			doc := d.parse(lock("2026-11-15"), 422)
			says(t, doc, "Only days that have passed can be closed")
			if got := doc.Find("#f-until").AttrOr("value", ""); got != "2026-11-15" {
				t.Errorf("what was typed is gone: %q", got)
			}
			says(t, d.parse(lock("soon"), 422), "Enter a date")
			d.done(lock("10/31/2026"), "/office/accounting")
			says(t, d.page("billing", "/office/accounting"), "The books are closed up to Oct 31, 2026.")
			// a check of that time is refused beside its date
			form := url.Values{"nonce": {"n" + way}, "kind": {"check"}, "reference": {"12"}, "payment_date": {"2026-10-31"}, "amount": {"5.00"}}
			doc = d.parse(d.send("billing", d.path+"/payments", form, headers...), 422)
			if got := doc.Find("#e-payment_date").Text(); got != "The books are closed up to Oct 31, 2026; use a later day" {
				t.Errorf("beside the date: %q\n%s", got, doc.Text())
			}
			unlock := func(reason string) *httptest.ResponseRecorder {
				return d.send("owner", "/office/accounting/unlock", url.Values{"keep": {""}, "reason": {reason}}, headers...)
			}
			says(t, d.parse(unlock(""), 422), "Say why the period is opened")
			d.done(unlock("a check was forgotten"), "/office/accounting")
			if w := d.send("billing", d.path+"/payments", form, headers...); w.Code != 303 && w.Header().Get("HX-Redirect") == "" {
				t.Errorf("open again: %d\n%s", w.Code, w.Body)
			}
			if got := d.text(`SELECT after_json FROM audit WHERE action = 'books.unlock'`); got != `{"reason":"a check was forgotten","until":""}` {
				t.Error(got)
			}
		})
	}
}

func TestReports(t *testing.T) {
	d := newDesk(t)
	says(t, d.page("billing", "/office/accounting/reports/aging"), "Nothing is owed.")
	d.month()
	doc := d.page("billing", "/office/accounting/reports/aging")
	tells(t, doc, "Not due yet 1 $45.00", "1 to 30 days 1 $75.00", "Total 2 $120.00")
	if bars := doc.Find("figure.chart rect"); bars.Length() != 5 || bars.Eq(1).AttrOr("width", "") != "100" || bars.Eq(0).AttrOr("width", "") != "60" {
		t.Errorf("%d bars", bars.Length())
	}
	tells(t, d.page("billing", "/office/accounting/reports/cash?from=2026-10-01&to=2026-11-15"), "October 2026 $25.00 $0.00 $25.00", "Total $25.00 $0.00 $25.00")
	tells(t, d.page("billing", "/office/accounting/reports/tax?from=2026-10-01&to=2026-11-15"), "No tax code $0.00 $145.00 $0.00")
	for name, want := range map[string]string{"aging.csv": `"A/10 42","Zoë O'Neil","0.00","75.00"`, "cash.csv?from=2026-10-01&to=2026-10-31": `"2026-10","0.00","0.00","25.00"`, "tax.csv?from=2026-10-01&to=2026-11-15": `"","","no","0.00","145.00","0.00"`} {
		if w := d.send("billing", "/office/accounting/reports/"+name, nil); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := d.send("billing", "/office/accounting/reports/salaries", nil); w.Code != 404 {
		t.Error(w.Code)
	}
	if w := d.send("billing", "/office/accounting/reports/cash?from=2026-11-02&to=2026-11-01", nil, htmx...); w.Code != 422 || strings.Contains(w.Body.String(), "<html") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// bring uploads files, each a name and its text.
func (d *desk) bring(role string, files ...string) *httptest.ResponseRecorder {
	d.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for i := 0; i+1 < len(files); i += 2 {
		part, err := m.CreateFormFile("files", files[i])
		must(d, err)
		_, err = io.WriteString(part, files[i+1])
		must(d, err)
	}
	must(d, m.Close())
	r := httptest.NewRequest(http.MethodPost, "/office/import", &body)
	r.Host = "portal.example"
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("X-Role", role)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if w.Code >= 500 {
		d.Errorf("%d %s", w.Code, w.Body)
	}
	return w
}

func zipped(tb testing.TB, files ...string) string {
	tb.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i+1 < len(files); i += 2 {
		w, err := z.Create(files[i])
		must(tb, err)
		_, err = io.WriteString(w, files[i+1])
		must(tb, err)
	}
	must(tb, z.Close())
	return out.String()
}

func TestImportInTheOffice(t *testing.T) {
	const customers = "customer_number,first_name,last_name,zip\n2001,Ann,Lee,12180\n2002,,,12180\n"
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			says(t, d.parse(d.bring("owner"), 422), "Choose the files to import")
			says(t, d.parse(d.bring("owner", "notes.zip", zipped(t, "notes.doc", "x")), 422), "no file in it that an import knows")
			says(t, d.parse(d.bring("owner", "broken.zip", "PK nothing"), 422), "cannot be unpacked")
			brought := d.bring("owner", "a.zip", zipped(t, "export/customers.csv", customers, "notes.doc", "x"))
			d.done(brought, "/office/import")
			// the page says how far it is; a notice would go on saying so beside "Imported"
			if carried := strings.Join(brought.Header().Values("Set-Cookie"), "\n"); strings.Contains(carried, "notice") {
				t.Errorf("a notice goes along: %s", carried)
			}
			says(t, d.page("owner", "/office/import"), "Checking the files", "Waiting to begin")
			if w := d.bring("owner", "customers.csv", customers); w.Code != 422 || !strings.Contains(w.Body.String(), "Another import is open") {
				t.Errorf("a second one at once: %d", w.Code)
			}
			must(t, d.screens.Desk.Run(t.Context()))
			doc := d.page("owner", "/office/import")
			tells(t, doc, "customers.csv 2 1 0 0 1", "customers.csv 3 last_name")
			says(t, doc, "Checked: nothing is imported yet", "notes.doc: left out of a.zip", "Import 1 new, 0 changed")
			if d.count(`SELECT count(*) FROM customers WHERE number = '2001'`) != 0 {
				t.Fatal("it was imported before it was confirmed")
			}
			w := d.send("owner", doc.Find(`a:contains("Download refused-customers.csv")`).AttrOr("href", "none"), nil)
			if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `"2002"`) || strings.Contains(body, `"2001"`) || !strings.Contains(body, "refused_because") {
				t.Errorf("%d %s", w.Code, body)
			}
			id := url.Values{"id": {doc.Find("#visit input[name=id]").AttrOr("value", "")}}
			says(t, d.decided(d.send("owner", "/office/import/start", id, headers...)), "Importing")
			must(t, d.screens.Desk.Run(t.Context()))
			says(t, d.page("owner", "/office/import"), "Imported", "1 new and 0 changed rows are in the books now", "Bring files")
			if d.count(`SELECT count(*) FROM customers WHERE number = '2001'`) != 1 || d.count(`SELECT count(*) FROM audit WHERE action = 'books.import' AND staff_id = ?`, d.staff["owner"]) != 1 {
				t.Error("it is not in the books and the trail")
			}
			// pressed again: nothing more happens
			d.decided(d.send("owner", "/office/import/start", id, headers...))
			must(t, d.screens.Desk.Run(t.Context()))
			if d.count(`SELECT count(*) FROM audit WHERE action = 'books.import'`) != 1 {
				t.Error("it was imported twice")
			}
			// the next one is canceled
			d.done(d.bring("owner", "customers.csv", strings.ReplaceAll(customers, "200", "300")), "/office/import")
			must(t, d.screens.Desk.Run(t.Context()))
			id.Set("id", d.page("owner", "/office/import").Find("#visit input[name=id]").AttrOr("value", ""))
			says(t, d.decided(d.send("owner", "/office/import/cancel", id, headers...)), "Canceled: nothing was imported")
			if d.count(`SELECT count(*) FROM customers WHERE number LIKE '300%'`) != 0 {
				t.Error("what was canceled is in the books")
			}
		})
	}
}

// decided follows the answer to a button of the import: to the page, or the
// fragment itself.
func (d *desk) decided(w *httptest.ResponseRecorder) *goquery.Document {
	d.Helper()
	if w.Code == 303 {
		return d.page("owner", w.Header().Get("Location"))
	}
	return d.parse(w, 200)
}

// TestImportIsBounded brings what unpacks to more than is taken, and more than
// may be sent.
func TestImportIsBounded(t *testing.T) {
	d := newDesk(t)
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	w, err := z.Create("customers.csv")
	must(t, err)
	piece := bytes.Repeat([]byte("0"), 1<<20)
	for range books.MaxUnpacked>>20 + 1 {
		_, err := w.Write(piece)
		must(t, err)
	}
	must(t, z.Close())
	if bomb.Len() > 1<<20 {
		t.Fatalf("the archive has %d bytes", bomb.Len())
	}
	says(t, d.parse(d.bring("owner", "bomb.zip", bomb.String()), http.StatusRequestEntityTooLarge), "These files are too large")
	// a list of files without end
	many := make([]string, 0, 60_000)
	for i := range 30_000 {
		many = append(many, fmt.Sprintf("%d.txt", i), "")
	}
	says(t, d.parse(d.bring("owner", "many.zip", zipped(t, many...)), http.StatusRequestEntityTooLarge), "These files are too large")
	r := httptest.NewRequest(http.MethodPost, "/office/import", http.NoBody)
	r.ContentLength = 201 << 20
	r.Host = "portal.example"
	r.Header.Set("X-Role", "owner")
	out := httptest.NewRecorder()
	d.handler.ServeHTTP(out, r)
	if out.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("201 MB: %d", out.Code)
	}
	if entries := d.count(`SELECT count(*) FROM imports`); entries != 0 {
		t.Errorf("%d imports are left", entries)
	}
}

func TestExportInTheOffice(t *testing.T) {
	d := newDesk(t)
	d.month()
	says(t, d.page("owner", "/office/export"), "Download the books (ZIP)")
	w := d.send("owner", "/office/export/books.zip", nil)
	z, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	must(t, err)
	names := ""
	for _, f := range z.File {
		names += f.Name + " "
	}
	if !strings.Contains(names, "customers.csv ") || !strings.Contains(names, "ledger.csv journal.csv") || w.Header().Get("Content-Type") != "application/zip" {
		t.Errorf("%s %v", names, w.Header())
	}
	if d.count(`SELECT count(*) FROM audit WHERE action = 'books.export'`) != 1 {
		t.Error("nobody knows of the export")
	}
}
