package proposal

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/signature"
)

// most bounds how many findings are listed, and how many rows are read at once.
const most = 100

// doRestore is what to do about all of them.
const doRestore = "The program does not write this: the file was changed from outside, or is damaged. Keep a copy of it, and compare with the last good backup"

// Check proves the evidence of all proposals: the trail is unbroken
// from its first entry on; each paper has the hash it is known by; each answer
// agrees with the state, the trail, the paper that was shown, the consent, the
// strokes and the sums of the chosen lines. It returns what is wrong, a hundred
// findings at most; it only reads.
func Check(ctx context.Context, q *db.Queries, _ calendar.Instant) ([]ledger.Finding, error) {
	var found []ledger.Finding
	add := func(number string, version int64, problem string, args ...any) {
		if len(found) < most {
			found = append(found, ledger.Finding{Object: fmt.Sprintf("proposal %s, version %d", number, version), Problem: fmt.Sprintf(problem, args...), Do: doRestore})
		}
	}
	answers := map[int64]string{} // what the trail says of each
	kinds := map[int64]map[string]bool{}
	if err := checkTrail(ctx, q, add, answers, kinds); err != nil {
		return nil, err
	}
	after := int64(0)
	for {
		rows, err := q.ListProposalsToCheck(ctx, db.ListProposalsToCheckParams{ID: after, Limit: most})
		if err != nil {
			return nil, fmt.Errorf("proposal: check: %w", err)
		}
		for _, r := range rows {
			after = r.ID
			if err := checkOne(ctx, q, r, answers[r.ID], kinds[r.ID], func(problem string, args ...any) { add(r.Number, r.Version, problem, args...) }); err != nil {
				return nil, err
			}
		}
		if len(rows) < most {
			return found, nil
		}
	}
}

// checkTrail follows the chain of all entries.
func checkTrail(ctx context.Context, q *db.Queries, add func(number string, version int64, problem string, args ...any), answers map[int64]string, kinds map[int64]map[string]bool) error {
	after, previous, entries := int64(0), "", int64(0)
	var last db.ListProposalTrailRow
	for {
		rows, err := q.ListProposalTrail(ctx, db.ListProposalTrailParams{ID: after, Limit: 10 * most})
		if err != nil {
			return fmt.Errorf("proposal: check: %w", err)
		}
		for _, e := range rows {
			after = e.ID
			hash, err := link{proposal: e.ProposalID, kind: e.Kind, details: e.Details, user: e.UserID.Int64, staff: e.StaffID.Int64, ip: e.IP, agent: e.UserAgent, at: e.At, previous: e.PreviousHash}.hash()
			if err != nil {
				return err
			}
			if hash != e.Hash {
				add(e.Number, e.Version, "the entry %q of its trail was changed", eventWords[e.Kind])
			}
			if e.PreviousHash != previous {
				add(e.Number, e.Version, "an entry before %q is missing from the trail, or was changed", eventWords[e.Kind])
			}
			previous, last = e.Hash, e
			entries++
			if kinds[e.ProposalID] == nil {
				kinds[e.ProposalID] = map[string]bool{}
			}
			kinds[e.ProposalID][e.Kind] = true
			if e.Kind == evAccepted || e.Kind == evRejected {
				answers[e.ProposalID] = e.Details
			}
		}
		if len(rows) == 10*most {
			continue
		}
		end, err := q.GetProposalTrailEnd(ctx)
		if err != nil {
			return fmt.Errorf("proposal: check: %w", err)
		}
		if end.Entries != entries || end.SHA256 != previous {
			add(last.Number, last.Version, "after the entry %q something is missing from the trail: it had %d entries, and there are %d", eventWords[last.Kind], end.Entries, entries)
		}
		return nil
	}
}

// evidenceOf is a decision as it was written.
func evidenceOf(d db.GetProposalDecisionRow) db.AddProposalDecisionParams {
	return db.AddProposalDecisionParams{ProposalID: d.ProposalID, Decision: d.Decision, Nonce: d.Nonce, Reason: d.Reason, TypedName: d.TypedName, Strokes: d.Strokes, ConsentText: d.ConsentText,
		ConsentVersion: d.ConsentVersion, ConsentSha256: d.ConsentSha256, Chosen: d.Chosen, TotalCents: d.TotalCents, TaxCents: d.TaxCents, MonthlyCents: d.MonthlyCents, DepositCents: d.DepositCents, DepositAskedCents: d.DepositAskedCents,
		ShownSha256: d.ShownSha256, ShownAt: d.ShownAt, At: d.At, LocalTime: d.LocalTime, IP: d.IP, UserAgent: d.UserAgent, Authenticated: d.Authenticated, UserID: d.UserID, LinkID: d.LinkID}
}

// checkOne compares one version that was sent with its evidence.
func checkOne(ctx context.Context, q *db.Queries, r db.ListProposalsToCheckRow, answer string, kinds map[string]bool, add func(problem string, args ...any)) error {
	shown, err := q.GetDocument(ctx, r.DocumentID.Int64)
	if err != nil {
		return fmt.Errorf("proposal: check: %w", err)
	}
	if sumOf(shown.Body) != shown.SHA256 {
		add("its paper is not the one that was sent")
	}
	attached, err := q.ListProposalAttachments(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("proposal: check: %w", err)
	}
	for _, a := range attached {
		d, err := q.GetDocument(ctx, a.DocumentID)
		if err != nil {
			return fmt.Errorf("proposal: check: %w", err)
		}
		if sumOf(d.Body) != d.SHA256 {
			add("%s is not the document that was attached", a.Name)
		}
		if r.Paper != "" && !strings.Contains(r.Paper, d.SHA256) {
			add("%s is not on its paper", a.Name)
		}
	}
	if !kinds[evSent] && !kinds[evImported] {
		add("its trail does not tell that it was sent")
	}
	answered := r.State == "accepted" || r.State == "rejected"
	if r.Decision == "" {
		if answered && !kinds[evImported] {
			add("is %s, but there is no answer with it", r.State)
		}
		return nil
	}
	if r.State != r.Decision {
		add("is %s, but was %s", r.State, r.Decision)
	}
	if !kinds[r.Decision] {
		add("its trail does not tell that it was %s", r.Decision)
	}
	d, err := q.GetProposalDecision(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("proposal: check: %w", err)
	}
	if d.ShownSha256 != shown.SHA256 {
		add("its answer names another paper than the one that was sent")
	}
	if !strings.Contains(answer, "evidence "+evidenceSum(evidenceOf(d))) {
		add("the evidence of its answer is not what the trail tells of")
	}
	if d.Decision != "accepted" {
		return nil
	}
	if sumOf([]byte(d.ConsentText)) != d.ConsentSha256 {
		add("the consent that was given does not have its hash")
	}
	if s, err := signature.Parse(d.Strokes); err != nil || s.String() != d.Strokes {
		add("the strokes of its signature were changed")
	}
	copied, err := q.GetDocument(ctx, d.SignedDocumentID.Int64)
	if err != nil {
		return fmt.Errorf("proposal: check: %w", err)
	}
	if sum := sumOf(copied.Body); sum != copied.SHA256 || !strings.Contains(answer, sum) {
		add("the signed copy is not the one that the trail tells of")
	}
	all, err := lines(ctx, q, r.ID)
	if err != nil {
		return err
	}
	var chosen []int64
	if err := json.Unmarshal([]byte(d.Chosen), &chosen); err != nil {
		add("the options that were chosen cannot be read")
		return nil
	}
	t, err := TotalsOf(all, chosen, r.DepositCents, r.DepositPpm)
	if err != nil || t.Total != d.TotalCents || t.Tax != d.TaxCents || t.Monthly != d.MonthlyCents || t.Deposit != d.DepositCents {
		add("its lines come to %s, but %s was accepted", t.Total, d.TotalCents)
	}
	t.Asked = d.DepositAskedCents
	if (t.DepositDue() > 0) != d.DepositInvoiceID.Valid {
		add("a deposit of %s was agreed to, and its invoice does not fit", d.DepositCents)
	} else if d.DepositInvoiceID.Valid && money.Cents(r.DepositTotal) != t.DepositDue() {
		add("a deposit of %s was agreed to, and its invoice is over %s", t.DepositDue(), money.Cents(r.DepositTotal))
	}
	if r.Superseded != 0 && !kinds[evReplaced] {
		add("its trail does not tell that a later version was accepted in its place")
	}
	return nil
}
