package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

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
	accessAnyone
	accessStage
	accessCustomer
	accessStaff
)

// Anyone lets everybody call the route, signed in or not.
func Anyone() Access { return Access{kind: accessAnyone} }

// Stage lets in only a log-in that stands at that unfinished stage.
func Stage(stage string) Access { return Access{kind: accessStage, stage: stage} }

// Customer lets in a customer whose log-in is complete.
func Customer() Access { return Access{kind: accessCustomer} }

// Staff lets in staff of the given roles, the owner always; without roles, all staff.
func Staff(roles ...string) Access { return Access{kind: accessStaff, roles: roles} }

// String names the access for the route table's test.
func (a Access) String() string {
	switch a.kind {
	case accessAnyone:
		return "anyone"
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
	return func(c echo.Context) error {
		v, err := a.Authenticate(c)
		if err != nil {
			return err
		}
		c.Set(viewerKey, v)
		if access.kind != accessAnyone {
			c.Response().Header().Set("Cache-Control", "no-store")
		}
		if err := access.check(v); err != nil {
			return err
		}
		return next(c)
	}
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

// Health answers monitors: 200 once the books can be read.
func (a *App) Health(c echo.Context) error {
	if _, err := a.DB.Read().ListSettings(c.Request().Context()); err != nil {
		return err
	}
	return c.String(http.StatusOK, "ok\n")
}
