package web

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"customerportal/internal/fault"
	"customerportal/static"
)

const requestIDKey = "request-id"

// RequestID returns the short reference of the request that is also in the log.
func RequestID(c echo.Context) string {
	id, _ := c.Get(requestIDKey).(string)
	return id
}

// Middleware returns what runs around every handler, outermost first.
func (a *App) Middleware() []echo.MiddlewareFunc {
	return []echo.MiddlewareFunc{a.identify, a.headers, a.recover, a.host, origin, bodyLimit, a.form, compress}
}

// answerWithin bounds the work on one request, so that whatever it waits for it
// gives up before the server cuts the connection. A payment that was sent goes
// on beyond it.
const answerWithin = 50 * time.Second

// identify gives the request its id and writes one line of log when it is done.
func (a *App) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		raw := make([]byte, 10)
		_, _ = rand.Read(raw) // crypto/rand.Read never fails
		id := base32.StdEncoding.EncodeToString(raw)[:12]
		c.Set(requestIDKey, id)
		start := a.Clock()
		// an event stream lasts as long as the page is looked at
		if !streamed(c.Request()) {
			ctx, cancel := context.WithTimeout(c.Request().Context(), answerWithin)
			defer cancel()
			c.SetRequest(c.Request().WithContext(ctx))
		}
		// what an upload began anew ends here, for the error edge still reads
		defer func() {
			if cancel, ok := c.Get(anewKey).(context.CancelFunc); ok {
				cancel()
			}
		}()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		// the path without its query: links in mails carry tokens there
		a.Log.LogAttrs(c.Request().Context(), slog.LevelInfo, "request",
			slog.String("request", id), slog.String("method", c.Request().Method), slog.String("route", c.Path()),
			slog.Int("status", c.Response().Status), slog.Int64("bytes", c.Response().Size),
			slog.Duration("took", a.Clock().Sub(start)), slog.String("ip", c.RealIP()))
		return nil
	}
}

const anewKey = "answer-anew"

// AnswerAnew gives the answer its whole time again, when all of an upload is
// there: receiving it may have taken longer. What is done then goes on when the
// browser goes away meanwhile.
func (a *App) AnswerAnew(c echo.Context) error {
	if cancel, ok := c.Get(anewKey).(context.CancelFunc); ok {
		defer cancel()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), answerWithin)
	c.Set(anewKey, cancel)
	c.SetRequest(c.Request().WithContext(ctx))
	err := http.NewResponseController(c.Response()).SetWriteDeadline(a.Clock().Add(answerWithin + beatWithin))
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// headers sets the security headers of every answer, errors included.
func (a *App) headers(next echo.HandlerFunc) echo.HandlerFunc {
	forms := strings.Join(append([]string{"'self'"}, a.FormTargets...), " ")
	csp := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
		"form-action " + forms + "; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Add("Vary", "HX-Request")
		// whatever may be kept says so itself
		h.Set("Cache-Control", "no-store")
		if a.Secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		return next(c)
	}
}

// recover turns a panic into an internal error with its stack in the log.
func (a *App) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				if r == http.ErrAbortHandler {
					panic(r)
				}
				a.Log.Error("panic", "request", RequestID(c), "stack", string(debug.Stack()))
				err = fmt.Errorf("panic: %v", r)
			}
		}()
		return next(c)
	}
}

// host refuses requests for a name that is not the portal's own, so that no
// forged Host reaches a link or passes the cross-origin check. A portal that is
// tried out on this machine sends its other names, like localhost, to its own.
func (a *App) host(next echo.HandlerFunc) echo.HandlerFunc {
	own, local := "", false
	if u, err := url.Parse(a.PublicURL); err == nil {
		own, local = u.Host, loopback(u.Hostname())
	}
	return func(c echo.Context) error {
		r := c.Request()
		if strings.EqualFold(r.Host, own) || r.URL.Path == healthPath {
			return next(c)
		}
		if asked, err := url.Parse("http://" + r.Host); err == nil && local && loopback(asked.Hostname()) && r.Method == http.MethodGet {
			return c.Redirect(http.StatusSeeOther, a.PublicURL+r.URL.RequestURI())
		}
		return echo.NewHTTPError(http.StatusMisdirectedRequest)
	}
}

// loopback reports whether a host name means this machine itself.
func loopback(name string) bool {
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// origin refuses what another site's page sends in the visitor's name: unsafe
// methods whose Sec-Fetch-Site or Origin is not our own. Requests with neither
// header come from no browser and pass; those are told apart by signatures.
func origin(next echo.HandlerFunc) echo.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		if err := protection.Check(c.Request()); err != nil {
			return fault.New(fault.Forbidden, "This request came from another site, so we did not carry it out. Please go to the page here and try again.")
		}
		return next(c)
	}
}

// bodyLimit is 1 MiB, 3 MiB where the dealer's logo is uploaded, 9 MiB where a
// form is that a customer signed on paper, 13 MiB where a technician's photo may
// come, 22 MiB where PDFs are attached to a proposal, 100 MiB for photos and 200
// MiB for the files of an import. The last four are read only once it is known
// who sends them, and none of it holds for a form without files.
func bodyLimit(next echo.HandlerFunc) echo.HandlerFunc {
	usual, logo, paper, files, photos := middleware.BodyLimit("1M")(next), middleware.BodyLimit("3M")(next), middleware.BodyLimit("9M")(next), middleware.BodyLimit("200M")(next), middleware.BodyLimit(photosLimit)(next)
	tap, attached := middleware.BodyLimit("13M")(next), middleware.BodyLimit("22M")(next)
	return func(c echo.Context) error {
		path := c.Request().URL.Path
		if !multipartForm(c.Request()) {
			path = ""
		}
		switch {
		case path == LogoPath:
			return logo(c)
		case path == ImportPath:
			return files(c)
		case photoForm(path):
			return photos(c)
		case strings.HasPrefix(path, ProposalsPath):
			return attached(c)
		case strings.HasPrefix(path, "/office/customers/") && strings.HasSuffix(path, SignedFormPath):
			return paper(c)
		case isTap(path):
			return tap(c)
		}
		err := usual(c)
		if errors.Is(err, echo.ErrStatusRequestEntityTooLarge) && strings.HasSuffix(c.Request().URL.Path, SignPath) {
			return fault.New(fault.Invalid, "The drawing is too large for us to take, so nothing was signed. Press \"Clear\" and draw your name once more, more simply, or sign with your typed name alone.")
		}
		return err
	}
}

// SignPath ends the address of a form with a name that is drawn.
const SignPath = "/accept"

// LogoPath is where the office uploads the dealer's logo.
const LogoPath = "/office/settings/logo"

// ImportPath is where the office brings files to be imported.
const ImportPath = "/office/import"

// ProposalsPath is what the addresses begin with where the office writes
// proposals and uploads PDFs.
const ProposalsPath = "/office/proposals/"

// SignedFormPath is where the office uploads a customer's signed form, behind
// the path of the customer.
const SignedFormPath = "/autopay/form"

// TapsPath is where a technician's phone sends what was pressed, photos too,
// behind the path of the work order.
const TapsPath = "/taps"

func isTap(path string) bool {
	return strings.HasPrefix(path, "/office/day/") && strings.HasSuffix(path, TapsPath)
}

// form reads the form before any handler does, so that a broken one is refused
// in one place: handlers find every value, and each is text that the database
// can keep.
func (a *App) form(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		err := r.ParseForm()
		if multipartForm(r) {
			// the server does so only for the request it made, of which this is a copy
			defer func() {
				if r.MultipartForm == nil {
					return
				}
				if err := r.MultipartForm.RemoveAll(); err != nil {
					a.Log.Error("a file of a form is left on disk", "request", RequestID(c), "error", err.Error())
				}
			}()
			// large files are read once it is known who sends them: those of an import
			// and photos as they come, by [App.Upload], the others by [App.ReadForm]
			if r.URL.Path != ImportPath && !photoForm(r.URL.Path) && !strings.HasPrefix(r.URL.Path, ProposalsPath) && !isTap(r.URL.Path) {
				err = r.ParseMultipartForm(1 << 20)
			}
		}
		// a link with a mangled query is followed all the same
		if err != nil && r.Method != http.MethodGet {
			return unreadable(err)
		}
		if err := readable(r); err != nil {
			return err
		}
		return next(c)
	}
}

func multipartForm(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what cannot be read is no such form
	return kind == "multipart/form-data"
}

// ReadForm reads a form with large files, which may take longer than a request
// otherwise may, as long as the browser goes on sending. Any other form is read
// already.
func (a *App) ReadForm(c echo.Context) error {
	r := c.Request()
	if !multipartForm(r) {
		return nil
	}
	r.Body = a.uploadOf(c)
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		return unreadable(err)
	}
	if err := readable(r); err != nil {
		return err
	}
	return a.AnswerAnew(c)
}

func unreadable(err error) error {
	if errors.Is(err, echo.ErrStatusRequestEntityTooLarge) {
		return err
	}
	return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
}

// readable refuses values that the database could not keep.
func readable(r *http.Request) error {
	for name, values := range r.Form {
		for _, v := range append(values, name) {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return unreadable(errors.New("a form value is not text"))
			}
		}
	}
	return nil
}

// compress packs pages. The built-in files are packed already and papers do not
// get smaller.
var compress = middleware.GzipWithConfig(middleware.GzipConfig{Level: 5, MinLength: 1024, Skipper: func(c echo.Context) bool {
	path := c.Request().URL.Path
	return strings.HasPrefix(path, static.Prefix) || strings.HasPrefix(path, brandPrefix) || strings.HasSuffix(path, ".pdf") || strings.HasSuffix(path, ".zip") || streamed(c.Request())
}})

// Static serves the built-in files.
func (a *App) Static() Route {
	return Route{Name: "static", Method: http.MethodGet, Path: static.Prefix + "*", Access: Unasked(), Handler: a.static}
}

func (a *App) static(c echo.Context) error {
	if !a.Assets.Has(c.Request().URL.Path) {
		return fault.Missing("file")
	}
	a.Assets.ServeHTTP(c.Response(), c.Request())
	return nil
}
