package sale

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// most bounds how many findings of one kind are listed.
const most = 100

// doRestore is for what no part of the program can have written.
const doRestore = "The program does not write this: the file was changed from outside, or is damaged. Keep a copy of it, and compare with the last good backup"

// Check proves what accepted proposals became: it is their customer's, stands in
// their trail, and comes with the deposit to the accepted total to the cent. It
// returns what is wrong, at most a hundred of each kind. It only reads; give it
// one read transaction ([db.DB.View]).
func Check(ctx context.Context, q *db.Queries, _ calendar.Instant) ([]ledger.Finding, error) {
	var found []ledger.Finding
	add := func(object, problem string, args ...any) {
		found = append(found, ledger.Finding{Object: object, Problem: fmt.Sprintf(problem, args...), Do: doRestore})
	}
	results, err := q.CheckProposalResults(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("sale: check: %w", err)
	}
	for _, r := range results {
		object := "proposal " + r.Number
		if r.State != "accepted" {
			add(object, "it was carried out, but is %s", r.State)
		}
		if r.ForeignOrder != 0 {
			add(object, "work order %s was not made for it", r.WorkOrder)
		}
		if r.ForeignInvoice != 0 {
			add(object, "invoice %s is another customer's", r.Invoice)
		}
		if r.InvoiceState == "issued" && r.Invoiced != r.Accepted-r.Deposits {
			add(object, "%s was accepted, of which %s was asked as deposits, but invoice %s is over %s", money.Cents(r.Accepted), money.Cents(r.Deposits), r.Invoice, money.Cents(r.Invoiced))
		}
		if r.ReplacedBy != 0 {
			add(object, "version %d was carried out, but version %d was accepted in its place", r.Version, r.ReplacedBy)
		}
		if r.Unwritten != 0 {
			add(object, "its trail does not tell that it was carried out")
		}
	}
	items, err := q.CheckProposalItems(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("sale: check: %w", err)
	}
	for _, i := range items {
		if i.ForeignItem != 0 {
			add("proposal "+i.Number, "the recurring item of line %d is another customer's", i.Position)
		} else {
			add("proposal "+i.Number, "there is a recurring item of line %d, which does not recur or was not accepted", i.Position)
		}
	}
	deposits, err := q.CheckDeposits(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("sale: check: %w", err)
	}
	for _, d := range deposits {
		due := max(0, d.DepositCents-d.DepositAskedCents)
		switch {
		case d.Invoice == "":
			add("proposal "+d.Number, "a deposit of %s was agreed to, but there is no invoice over it", due)
		case d.ForeignInvoice != 0:
			add("proposal "+d.Number, "the invoice %s over its deposit is another customer's", d.Invoice)
		default:
			add("proposal "+d.Number, "a deposit of %s was agreed to, but invoice %s is over %s", due, d.Invoice, money.Cents(d.Invoiced))
		}
	}
	return found, nil
}
