package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"customerportal/internal/account"
	"customerportal/internal/fault"
)

// Route is one line of an area's route table.
type Route struct {
	Name    string // unique, for the tests that walk the table
	Method  string
	Path    string
	Access  Access
	Handler echo.HandlerFunc
}

// Access says who may call a route.
type Access struct {
	kind  accessKind
	stage string
	roles []string
}

type accessKind int

const (
	accessNobody accessKind = iota // the zero Access lets nobody in
	accessUnasked
	accessAnyone
	accessStage
	accessSignedIn
	accessCustomer
	accessStaff
)

// Anyone lets everybody call the route, signed in or not.
func Anyone() Access { return Access{kind: accessAnyone} }

// Unasked lets everybody call the route and does not ask who it is: files that
// are the same for all, and whatever must answer when the books do not.
func Unasked() Access { return Access{kind: accessUnasked} }

// Stage lets in only a log-in that stands at that unfinished stage.
func Stage(stage string) Access { return Access{kind: accessStage, stage: stage} }

// SignedIn lets in customers and staff whose log-in is complete.
func SignedIn() Access { return Access{kind: accessSignedIn} }

// Customer lets in a customer whose log-in is complete.
func Customer() Access { return Access{kind: accessCustomer} }

// Staff lets in staff of the given roles, the owner always; without roles, all staff.
func Staff(roles ...string) Access { return Access{kind: accessStaff, roles: roles} }

// String names the access for the route table's test.
func (a Access) String() string {
	switch a.kind {
	case accessUnasked:
		return "unasked"
	case accessAnyone:
		return "anyone"
	case accessSignedIn:
		return "signed in"
	case accessStage:
		return "stage " + a.stage
	case accessCustomer:
		return "customer"
	case accessStaff:
		if len(a.roles) == 0 {
			return "staff"
		}
		s := "staff owner"
		for _, r := range a.roles {
			s += " " + r
		}
		return s
	}
	return "nobody"
}

// Register puts the routes of a table behind their guards.
func (a *App) Register(e *echo.Echo, table []Route) {
	for _, r := range table {
		route := e.Add(r.Method, r.Path, a.guard(r.Access, r.Handler))
		route.Name = r.Name
	}
}

// guard finds the viewer and lets the request through when the access allows it.
func (a *App) guard(access Access, next echo.HandlerFunc) echo.HandlerFunc {
	if access.kind == accessUnasked {
		return next
	}
	return func(c echo.Context) error {
		v, err := a.Authenticate(c)
		if err != nil {
			return err
		}
		c.Set(viewerKey, v)
		if page, ok := stagePages[v.Stage]; ok && access.kind != accessAnyone && (access.kind != accessStage || access.stage != v.Stage) {
			if WantsEvents(c) { // an event stream would follow to a page that is none
				return c.NoContent(http.StatusUnauthorized)
			}
			return See(c, page) // a log-in that is not finished opens nothing else
		}
		if err := access.check(v); err != nil {
			return err
		}
		return next(c)
	}
}

// stagePages are where a log-in goes on that is not finished.
var stagePages = map[string]string{
	account.StageReset: "/password/reset",
	account.StageCode:  "/office/code",
	account.StageEnrol: "/office/enrol",
}

// StagePage is where a log-in at that stage goes on; false when it is finished.
func StagePage(stage string) (string, bool) {
	page, ok := stagePages[stage]
	return page, ok
}

func (a Access) check(v Viewer) error {
	switch a.kind {
	case accessAnyone:
		return nil
	case accessStage:
		if v.Stage == a.stage {
			return nil
		}
		return signedOut()
	case accessSignedIn:
		if v.SignedIn() {
			return nil
		}
		return signedOut()
	case accessCustomer:
		if v.SignedIn() && v.UserID != 0 && v.CustomerID != 0 {
			return nil
		}
		if v.SignedIn() && v.StaffID != 0 {
			return fault.Missing("page")
		}
		return signedOut()
	case accessStaff:
		if !v.SignedIn() {
			return signedOut()
		}
		if v.StaffID == 0 {
			return fault.Missing("page")
		}
		if len(a.roles) > 0 && v.Role != "owner" && !slices.Contains(a.roles, v.Role) {
			return fault.New(fault.Forbidden, "Your role does not include this page. Ask the owner of this portal.")
		}
		return nil
	}
	return fault.Missing("page")
}

func signedOut() error {
	return fault.New(fault.SignedOut, "Please log in.")
}

// healthPath is asked by monitors, which may not know the portal's name.
const healthPath = "/healthz"

// Health is the route that answers monitors.
func (a *App) Health() Route {
	return Route{Name: "health", Method: http.MethodGet, Path: healthPath, Access: Unasked(), Handler: a.health}
}

// health answers 200 when the books can be read.
func (a *App) health(c echo.Context) error {
	if _, err := a.DB.Read().ListSettings(c.Request().Context()); err != nil {
		return err
	}
	return c.String(http.StatusOK, "ok\n")
}
