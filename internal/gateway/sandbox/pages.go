package sandbox

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"customerportal/internal/money"
)

//go:embed pages
var pageFiles embed.FS

var (
	templates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))
	styles, _ = pageFiles.ReadFile("pages/style.css")
	styleName = func() string {
		sum := sha256.Sum256(styles)
		return "style-" + hex.EncodeToString(sum[:4]) + ".css"
	}()
)

// Handler serves the hosted pages, the page that stands for the bank's 3-D
// Secure, and with Config.Control the control page. It expects requests with
// their full path, below the path of Config.BaseURL.
//
// Card and account numbers typed here are compared with the list of test numbers
// and forgotten within the request; any other number is refused and goes
// nowhere.
func (s *Sandbox) Handler() http.Handler {
	root := s.base.Path
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root+"/"+styleName, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(styles)
	})
	mux.HandleFunc("GET "+root+"/pay/{id}", s.showPage)
	mux.HandleFunc("POST "+root+"/pay/{id}", s.submitPage)
	mux.HandleFunc("GET "+root+"/verify/{id}/{secret}", s.showVerify)
	mux.HandleFunc("POST "+root+"/verify/{id}/{secret}", s.submitVerify)
	mux.HandleFunc("GET "+root+"/authenticate/{id}/{secret}", s.showAuthenticate)
	mux.HandleFunc("POST "+root+"/authenticate/{id}/{secret}", s.submitAuthenticate)
	if s.control {
		mux.HandleFunc("GET "+root+"/{$}", s.showControl)
		mux.HandleFunc("POST "+root+"/{$}", s.submitControl)
	}
	mux.HandleFunc(root+"/", func(w http.ResponseWriter, _ *http.Request) { s.notFound(w) })
	return mux
}

// frame is what every page shows.
type frame struct {
	Title, Business, Style, Root string
}

func (s *Sandbox) frame(title string) frame {
	return frame{Title: title, Business: s.business, Style: s.base.Path + "/" + styleName, Root: s.base.Path + "/"}
}

// render writes a page. back are addresses its forms may lead to by a redirect.
func (s *Sandbox) render(w http.ResponseWriter, status int, name string, data any, back ...string) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "The sandbox could not draw this page.", http.StatusInternalServerError)
		return
	}
	actions := "'self'"
	for _, address := range back {
		if u, err := url.Parse(address); err == nil && u.Host != "" && u.Scheme+"://"+u.Host != s.base.Scheme+"://"+s.base.Host {
			actions += " " + u.Scheme + "://" + u.Host
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action "+actions+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

type notePage struct {
	frame
	Heading, Text  string
	LinkTo, LinkOn string
}

func (s *Sandbox) note(w http.ResponseWriter, status int, heading, text, link, on string) {
	s.render(w, status, "note", notePage{s.frame(heading), heading, text, link, on})
}

func (s *Sandbox) notFound(w http.ResponseWriter) {
	s.note(w, http.StatusNotFound, "Page not found", "This address is not a page of the sandbox.", "", "")
}

func (s *Sandbox) unavailable(w http.ResponseWriter) {
	s.note(w, http.StatusServiceUnavailable, "The sandbox is out of order", "Its state could not be saved. Nothing was charged.", "", "")
}

// Entry is what a customer types on a hosted page.
type Entry struct {
	Name                     string
	Number, Expiry, CVC, Zip string // card
	Routing, Account         string // bank account
	// Deposits has the bank account verified by two small deposits, which takes
	// days, instead of at once.
	Deposits bool
}

// Problem is an error beside a field; Field is "" for one of the whole form.
type Problem struct{ Field, Text string }

var (
	errNoPage  = errors.New("sandbox: no such page")
	errExpired = errors.New("sandbox: the page has expired")
)

// Submit does what a customer does who fills in a hosted page and presses its
// button. It returns where he is sent to, which may be the page of
// [Sandbox.Authenticate], or what he is told.
func (s *Sandbox) Submit(pageID string, e Entry) (location string, problems []Problem, err error) {
	err = s.act(func(c *call) error {
		p := c.books.sessions[pageID]
		switch {
		case p == nil:
			return errNoPage
		case p.Status == "complete":
			location = p.done()
			return nil
		case p.Status == "expired":
			return errExpired
		}
		m, wrong := c.read(p, e)
		if problems = wrong; m == nil {
			return nil
		}
		if p.Mode == "setup" {
			r := c.books.setups[p.Setup]
			c.setUp(r, m, false)
			location, problems = c.after(p, r.ID, r.Secret, r.Problem)
			return nil
		}
		r := c.books.intents[p.Intent]
		if r == nil {
			r = &intent{
				ID: "pi_3" + token(12), Secret: token(12), Seq: c.books.next(), Created: c.now, Amount: p.Amount,
				Customer: p.Customer, MethodType: p.MethodType, Description: p.Description, Metadata: p.ChildMetadata,
				KeepOnFile: p.KeepOnFile, Session: p.ID,
			}
			p.Intent = r.ID
			c.books.put(p)
		}
		c.confirm(r, m, false)
		location, problems = c.after(p, r.ID, r.Secret, r.Problem)
		return nil
	})
	return location, problems, err
}

func (p *session) done() string {
	return strings.ReplaceAll(p.SuccessURL, "{CHECKOUT_SESSION_ID}", p.ID)
}

// after is where the button of a page leads to.
func (c *call) after(p *session, id, secret string, failed *problem) (string, []Problem) {
	switch {
	case p.Status == "complete":
		return p.done(), nil
	case failed != nil:
		return "", []Problem{{"", failed.Message + " Nothing was charged."}}
	}
	return c.authenticateURL(id, secret), nil
}

// read checks what was typed and makes a method of it. Nothing is stored before
// all of it is right.
func (c *call) read(p *session, e Entry) (*method, []Problem) {
	var wrong []Problem
	add := func(field, text string) { wrong = append(wrong, Problem{field, text}) }
	name := strings.TrimSpace(e.Name)
	if p.MethodType == "us_bank_account" {
		if name == "" {
			add("name", "Enter the account holder's name")
		}
		if digits(e.Routing) != testRouting {
			add("routing", "Enter the test routing number, "+testRouting)
		}
		n, known := findNumber(bankNumbers, digits(e.Account))
		if !known {
			add("account", "Enter a test account number, such as 000123456789. Never type a real account here")
		}
		if wrong != nil {
			return nil, wrong
		}
		m := c.books.newMethod(p.MethodType, n, c.now)
		m.Name, m.Unverified = name, e.Deposits
		return m, nil
	}
	n, known := findNumber(cardNumbers, digits(e.Number))
	if !known {
		add("number", "Enter a test card number, such as 4242 4242 4242 4242. Never type a real card here")
	}
	month, year, readable := readExpiry(e.Expiry)
	switch now := c.clock().UTC(); {
	case !readable:
		add("expiry", "Enter the expiry date as MM / YY")
	case year < now.Year() || year == now.Year() && month < int(now.Month()):
		add("expiry", "This date has passed")
	}
	want := 3
	if n.Brand == "amex" {
		want = 4
	}
	if cvc := strings.TrimSpace(e.CVC); len(cvc) != want || strings.Trim(cvc, "0123456789") != "" {
		add("cvc", "Enter the "+strconv.Itoa(want)+" digits of the security code")
	}
	if name == "" {
		add("name", "Enter the name on the card")
	}
	if zip, _, _ := strings.Cut(strings.TrimSpace(e.Zip), "-"); len(zip) != 5 || strings.Trim(zip, "0123456789") != "" {
		add("zip", "Enter the five digits of the billing zip code")
	}
	if wrong != nil {
		return nil, wrong
	}
	m := c.books.newMethod(p.MethodType, n, c.now)
	m.ExpMonth, m.ExpYear, m.Name = month, year, name
	return m, nil
}

// readExpiry reads "12/30", "12 / 2030" and "1230".
func readExpiry(s string) (month, year int, ok bool) {
	a, b, cut := strings.Cut(s, "/")
	if a = strings.TrimSpace(a); !cut && len(a) == 4 {
		a, b = a[:2], a[2:]
	}
	month, err1 := strconv.Atoi(a)
	year, err2 := strconv.Atoi(strings.TrimSpace(b))
	if year < 100 {
		year += 2000
	}
	return month, year, err1 == nil && err2 == nil && month >= 1 && month <= 12 && year >= 2000 && year < 2100
}

// Authenticate does what a customer does on the bank's 3-D Secure page at an
// address from Submit or from an outcome's ActionURL: he confirms or refuses. It
// returns where he is sent to.
func (s *Sandbox) Authenticate(address string, pass bool) (location string, err error) {
	parts := strings.Split(address, "/")
	if len(parts) < 2 {
		return "", errNoPage
	}
	id, secret := parts[len(parts)-2], parts[len(parts)-1]
	err = s.act(func(c *call) error {
		if r := c.books.setups[id]; r != nil && r.Secret == secret {
			p := c.books.sessions[r.Session]
			if r.Status == "requires_action" && p.Status == "open" {
				if pass {
					c.setUp(r, c.books.methods[r.Method], true)
				} else {
					c.setUpRefused(r)
				}
			}
			location = c.back(p)
			return nil
		}
		r := c.books.intents[id]
		if r == nil || r.Secret != secret {
			return errNoPage
		}
		if r.Status == "requires_action" {
			c.authenticated(r, pass)
		}
		if p := c.books.sessions[r.Session]; p != nil {
			location = c.back(p)
			return nil
		}
		status := "failed"
		if r.Status == "succeeded" {
			status = "succeeded"
		}
		u, err := url.Parse(r.ReturnURL)
		if err != nil {
			return err
		}
		q := u.Query()
		q.Set("payment_intent", r.ID)
		q.Set("redirect_status", status)
		u.RawQuery = q.Encode()
		location = u.String()
		return nil
	})
	return location, err
}

// back is where a customer goes on from the bank's page: away when the page is
// done, else to the page again, which says what went wrong.
func (c *call) back(p *session) string {
	if p.Status == "complete" {
		return p.done()
	}
	return c.base.String() + "/pay/" + p.ID
}

// Verify does what a customer does at the address of a bank account that waits
// for verification, when the two deposits have arrived: he types their amounts in
// cents. The text says what was wrong, or is "".
func (s *Sandbox) Verify(address, first, second string) (wrong string, err error) {
	parts := strings.Split(address, "/")
	if len(parts) < 2 {
		return "", errNoPage
	}
	err = s.act(func(c *call) error {
		r := c.books.verifying[parts[len(parts)-2]]
		if secret, _, _ := verification(r); r == nil || secret != parts[len(parts)-1] {
			return errNoPage
		}
		typed := [2]string{strings.TrimPrefix(digits(first), "0."), strings.TrimPrefix(digits(second), "0.")}
		if typed == testDeposits || typed == [2]string{testDeposits[1], testDeposits[0]} {
			c.verify(r, "")
			return nil
		}
		tries := 0
		switch r := r.(type) {
		case *intent:
			r.Tries++
			tries = r.Tries
		case *setupIntent:
			r.Tries++
			tries = r.Tries
		}
		c.books.put(r)
		if wrong = "These are not the amounts of the two deposits. Look at them again."; tries == verifyTries {
			wrong = "These are not the amounts of the two deposits, and this was the last try. Go back to " + s.business + " and use another account or a card."
			c.verify(r, "payment_method_microdeposit_verification_attempts_exceeded")
		}
		return nil
	})
	return wrong, err
}

type field struct {
	Name, Label, Value, Autocomplete, InputMode, Hint, Error string
}

type payPage struct {
	frame
	Heading, Item, Button, Authorization, Keep string
	Bank, Deposits                             bool
	Fields                                     []field
	Problems                                   []Problem
	CancelURL                                  string
	Numbers                                    []testNumber
	Routing                                    string
}

func (s *Sandbox) showPage(w http.ResponseWriter, r *http.Request) {
	p, cust, failed, err := s.peek(r.PathValue("id"))
	if err != nil {
		s.unavailable(w)
		return
	}
	switch {
	case p == nil:
		s.notFound(w)
	case p.Status == "complete":
		s.note(w, http.StatusOK, "Already done", "This page has been completed. Nothing more is charged.", p.done(), "Go back to "+s.business)
	case p.Status == "expired":
		s.note(w, http.StatusGone, "This page has expired", "Nothing was charged. Go back and start again.", p.CancelURL, "Go back to "+s.business)
	default:
		s.form(w, http.StatusOK, p, Entry{Name: cust.Name, Zip: cust.Zip}, failed)
	}
}

// peek reads a page, its customer and why its last try failed.
func (s *Sandbox) peek(id string) (p *session, cust customer, failed []Problem, err error) {
	err = s.act(func(c *call) error {
		found := c.books.sessions[id]
		if found == nil {
			return nil
		}
		page := *found
		p = &page
		if known := c.books.customers[found.Customer]; known != nil {
			cust = *known
		}
		if r := c.books.intents[page.Intent]; r != nil && r.Problem != nil {
			failed = []Problem{{"", r.Problem.Message}}
		}
		if r := c.books.setups[page.Setup]; r != nil && r.Problem != nil {
			failed = []Problem{{"", r.Problem.Message}}
		}
		return nil
	})
	return p, cust, failed, err
}

func (s *Sandbox) submitPage(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		s.note(w, http.StatusBadRequest, "This form could not be read", "Nothing was charged.", "", "")
		return
	}
	e := Entry{
		Name: r.PostForm.Get("name"), Number: r.PostForm.Get("number"), Expiry: r.PostForm.Get("expiry"), CVC: r.PostForm.Get("cvc"),
		Zip: r.PostForm.Get("zip"), Routing: r.PostForm.Get("routing"), Account: r.PostForm.Get("account"),
		Deposits: r.PostForm.Get("deposits") != "",
	}
	location, problems, err := s.Submit(id, e)
	switch {
	case errors.Is(err, errNoPage), errors.Is(err, errExpired):
		s.showPage(w, r)
	case err != nil:
		s.unavailable(w)
	case problems == nil:
		http.Redirect(w, r, location, http.StatusSeeOther)
	default:
		p, _, _, err := s.peek(id)
		if err != nil {
			s.unavailable(w)
			return
		}
		s.form(w, http.StatusUnprocessableEntity, p, e, problems)
	}
}

func (s *Sandbox) form(w http.ResponseWriter, status int, p *session, e Entry, problems []Problem) {
	data := payPage{Bank: p.MethodType == "us_bank_account", Deposits: e.Deposits, Problems: problems, CancelURL: p.CancelURL, Routing: testRouting}
	kind := "card"
	if data.Bank {
		kind, data.Numbers = "bank account", bankNumbers
		data.Fields = []field{
			{Name: "name", Label: "Account holder's name", Value: e.Name, Autocomplete: "name"},
			{Name: "routing", Label: "Routing number", Value: e.Routing, Autocomplete: "off", InputMode: "numeric", Hint: "Test routing number: " + testRouting},
			{Name: "account", Label: "Account number", Autocomplete: "off", InputMode: "numeric"},
		}
		if n, known := findNumber(bankNumbers, digits(e.Account)); known {
			data.Fields[2].Value = n.Number
		}
	} else {
		data.Numbers = cardNumbers
		data.Fields = []field{
			{Name: "number", Label: "Card number", Autocomplete: "cc-number", InputMode: "numeric"},
			{Name: "expiry", Label: "Expiry date", Value: e.Expiry, Autocomplete: "cc-exp", InputMode: "numeric", Hint: "MM / YY"},
			{Name: "cvc", Label: "Security code", Autocomplete: "cc-csc", InputMode: "numeric", Hint: "3 or 4 digits on the card"},
			{Name: "name", Label: "Name on card", Value: e.Name, Autocomplete: "cc-name"},
			{Name: "zip", Label: "Billing zip code", Value: e.Zip, Autocomplete: "postal-code", InputMode: "numeric"},
		}
		// Only a test number is ever sent back; a real one typed by mistake is not.
		if n, known := findNumber(cardNumbers, digits(e.Number)); known {
			data.Fields[0].Value = n.Number
		}
	}
	for i := range data.Fields {
		for _, p := range problems {
			if p.Field == data.Fields[i].Name {
				data.Fields[i].Error = p.Text
			}
		}
	}
	if p.Mode == "payment" {
		amount := money.Cents(p.Amount).String()
		data.Heading, data.Item, data.Button = "Pay "+amount, p.Item, "Pay "+amount
		if data.Bank {
			data.Authorization = "By pressing Pay you authorize " + s.business + " to debit this account for " + amount + "."
		}
		if p.KeepOnFile {
			data.Keep = "This " + kind + " will be kept on file with " + s.business + " for later payments."
		}
	} else {
		data.Heading, data.Button = "Add a "+kind, "Save "+kind
		data.Item = "Nothing is charged now."
		if data.Bank {
			data.Authorization = "By pressing Save you authorize " + s.business + " to debit this account for payments you make or agree to."
		}
	}
	data.frame = s.frame(data.Heading)
	if status != http.StatusOK {
		data.Title = "Error: " + data.Title
	}
	s.render(w, status, "pay", data, p.SuccessURL)
}

type authenticatePage struct {
	frame
	Amount string
}

func (s *Sandbox) showAuthenticate(w http.ResponseWriter, r *http.Request) {
	id, secret := r.PathValue("id"), r.PathValue("secret")
	var amount, back string
	var waits bool
	err := s.act(func(c *call) error {
		if x := c.books.intents[id]; x != nil && x.Secret == secret {
			amount, back, waits = money.Cents(x.Amount).String(), x.ReturnURL, x.Status == "requires_action"
			if p := c.books.sessions[x.Session]; p != nil {
				back = c.back(p)
			}
			return nil
		}
		if x := c.books.setups[id]; x != nil && x.Secret == secret {
			back, waits = c.back(c.books.sessions[x.Session]), x.Status == "requires_action"
			return nil
		}
		return errNoPage
	})
	switch {
	case errors.Is(err, errNoPage):
		s.notFound(w)
	case err != nil:
		s.unavailable(w)
	case !waits:
		s.note(w, http.StatusOK, "Nothing to confirm", "This payment does not wait for you any more.", back, "Go back to "+s.business)
	default:
		s.render(w, http.StatusOK, "authenticate", authenticatePage{s.frame("Confirm with your bank"), amount}, back)
	}
}

func (s *Sandbox) submitAuthenticate(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	location, err := s.Authenticate(r.URL.Path, r.PostFormValue("result") == "pass")
	switch {
	case errors.Is(err, errNoPage):
		s.notFound(w)
	case err != nil:
		s.unavailable(w)
	default:
		http.Redirect(w, r, location, http.StatusSeeOther)
	}
}

type verifyPage struct {
	frame
	Fields   []field
	Problems []Problem
	Amounts  [2]string
}

func (s *Sandbox) showVerify(w http.ResponseWriter, r *http.Request) {
	s.verifyForm(w, http.StatusOK, r.PathValue("id"), r.PathValue("secret"), "")
}

func (s *Sandbox) verifyForm(w http.ResponseWriter, status int, id, secret, wrong string) {
	err := s.act(func(c *call) error {
		r := c.books.verifying[id]
		if right, _, _ := verification(r); r == nil || right != secret {
			return errNoPage
		}
		return nil
	})
	switch {
	case errors.Is(err, errNoPage) && wrong != "":
		s.note(w, status, "Not verified", wrong, "", "")
	case errors.Is(err, errNoPage):
		s.note(w, http.StatusNotFound, "Nothing to verify", "This bank account does not wait for verification any more.", "", "")
	case err != nil:
		s.unavailable(w)
	default:
		data := verifyPage{frame: s.frame("Verify your bank account"), Amounts: testDeposits, Fields: []field{
			{Name: "first", Label: "First deposit, in cents", Autocomplete: "off", InputMode: "numeric"},
			{Name: "second", Label: "Second deposit, in cents", Autocomplete: "off", InputMode: "numeric"},
		}}
		if wrong != "" {
			data.Title, data.Problems, data.Fields[0].Error = "Error: "+data.Title, []Problem{{"first", wrong}}, wrong
		}
		s.render(w, status, "verify", data)
	}
}

func (s *Sandbox) submitVerify(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	wrong, err := s.Verify(r.URL.Path, r.PostFormValue("first"), r.PostFormValue("second"))
	switch {
	case err != nil && !errors.Is(err, errNoPage):
		s.unavailable(w)
	case err == nil && wrong == "":
		s.note(w, http.StatusOK, "Bank account verified", "Thank you. "+s.business+" has been told; you can close this page.", "", "")
	default:
		s.verifyForm(w, http.StatusUnprocessableEntity, r.PathValue("id"), r.PathValue("secret"), wrong)
	}
}

type controlPage struct {
	frame
	Charges  []controlCharge
	Faults   []Fault
	Ops      []Op
	Effects  []Effect
	Delivery Delivery
	Manners  []Delivery
	Waiting  int
}

type controlCharge struct {
	ChargeRecord
	Customer, Method, When, Word             string
	CanSettle, CanReturn, CanDispute, CanEnd bool
}

func brandName(brand string) string {
	if brand == testBank {
		return "Bank account"
	}
	return strings.ToUpper(brand[:1]) + brand[1:]
}

func (s *Sandbox) showControl(w http.ResponseWriter, _ *http.Request) {
	data := controlPage{
		frame:   s.frame("Sandbox"),
		Ops:     []Op{OpCharge, OpPage, OpSetup, OpCancel, OpRefund, OpCustomer, OpDetach, OpRead},
		Effects: []Effect{Refuse, RateLimit, BadGateway, CutBefore, CutAfter, CutMidAnswer, ErrorBefore, ErrorAfter, Slow},
		Manners: []Delivery{InOrder, Twice, Backwards, Withheld},
	}
	charges := s.Charges()
	s.mu.Lock()
	for _, r := range charges[:min(len(charges), 200)] {
		c := controlCharge{
			ChargeRecord: r, Method: brandName(r.Brand) + " " + r.Last4, When: r.Created.Format(time.UTC), Word: string(r.State),
		}
		if cust := s.books.customers[r.CustomerID]; cust != nil {
			c.Customer = cust.Name
		}
		disputed := len(r.Disputes) > 0
		c.CanSettle = r.State == "processing"
		c.CanReturn = r.Kind == "echeck" && r.State != "failed" && !disputed
		c.CanDispute = r.Kind == "card" && r.State == "succeeded" && !disputed
		c.CanEnd = disputed && strings.HasPrefix(r.Disputes[0], "needs_response")
		data.Charges = append(data.Charges, c)
	}
	for _, f := range s.faults {
		data.Faults = append(data.Faults, *f)
	}
	data.Delivery, data.Waiting = s.delivery, len(s.books.undelivered)
	s.mu.Unlock()
	s.render(w, http.StatusOK, "control", data)
}

func (s *Sandbox) submitControl(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	id := r.PostFormValue("id")
	var err error
	switch r.PostFormValue("do") {
	case "settle":
		err = s.Settle(id)
	case "R01", "R10":
		err = s.Return(id, r.PostFormValue("do"))
	case "dispute":
		err = s.Dispute(id)
	case "won", "lost":
		err = s.EndDispute(id, r.PostFormValue("do") == "won")
	case "refund":
		err = s.EndRefund(id, true)
	case "fault":
		times, _ := strconv.Atoi(r.PostFormValue("times"))
		s.Order(Fault{Op: Op(r.PostFormValue("op")), Effect: Effect(r.PostFormValue("effect")), Times: min(max(times, 1), 100), Delay: 40 * time.Second})
	case "clear":
		s.ClearFaults()
	case "delivery":
		s.SetDelivery(Delivery(r.PostFormValue("delivery")))
	default:
		err = errDone
	}
	if err != nil {
		s.note(w, http.StatusConflict, "That cannot be done now", "The payment is not in a state for it.", s.base.Path+"/", "Back to the sandbox")
		return
	}
	http.Redirect(w, r, s.base.Path+"/", http.StatusSeeOther)
}
