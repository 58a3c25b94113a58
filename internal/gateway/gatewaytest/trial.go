package gatewaytest

import (
	"slices"
	"strings"

	"customerportal/internal/gateway"
)

// trial holds what an adapter that can be tried out promises; one that cannot
// promises nothing of it.
func (s *suite) trial() {
	a, can := s.a.(gateway.Trial)
	if !can {
		return
	}
	account, err := a.Account(s.ctx)
	s.must(err)
	if account.ID == "" || !account.Charges || !slices.Equal(account.Kinds, []gateway.Kind{gateway.Card, gateway.ECheck}) {
		s.Errorf("account %+v", account)
	}
	for m, want := range map[gateway.TestMethod]gateway.State{
		gateway.TestCard: gateway.Succeeded, gateway.TestDecliner: gateway.Failed, gateway.TestAccount: gateway.Processing,
	} {
		on, err := a.PutOnFile(s.ctx, "put-"+string(m), s.customer, m)
		s.must(err)
		list, err := a.Methods(s.ctx, s.customer)
		s.must(err)
		if !on.OnFile || !slices.ContainsFunc(list, func(have gateway.Method) bool { return have.ID == on.ID }) {
			s.Errorf("%s is not on file: %+v", m, on)
		}
		out, err := a.Charge(s.ctx, "charge-"+string(m), gateway.Charge{
			Reference: "trial-" + string(m), CustomerID: s.customer, MethodID: on.ID, Kind: on.Kind, Amount: 100, OffSession: true,
		})
		s.must(err)
		if out.State != want {
			s.Errorf("a charge of %s: %s, want %s", m, out.State, want)
		}
	}

	const address = "https://portal.example.com/webhooks/stripe"
	secret, err := a.AddEndpoint(s.ctx, "endpoint-key", address)
	s.must(err)
	if !strings.HasPrefix(secret, "whsec_") {
		s.Errorf("secret %q", secret)
	}
	list, err := a.Endpoints(s.ctx)
	s.must(err)
	i := slices.IndexFunc(list, func(e gateway.Endpoint) bool { return e.URL == address })
	if i < 0 || !list[i].On || len(list[i].Missing) != 0 {
		s.Errorf("endpoints %+v", list)
	}
}
