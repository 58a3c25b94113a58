package gateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Every message ends in something the customer can do, and none gives away that
// a card was reported lost or stolen.
func TestMessages(t *testing.T) {
	generic := NewFailure(Card, Declined, "").Message
	for _, code := range []Code{
		Declined, InsufficientFunds, CardExpired, CardLost, CardNotSupported, LimitExceeded, IncorrectDetails,
		AuthenticationRequired, AuthenticationFailed, ProcessorTrouble, AccountClosed, AccountFrozen, NoAccount,
		DebitNotAuthorized, VerificationFailed, MethodGone, AmountNotAccepted, "a code of next year",
	} {
		for _, kind := range []Kind{Card, ECheck} {
			f := NewFailure(kind, code, "raw")
			m := strings.ToLower(f.Message)
			if f.Code != code || f.Raw != "raw" || strings.Contains(m, "lost") || strings.Contains(m, "stolen") {
				t.Errorf("%s %s: %+v", kind, code, f)
			}
			does := false
			for _, verb := range []string{"use ", "pay ", "check ", "try ", "call ", "choose ", "add ", "ask "} {
				does = does || strings.Contains(m, verb)
			}
			if !does || !strings.HasSuffix(m, ".") {
				t.Errorf("%s %s: %q says nothing to do", kind, code, f.Message)
			}
			if kind == ECheck && strings.Contains(m, "the card was") {
				t.Errorf("%s of an account: %q", code, f.Message)
			}
		}
	}
	if got := NewFailure(Card, CardLost, "").Message; got != generic {
		t.Errorf("a lost card is told %q", got)
	}
}

// An error nobody has classed is the careful one.
func TestClassOf(t *testing.T) {
	cause := errors.New("cause")
	e := &Error{Class: NotSent, Op: "charge", Code: "c", Detail: "d", Err: cause}
	for _, c := range []struct {
		err  error
		want Class
	}{{errors.New("x"), Unknown}, {e, NotSent}, {fmt.Errorf("pay: %w", e), NotSent}, {&Error{}, Unknown}} {
		if got := ClassOf(c.err); got != c.want {
			t.Errorf("ClassOf(%v) = %s; want %s", c.err, got, c.want)
		}
	}
	if want := "gateway: charge: not sent (c): d: cause"; e.Error() != want || !errors.Is(e, cause) {
		t.Errorf("error %q; want %q", e, want)
	}
}
