// Package audit writes the append-only trail of who did what. Rows are added in
// the transaction of the fact they tell of; triggers refuse to change them.
package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
)

// Actor is who does something, and from where. Nouns take one with every write.
type Actor struct {
	Kind      Kind
	UserID    int64  // the customer's log-in, for Customer
	StaffID   int64  // for Staff
	Role      string // the staff member's role
	IP        string
	UserAgent string
}

// Kind is what sort of actor it is.
type Kind string

// The kinds of actor. System is the program itself: jobs, webhooks, commands.
const (
	Visitor  Kind = "visitor"
	Customer Kind = "customer"
	Staff    Kind = "staff"
	System   Kind = "system"
)

// Program is the actor of jobs and of commands on the console.
var Program = Actor{Kind: System}

// Entry is one line of the trail. Before and After are small structs or maps of
// what changed; never put a password, token, key or card digit into them.
type Entry struct {
	Action     string // "invoice.pay", "user.password", in the form noun.verb
	CustomerID int64
	Object     string // what it was done to, in the words people use: "invoice 10023"
	Before     any
	After      any
}

// Record adds the entry. It runs in the caller's transaction.
func Record(ctx context.Context, q *db.Queries, at calendar.Instant, by Actor, e Entry) error {
	before, err := encode(e.Before)
	if err != nil {
		return err
	}
	after, err := encode(e.After)
	if err != nil {
		return err
	}
	err = q.AddAudit(ctx, db.AddAuditParams{
		At: at, Actor: string(by.Kind), UserID: db.NullID(by.UserID), StaffID: db.NullID(by.StaffID), Role: by.Role,
		Action: e.Action, CustomerID: db.NullID(e.CustomerID), Object: e.Object,
		BeforeJson: before, AfterJson: after, IP: by.IP,
	})
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

func encode(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("audit: %w", err)
	}
	return string(b), nil
}
