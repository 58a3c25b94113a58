package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/demo"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
	"customerportal/internal/sale"
	"customerportal/internal/workorder"
)

// sell is a day of people who press their buttons again after the portal died
// under them, each with what the page they still have open sends: a work order
// with photos and all its taps to its invoice, a proposal that is signed with a
// deposit, and carried out.
func sell(ctx context.Context, p *program) error {
	q := p.books.Read()
	c, err := q.GetCustomerByNumber(ctx, "1001")
	if err != nil {
		return err
	}
	site, err := q.GetOnlySite(ctx, c.ID)
	if err != nil {
		return err
	}
	customer := audit.Actor{Kind: audit.Customer, UserID: 1}
	office := audit.Actor{Kind: audit.Staff, StaffID: 1, Role: "owner"}
	dana := audit.Actor{Kind: audit.Staff, StaffID: 2, Role: "technician"}

	var photos []workorder.Upload
	for shade := range 2 {
		picture := image.NewGray(image.Rect(0, 0, 64, 48))
		for x := range 64 {
			picture.Set(x, 7*shade+3, color.Gray{Y: 200})
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, picture, nil); err != nil {
			return err
		}
		photos = append(photos, workorder.Upload{Name: fmt.Sprint(shade, ".jpg"), Size: int64(b.Len()), File: bytes.NewReader(b.Bytes())})
	}
	const form = "the form of the work order"
	if _, err := q.GetWorkOrderByNonce(ctx, form); err != nil {
		if err := p.orders.KeepUploads(ctx, customer, c.ID, form, photos); err != nil {
			return err
		}
	}
	number, err := p.orders.Create(ctx, customer, workorder.NewOrder{CustomerID: c.ID, SiteID: site.ID, Source: workorder.Portal, Note: "The keypad is dead", Nonce: form})
	if err != nil {
		return err
	}
	w, err := q.GetWorkOrder(ctx, number)
	if err != nil {
		return err
	}
	if w.State == "requested" {
		day := calendar.DateOf(p.clock().In(killZone))
		if err := p.orders.Schedule(ctx, office, number, w.Version, workorder.Appointment{TechnicianID: 2, Window: workorder.Window{Date: day, From: 480, Until: 600}}); err != nil {
			return err
		}
	}
	for _, t := range []workorder.Tap{
		{Action: workorder.SetOut}, {Action: workorder.ComeIn}, {Action: workorder.WriteNote, Text: "Battery was flat"},
		{Action: workorder.EnterWork, Lines: []workorder.Line{{Description: "Battery", Quantity: 2000, UnitPrice: 1999}}},
		{Action: workorder.Finish, Signature: workorder.Signature{Name: "Ann Lee"}},
	} {
		t.Key, t.Number = "0123456789abcdef-"+string(t.Action), number
		if err := p.orders.Tap(ctx, dana, t); err != nil {
			return err
		}
	}
	bill, err := p.sale.Bill(ctx, number)
	if err != nil {
		return err
	}
	if _, err := p.sale.InvoiceWorkOrder(ctx, office, number, bill.Version, 39_98, true); err != nil {
		return err
	}

	d := proposal.Draft{Nonce: "the form of the proposal", CustomerID: c.ID, SiteID: site.ID, Title: "Alarm", Terms: "Our terms", SalespersonID: 1, DepositCents: 100_00,
		Lines: []proposal.Line{{Description: "Panel", Quantity: money.QuantityScale, UnitPrice: 899_00, Chosen: true},
			{Description: "Monitoring", Quantity: money.QuantityScale, UnitPrice: 44_95, Cycle: 1, Chosen: true}}}
	saved, err := p.proposals.Save(ctx, office, d)
	if err != nil {
		return err
	}
	draft, err := q.GetProposal(ctx, saved.ID)
	if err != nil {
		return err
	}
	if draft.State == "draft" {
		_, err := p.proposals.Send(ctx, office, proposal.Sending{ID: saved.ID, Saves: draft.Saves, Total: draft.TotalCents, Monthly: draft.MonthlyCents, To: []string{"c1001@example.com"}})
		if err != nil {
			return err
		}
	}
	who := proposal.Reader{By: customer, CustomerID: c.ID}
	v, err := p.proposals.ReadForCustomer(ctx, who, draft.Number, 0, []int64{})
	if err != nil {
		return err
	}
	// the page that was open keeps its form
	page := filepath.Join(filepath.Dir(p.cfg.DB), "open-page")
	shown, err := os.ReadFile(page)
	if err != nil {
		shown = []byte(p.proposals.NewForm(v.ID, c.ID))
		if err := os.WriteFile(page, shown, 0o600); err != nil {
			return err
		}
		if err := p.proposals.View(ctx, who, draft.Number, 1); err != nil {
			return err
		}
	}
	err = p.proposals.Accept(ctx, who, proposal.Acceptance{Answer: proposal.Answer{Number: draft.Number, Version: 1, Form: string(shown), Shown: v.Sum},
		Chosen: []int64{}, Total: v.Totals.Fingerprint(), Consent: true, TypedName: "Ann Lee"})
	if err != nil {
		return err
	}
	_, err = p.sale.CarryOut(ctx, office, saved.ID, sale.Order{WorkOrder: true, Invoice: true, Recurring: true, Mail: true})
	return err
}

// sold proves that all of the day happened, once, and that the doctor is content.
func (m *matrix) sold() {
	m.Helper()
	m.with(func(p *program) {
		for query, want := range map[string]int64{
			`SELECT count(*) FROM work_orders`: 2,
			`SELECT count(*) FROM work_orders WHERE state = 'completed' AND invoice_id IS NOT NULL`:                           1,
			`SELECT count(*) FROM work_order_photos`:                                                                          2,
			`SELECT count(*) FROM work_order_uploads`:                                                                         0,
			`SELECT count(*) FROM work_order_taps WHERE refused = ''`:                                                         5,
			`SELECT count(*) FROM work_order_notes WHERE note = 'Battery was flat'`:                                           1,
			`SELECT count(*) FROM work_order_signatures`:                                                                      1,
			`SELECT count(*) FROM work_order_lines`:                                                                           1,
			`SELECT count(*) FROM proposals WHERE state = 'accepted'`:                                                         1,
			`SELECT count(*) FROM proposals`:                                                                                  1,
			`SELECT count(*) FROM proposal_decisions WHERE signed_document_id IS NOT NULL AND deposit_invoice_id IS NOT NULL`: 1,
			`SELECT count(*) FROM proposal_events WHERE kind IN ('sent', 'accepted', 'deposit_invoiced', 'carried_out')`:      4,
			`SELECT count(*) FROM proposal_results WHERE invoice_id IS NOT NULL AND work_order_id IS NOT NULL`:                1,
			`SELECT count(*) FROM proposal_result_items`:                                                                      1,
			`SELECT count(*) FROM recurring_items`:                                                                            1,
			// what the customer had, the battery, the deposit and the rest
			`SELECT sum(total_cents) FROM invoices WHERE customer_id = 1`:                   45_00 + 39_98 + 100_00 + 799_00,
			`SELECT count(*) FROM invoices WHERE customer_id = 1`:                           4,
			`SELECT count(*) FROM outbox WHERE state <> 'sent'`:                             0,
			`SELECT count(*) FROM (SELECT 1 FROM outbox GROUP BY fact HAVING count(*) > 1)`: 0,
		} {
			if n := number(m.T, p, query); n != want {
				m.Errorf("%s: %d, want %d", query, n, want)
			}
		}
	})
	m.content()
}

// content proves that the doctor finds nothing wrong.
func (m *matrix) content() {
	m.Helper()
	m.with(func(p *program) {
		m.ok(p.books.View(m.Context(), func(q *db.Queries) error {
			for _, check := range []func(context.Context, *db.Queries, calendar.Instant) ([]ledger.Finding, error){ledger.CheckBooks, workorder.Check, proposal.Check, sale.Check} {
				found, err := check(m.Context(), q, calendar.InstantOf(m.now()))
				if err != nil {
					return err
				}
				for _, f := range found {
					m.Errorf("doctor: %s", f)
				}
			}
			return nil
		}))
	})
}

// market makes the books of the matrix ready for a day of sales.
func market(t *testing.T) *matrix {
	t.Helper()
	m := newMatrix(t)
	m.with(func(p *program) {
		m.ok(p.settings.Set(t.Context(), audit.Program, map[string]string{"service.email": "service@acme.test", "payments.gateway": "off"}))
		for _, role := range []string{"owner", "technician"} {
			_, err := p.accounts.SaveStaff(t.Context(), account.StaffRecord{Email: role + "@acme.test", Name: "The " + role, Role: role, Password: "a long enough password", Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"})
			m.ok(err)
		}
		m.ok(p.books.Write(t.Context(), func(q *db.Queries) error {
			_, _, err := account.SaveSite(t.Context(), q, 1, account.SiteRecord{CustomerID: 1, Name: "Shop"})
			return err
		}))
		_, err := p.accounts.SaveUser(t.Context(), "c1001@example.com", "a long enough password", 1)
		m.ok(err)
	})
	return m
}

// finish lets people press again what they pressed, and the mails that wait for a
// technician's second thoughts go out.
func (m *matrix) finish() {
	m.Helper()
	m.with(func(p *program) { m.ok(sell(m.Context(), p)) })
	m.set(m.now().Add(3 * time.Minute))
	m.with(func(p *program) {
		for range 3 {
			m.ok(p.sender.Run(m.Context()))
		}
	})
}

// TestKillMatrixSales kills the portal at each commit of a day of sales: nothing
// is left half signed or half carried out, nothing is there twice, and every mail
// goes out.
func TestKillMatrixSales(t *testing.T) {
	m := market(t)
	begun := m.dir
	for step := int64(1); ; step++ {
		m.dir = t.TempDir()
		for _, name := range []string{"portal.db", "portal.db-live", "portal.key"} {
			body, err := os.ReadFile(filepath.Join(begun, name))
			if errors.Is(err, os.ErrNotExist) && name == "portal.db" {
				continue
			}
			m.ok(err)
			m.ok(os.WriteFile(filepath.Join(m.dir, name), body, 0o600))
		}
		cmd := m.start(step, 1, m.now())
		for i, e := range cmd.Env {
			if strings.HasPrefix(e, killEnv+"=") {
				o, err := readOrders(strings.TrimPrefix(e, killEnv+"="))
				m.ok(err)
				o.jobs = []string{"sales", "mail"}
				cmd.Env[i] = killEnv + "=" + o.String()
			}
		}
		out, err := cmd.Output()
		died := killed(err)
		if err != nil && !died || strings.Contains(string(out), "failed") {
			t.Fatalf("the portal failed: %v\n%s", err, out)
		}
		m.content() // whatever it was doing, nothing is half done
		m.finish()
		m.sold()
		if t.Failed() {
			t.Fatalf("after dying at step %d", step)
		}
		if !died {
			t.Logf("%d kills", step-1)
			break
		}
	}
}

// TestSalesWithoutAMailServer holds that decisions stand while no mail can go
// out, and that all mails follow.
func TestSalesWithoutAMailServer(t *testing.T) {
	m := market(t)
	m.ok(m.mailbox.Close())
	m.with(func(p *program) {
		m.ok(sell(t.Context(), p))
		m.set(m.now().Add(3 * time.Minute))
		_ = p.sender.Run(t.Context()) // nobody answers
		if n := number(t, p, `SELECT count(*) FROM proposals WHERE state = 'accepted'`); n != 1 {
			t.Error("the decision does not stand")
		}
		if n := number(t, p, `SELECT count(*) FROM outbox WHERE state = 'waiting'`); n == 0 {
			t.Error("no mail waits")
		}
	})
	var err error
	m.mailbox, err = demo.OpenMailbox(filepath.Join(t.TempDir(), "mail"), m.now)
	m.ok(err)
	m.set(m.now().Add(2 * time.Hour))
	m.finish()
	m.sold()
}
