package gateway

import "context"

// Trial is an adapter that can show a dealer that his account at the processor
// is ready. Everything but [Trial.Account], [Trial.Endpoints] and
// [Trial.AddEndpoint] is for test keys only, where no money moves.
type Trial interface {
	Adapter

	// Account reads whose account the keys open and what it may do.
	Account(ctx context.Context) (Account, error)

	// PutOnFile puts one of the processor's ready-made test methods on a
	// customer's file, the way a set-up page would. With live keys it is a Config
	// error.
	PutOnFile(ctx context.Context, key, customerID string, m TestMethod) (Method, error)

	// Endpoints lists the addresses the processor sends webhooks to.
	Endpoints(ctx context.Context) ([]Endpoint, error)

	// AddEndpoint has webhooks sent to an address, all events that this adapter
	// reads, and returns the secret they are signed with, which the processor
	// tells this once.
	AddEndpoint(ctx context.Context, key, url string) (secret string, err error)
}

// Account is the dealer's account at the processor.
type Account struct {
	ID   string
	Name string
	// Charges says that the processor takes payments for the account.
	Charges bool
	// Kinds has each kind of method the account may take.
	Kinds []Kind
}

// Endpoint is one address webhooks are sent to.
type Endpoint struct {
	URL string
	On  bool
	// Missing are the events this adapter reads and the address is not sent.
	Missing []string
}

// TestMethod is a ready-made method of the processor's test mode.
type TestMethod string

// The test methods of a trial.
const (
	TestCard     TestMethod = "card"     // pays
	TestDecliner TestMethod = "decliner" // can be kept on file, declines every charge
	TestAccount  TestMethod = "account"  // a bank account that pays
)
