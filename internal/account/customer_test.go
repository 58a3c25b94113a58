package account_test

import (
	"slices"
	"testing"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/fault"
)

func brien() account.Record {
	return account.Record{
		Number: "1001", FirstName: "Siobhán", LastName: "O'Brien", Address1: "12 Elm St", City: "Albany", State: "NY", Zip: "12207",
		Phones: []string{"(518) 555-0101", "518.555.0102 x7"}, Emails: []string{"siobhan@example.com"},
	}
}

func TestSaveCustomer(t *testing.T) {
	e := newEnv(t)
	save := func(r account.Record) (id int64, c account.Change, err error) {
		err = e.db.Write(t.Context(), func(q *db.Queries) error {
			id, c, err = account.SaveCustomer(t.Context(), q, e.clock().Now(), r)
			return err
		})
		return id, c, err
	}
	id, c, err := save(brien())
	if err != nil || c.State != account.Created {
		t.Fatalf("first: %v %v", c, err)
	}
	again, c, err := save(brien())
	if err != nil || c.State != account.Unchanged || again != id || len(c.Fields) != 0 {
		t.Fatalf("the same again: %d %v %v", again, c, err)
	}
	kept, err := e.db.Read().GetCustomer(t.Context(), id)
	if err != nil || len(kept.RegistrationKey) != 16 {
		t.Fatalf("key %q: %v", kept.RegistrationKey, err)
	}
	moved := brien()
	moved.City, moved.Phones = "Troy", []string{"518-555-0199"}
	_, c, err = save(moved)
	if err != nil || c.State != account.Updated || !slices.Equal(c.Fields, []string{"city", "phone"}) {
		t.Fatalf("moved: %v %v", c, err)
	}
	for q, want := range map[string]int{"1001": 1, "5185550199": 1, "(518) 555-0199": 1, "5185550101": 0, "SIOBHAN@example.com": 1, "obri": 0, "o'bri": 1, "brien tro": 1, "siobhan": 1, "albany": 0, `"*`: 0, "": 0} {
		found, err := e.accounts.Search(t.Context(), q)
		if err != nil || len(found) != want {
			t.Errorf("search %q: %v %v, want %d", q, found, err, want)
		}
	}
	after, err := e.db.Read().GetCustomer(t.Context(), id)
	if err != nil || after.RegistrationKey != kept.RegistrationKey {
		t.Errorf("the key changed from %s to %s (%v)", kept.RegistrationKey, after.RegistrationKey, err)
	}
}

func TestSaveCustomerRefuses(t *testing.T) {
	e := newEnv(t)
	for name, r := range map[string]account.Record{
		"customer_number":   {FirstName: "A", LastName: "B"},
		"last_name":         {Number: "7", FirstName: "A"},
		"status":            {Number: "7", BusinessName: "A", Status: "gone"},
		"registration_key":  {Number: "7", BusinessName: "A", RegistrationKey: "short"},
		"email":             {Number: "7", BusinessName: "A", Emails: []string{"a@b@c"}},
		"phone":             {Number: "7", BusinessName: "A", Phones: []string{"call me"}},
		"salesperson_email": {Number: "7", BusinessName: "A", SalespersonEmail: "Sam <sam@example.com>"},
	} {
		err := e.db.Write(t.Context(), func(q *db.Queries) error {
			_, _, err := account.SaveCustomer(t.Context(), q, e.clock().Now(), r)
			return err
		})
		if f := fieldsOf(err); !slices.Equal(f, []string{name}) || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: refused %v (%v)", name, f, err)
		}
	}
}

func TestSaveSiteAndSystem(t *testing.T) {
	e := newEnv(t)
	id := e.customer(brien())
	err := e.db.Write(t.Context(), func(q *db.Queries) error {
		now := e.clock().Now()
		r := account.SiteRecord{CustomerID: id, Name: "Home", City: "Albany"}
		site, c, err := account.SaveSite(t.Context(), q, now, r)
		if err != nil || c.State != account.Created {
			t.Errorf("site: %v %v", c, err)
		}
		r.TaxExempt = true
		if same, c, err := account.SaveSite(t.Context(), q, now, r); err != nil || same != site || !slices.Equal(c.Fields, []string{"tax_exempt"}) {
			t.Errorf("site again: %v %v", c, err)
		}
		s := account.SystemRecord{SiteID: site, Name: "Burglar alarm", SystemType: "Intrusion"}
		system, c, err := account.SaveSystem(t.Context(), q, now, s)
		if err != nil || c.State != account.Created {
			t.Errorf("system: %v %v", c, err)
		}
		if same, c, err := account.SaveSystem(t.Context(), q, now, s); err != nil || same != system || c.State != account.Unchanged {
			t.Errorf("system again: %v %v", c, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRegistrationKey(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		key := account.NewRegistrationKey()
		if got, ok := account.NormalizeKey(account.FormatKey(key)); !ok || got != key || seen[key] {
			t.Fatalf("key %q reads as %q, %v", key, got, ok)
		}
		seen[key] = true
	}
	for in, want := range map[string]string{
		"0123-4567-89AB-CDEF":      "0123456789ABCDEF",
		" o123 4567 89ab cdef ":    "0123456789ABCDEF",
		"Oil2-4567-89AB-CDEF":      "0112456789ABCDEF",
		"0123–4567—89AB\u00a0CDEF": "0123456789ABCDEF",
		"0123-4567-89AB-CDE":       "",
		"0123-4567-89AB-CDEF0":     "",
		"U123-4567-89AB-CDEF":      "",
		"":                         "",
	} {
		if got, ok := account.NormalizeKey(in); ok != (want != "") || ok && got != want {
			t.Errorf("%q reads as %q, %v", in, got, ok)
		}
	}
}

func FuzzNormalizeKey(f *testing.F) {
	f.Add("0123-4567-89AB-CDEF")
	f.Add("ſıİK\x00")
	f.Fuzz(func(t *testing.T, s string) {
		key, ok := account.NormalizeKey(s)
		if !ok {
			return
		}
		if again, ok := account.NormalizeKey(account.FormatKey(key)); !ok || again != key || len(key) != 16 {
			t.Errorf("%q -> %q -> %q", s, key, again)
		}
	})
}
