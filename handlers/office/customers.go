package office

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/money"
	"customerportal/views"
	view "customerportal/views/office"
)

// perPage is how many rows a page of a list has.
const perPage = 20

// customers is the search; typing asks for the results alone. Without a word to
// search for it is the list of all, by number.
func (h *Handlers) customers(c echo.Context) error {
	ctx := c.Request().Context()
	p := &view.CustomersPage{Base: views.Base{Title: "Customers", Tab: "customers"}, Query: strings.TrimSpace(c.QueryParam("q"))}
	if may(c, helpers) {
		p.New = "/office/customers/new"
	}
	if may(c, owners) {
		p.Import = importPath
	}
	var found []account.Found
	var err error
	if p.Query != "" {
		found, err = h.Accounts.Search(ctx, p.Query)
		p.Found = count(int64(len(found)), "customer", "customers")
		if len(found) == perPage {
			p.Found = "The first 20 customers; go on typing to narrow them down"
		}
	} else {
		found, p.Next, err = h.customersAfter(ctx, c.QueryParam("after"))
	}
	if err != nil {
		return err
	}
	if p.Rows, err = h.customerRows(ctx, found); err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/customers", "results", p)
	}
	return h.Page(c, http.StatusOK, "office/customers", p)
}

// customersAfter is a page of all customers, and where the next one is.
func (h *Handlers) customersAfter(ctx context.Context, number string) ([]account.Found, string, error) {
	rows, err := h.DB.Read().ListCustomers(ctx, db.ListCustomersParams{AfterNumber: number, HowMany: perPage + 1})
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(rows) > perPage {
		rows = rows[:perPage]
		next = "/office/customers?after=" + url.QueryEscape(rows[perPage-1].Number)
	}
	found := make([]account.Found, len(rows))
	for i, r := range rows {
		found[i] = account.Found{ID: r.ID, Number: r.Number, Name: r.DisplayName, City: r.City, State: r.State, Status: r.Status}
	}
	return found, next, nil
}

func (h *Handlers) customerRows(ctx context.Context, found []account.Found) ([]view.CustomerRow, error) {
	if len(found) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(found))
	for i, f := range found {
		ids[i] = f.ID
	}
	balances, err := h.DB.Read().ListBalances(ctx, ids)
	if err != nil {
		return nil, err
	}
	owed := map[int64]money.Cents{}
	for _, b := range balances {
		owed[b.CustomerID] = money.Cents(b.Balance)
	}
	rows := make([]view.CustomerRow, len(found))
	for i, f := range found {
		rows[i] = view.CustomerRow{Number: f.Number, Name: f.Name, City: joined(", ", f.City, f.State), Href: customerPath(f.Number), Inactive: f.Status != "active"}
		if b := owed[f.ID]; b > 0 {
			rows[i].Balance = b.String()
		}
	}
	return rows, nil
}

// joined puts together those parts that hold something.
func joined(between string, parts ...string) string {
	var full []string
	for _, p := range parts {
		if p != "" {
			full = append(full, p)
		}
	}
	return strings.Join(full, between)
}

// finder looks for the customer whom something new at an address is for.
func (h *Handlers) finder(c echo.Context, address string) (view.CustomerFinder, error) {
	f := view.CustomerFinder{Action: address, Query: strings.TrimSpace(c.QueryParam("q"))}
	if may(c, helpers) {
		f.New = "/office/customers/new"
	}
	if f.Query == "" {
		return f, nil
	}
	found, err := h.Accounts.Search(c.Request().Context(), f.Query)
	if err != nil {
		return f, err
	}
	f.Found = count(int64(len(found)), "customer", "customers")
	if len(found) == perPage {
		f.Found = fmt.Sprintf("The first %d customers; go on typing to narrow them down", perPage)
	}
	for _, one := range found {
		f.Rows = append(f.Rows, view.CustomerRow{Number: one.Number, Name: one.Name, City: joined(", ", one.Address, one.City, one.State), Inactive: one.Status != "active",
			Href: address + "?customer=" + url.QueryEscape(one.Number)})
	}
	return f, nil
}
