package office

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/books"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

const (
	importPath = web.ImportPath
	exportPath = "/office/export"
	// findingsShown bounds how many findings of each sort a page lists.
	findingsShown = 50
)

// importFiles shows where files are brought, or how far the import of them is.
// To htmx, which asks while it runs, it answers with that alone.
func (h *Handlers) importFiles(c echo.Context) error {
	p, err := h.importPage(c)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/import", "import", p)
	}
	return h.Page(c, http.StatusOK, "office/import", p)
}

func (h *Handlers) importPage(c echo.Context) (*view.ImportPage, error) {
	ctx := c.Request().Context()
	p := &view.ImportPage{Base: views.Base{Title: "Import", Tab: "accounting"}, Tabs: accountingTabs(c, "import"), Action: importPath}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	v, err := h.Desk.Last(ctx)
	if err != nil || v == nil {
		return p, err
	}
	p.Visit = h.visit(v, s)
	p.Busy = v.Phase.Open()
	return p, nil
}

// visit puts an import into words.
func (h *Handlers) visit(v *books.Visit, s *settings.Settings) *view.Import {
	out := &view.Import{
		ID: number(v.ID), Running: v.Phase.Running(), Waits: v.Phase == books.Checked, Done: v.Phase == books.Done,
		Files: strings.Join(v.Files, ", "), Overwrite: v.Overwrite, Problem: v.Problem, Staff: v.Staff, At: v.At.Format(s.Zone),
		Start: importPath + "/start", Cancel: importPath + "/cancel",
	}
	out.Title = map[books.Phase]string{
		books.Checking: "Checking the files", books.Checked: "Checked: nothing is imported yet", books.Importing: "Importing",
		books.Done: "Imported", books.Failed: "Not imported", books.Canceled: "Canceled: nothing was imported",
	}[v.Phase]
	if out.Running {
		out.Doing, out.Max, out.Value = v.Progress.Doing, v.Progress.Total, min(v.Progress.Done, v.Progress.Total)
		if v.Progress.Total > 0 {
			out.Rows = grouped(v.Progress.Done) + " of " + grouped(v.Progress.Total) + " rows"
			if v.Left > 0 {
				out.Rows += ", about " + inWords(v.Left) + " left"
			}
		}
		return out
	}
	r := v.Report
	if r == nil {
		return out
	}
	total := r.Totals()
	out.Written = r.Written
	out.New, out.Changed = grouped(total.New), grouped(total.Changed)
	out.Ready = out.Waits && total.New+total.Changed > 0
	if wait := r.WillTake(); out.Ready && wait > 3*time.Second {
		out.WillTake = inWords(wait)
	}
	for _, f := range r.Files {
		out.Counts = append(out.Counts, view.ImportCount{Name: f.Name, Rows: grouped(f.Rows), New: grouped(f.New), Changed: grouped(f.Changed), Unchanged: grouped(f.Unchanged), Refused: grouped(f.Refused)})
	}
	list := func(findings []books.Finding, rows int64) view.Findings {
		out := view.Findings{Rows: grouped(rows)}
		for i, f := range findings {
			if i == findingsShown {
				out.More = true
				break
			}
			out.List = append(out.List, view.Finding{File: f.File, Line: number(f.Line), Column: f.Column, Text: f.Text})
		}
		return out
	}
	out.Refused, out.Kept, out.Changes = list(r.Refused, total.Refused), list(r.Kept, total.Kept), list(r.Changed, total.Changed)
	for _, n := range r.Notes {
		out.Notes = append(out.Notes, n.File+": "+n.Text)
	}
	for _, name := range v.Refused {
		out.Downloads = append(out.Downloads, view.Download{Name: books.RejectsName("refused.csv", name), Href: importPath + "/refused/" + url.PathEscape(name)})
	}
	return out
}

// grouped writes a count with commas.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// inWords says how long something takes, roughly.
func inWords(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return "a few seconds"
	case d < 100*time.Second:
		return strconv.Itoa(int(d.Round(10*time.Second).Seconds())) + " seconds"
	}
	return strconv.Itoa(int((d+30*time.Second)/time.Minute)) + " minutes"
}

// bringFiles keeps the files of the form and begins to check them.
func (h *Handlers) bringFiles(c echo.Context) error {
	parts, err := h.Upload(c)
	if err != nil {
		return err
	}
	overwrite := false
	next := func() (*books.Part, error) {
		for {
			part, err := parts.NextPart()
			if err != nil {
				return nil, err
			}
			switch {
			case part.FormName() == "overwrite":
				overwrite = true
			case part.FormName() == "files" && part.FileName() != "":
				return &books.Part{Name: part.FileName(), Body: part}, nil
			}
		}
	}
	// files may take longer to come than an answer may take
	ctx := context.WithoutCancel(c.Request().Context())
	err = h.Desk.Receive(ctx, web.Actor(c), next, func() bool { return overwrite })
	if err := h.AnswerAnew(c); err != nil {
		return err
	}
	status := http.StatusUnprocessableEntity
	he := new(echo.HTTPError)
	switch {
	case err == nil:
		return web.See(c, importPath) // which follows the check; a notice beside it would outlast it
	case errors.Is(err, books.ErrTooLarge), errors.As(err, &he) && he.Code == http.StatusRequestEntityTooLarge:
		status = http.StatusRequestEntityTooLarge
		err = fault.Field("files", "These files are too large: at most 200 MB at once, and 400 MB unpacked")
	case errors.Is(err, io.ErrUnexpectedEOF), err.Error() == "multipart: NextPart: EOF":
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	refused, ok := web.FieldErrors(err)
	if !ok {
		return err
	}
	p, err := h.importPage(c)
	if err != nil {
		return err
	}
	p.Errors, p.FilesError, p.Overwrite = refused, refused.Of("files"), overwrite
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "office/import", "import", p)
	}
	return h.Page(c, status, "office/import", p)
}

// startImport takes the checked files in.
func (h *Handlers) startImport(c echo.Context) error {
	return h.decideImport(c, h.Desk.Start)
}

// cancelImport leaves the books as they were.
func (h *Handlers) cancelImport(c echo.Context) error {
	return h.decideImport(c, h.Desk.Cancel)
}

func (h *Handlers) decideImport(c echo.Context, do func(context.Context, audit.Actor, int64) error) error {
	id, err := strconv.ParseInt(c.FormValue("id"), 10, 64)
	if err != nil {
		return fault.New(fault.Invalid, "This form is not complete. Please open it again.")
	}
	err = do(c.Request().Context(), web.Actor(c), id)
	if err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	if !web.IsHTMX(c) {
		return web.See(c, importPath) // which shows how it stands, also when somebody else was quicker
	}
	p, err := h.importPage(c)
	if err != nil {
		return err
	}
	return h.Fragment(c, http.StatusOK, "office/import", "import", p)
}

// refusedRows sends the refused rows of a file, to be corrected and brought again.
func (h *Handlers) refusedRows(c echo.Context) error {
	name := web.Param(c, "name")
	body, err := h.Desk.Refused(c.Request().Context(), name)
	if err != nil {
		return err
	}
	err = h.Stream(c, books.RejectsName("refused.csv", name), mimeOf(".csv"), func(_ context.Context, to io.Writer) error {
		_, err := io.Copy(to, body)
		return err
	})
	return errors.Join(err, body.Close())
}

// export offers all the books as files.
func (h *Handlers) export(c echo.Context) error {
	return h.Page(c, http.StatusOK, "office/export", &view.ExportPage{Base: views.Base{Title: "Export", Tab: "accounting"}, Tabs: accountingTabs(c, "export"), Href: exportPath + "/books.zip"})
}

// exportFile sends all the books as one archive, made as it is sent.
func (h *Handlers) exportFile(c echo.Context) error {
	ctx := c.Request().Context()
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return err
	}
	if err := h.record(ctx, web.Actor(c), audit.Entry{Action: "books.export", Object: "books"}); err != nil {
		return err
	}
	return h.Stream(c, "portal-books-"+today.ISO()+".zip", mimeOf(".zip"), func(ctx context.Context, to io.Writer) error {
		z := zip.NewWriter(to)
		_, err := h.Books.Export(ctx, func(name string) (io.WriteCloser, error) {
			w, err := z.Create(name)
			return archived{w}, err
		})
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		return z.Close()
	})
}

// archived is a file of an archive, which ends with the next one.
type archived struct{ io.Writer }

func (archived) Close() error { return nil }
