package account

import (
	"context"
	"fmt"
	"strings"

	"customerportal/db"
)

// Found is a customer as lists and the search box show it.
type Found struct {
	ID                               int64
	Number, Name, Address, City, Zip string
	State, Status                    string
}

// Search finds customers by what a person types: an exact customer number,
// phone, e-mail or invoice number first, then the beginnings of words in number,
// name, address, phones and e-mails, all of which must be there. At most 20.
func (s *Service) Search(ctx context.Context, typed string) ([]Found, error) {
	q := s.db.Read()
	typed = oneLine(cut(typed, 200))
	if typed == "" {
		return nil, nil
	}
	var out []Found
	add := func(f Found) {
		for _, o := range out {
			if o.ID == f.ID {
				return
			}
		}
		if len(out) < 20 {
			out = append(out, f)
		}
	}
	byNumber, err := q.SearchCustomerNumber(ctx, typed)
	if err != nil {
		return nil, fmt.Errorf("search by number: %w", err)
	}
	for _, r := range byNumber {
		add(found(db.SearchCustomerTextRow(r)))
	}
	byInvoice, err := q.SearchCustomerInvoice(ctx, typed)
	if err != nil {
		return nil, fmt.Errorf("search by invoice: %w", err)
	}
	for _, r := range byInvoice {
		add(found(db.SearchCustomerTextRow(r)))
	}
	digits := phoneDigits(typed)
	if len(digits) == 10 && strings.Trim(typed, "0123456789+-.() /xX#") == "" {
		byPhone, err := q.SearchCustomerPhone(ctx, digits)
		if err != nil {
			return nil, fmt.Errorf("search by phone: %w", err)
		}
		for _, r := range byPhone {
			add(found(db.SearchCustomerTextRow(r)))
		}
	}
	if strings.Contains(typed, "@") {
		byEmail, err := q.SearchCustomerEmail(ctx, typed)
		if err != nil {
			return nil, fmt.Errorf("search by address: %w", err)
		}
		for _, r := range byEmail {
			add(found(db.SearchCustomerTextRow(r)))
		}
	}
	match := matchWords(typed)
	if match == "" {
		return out, nil
	}
	byText, err := q.SearchCustomerText(ctx, match)
	if err != nil {
		return nil, fmt.Errorf("search by words: %w", err)
	}
	for _, r := range byText {
		add(found(r))
	}
	return out, nil
}

func found(r db.SearchCustomerTextRow) Found {
	return Found{ID: r.ID, Number: r.Number, Name: r.DisplayName, Address: r.Address1, City: r.City, State: r.State, Zip: r.Zip, Status: r.Status}
}

// matchWords turns typed words into an FTS5 expression in which each is the
// beginning of a word: every one quoted, so that nothing typed is an operator.
func matchWords(typed string) string {
	var words []string
	for _, w := range strings.Fields(typed) {
		if foldName(w) == "" {
			continue // nothing the index could hold
		}
		words = append(words, `"`+strings.ReplaceAll(w, `"`, `""`)+`"*`)
	}
	return strings.Join(words, " AND ")
}
