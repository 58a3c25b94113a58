package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Record is a customer as the dealer's books know it.
type Record struct {
	Number                               string // as the dealer counts; required
	BusinessName                         string // required unless both names are given
	FirstName, LastName                  string
	Address1, Address2, City, State, Zip string
	Phones                               []string // as written, in the dealer's order
	Emails                               []string
	RegistrationKey                      string // "" = made when the customer is new, kept otherwise
	Status                               string // "active" (also for "") or "inactive"
	Terms                                string
	SalespersonEmail                     string
	// Overwrite lets the record replace a contact block that the customer
	// changed in the portal; without it that block stays and is named in
	// [Change.Kept].
	Overwrite bool
}

// Change tells what saving a record did.
type Change struct {
	State ChangeState
	// Fields are the columns that changed, in the order of the record.
	Fields []string
	// Kept are the columns in which the record differs from what the customer
	// wrote in the portal, which stayed.
	Kept []string
}

// ChangeState is the outcome of saving one record.
type ChangeState int

// The outcomes.
const (
	Unchanged ChangeState = iota
	Created
	Updated
)

// SaveCustomer adds the customer of that number or brings it up to date, with
// phones, e-mail addresses and the search index. It runs in the caller's
// transaction. It returns an Invalid fault that names every refused column.
func SaveCustomer(ctx context.Context, q *db.Queries, now calendar.Instant, r Record) (int64, Change, error) {
	r, err := r.clean()
	if err != nil {
		return 0, Change{}, err
	}
	old, err := q.GetCustomerByNumber(ctx, r.Number)
	if errors.Is(err, sql.ErrNoRows) {
		id, err := addCustomer(ctx, q, now, r)
		return id, Change{State: Created}, err
	}
	if err != nil {
		return 0, Change{}, fmt.Errorf("customer %s: %w", r.Number, err)
	}
	change, err := updateCustomer(ctx, q, now, old, r)
	return old.ID, change, err
}

// Check returns the Invalid fault that [SaveCustomer] would return, without the
// books.
func (r Record) Check() error {
	_, err := r.clean()
	return err
}

// clean trims the record and checks it.
func (r Record) clean() (Record, error) {
	var refused fault.Fields
	for _, f := range []struct {
		name string
		text *string
		most int
	}{
		{"customer_number", &r.Number, 40}, {"business_name", &r.BusinessName, 200},
		{"first_name", &r.FirstName, 100}, {"last_name", &r.LastName, 100},
		{"address1", &r.Address1, 200}, {"address2", &r.Address2, 200}, {"city", &r.City, 100}, {"state", &r.State, 40}, {"zip", &r.Zip, 20},
		{"status", &r.Status, 20}, {"terms", &r.Terms, 100}, {"salesperson_email", &r.SalespersonEmail, 254},
	} {
		*f.text = oneLine(*f.text)
		if len(*f.text) > f.most {
			refused.Add(f.name, "This is longer than %d characters", f.most)
		}
	}
	if r.Number == "" {
		refused.Add("customer_number", "There is no customer number")
	}
	if r.BusinessName == "" && (r.FirstName == "" || r.LastName == "") {
		refused.Add("last_name", "There is neither a business name nor a first and last name")
	}
	r.Status = strings.ToLower(r.Status)
	switch r.Status {
	case "":
		r.Status = "active"
	case "active", "inactive":
	default:
		refused.Add("status", "%q is neither active nor inactive", r.Status)
	}
	if r.RegistrationKey != "" {
		key, ok := NormalizeKey(r.RegistrationKey)
		if !ok {
			refused.Add("registration_key", "This is not a Registration Key: 16 letters and digits")
		}
		r.RegistrationKey = key
	}
	r.Phones = cleanPhones(r.Phones, "phone", &refused)
	var emails []string
	for _, e := range r.Emails {
		if strings.TrimSpace(e) == "" {
			continue
		}
		e, ok := CleanEmail(e)
		if !ok {
			refused.Add("email", "%q is not an e-mail address", e)
			continue
		}
		if !slices.ContainsFunc(emails, func(o string) bool { return strings.EqualFold(o, e) }) {
			emails = append(emails, e)
		}
	}
	r.Emails = emails
	if r.SalespersonEmail != "" {
		if _, ok := CleanEmail(r.SalespersonEmail); !ok {
			refused.Add("salesperson_email", "%q is not an e-mail address", r.SalespersonEmail)
		}
	}
	return r, refused.Err()
}

func cleanPhones(phones []string, field string, refused *fault.Fields) []string {
	var out []string
	for _, p := range phones {
		p = oneLine(p)
		if p == "" {
			continue
		}
		if len(p) > 40 {
			refused.Add(field, "This is longer than 40 characters")
			continue
		}
		if phoneDigits(p) == "" {
			refused.Add(field, "%q is not a phone number", p)
			continue
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// oneLine trims and makes every run of blanks and control characters one blank.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\u00a0' }), " ")
}

// displayName is what lists show: the business, else the person.
func displayName(business, first, last string) string {
	if business != "" {
		return business
	}
	return strings.TrimSpace(first + " " + last)
}

func addCustomer(ctx context.Context, q *db.Queries, now calendar.Instant, r Record) (int64, error) {
	if r.RegistrationKey == "" {
		r.RegistrationKey = NewRegistrationKey()
	}
	id, err := q.AddCustomer(ctx, db.AddCustomerParams{
		Number: r.Number, BusinessName: r.BusinessName, FirstName: r.FirstName, LastName: r.LastName,
		DisplayName: displayName(r.BusinessName, r.FirstName, r.LastName),
		Address1:    r.Address1, Address2: r.Address2, City: r.City, State: r.State, Zip: r.Zip,
		RegistrationKey: r.RegistrationKey, Status: r.Status, Terms: r.Terms, SalespersonEmail: r.SalespersonEmail,
		CreatedAt: now, UpdatedAt: now,
	})
	if db.IsUnique(err) {
		return 0, fault.Field("registration_key", "Another customer has this Registration Key")
	}
	if err != nil {
		return 0, fmt.Errorf("adding customer %s: %w", r.Number, err)
	}
	if err := putPhones(ctx, q, id, r.Phones); err != nil {
		return 0, err
	}
	if err := putEmails(ctx, q, id, r.Emails); err != nil {
		return 0, err
	}
	return id, indexCustomer(ctx, q, id)
}

func updateCustomer(ctx context.Context, q *db.Queries, now calendar.Instant, old db.Customer, r Record) (Change, error) {
	phones, err := phonesOf(ctx, q, old.ID)
	if err != nil {
		return Change{}, err
	}
	emails, err := q.ListEmailsForCustomer(ctx, old.ID)
	if err != nil {
		return Change{}, fmt.Errorf("addresses of customer %d: %w", old.ID, err)
	}
	if r.RegistrationKey == "" {
		r.RegistrationKey = old.RegistrationKey
	}
	var c Change
	own := old.ContactEditedAt == 0 || r.Overwrite // may the contact block be written?
	next := old
	set := func(contact bool, name string, from *string, to string) {
		switch {
		case *from == to:
		case contact && !own:
			c.Kept = append(c.Kept, name)
		default:
			*from = to
			c.Fields = append(c.Fields, name)
		}
	}
	set(true, "business_name", &next.BusinessName, r.BusinessName)
	set(true, "first_name", &next.FirstName, r.FirstName)
	set(true, "last_name", &next.LastName, r.LastName)
	set(true, "address1", &next.Address1, r.Address1)
	set(true, "address2", &next.Address2, r.Address2)
	set(true, "city", &next.City, r.City)
	set(true, "state", &next.State, r.State)
	set(true, "zip", &next.Zip, r.Zip)
	newPhones, newEmails := false, false
	if !slices.Equal(phones, r.Phones) {
		if own {
			newPhones, c.Fields = true, append(c.Fields, "phone")
		} else {
			c.Kept = append(c.Kept, "phone")
		}
	}
	if !slices.EqualFunc(emails, r.Emails, strings.EqualFold) {
		if own {
			newEmails, c.Fields = true, append(c.Fields, "email")
		} else {
			c.Kept = append(c.Kept, "email")
		}
	}
	set(false, "registration_key", &next.RegistrationKey, r.RegistrationKey)
	set(false, "status", &next.Status, r.Status)
	set(false, "terms", &next.Terms, r.Terms)
	set(false, "salesperson_email", &next.SalespersonEmail, r.SalespersonEmail)
	if len(c.Fields) == 0 {
		return c, nil
	}
	c.State = Updated
	if r.Overwrite {
		next.ContactEditedAt = 0
	}
	if err := writeCustomer(ctx, q, now, next); err != nil {
		return Change{}, err
	}
	if newPhones {
		if err := putPhones(ctx, q, old.ID, r.Phones); err != nil {
			return Change{}, err
		}
	}
	if newEmails {
		if err := putEmails(ctx, q, old.ID, r.Emails); err != nil {
			return Change{}, err
		}
	}
	return c, indexCustomer(ctx, q, old.ID)
}

// writeCustomer stores every column of the customer but its number.
func writeCustomer(ctx context.Context, q *db.Queries, now calendar.Instant, c db.Customer) error {
	err := q.UpdateCustomer(ctx, db.UpdateCustomerParams{
		BusinessName: c.BusinessName, FirstName: c.FirstName, LastName: c.LastName,
		DisplayName: displayName(c.BusinessName, c.FirstName, c.LastName),
		Address1:    c.Address1, Address2: c.Address2, City: c.City, State: c.State, Zip: c.Zip,
		RegistrationKey: c.RegistrationKey, Status: c.Status, Terms: c.Terms, SalespersonEmail: c.SalespersonEmail,
		ContactEditedAt: c.ContactEditedAt, UpdatedAt: now, ID: c.ID,
	})
	if db.IsUnique(err) {
		return fault.Field("registration_key", "Another customer has this Registration Key")
	}
	if err != nil {
		return fmt.Errorf("updating customer %s: %w", c.Number, err)
	}
	return nil
}

func phonesOf(ctx context.Context, q *db.Queries, customerID int64) ([]string, error) {
	rows, err := q.ListPhonesForCustomer(ctx, customerID)
	if err != nil {
		return nil, fmt.Errorf("phones of customer %d: %w", customerID, err)
	}
	var phones []string
	for _, r := range rows {
		phones = append(phones, r.Phone)
	}
	return phones, nil
}

func putPhones(ctx context.Context, q *db.Queries, customerID int64, phones []string) error {
	if err := q.DeletePhonesForCustomer(ctx, customerID); err != nil {
		return fmt.Errorf("phones of customer %d: %w", customerID, err)
	}
	for i, p := range phones {
		if err := q.AddPhone(ctx, db.AddPhoneParams{CustomerID: customerID, Position: int64(i), Phone: p, Digits: phoneDigits(p)}); err != nil {
			return fmt.Errorf("phones of customer %d: %w", customerID, err)
		}
	}
	return nil
}

func putEmails(ctx context.Context, q *db.Queries, customerID int64, emails []string) error {
	if err := q.DeleteEmailsForCustomer(ctx, customerID); err != nil {
		return fmt.Errorf("addresses of customer %d: %w", customerID, err)
	}
	for i, e := range emails {
		if err := q.AddEmail(ctx, db.AddEmailParams{CustomerID: customerID, Position: int64(i), Email: e}); err != nil {
			return fmt.Errorf("addresses of customer %d: %w", customerID, err)
		}
	}
	return nil
}

// indexCustomer writes what the search box looks through.
func indexCustomer(ctx context.Context, q *db.Queries, id int64) error {
	c, err := q.GetCustomer(ctx, id)
	if err != nil {
		return fmt.Errorf("indexing customer %d: %w", id, err)
	}
	phones, err := q.ListPhonesForCustomer(ctx, id)
	if err != nil {
		return fmt.Errorf("indexing customer %d: %w", id, err)
	}
	emails, err := q.ListEmailsForCustomer(ctx, id)
	if err != nil {
		return fmt.Errorf("indexing customer %d: %w", id, err)
	}
	var digits []string
	for _, p := range phones {
		digits = append(digits, p.Digits)
	}
	err = q.PutCustomerWords(ctx, db.PutCustomerWordsParams{
		CustomerID: id, Number: c.Number,
		Name:    joined(c.BusinessName, c.FirstName, c.LastName),
		Address: joined(c.Address1, c.Address2, c.City, c.State, c.Zip),
		Phones:  strings.Join(digits, " "), Emails: strings.Join(emails, " "),
	})
	if err != nil {
		return fmt.Errorf("indexing customer %d: %w", id, err)
	}
	return nil
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// SiteRecord is a place of a customer that is protected.
type SiteRecord struct {
	CustomerID                           int64
	Name                                 string // unique per customer; required
	Address1, Address2, City, State, Zip string
	TaxCode                              string
	TaxExempt                            bool
}

// SaveSite adds the customer's site of that name or brings it up to date. It
// runs in the caller's transaction.
func SaveSite(ctx context.Context, q *db.Queries, _ calendar.Instant, r SiteRecord) (int64, Change, error) {
	for _, p := range []*string{&r.Name, &r.Address1, &r.Address2, &r.City, &r.State, &r.Zip, &r.TaxCode} {
		*p = oneLine(*p)
	}
	if r.Name == "" {
		return 0, Change{}, fault.Field("site_name", "There is no name of the site")
	}
	exempt := db.Flag(r.TaxExempt)
	old, err := q.GetSiteForCustomer(ctx, db.GetSiteForCustomerParams{CustomerID: r.CustomerID, Name: r.Name})
	if errors.Is(err, sql.ErrNoRows) {
		id, err := q.AddSite(ctx, db.AddSiteParams{
			CustomerID: r.CustomerID, Name: r.Name, Address1: r.Address1, Address2: r.Address2,
			City: r.City, State: r.State, Zip: r.Zip, TaxCode: r.TaxCode, TaxExempt: exempt,
		})
		if err != nil {
			return 0, Change{}, fmt.Errorf("adding site %s: %w", r.Name, err)
		}
		return id, Change{State: Created}, nil
	}
	if err != nil {
		return 0, Change{}, fmt.Errorf("site %s: %w", r.Name, err)
	}
	var c Change
	note := func(name, from, to string) {
		if from != to {
			c.Fields = append(c.Fields, name)
		}
	}
	note("address1", old.Address1, r.Address1)
	note("address2", old.Address2, r.Address2)
	note("city", old.City, r.City)
	note("state", old.State, r.State)
	note("zip", old.Zip, r.Zip)
	note("tax_code", old.TaxCode, r.TaxCode)
	if old.TaxExempt != exempt {
		c.Fields = append(c.Fields, "tax_exempt")
	}
	if len(c.Fields) == 0 {
		return old.ID, c, nil
	}
	c.State = Updated
	err = q.UpdateSite(ctx, db.UpdateSiteParams{
		Address1: r.Address1, Address2: r.Address2, City: r.City, State: r.State, Zip: r.Zip,
		TaxCode: r.TaxCode, TaxExempt: exempt, ID: old.ID,
	})
	if err != nil {
		return 0, Change{}, fmt.Errorf("updating site %s: %w", r.Name, err)
	}
	return old.ID, c, nil
}

// SystemRecord is an alarm system at a site.
type SystemRecord struct {
	SiteID        int64
	Name          string // unique per site; required
	SystemType    string
	AccountNumber string // at the central station
}

// SaveSystem adds the site's system of that name or brings it up to date. It
// runs in the caller's transaction.
func SaveSystem(ctx context.Context, q *db.Queries, _ calendar.Instant, r SystemRecord) (int64, Change, error) {
	for _, p := range []*string{&r.Name, &r.SystemType, &r.AccountNumber} {
		*p = oneLine(*p)
	}
	if r.Name == "" {
		return 0, Change{}, fault.Field("system_name", "There is no name of the system")
	}
	old, err := q.GetSystemOfSite(ctx, db.GetSystemOfSiteParams{SiteID: r.SiteID, Name: r.Name})
	if errors.Is(err, sql.ErrNoRows) {
		id, err := q.AddSystem(ctx, db.AddSystemParams{SiteID: r.SiteID, Name: r.Name, SystemType: r.SystemType, AccountNumber: r.AccountNumber})
		if err != nil {
			return 0, Change{}, fmt.Errorf("adding system %s: %w", r.Name, err)
		}
		return id, Change{State: Created}, nil
	}
	if err != nil {
		return 0, Change{}, fmt.Errorf("system %s: %w", r.Name, err)
	}
	var c Change
	if old.SystemType != r.SystemType {
		c.Fields = append(c.Fields, "system_type")
	}
	if old.AccountNumber != r.AccountNumber {
		c.Fields = append(c.Fields, "account_number")
	}
	if len(c.Fields) == 0 {
		return old.ID, c, nil
	}
	c.State = Updated
	if err := q.UpdateSystem(ctx, db.UpdateSystemParams{SystemType: r.SystemType, AccountNumber: r.AccountNumber, ID: old.ID}); err != nil {
		return 0, Change{}, fmt.Errorf("updating system %s: %w", r.Name, err)
	}
	return old.ID, c, nil
}
