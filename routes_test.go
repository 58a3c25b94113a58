package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/handlers"
	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/config"
	"customerportal/views"
)

// walker calls every route of the whole portal as whoever it is told to be.
type walker struct {
	program *program
	portal  *handlers.Portal
	viewer  web.Viewer
}

func newWalker(t *testing.T) *walker {
	t.Helper()
	dir := demoCopy(t)
	cfg := config.Config{DB: filepath.Join(dir, "portal.db"), PublicURL: "http://portal.example.com", Quiet: true}
	p, err := open(t.Context(), cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	p.log = slog.New(slog.DiscardHandler)
	w := &walker{program: p}
	h, err := p.handler(func(app *web.App) []web.Route {
		app.Authenticate = func(echo.Context) (web.Viewer, error) { return w.viewer, nil }
		app.Decorate = func(echo.Context, web.Viewer) (views.Viewer, error) { return views.Viewer{SignedIn: true}, nil }
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.portal = h.(*handlers.Portal)
	// with everything switched on that a dealer can switch on
	if err := p.settings.Set(t.Context(), audit.Actor{Kind: audit.System}, map[string]string{"methods.delete": "yes"}); err != nil {
		t.Fatal(err)
	}
	return w
}

// call sends an empty request, as a form of our own pages does.
func (w *walker) call(method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Host = "portal.example.com"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	out := httptest.NewRecorder()
	w.portal.ServeHTTP(out, r)
	return out
}

// text returns one text from the books.
func (w *walker) text(t *testing.T, query string, args ...any) string {
	t.Helper()
	var s string
	if err := w.program.books.Reader().QueryRowContext(t.Context(), query, args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

// customer returns the viewer who looks at a customer, by number.
func (w *walker) customer(t *testing.T, number string) web.Viewer {
	t.Helper()
	v := web.Viewer{Email: "x@example.com", Session: []byte{1}}
	err := w.program.books.Reader().QueryRowContext(t.Context(),
		`SELECT c.id, cu.user_id FROM customers c JOIN customer_users cu ON cu.customer_id = c.id WHERE c.number = ?`, number).Scan(&v.CustomerID, &v.UserID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// path fills a route's parameters with what belongs to a customer. Each name
// must be known here: a new one says whose it is.
func (w *walker) path(t *testing.T, r web.Route, number string) string {
	t.Helper()
	of := ` WHERE customer_id = (SELECT id FROM customers WHERE number = ?) LIMIT 1`
	out := r.Path
	fill := func(name, value string) { out = strings.Replace(out, name, url.PathEscape(value), 1) }
	switch {
	case strings.HasPrefix(r.Path, "/methods/:id"):
		fill(":id", w.text(t, `SELECT id FROM methods`+of, number))
	case strings.Contains(r.Path, "/users/:id"):
		fill(":id", w.text(t, `SELECT user_id FROM customer_users`+of, number))
	case strings.Contains(r.Path, ":id"):
		fill(":id", "1")
	}
	fill(":number", number)
	if strings.Contains(r.Path, "/authorizations/") || strings.Contains(r.Path, "/papers/") {
		fill(":paper", "1.pdf") // each customer's consents count from one
	}
	fill(":paper", w.text(t, `SELECT number FROM invoices`+of, number)+".pdf")
	if strings.Contains(r.Path, ":ref") {
		ref := w.text(t, `SELECT reference FROM payments`+of, number)
		if strings.HasSuffix(r.Path, ".pdf") {
			ref += ".pdf"
		}
		fill(":ref", ref)
	}
	fill(":token", "no-such-link")
	fill(":invoice", "10010")
	fill(":report", "aging")
	fill(":name", "customers.csv")
	fill(":verb", "lock")
	fill(":key", "no-such-form")
	fill(":gateway", "stripe")
	fill(":section", "company")
	fill(":file", "accent.css")
	fill("*", "file")
	if strings.Contains(out, ":") {
		t.Fatalf("%s: nobody told this test what to put for the parameter of %s", r.Name, r.Path)
	}
	return out
}

// TestEveryRouteHasAnAccess reads the tables: names and addresses are there
// once, and no route was left without saying who may call it.
func TestEveryRouteHasAnAccess(t *testing.T) {
	w := newWalker(t)
	names, addresses := map[string]bool{}, map[string]bool{}
	for _, r := range w.portal.Routes {
		if r.Name == "" || names[r.Name] {
			t.Errorf("the name %q is missing or there twice", r.Name)
		}
		if address := r.Method + " " + r.Path; addresses[address] {
			t.Errorf("%s is there twice", address)
		} else {
			addresses[address] = true
		}
		names[r.Name] = true
		if r.Access.String() == "nobody" {
			t.Errorf("%s says of nobody that he may call it", r.Name)
		}
		if r.Method != http.MethodGet && r.Method != http.MethodPost {
			t.Errorf("%s uses %s", r.Name, r.Method)
		}
	}
	// what anybody at all may call is a list that is looked at
	open := []string{"static", "brand", "health", "login", "login.form", "logout", "register", "register.form", "register.done", "register.asked", "register.join",
		"password.forgot", "password.forgot.form", "password.recover", "password.recover.form", "email.confirm", "email.confirm.form", "office.setup", "office.setup.form"}
	for _, r := range w.portal.Routes {
		public := r.Access.String() == "anyone" || r.Access.String() == "unasked"
		// the processor's side: signed, or the sandbox's own pages
		// and what a pay link opens, and the form that opens a processor's page: its
		// address holds a key of its own
		if strings.HasPrefix(r.Path, "/p/:token") || r.Path == "/p/return" || r.Path == "/go/:key" {
			continue
		}
		theirs := strings.HasPrefix(r.Path, "/gateway") || strings.HasPrefix(r.Path, "/sandbox") || strings.HasPrefix(r.Path, "/webhooks")
		if public && !theirs && !slices.Contains(open, r.Name) {
			t.Errorf("%s (%s) may be called by anybody", r.Name, r.Path)
		}
	}
}

// TestRoutesAsNobody: whatever is not public sends a visitor to the log-in page.
func TestRoutesAsNobody(t *testing.T) {
	w := newWalker(t)
	for _, r := range w.portal.Routes {
		out := w.call(r.Method, w.path(t, r, "10010"))
		switch access := r.Access.String(); {
		case access == "anyone" || access == "unasked":
			if out.Code >= 500 {
				t.Errorf("%s answered %d", r.Name, out.Code)
			}
		case out.Code != http.StatusSeeOther || !strings.HasPrefix(out.Header().Get("Location"), "/login"):
			t.Errorf("%s (%s) answered a visitor %d %s", r.Name, access, out.Code, out.Header().Get("Location"))
		}
	}
}

// TestRoutesAsAnotherCustomer: what belongs to one customer is not there for
// another, and neither is the office.
func TestRoutesAsAnotherCustomer(t *testing.T) {
	w := newWalker(t)
	owner, stranger := w.customer(t, "10010"), w.customer(t, "10017")
	name := "Alvarez"
	for _, r := range w.portal.Routes {
		path := w.path(t, r, "10010")
		w.viewer = stranger
		out := w.call(r.Method, path)
		if strings.Contains(out.Body.String(), name) {
			t.Errorf("%s shows %s to another customer", r.Name, name)
		}
		access := r.Access.String()
		switch {
		case strings.HasPrefix(access, "staff") && out.Code != http.StatusNotFound:
			t.Errorf("%s (%s) answered a customer %d", r.Name, access, out.Code)
		case access == "customer" && strings.Contains(r.Path, ":") && out.Code != http.StatusNotFound:
			t.Errorf("%s answered another customer %d", r.Name, out.Code)
		case out.Code >= 500:
			t.Errorf("%s answered %d", r.Name, out.Code)
		}
		// the test means something only where the owner gets more
		if access == "customer" && r.Method == http.MethodGet && strings.Contains(r.Path, ":") {
			w.viewer = owner
			if out := w.call(r.Method, path); out.Code != http.StatusOK {
				t.Errorf("%s answered its owner %d", r.Name, out.Code)
			}
		}
	}
}

// TestRoutesAsStaff: each role gets what the table says, and no customer's page.
func TestRoutesAsStaff(t *testing.T) {
	for _, role := range []string{"owner", "billing", "service", "sales", "technician"} {
		t.Run(role, func(t *testing.T) {
			w := newWalker(t)
			w.viewer = web.Viewer{StaffID: 1, Role: role, Email: "staff@example.com", Name: "Staff", Session: []byte{1}}
			for _, r := range w.portal.Routes {
				out := w.call(r.Method, w.path(t, r, "10010"))
				access := r.Access.String()
				may := access == "staff" || strings.HasPrefix(access, "staff ") && (role == "owner" || slices.Contains(strings.Fields(access), role))
				switch {
				case out.Code >= 500:
					t.Errorf("%s answered %d", r.Name, out.Code)
				case may && (out.Code == http.StatusForbidden || strings.HasPrefix(out.Header().Get("Location"), "/login")):
					t.Errorf("%s (%s) refused %s with %d", r.Name, access, role, out.Code)
				case strings.HasPrefix(access, "staff") && !may && out.Code != http.StatusForbidden:
					t.Errorf("%s (%s) answered %s %d", r.Name, access, role, out.Code)
				case access == "customer" && out.Code != http.StatusNotFound:
					t.Errorf("%s answered staff %d", r.Name, out.Code)
				}
			}
		})
	}
}
