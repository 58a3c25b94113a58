package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestKindSurvivesWrapping(t *testing.T) {
	err := fmt.Errorf("loading: %w", Missing("invoice"))
	if !Is(err, NotFound) || KindOf(errors.New("disk")) != Internal || Is(nil, Internal) {
		t.Errorf("KindOf(%v) = %v", err, KindOf(err))
	}
}

func TestFieldsKeepOrderAndFirstMessage(t *testing.T) {
	var f Fields
	if f.Err() != nil {
		t.Fatal("an empty form is refused")
	}
	f.Add("zip", "first")
	f.Add("phone", "other")
	f.Add("zip", "second")
	var e *Error
	if !errors.As(f.Err(), &e) || len(e.All()) != 2 || e.All()[0].Message != "first" || e.All()[1].Field != "phone" {
		t.Errorf("Fields.Err() = %#v", e)
	}
}
