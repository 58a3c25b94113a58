package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/gob"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/views"
)

// Sessions is a gorilla/sessions Store over the books: the cookie holds a random
// reference and nothing else, and the books hold its hash, so that a session can
// be ended on the server and a copied file signs nobody in.
type Sessions struct {
	accounts *account.Service
	secure   bool
	// OfficeTabs lists the tabs of the office for a role; nil for none.
	OfficeTabs func(role string) []views.Tab
	// PortalTabs lists a customer's tabs with what waits behind each; nil for none.
	PortalTabs func(ctx context.Context, customerID int64) ([]views.Tab, error)
}

var _ sessions.Store = (*Sessions)(nil)

// NewSessions returns the store. Over https the cookie has the __Host- prefix,
// which ties it to this very host (RFC 6265bis, 4.1.3.2).
func NewSessions(accounts *account.Service, secure bool) *Sessions {
	return &Sessions{accounts: accounts, secure: secure}
}

// CookieName is the name of the session's cookie.
func (s *Sessions) CookieName() string { return cookieName(s.secure, "session") }

func cookieName(secure bool, name string) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// The values of a session that are columns of their own; any other value with a
// string key is kept beside them.
const (
	valueLogin   = "login"   // account.Login, set to begin a session
	valueSession = "session" // account.Session, as found
	valueActor   = "actor"   // audit.Actor, whoever sends the request
)

// Get returns the request's session, found once.
func (s *Sessions) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New returns the live session behind the request's cookie, or an empty one
// with IsNew set.
func (s *Sessions) New(r *http.Request, name string) (*sessions.Session, error) {
	out := s.blank(name)
	cookie, err := r.Cookie(name)
	if err != nil {
		return out, nil
	}
	found, err := s.accounts.FindSession(r.Context(), cookie.Value)
	if fault.Is(err, fault.SignedOut) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.ID, out.IsNew = cookie.Value, false
	if len(found.Data) > 0 {
		if err := gob.NewDecoder(bytes.NewReader(found.Data)).Decode(&out.Values); err != nil {
			return out, fmt.Errorf("session data: %w", err)
		}
	}
	out.Values[valueSession] = found
	return out, nil
}

func (s *Sessions) blank(name string) *sessions.Session {
	out := sessions.NewSession(s, name)
	out.IsNew = true
	out.Options = &sessions.Options{Path: "/", Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return out
}

// Save stores the session and sets its cookie. A new one gets a fresh reference;
// one whose MaxAge is negative is deleted on the server and in the browser.
func (s *Sessions) Save(r *http.Request, w http.ResponseWriter, out *sessions.Session) error {
	ctx := r.Context()
	found, _ := out.Values[valueSession].(account.Session)
	by, _ := out.Values[valueActor].(audit.Actor)
	if out.Options.MaxAge < 0 {
		http.SetCookie(w, sessions.NewCookie(out.Name(), "", out.Options))
		if out.IsNew {
			return nil
		}
		return s.accounts.CloseSession(ctx, by, found.Hash)
	}
	data, err := encodeValues(out.Values)
	if err != nil {
		return err
	}
	if !out.IsNew {
		return s.accounts.KeepData(ctx, found.Hash, data)
	}
	login, ok := out.Values[valueLogin].(account.Login)
	if !ok {
		return nil // a visitor has no session, and so no cookie
	}
	if out.ID, err = s.accounts.OpenSession(ctx, by, login, data); err != nil {
		return err
	}
	out.IsNew = false
	http.SetCookie(w, sessions.NewCookie(out.Name(), out.ID, out.Options))
	return nil
}

// encodeValues is what handlers put into the session, without what the books
// have columns for.
func encodeValues(values map[any]any) ([]byte, error) {
	rest := map[any]any{}
	for k, v := range values {
		if k != valueLogin && k != valueSession && k != valueActor {
			rest[k] = v
		}
	}
	if len(rest) == 0 {
		return []byte{}, nil
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(rest); err != nil {
		return nil, fmt.Errorf("session data: %w", err)
	}
	return b.Bytes(), nil
}

// Authenticate tells whose session the request carries, and notes once a minute
// that it is in use. It is the App's Authenticate.
func (s *Sessions) Authenticate(c echo.Context) (Viewer, error) {
	session, err := s.Get(c.Request(), s.CookieName())
	if err != nil {
		return Viewer{}, err
	}
	found, ok := session.Values[valueSession].(account.Session)
	if !ok {
		return Viewer{}, nil
	}
	// what a page asks for by itself does not make the session live longer
	if !followed(c.Request()) {
		if err := s.accounts.Seen(c.Request().Context(), found); err != nil {
			// reading goes on when nothing can be written
			if !fault.Is(err, fault.Unavailable) {
				return Viewer{}, err
			}
		}
	}
	v := Viewer{
		UserID: found.UserID, StaffID: found.StaffID, Role: found.Role, CustomerID: found.CustomerID,
		Stage: found.Stage, Email: found.Email, Name: found.StaffName, Session: found.Hash,
	}
	if v.Name == "" {
		v.Name = v.Email
	}
	return v, nil
}

// current is the session as the guard found it; the zero Session for visitors.
func (s *Sessions) current(c echo.Context) (*sessions.Session, account.Session, error) {
	session, err := s.Get(c.Request(), s.CookieName())
	if err != nil {
		return nil, account.Session{}, err
	}
	found, _ := session.Values[valueSession].(account.Session)
	return session, found, nil
}

// Begin opens the session of a log-in under a new cookie value. The one there
// was before, whoever chose it, is worth nothing afterwards.
func (s *Sessions) Begin(c echo.Context, login account.Login) error {
	_, before, err := s.current(c)
	if err != nil {
		return err
	}
	by := Actor(c)
	if before.Hash != nil {
		// the same person going on to the next stage has not logged out
		quiet := by
		quiet.UserID, quiet.StaffID = 0, 0
		if err := s.accounts.CloseSession(c.Request().Context(), quiet, before.Hash); err != nil {
			return err
		}
	}
	session := s.blank(s.CookieName())
	session.Values[valueLogin], session.Values[valueActor] = login, by
	return s.Save(c.Request(), c.Response(), session)
}

// End logs the viewer out: the session is deleted on the server, its cookie in
// the browser, and with it what the browser kept of our pages.
func (s *Sessions) End(c echo.Context) error {
	session, _, err := s.current(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	session.Options.MaxAge = -1
	session.Values[valueActor] = Actor(c)
	return session.Save(c.Request(), c.Response())
}

// Extend starts the idle time of the viewer's session anew.
func (s *Sessions) Extend(c echo.Context) error {
	_, found, err := s.current(c)
	if err != nil {
		return err
	}
	return s.accounts.Extend(c.Request().Context(), found)
}

// Idle is how long the viewer's session lives without a request.
func (s *Sessions) Idle(v Viewer) time.Duration {
	return account.Session{StaffID: v.StaffID}.Idle()
}

// Decorate fills what the layout shows of the viewer. It is the App's Decorate.
func (s *Sessions) Decorate(c echo.Context, v Viewer) (views.Viewer, error) {
	_, found, err := s.current(c)
	if err != nil {
		return views.Viewer{}, err
	}
	out := views.Viewer{SignedIn: true, Staff: v.StaffID != 0, Role: v.Role, Name: v.Name}
	switch {
	case out.Staff && s.OfficeTabs != nil:
		out.Tabs = s.OfficeTabs(v.Role)
	case !out.Staff:
		out.Customer, out.Number, out.Others = found.CustomerName, found.CustomerNumber, found.Others
		if s.PortalTabs != nil {
			if out.Tabs, err = s.PortalTabs(c.Request().Context(), v.CustomerID); err != nil {
				return views.Viewer{}, err
			}
		}
	}
	return out, nil
}

// SeeNotice is [See] with a word of success that the next page shows once. It
// travels in a cookie of its own, so that reading it writes nothing.
func (a *App) SeeNotice(c echo.Context, path, notice string) error {
	a.carryNotice(c, notice)
	return See(c, path)
}

func (a *App) carryNotice(c echo.Context, notice string) {
	c.SetCookie(&http.Cookie{
		Name: cookieName(a.Secure(), "notice"), Value: base64.RawURLEncoding.EncodeToString([]byte(notice)),
		Path: "/", MaxAge: 60, Secure: a.Secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// notice returns the word of success that was carried here, and drops it.
func (a *App) notice(c echo.Context) string {
	name := cookieName(a.Secure(), "notice")
	cookie, err := c.Cookie(name)
	if err != nil || cookie.Value == "" {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(text) > 500 {
		return ""
	}
	c.SetCookie(&http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: a.Secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return string(text)
}
