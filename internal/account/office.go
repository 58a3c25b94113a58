package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
)

// EditCustomer stores a customer as staff edited it in the office, at once and
// with all phones and e-mail addresses, and records what changed. Number and
// Registration Key of the record are not looked at: they do not change here.
//
// Seen is when the customer was last changed as the form knew it
// (customers.updated_at): when somebody was quicker, that is a Conflict, and
// nothing is stored. Refusals are Invalid faults with the columns of
// customers.csv as fields.
func (s *Service) EditCustomer(ctx context.Context, by audit.Actor, customerID int64, seen calendar.Instant, r Record) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		old, err := q.GetCustomer(ctx, customerID)
		if err != nil {
			return noRow(err, "customer")
		}
		r.Number, r.RegistrationKey = old.Number, ""
		r, err := r.clean()
		if err != nil {
			return err
		}
		if old.UpdatedAt != seen {
			return fault.New(fault.Conflict, "Somebody changed this customer while you were editing. Compare with the customer's page, then save again to put yours in its place.")
		}
		return s.edit(ctx, q, by, old, r)
	})
}

// edit stores what differs. It runs in the caller's transaction.
func (s *Service) edit(ctx context.Context, q *db.Queries, by audit.Actor, old db.Customer, r Record) error {
	phones, err := phonesOf(ctx, q, old.ID)
	if err != nil {
		return err
	}
	emails, err := q.ListEmailsForCustomer(ctx, old.ID)
	if err != nil {
		return fmt.Errorf("addresses of customer %d: %w", old.ID, err)
	}
	before, after := map[string]string{}, map[string]string{}
	note := func(name, from, to string) bool {
		if from == to {
			return false
		}
		before[name], after[name] = from, to
		return true
	}
	next := old
	for _, f := range []struct {
		name string
		at   *string
		to   string
	}{
		{"business_name", &next.BusinessName, r.BusinessName}, {"first_name", &next.FirstName, r.FirstName}, {"last_name", &next.LastName, r.LastName},
		{"address1", &next.Address1, r.Address1}, {"address2", &next.Address2, r.Address2},
		{"city", &next.City, r.City}, {"state", &next.State, r.State}, {"zip", &next.Zip, r.Zip},
		{"status", &next.Status, r.Status}, {"terms", &next.Terms, r.Terms}, {"salesperson_email", &next.SalespersonEmail, r.SalespersonEmail},
	} {
		if note(f.name, *f.at, f.to) {
			*f.at = f.to
		}
	}
	newPhones := note("phone", strings.Join(phones, ", "), strings.Join(r.Phones, ", "))
	newEmails := note("email", strings.Join(emails, ", "), strings.Join(r.Emails, ", "))
	if len(after) == 0 {
		return nil
	}
	now := s.clock.Now()
	if err := writeCustomer(ctx, q, now, next); err != nil {
		return err
	}
	if newPhones {
		if err := putPhones(ctx, q, old.ID, r.Phones); err != nil {
			return err
		}
	}
	if newEmails {
		if err := putEmails(ctx, q, old.ID, r.Emails); err != nil {
			return err
		}
	}
	if err := indexCustomer(ctx, q, old.ID); err != nil {
		return err
	}
	return audit.Record(ctx, q, now, by, audit.Entry{Action: "customer.contact", CustomerID: old.ID, Object: "contact", Before: before, After: after})
}

// StaffInvite is somebody who is to work in the office.
type StaffInvite struct {
	Email, Name, Role string
	// Mail sends the one-time link to the address; it is returned all the same.
	Mail bool
}

// Invite adds a staff member and returns the address of the one-time link on
// which that person chooses a password and a second factor. An address that is
// on the list of staff already is an Invalid fault of the field email.
func (s *Service) Invite(ctx context.Context, by audit.Actor, i StaffInvite) (link string, err error) {
	var refused fault.Fields
	email, ok := CleanEmail(i.Email)
	if !ok {
		refused.Add("email", "Enter an e-mail address, like name@example.com")
	}
	if i.Name = oneLine(i.Name); i.Name == "" || len(i.Name) > 100 {
		refused.Add("name", "Enter a name of at most 100 letters")
	}
	if !slices.Contains(Roles, i.Role) {
		refused.Add("role", "Choose a role")
	}
	if err := refused.Err(); err != nil {
		return "", err
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		_, err := q.GetStaffByEmail(ctx, email)
		if err == nil {
			return fault.Field("email", "This address is on the list of staff already")
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("inviting staff: %w", err)
		}
		id, err := q.AddStaff(ctx, db.AddStaffParams{Email: email, Name: i.Name, Role: i.Role, CreatedAt: now})
		if err != nil {
			return fmt.Errorf("inviting staff: %w", err)
		}
		link, err = s.inviteLink(ctx, q, now, db.Staff{ID: id, Email: email, Name: i.Name}, i.Mail)
		if err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "staff.invite", Object: email, After: map[string]string{"role": i.Role}})
	})
	return link, err
}

// InviteAgain gives a staff member a fresh one-time link, for a forgotten
// password or a lost phone; the link kills the older ones, and using it sets
// password and second factor anew. It returns the link's address. A staff
// member who is disabled is a Conflict.
func (s *Service) InviteAgain(ctx context.Context, by audit.Actor, staffID int64, mail bool) (link string, err error) {
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		staff, err := q.GetStaff(ctx, staffID)
		if err != nil {
			return noRow(err, "staff member")
		}
		if staff.DisabledAt != 0 {
			return fault.New(fault.Conflict, "This staff member is disabled. Enable the log-in first.")
		}
		if err := q.VoidStaffTokens(ctx, db.VoidStaffTokensParams{UsedAt: now, StaffID: db.NullID(staffID)}); err != nil {
			return fmt.Errorf("inviting staff: %w", err)
		}
		link, err = s.inviteLink(ctx, q, now, db.Staff{ID: staff.ID, Email: staff.Email, Name: staff.Name}, mail)
		if err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "staff.invite", Object: staff.Email, After: map[string]string{"role": staff.Role}})
	})
	return link, err
}

// inviteLink makes a one-time link and mails it when asked to. It runs in the
// caller's transaction.
func (s *Service) inviteLink(ctx context.Context, q *db.Queries, now calendar.Instant, staff db.Staff, mail bool) (string, error) {
	token, err := addToken(ctx, q, now, setupAge, db.AddTokenParams{Purpose: purposeInvite, StaffID: db.NullID(staff.ID)})
	if err != nil {
		return "", err
	}
	link := s.mail.PublicURL(setupPath(token))
	if !mail {
		return link, nil
	}
	return link, s.mail.Enqueue(ctx, q, now, outbox.Mail{
		Fact: fmt.Sprintf("staff %d invited %d", staff.ID, now), ToName: staff.Name, ToEmail: staff.Email, Secret: true,
		Body: outbox.StaffInvite{Name: staff.Name, Link: link, Hours: int(setupAge.Hours())},
	})
}

// SetStaffRole gives a staff member another role, which counts from the next
// request on. An office keeps at least one owner who can log in: taking the
// role from the last is a Conflict.
func (s *Service) SetStaffRole(ctx context.Context, by audit.Actor, staffID int64, role string) error {
	if !slices.Contains(Roles, role) {
		return fault.Field("role", "Choose a role")
	}
	return s.staffMember(ctx, by, staffID, func(q *db.Queries, staff db.Staff) (audit.Entry, error) {
		if staff.Role == role {
			return audit.Entry{}, nil
		}
		if role != "owner" {
			if err := keepOwner(ctx, q, staff); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Action: "staff.role", Object: staff.Email, Before: staff.Role, After: role},
			q.SetStaffRole(ctx, db.SetStaffRoleParams{Role: role, ID: staffID})
	})
}

// DisableStaff keeps a staff member out of the office from this moment: the
// sessions end and the links that were mailed are dead. Nobody disables
// themselves or the last owner: that is a Conflict.
func (s *Service) DisableStaff(ctx context.Context, by audit.Actor, staffID int64) error {
	now := s.clock.Now()
	return s.staffMember(ctx, by, staffID, func(q *db.Queries, staff db.Staff) (audit.Entry, error) {
		switch {
		case staff.DisabledAt != 0:
			return audit.Entry{}, nil
		case staffID == by.StaffID:
			return audit.Entry{}, fault.New(fault.Conflict, "You cannot disable yourself.")
		}
		if err := keepOwner(ctx, q, staff); err != nil {
			return audit.Entry{}, err
		}
		if err := q.SetStaffDisabled(ctx, db.SetStaffDisabledParams{DisabledAt: now, ID: staffID}); err != nil {
			return audit.Entry{}, err
		}
		if err := q.VoidStaffTokens(ctx, db.VoidStaffTokensParams{UsedAt: now, StaffID: db.NullID(staffID)}); err != nil {
			return audit.Entry{}, err
		}
		_, err := q.DeleteSessionsOfStaff(ctx, db.NullID(staffID))
		return audit.Entry{Action: "staff.disable", Object: staff.Email}, err
	})
}

// EnableStaff lets a disabled staff member log in again, with the password and
// second factor there were.
func (s *Service) EnableStaff(ctx context.Context, by audit.Actor, staffID int64) error {
	return s.staffMember(ctx, by, staffID, func(q *db.Queries, staff db.Staff) (audit.Entry, error) {
		if staff.DisabledAt == 0 {
			return audit.Entry{}, nil
		}
		return audit.Entry{Action: "staff.enable", Object: staff.Email},
			q.SetStaffDisabled(ctx, db.SetStaffDisabledParams{DisabledAt: 0, ID: staffID})
	})
}

// staffMember changes one staff member in a transaction and records the entry
// that change returns; one without an action changed nothing.
func (s *Service) staffMember(ctx context.Context, by audit.Actor, staffID int64, change func(q *db.Queries, staff db.Staff) (audit.Entry, error)) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		staff, err := q.GetStaff(ctx, staffID)
		if err != nil {
			return noRow(err, "staff member")
		}
		entry, err := change(q, staff)
		if err != nil || entry.Action == "" {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, entry)
	})
}

// keepOwner refuses to do without the last owner who can log in.
func keepOwner(ctx context.Context, q *db.Queries, staff db.Staff) error {
	if staff.Role != "owner" || staff.DisabledAt != 0 {
		return nil
	}
	n, err := q.CountOtherOwners(ctx, staff.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "This is the only owner who can log in. Make somebody else an owner first.")
	}
	return nil
}
