package sandbox

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The fake's books. Every object is a record: it has a kind, a key, and is
// written as a whole whenever it changes. Times are Unix seconds, as in the API
// it imitates. No record has a place for a full card or account number.
type (
	account struct {
		Salt          []byte // keys the fingerprints of numbers
		WebhookSecret string
	}
	customer struct {
		ID                             string
		Seq, Created                   int64
		Name, Email, Phone             string
		Line1, Line2, City, State, Zip string
		Metadata                       map[string]string
	}
	method struct {
		ID                string
		Seq, Created      int64
		Type              string // card, us_bank_account
		Brand, Last4      string // Brand is the bank's name for bank accounts
		ExpMonth, ExpYear int
		Fingerprint       string
		Name              string
		Behavior          Behavior
		Customer          string // "" when not on file
		Once              bool   // was on file or used once: it may not be used again
		OffSession        bool   // authenticated when it was set up
		Unverified        bool   // a bank account that waits for its micro-deposits
	}
	session struct {
		ID                      string
		Seq, Created, ExpiresAt int64
		Mode                    string // payment, setup
		Status                  string // open, complete, expired
		Customer, Reference     string
		MethodType              string
		Amount                  int64
		Item, Description       string
		Metadata, ChildMetadata map[string]string
		KeepOnFile              bool
		SuccessURL, CancelURL   string
		Intent, Setup           string
	}
	problem struct {
		Code, Decline, Message string
		Method, Charge         string
	}
	intent struct {
		ID, Secret                   string
		Seq, Created, CanceledAt     int64
		Status                       string
		Amount                       int64
		Customer, Method, MethodType string
		Description, ReturnURL       string
		Metadata                     map[string]string
		KeepOnFile                   bool
		Session                      string // made on a hosted page
		VerifyUntil                  int64  // waits for micro-deposits
		Tries                        int
		Problem                      *problem
		Charge                       string // the latest
	}
	setupIntent struct {
		ID, Secret                   string
		Seq, Created                 int64
		Status                       string
		Customer, Method, MethodType string
		Metadata                     map[string]string
		Session                      string
		VerifyUntil                  int64
		Tries                        int
		Problem                      *problem
	}
	charge struct {
		ID                            string
		Seq, Created, SettleAt        int64
		Intent, Customer, Method      string
		Amount, Refunded, Fee         int64
		Status                        string // pending, succeeded, failed
		FailureCode, Message, Network string
		Disputed                      bool
	}
	refund struct {
		ID             string
		Seq, Created   int64
		Intent, Charge string
		Amount         int64
		Status         string // pending, succeeded, failed
		FailureReason  string
		Metadata       map[string]string
	}
	dispute struct {
		ID                      string
		Seq, Created            int64
		Intent, Charge          string
		Amount                  int64
		Status, Reason, Network string
	}
	event struct {
		ID               string
		Seq, Created     int64
		Type             string
		Object, ObjectID string
		Delivered        bool
		Attempts         int
		NextTry          int64
	}
	listener struct { // a webhook endpoint
		ID           string
		Seq, Created int64
		URL          string
		Events       []string
		Description  string
	}
	storedAnswer struct {
		Key     string
		Created int64
		Request string // method, path and parameters
		Status  int
		Body    []byte
	}
)

type record interface{ id() (kind, key string) }

func (r *account) id() (string, string)      { return "account", "" }
func (r *customer) id() (string, string)     { return "customer", r.ID }
func (r *method) id() (string, string)       { return "method", r.ID }
func (r *session) id() (string, string)      { return "session", r.ID }
func (r *intent) id() (string, string)       { return "intent", r.ID }
func (r *setupIntent) id() (string, string)  { return "setup", r.ID }
func (r *charge) id() (string, string)       { return "charge", r.ID }
func (r *refund) id() (string, string)       { return "refund", r.ID }
func (r *dispute) id() (string, string)      { return "dispute", r.ID }
func (r *event) id() (string, string)        { return "event", r.ID }
func (r *listener) id() (string, string)     { return "listener", r.ID }
func (r *storedAnswer) id() (string, string) { return "answer", r.Key }

// store is the books and their journal. It is not safe for concurrent use.
//
// The journal is a file of lines, each the records that one request changed. A
// line is written and synced before the request is answered, so a program that
// is killed forgets nothing it has told anybody; a line cut short by the kill
// was not answered and is dropped. Opening the file writes it anew, atomically,
// without what is outdated.
type store struct {
	account   account
	customers map[string]*customer
	methods   map[string]*method
	sessions  map[string]*session
	intents   map[string]*intent
	setups    map[string]*setupIntent
	charges   map[string]*charge
	refunds   map[string]*refund
	disputes  map[string]*dispute
	listeners map[string]*listener
	events    map[string]*event
	answers   map[string]*storedAnswer
	seq       int64

	// What time or a delivery still has to do.
	pending     map[string]*charge
	open        map[string]*session
	refunding   map[string]*refund
	verifying   map[string]record // *intent or *setupIntent
	undelivered map[string]*event

	dirty   []record
	journal *os.File // nil: memory only
	broken  error    // the journal failed: nothing may be answered any more
}

func newStore() *store {
	return &store{
		customers: map[string]*customer{}, methods: map[string]*method{}, sessions: map[string]*session{},
		intents: map[string]*intent{}, setups: map[string]*setupIntent{}, charges: map[string]*charge{},
		refunds: map[string]*refund{}, disputes: map[string]*dispute{}, listeners: map[string]*listener{}, events: map[string]*event{},
		answers: map[string]*storedAnswer{},
		pending: map[string]*charge{}, open: map[string]*session{}, refunding: map[string]*refund{}, verifying: map[string]record{}, undelivered: map[string]*event{},
	}
}

// openStore reads the journal at path ("" keeps everything in memory) and drops
// stored answers made before oldest.
func openStore(path string, oldest int64) (*store, error) {
	s := newStore()
	if path == "" {
		s.newAccount()
		s.dirty = nil
		return s, nil
	}
	if err := s.read(path); err != nil {
		return nil, err
	}
	for key, a := range s.answers {
		if a.Created < oldest {
			delete(s.answers, key)
		}
	}
	if s.account.WebhookSecret == "" {
		s.newAccount()
	}
	if err := s.rewrite(path); err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	s.dirty = nil
	return s, nil
}

func (s *store) newAccount() {
	s.account.Salt = make([]byte, 32)
	_, _ = rand.Read(s.account.Salt) // never fails (crypto/rand)
	s.account.WebhookSecret = "whsec_" + token(16)
}

func (s *store) read(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sandbox state: %w", err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return nil // a last line without its end was never answered
		}
		if err != nil {
			return fmt.Errorf("sandbox state: %w", err)
		}
		var entries []struct {
			Kind  string
			Value json.RawMessage
		}
		if err := json.Unmarshal(line, &entries); err != nil {
			return fmt.Errorf("sandbox state: %s line %d: %w", path, n, err)
		}
		for _, e := range entries {
			r := blank(e.Kind)
			if r == nil {
				return fmt.Errorf("sandbox state: %s line %d: unknown kind %q", path, n, e.Kind)
			}
			if err := json.Unmarshal(e.Value, r); err != nil {
				return fmt.Errorf("sandbox state: %s line %d: %w", path, n, err)
			}
			s.index(r)
		}
	}
}

func blank(kind string) record {
	for _, r := range []record{&account{}, &customer{}, &method{}, &session{}, &intent{}, &setupIntent{}, &charge{}, &refund{}, &dispute{}, &event{}, &listener{}, &storedAnswer{}} {
		if k, _ := r.id(); k == kind {
			return r
		}
	}
	return nil
}

// rewrite puts the whole state into a new journal and opens it for appending.
func (s *store) rewrite(path string) error {
	tmp, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer tmp.Close()
	w := bufio.NewWriter(tmp)
	for _, r := range s.all() {
		line, err := encode([]record{r})
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	if err := errors.Join(w.Flush(), tmp.Sync()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // best effort: not every file system can
		_ = dir.Close()
	}
	s.journal, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	return err
}

func (s *store) all() []record {
	list := []record{&s.account}
	list = appendAll(list, s.customers)
	list = appendAll(list, s.methods)
	list = appendAll(list, s.sessions)
	list = appendAll(list, s.intents)
	list = appendAll(list, s.setups)
	list = appendAll(list, s.charges)
	list = appendAll(list, s.refunds)
	list = appendAll(list, s.disputes)
	list = appendAll(list, s.events)
	list = appendAll(list, s.listeners)
	return appendAll(list, s.answers)
}

func appendAll[R record](list []record, m map[string]R) []record {
	for _, r := range m {
		list = append(list, r)
	}
	return list
}

func encode(records []record) ([]byte, error) {
	type entry struct {
		Kind  string
		Value record
	}
	entries := make([]entry, len(records))
	for i, r := range records {
		kind, _ := r.id()
		entries[i] = entry{kind, r}
	}
	line, err := json.Marshal(entries)
	return append(line, '\n'), err
}

// put notes that a record is new or has changed.
func (s *store) put(r record) {
	s.index(r)
	if !slices.Contains(s.dirty, r) {
		s.dirty = append(s.dirty, r)
	}
}

func (s *store) index(r record) {
	switch r := r.(type) {
	case *account:
		s.account = *r
	case *customer:
		s.customers[r.ID] = r
		s.seq = max(s.seq, r.Seq)
	case *method:
		s.methods[r.ID] = r
		s.seq = max(s.seq, r.Seq)
	case *session:
		s.sessions[r.ID] = r
		s.seq = max(s.seq, r.Seq)
		keep(s.open, r.ID, r, r.Status == "open")
	case *intent:
		s.intents[r.ID] = r
		s.seq = max(s.seq, r.Seq)
		keep(s.verifying, r.ID, record(r), r.VerifyUntil != 0)
	case *setupIntent:
		s.setups[r.ID] = r
		s.seq = max(s.seq, r.Seq)
		keep(s.verifying, r.ID, record(r), r.VerifyUntil != 0)
	case *charge:
		s.charges[r.ID] = r
		s.seq = max(s.seq, r.Seq)
		keep(s.pending, r.ID, r, r.Status == "pending" && r.SettleAt != 0)
	case *refund:
		s.refunds[r.ID] = r
		s.seq = max(s.seq, r.Seq)
		keep(s.refunding, r.ID, r, r.Status == "pending")
	case *dispute:
		s.disputes[r.ID] = r
	case *listener:
		s.listeners[r.ID] = r
		s.seq = max(s.seq, r.Seq)
	case *event:
		s.events[r.ID] = r
		s.seq = max(s.seq, r.Seq)
		keep(s.undelivered, r.ID, r, !r.Delivered)
	case *storedAnswer:
		s.answers[r.Key] = r
	}
}

func keep[R any](m map[string]R, key string, r R, in bool) {
	if in {
		m[key] = r
	} else {
		delete(m, key)
	}
}

// commit makes what was put durable.
func (s *store) commit() error {
	if s.broken != nil || len(s.dirty) == 0 {
		return s.broken
	}
	changed := s.dirty
	s.dirty = nil
	if s.journal == nil {
		return nil
	}
	line, err := encode(changed)
	if err == nil {
		_, err = s.journal.Write(line)
	}
	if err == nil {
		err = s.journal.Sync()
	}
	if err != nil {
		s.broken = fmt.Errorf("sandbox state: %w", err)
	}
	return s.broken
}

func (s *store) next() int64 { s.seq++; return s.seq }

// newest sorts records of one kind, the latest first.
func newest[R any](m map[string]R, seq func(R) int64, in func(R) bool) []R {
	var list []R
	for _, r := range m {
		if in(r) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b R) int { return int(seq(b) - seq(a)) })
	return list
}

// token returns n random bytes as hexadecimal digits.
func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

func jsonBody(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // only maps, strings and numbers are ever encoded
	}
	return b.Bytes()
}
