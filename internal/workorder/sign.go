package workorder

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/signature"
)

// Signature is the customer's word, given on the technician's phone, that the
// work was done.
type Signature struct {
	// Name is typed, and signs by itself.
	Name string
	// Strokes are the drawing as package signature reads it, "" for none.
	Strokes string
	// Shown is what was signed for, as it stood on the screen; "" = as parts and
	// labour stand in the books.
	Shown string
	// ShownNothing says that neither parts nor labour stood on the screen.
	ShownNothing bool
	// NoOne says that there was no one on site to sign.
	NoOne bool
}

const (
	nameMost  = 100
	shownMost = 20_000
)

// sign keeps the signature, in the caller's transaction. The fields of its
// Invalid fault are "name" and "strokes".
func sign(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder, g Signature, at calendar.Instant) error {
	if g.NoOne {
		return record(ctx, q, now, by, o, "unsigned", nil, nil)
	}
	var refused fault.Fields
	name := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return signature.Writing(r)
	}, g.Name)), " ")
	drawn, err := signature.Parse(g.Strokes)
	switch {
	case err != nil:
		refused.Add("strokes", "%s", err.Error())
	case name == "" && drawn.Blank():
		refused.Add("name", "Type the name of who signs, or choose that no one is on site")
	case name == "":
		refused.Add("name", "Type the name of who drew it")
	}
	if n := len([]rune(name)); n > nameMost {
		refused.Add("name", "This is %d characters long; %d fit", n, nameMost)
	}
	if err := refused.Err(); err != nil {
		return err
	}
	strokes := ""
	if !drawn.Blank() {
		strokes = drawn.String()
	}
	lines, err := work(ctx, q, o.ID)
	if err != nil {
		return err
	}
	shown := strings.TrimSpace(strings.ReplaceAll(g.Shown, "\r\n", "\n"))
	details := name
	switch books := Shown(lines); {
	case shown == "" && !g.ShownNothing:
		shown = books
	case len(shown) > shownMost:
		return fault.New(fault.Invalid, "What was signed for is longer than a work order can be. Please open the page again.")
	case shown != books:
		// the customer's word holds for what the screen showed; the office is to see
		// that the books hold something else
		details += ", for parts and labour that are not those entered"
	}
	err = q.AddWorkOrderSignature(ctx, db.AddWorkOrderSignatureParams{WorkOrderID: o.ID, Name: name, Strokes: strokes, Work: shown,
		StaffID: by.StaffID, IP: by.IP, UserAgent: by.UserAgent, HappenedAt: at, At: now})
	if err != nil {
		return fmt.Errorf("work order %s: signature: %w", o.Number, err)
	}
	if _, err := keep(ctx, q, now, by, o, event{kind: "signed", details: details, happened: at}); err != nil {
		return err
	}
	return record(ctx, q, now, by, o, "sign", nil, map[string]any{"name": name, "drawn": strokes != ""})
}
