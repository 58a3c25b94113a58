package account

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
)

// AddCustomer adds a customer as staff typed it in the office, with a new
// Registration Key. A number that is taken is an Invalid fault of the field
// customer_number; the other refusals are those of [SaveCustomer].
func (s *Service) AddCustomer(ctx context.Context, by audit.Actor, r Record) (number string, err error) {
	now := s.clock.Now()
	r.RegistrationKey = ""
	if r, err = r.clean(); err != nil {
		return "", err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		_, err := q.GetCustomerByNumber(ctx, r.Number)
		if err == nil {
			return fault.Field("customer_number", "There is a customer with this number already")
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("customer %s: %w", r.Number, err)
		}
		id, err := addCustomer(ctx, q, now, r)
		if err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "customer.add", CustomerID: id, Object: "customer " + r.Number})
	})
	return r.Number, err
}

// Check trims the site and returns the Invalid fault that names what is wrong
// with it: site_name, address1, address2, city, state or zip.
func (r *SiteRecord) Check() error {
	var refused fault.Fields
	for _, f := range []struct {
		name string
		text *string
		most int
	}{
		{"site_name", &r.Name, 100}, {"address1", &r.Address1, 200}, {"address2", &r.Address2, 200}, {"city", &r.City, 100},
		{"state", &r.State, 40}, {"zip", &r.Zip, 20}, {"tax_code", &r.TaxCode, 40},
	} {
		*f.text = oneLine(*f.text)
		if len(*f.text) > f.most {
			refused.Add(f.name, "This is longer than %d characters", f.most)
		}
	}
	if r.Name == "" {
		refused.Add("site_name", "Enter what the site is called")
	}
	return refused.Err()
}

// seen is a digest of what a form showed, so that of two people the slower one
// is told.
func seen(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// SeenSite is what the form of a site sends back to [Service.EditSite].
func SeenSite(s db.Site) string {
	return seen(s.Name, s.Address1, s.Address2, s.City, s.State, s.Zip, s.TaxCode, fmt.Sprint(s.TaxExempt))
}

// SeenSystem is what the form of a system sends back to [Service.EditSystem].
func SeenSystem(name, kind, account string) string { return seen(name, kind, account) }

// knownTax refuses a tax code that nobody set up, but for the one the site has.
func knownTax(ctx context.Context, q *db.Queries, code, has string) error {
	if code == "" || code == has {
		return nil
	}
	_, err := q.GetTaxCode(ctx, code)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Field("tax_code", "There is no tax code %s", code)
	}
	if err != nil {
		return fmt.Errorf("tax code %s: %w", code, err)
	}
	return nil
}

// freeSite refuses a name that another site of the customer has.
func freeSite(ctx context.Context, q *db.Queries, customerID, id int64, name string) error {
	other, err := q.GetSiteForCustomer(ctx, db.GetSiteForCustomerParams{CustomerID: customerID, Name: name})
	if errors.Is(err, sql.ErrNoRows) || err == nil && other.ID == id {
		return nil
	}
	if err != nil {
		return fmt.Errorf("site %s: %w", name, err)
	}
	return fault.Field("site_name", "This customer has a site of that name already")
}

// AddSite adds a site to a customer and returns its id. A name that the customer
// has already is an Invalid fault of the field site_name, a tax code that nobody
// set up one of tax_code.
func (s *Service) AddSite(ctx context.Context, by audit.Actor, r SiteRecord) (id int64, err error) {
	if err := r.Check(); err != nil {
		return 0, err
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if _, err := q.GetCustomer(ctx, r.CustomerID); err != nil {
			return noRow(err, "customer")
		}
		if err := freeSite(ctx, q, r.CustomerID, 0, r.Name); err != nil {
			return err
		}
		if err := knownTax(ctx, q, r.TaxCode, ""); err != nil {
			return err
		}
		if id, _, err = SaveSite(ctx, q, now, r); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "site.add", CustomerID: r.CustomerID, Object: "site " + r.Name, After: r.values()})
	})
	return id, err
}

// values are the site's fields that are filled, for the audit trail.
func (r SiteRecord) values() map[string]string {
	out := map[string]string{}
	for name, v := range map[string]string{"name": r.Name, "address1": r.Address1, "address2": r.Address2, "city": r.City, "state": r.State, "zip": r.Zip, "tax_code": r.TaxCode} {
		if v != "" {
			out[name] = v
		}
	}
	if r.TaxExempt {
		out["tax_exempt"] = "yes"
	}
	return out
}

// EditSite stores a customer's site as staff changed it, its name too. Seen is
// [SeenSite] of the site that the form showed: when somebody was quicker that is
// a Conflict. Refusals are those of [Service.AddSite]; a site that is missing or
// another customer's is NotFound.
func (s *Service) EditSite(ctx context.Context, by audit.Actor, siteID int64, seen string, r SiteRecord) error {
	if err := r.Check(); err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		row, err := q.GetSiteByIDForCustomer(ctx, db.GetSiteByIDForCustomerParams{ID: siteID, CustomerID: r.CustomerID})
		if err != nil {
			return noRow(err, "site")
		}
		old := SiteRecord{CustomerID: row.CustomerID, Name: row.Name, Address1: row.Address1, Address2: row.Address2, City: row.City, State: row.State, Zip: row.Zip,
			TaxCode: row.TaxCode, TaxExempt: row.TaxExempt != 0}
		if old == r {
			return nil
		}
		if SeenSite(row) != seen {
			return fault.New(fault.Conflict, "Somebody changed this site while you were editing. Compare with the customer's page, then save again to put yours in its place.")
		}
		if err := freeSite(ctx, q, r.CustomerID, siteID, r.Name); err != nil {
			return err
		}
		if err := knownTax(ctx, q, r.TaxCode, row.TaxCode); err != nil {
			return err
		}
		n, err := q.UpdateSiteForCustomer(ctx, db.UpdateSiteForCustomerParams{Name: r.Name, Address1: r.Address1, Address2: r.Address2, City: r.City, State: r.State, Zip: r.Zip,
			TaxCode: r.TaxCode, TaxExempt: db.Flag(r.TaxExempt), ID: siteID, CustomerID: r.CustomerID})
		if err != nil || n != 1 {
			return fmt.Errorf("site %d, %d rows: %w", siteID, n, err)
		}
		before, after := changed(old.values(), r.values())
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "site.edit", CustomerID: r.CustomerID, Object: "site " + r.Name, Before: before, After: after})
	})
}

// changed leaves in each side what differs from the other.
func changed(before, after map[string]string) (from, to map[string]string) {
	from, to = map[string]string{}, map[string]string{}
	for k, v := range before {
		if after[k] != v {
			from[k] = v
		}
	}
	for k, v := range after {
		if before[k] != v {
			to[k] = v
		}
	}
	return from, to
}

// Check trims the system and returns the Invalid fault that names what is wrong
// with it: system_name, system_type or account_number.
func (r *SystemRecord) Check() error {
	var refused fault.Fields
	for _, f := range []struct {
		name string
		text *string
		most int
	}{{"system_name", &r.Name, 100}, {"system_type", &r.SystemType, 60}, {"account_number", &r.AccountNumber, 60}} {
		*f.text = oneLine(*f.text)
		if len(*f.text) > f.most {
			refused.Add(f.name, "This is longer than %d characters", f.most)
		}
	}
	if r.Name == "" {
		refused.Add("system_name", "Enter what the system is called")
	}
	return refused.Err()
}

func (r SystemRecord) values() map[string]string {
	out := map[string]string{}
	for name, v := range map[string]string{"name": r.Name, "system_type": r.SystemType, "account_number": r.AccountNumber} {
		if v != "" {
			out[name] = v
		}
	}
	return out
}

// freeSystem refuses a name that another system of the site has.
func freeSystem(ctx context.Context, q *db.Queries, siteID, id int64, name string) error {
	other, err := q.GetSystemOfSite(ctx, db.GetSystemOfSiteParams{SiteID: siteID, Name: name})
	if errors.Is(err, sql.ErrNoRows) || err == nil && other.ID == id {
		return nil
	}
	if err != nil {
		return fmt.Errorf("system %s: %w", name, err)
	}
	return fault.Field("system_name", "This site has a system of that name already")
}

// AddSystem adds a system to one of a customer's sites. A name that the site has
// already is an Invalid fault of the field system_name; a site that is missing
// or another customer's is NotFound.
func (s *Service) AddSystem(ctx context.Context, by audit.Actor, customerID int64, r SystemRecord) error {
	if err := r.Check(); err != nil {
		return err
	}
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		if _, err := q.GetSiteByIDForCustomer(ctx, db.GetSiteByIDForCustomerParams{ID: r.SiteID, CustomerID: customerID}); err != nil {
			return noRow(err, "site")
		}
		if err := freeSystem(ctx, q, r.SiteID, 0, r.Name); err != nil {
			return err
		}
		if _, _, err := SaveSystem(ctx, q, now, r); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "system.add", CustomerID: customerID, Object: "system " + r.Name, After: r.values()})
	})
}

// EditSystem stores a customer's system as staff changed it, its name too; its
// site stays. Seen is [SeenSystem] of what the form showed. Refusals are those of
// [Service.AddSystem], and a Conflict when somebody was quicker.
func (s *Service) EditSystem(ctx context.Context, by audit.Actor, customerID, systemID int64, seen string, r SystemRecord) error {
	if err := r.Check(); err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		row, err := q.GetSystemToEditForCustomer(ctx, db.GetSystemToEditForCustomerParams{ID: systemID, CustomerID: customerID})
		if err != nil {
			return noRow(err, "system")
		}
		r.SiteID = row.SiteID
		old := SystemRecord{SiteID: row.SiteID, Name: row.Name, SystemType: row.SystemType, AccountNumber: row.AccountNumber}
		if old == r {
			return nil
		}
		if SeenSystem(old.Name, old.SystemType, old.AccountNumber) != seen {
			return fault.New(fault.Conflict, "Somebody changed this system while you were editing. Compare with the customer's page, then save again to put yours in its place.")
		}
		if err := freeSystem(ctx, q, r.SiteID, systemID, r.Name); err != nil {
			return err
		}
		n, err := q.RenameSystem(ctx, db.RenameSystemParams{Name: r.Name, SystemType: r.SystemType, AccountNumber: r.AccountNumber, ID: systemID})
		if err != nil || n != 1 {
			return fmt.Errorf("system %d, %d rows: %w", systemID, n, err)
		}
		before, after := changed(old.values(), r.values())
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "system.edit", CustomerID: customerID, Object: "system " + r.Name, Before: before, After: after})
	})
}

// mostNote bounds the length of a note.
const mostNote = 4000

// AddNote writes down what staff want to remember of a customer. It is never
// changed and customers never see it. The same form sent again adds nothing. Its
// Invalid fault has the field note.
func (s *Service) AddNote(ctx context.Context, by audit.Actor, customerID int64, nonce, note string) error {
	note = strings.TrimSpace(strings.ReplaceAll(note, "\r\n", "\n"))
	switch {
	case note == "":
		return fault.Field("note", "Enter what to remember")
	case len(note) > mostNote:
		return fault.Field("note", "This is longer than %d characters", mostNote)
	case nonce == "":
		return fault.New(fault.Conflict, "This form is not complete. Please open it again.")
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		if _, err := q.GetCustomer(ctx, customerID); err != nil {
			return noRow(err, "customer")
		}
		_, err := q.AddNote(ctx, db.AddNoteParams{CustomerID: customerID, Note: note, Nonce: nonce, StaffID: db.NullID(by.StaffID), At: s.clock.Now()})
		if err != nil {
			return fmt.Errorf("note on customer %d: %w", customerID, err)
		}
		return nil
	})
}
