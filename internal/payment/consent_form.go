package payment

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // one of the two formats a picture of a form may come in
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// MaxFormBytes is the largest file that is taken for a signed form.
const MaxFormBytes = 8 << 20

// What a picture of a form may be, and what is kept of it: a sheet of paper is
// well read at 200 dots per inch.
const (
	formPixels = 25_000_000
	formSide   = 2200
)

// FormOrder is the office's form that switches auto pay on for a customer who
// signed on paper, as it was sent.
type FormOrder struct {
	Method int64  // of those on file
	Limit  string // the most that may be taken in one month, "" for no limit
	Signed string // the day it was signed, as "2026-11-01"
	// Says confirms that the paper says what the screen said.
	Says bool
	File []byte // a PDF, or a JPEG or PNG picture of the paper
}

// PaperConsent is the text that a customer signs on paper.
type PaperConsent struct {
	Paragraphs []string
	Method     string // in words
	Day        string // "1st"
	First      calendar.Date
	Limit      money.Cents
	Version    string // of the wording
}

// PaperConsent returns the text for a method on file and the most that may be
// taken in one month, 0 for no limit.
func (s *Service) PaperConsent(ctx context.Context, customerID, methodID int64, limit money.Cents) (PaperConsent, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return PaperConsent{}, err
	}
	m, err := s.Method(ctx, customerID, methodID)
	if err != nil {
		return PaperConsent{}, err
	}
	c, err := s.db.Read().GetBillTo(ctx, customerID)
	if err != nil {
		return PaperConsent{}, found(err, "customer")
	}
	return PaperConsent{Paragraphs: consentText(set, m.Kind, m.Label(), c.AutoPayDay, limit, c.Email), Method: m.Label(), Day: ordinal(c.AutoPayDay),
		First: ledger.NextAutoPay(s.clock.Today(set.Zone), int(c.AutoPayDay)), Limit: limit, Version: consentVersion(set)}, nil
}

// BlankConsent returns the paper itself, to be printed and signed.
func (s *Service) BlankConsent(ctx context.Context, customerID, methodID int64, limit money.Cents) (ledger.Paper, error) {
	text, err := s.PaperConsent(ctx, customerID, methodID, limit)
	if err != nil {
		return ledger.Paper{}, err
	}
	d, err := s.consentData(ctx, db.AddMandateParams{CustomerID: customerID, ConsentText: strings.Join(text.Paragraphs, "\n\n"), ConsentVersion: text.Version,
		CapCents: limit}, text.Method)
	if err != nil {
		return ledger.Paper{}, err
	}
	d.Blank, d.Day, d.On = true, text.Day, s.clock.Today(d.Zone)
	body, err := document.Consent(d)
	if err != nil {
		return ledger.Paper{}, fmt.Errorf("payment: %w", err)
	}
	return ledger.Paper{Name: "Authorization-to-sign-" + d.CustomerNumber + ".pdf", MIME: "application/pdf", SHA256: sha256Hex(body), Body: body}, nil
}

// TurnOnByForm switches auto pay on for a customer who signed the text on paper:
// the form is kept with the consent, and the customer is mailed a copy at once.
// The same form twice is one consent. It is Invalid for refused fields: method,
// cap, signed, says, paper.
func (s *Service) TurnOnByForm(ctx context.Context, by audit.Actor, customerID int64, o FormOrder) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	var refused fault.Fields
	add := func(err error) error {
		f, ok := asFault(err)
		if !ok || f.Kind != fault.Invalid {
			return err
		}
		refused.Add(f.Field, "%s", f.Message)
		return nil
	}
	m, err := s.Method(ctx, customerID, o.Method)
	switch {
	case o.Method == 0:
		refused.Add("method", "Choose the card or bank account that the form names")
	case err != nil:
		return err
	case m.Expired:
		refused.Add("method", "%s has expired", m.Label())
	}
	limit, err := s.ParseLimit(ctx, o.Limit)
	if err != nil {
		if err := add(err); err != nil {
			return err
		}
	}
	signed, err := calendar.ParseDate(o.Signed)
	if err != nil || signed > s.clock.Today(set.Zone) {
		refused.Add("signed", "Enter the day the customer signed; it cannot be in the future")
	}
	if !o.Says {
		refused.Add("says", "Compare the text, then tick that the form says the same")
	}
	paper, err := s.cleanForm(o.File)
	if err != nil {
		if err := add(err); err != nil {
			return err
		}
	}
	if err := refused.Err(); err != nil {
		return err
	}
	text, err := s.PaperConsent(ctx, customerID, m.ID, limit)
	if err != nil {
		return err
	}
	clerk, err := s.db.Read().GetStaff(ctx, by.StaffID)
	if err != nil {
		return found(err, "staff member")
	}
	c, err := s.db.Read().GetBillTo(ctx, customerID)
	if err != nil {
		return found(err, "customer")
	}
	now := s.clock.Now()
	words := strings.Join(text.Paragraphs, "\n\n")
	g := &given{by: by, method: m.Label(), form: paper, row: db.AddMandateParams{CustomerID: customerID, MethodID: m.ID, ConsentText: words,
		ConsentSha256: sha256Hex([]byte(words)), ConsentVersion: text.Version, CapCents: limit, Day: c.AutoPayDay, ShownAt: now, AcceptedAt: now,
		IP: by.IP, UserAgent: by.UserAgent, Authenticated: "signed on paper, entered by " + clerk.Name, StaffID: db.NullID(by.StaffID), SignedDate: signed}}
	if g.record, err = s.drawConsent(ctx, g.row, g.method, sha256Hex(paper.body)); err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		standing, err := q.GetMandateForCustomer(ctx, customerID)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("payment: %w", err)
		}
		if err == nil && standing.MethodID == m.ID && standing.ConsentText == words && standing.SignedDate == signed {
			kept, err := q.GetMandatePaper(ctx, db.GetMandatePaperParams{MandateID: standing.ID, Kind: "form"})
			if err == nil && kept.SHA256 == sha256Hex(paper.body) {
				return nil // the same form a second time
			}
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("payment: %w", err)
			}
		}
		return s.recordConsent(ctx, q, now, g, m.ID)
	})
}

// form is a signed form as it is kept.
type form struct {
	name, mime string
	body       []byte
}

func (f *form) document() db.AddDocumentParams {
	return db.AddDocumentParams{Kind: "attachment", Name: f.name, Mime: f.mime, Body: f.body}
}

// cleanForm looks at what was uploaded, not at what it is called. A picture is
// decoded and encoded anew, so that nothing but the picture is kept.
func (s *Service) cleanForm(file []byte) (*form, error) {
	refuse := func(format string, args ...any) error { return fault.Field("paper", format, args...) }
	switch {
	case len(file) == 0:
		return nil, refuse("Choose the signed form: a PDF, or a JPEG or PNG picture of it")
	case len(file) > MaxFormBytes:
		return nil, refuse("The form is larger than %d MB", MaxFormBytes>>20)
	case bytes.HasPrefix(file, []byte("%PDF-")):
		// https://www.iso.org/standard/75839.html, 7.5.5: the end is marked
		if !bytes.Contains(file[max(0, len(file)-1024):], []byte("%%EOF")) {
			return nil, refuse("The PDF is damaged: its end is missing")
		}
		return &form{name: "Signed-form.pdf", mime: "application/pdf", body: file}, nil
	}
	size, format, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil || format != "png" && format != "jpeg" {
		return nil, refuse("This is neither a PDF nor a JPEG or PNG picture")
	}
	if size.Width < 200 || size.Height < 200 || size.Width*size.Height > formPixels {
		return nil, refuse("The picture is %d by %d pixels; it must have between 200 a side and 25 million in all", size.Width, size.Height)
	}
	// a large picture takes a hundred megabytes while it is worked on
	s.pictures.Lock()
	defer s.pictures.Unlock()
	picture, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, refuse("The picture is damaged")
	}
	var out bytes.Buffer
	upright := turned(settings.FitLogo(picture, formSide, formSide), orientation(file))
	if err := jpeg.Encode(&out, upright, &jpeg.Options{Quality: 85}); err != nil {
		return nil, fmt.Errorf("payment: signed form: %w", err)
	}
	return &form{name: "Signed-form.jpg", mime: "image/jpeg", body: out.Bytes()}, nil
}

// turned is the picture the right way up. Phones keep pictures as the sensor saw
// them and say beside it how they were held; of the eight ways the four without
// a mirror occur (Exif 2.32, tag 0x0112).
func turned(picture image.Image, held int) image.Image {
	b := picture.Bounds()
	w, h := b.Dx(), b.Dy()
	var out *image.NRGBA
	switch held {
	case 3:
		out = image.NewNRGBA(image.Rect(0, 0, w, h))
	case 6, 8:
		out = image.NewNRGBA(image.Rect(0, 0, h, w))
	default:
		return picture
	}
	for y := range h {
		for x := range w {
			at := picture.At(b.Min.X+x, b.Min.Y+y)
			switch held {
			case 3:
				out.Set(w-1-x, h-1-y, at)
			case 6:
				out.Set(h-1-y, x, at)
			case 8:
				out.Set(y, w-1-x, at)
			}
		}
	}
	return out
}

// orientation reads how a JPEG picture was held, 1 when it does not say.
func orientation(file []byte) int {
	const upright = 1
	if !bytes.HasPrefix(file, []byte{0xff, 0xd8}) {
		return upright
	}
	for at := 2; at+4 <= len(file) && file[at] == 0xff && file[at+1] != 0xda; {
		length := int(file[at+2])<<8 | int(file[at+3])
		end := at + 2 + length
		if length < 2 || end > len(file) {
			return upright
		}
		if exif, ok := bytes.CutPrefix(file[at+4:end], []byte("Exif\x00\x00")); ok && file[at+1] == 0xe1 {
			return orientationOf(exif)
		}
		at = end
	}
	return upright
}

// orientationOf looks through the first directory of the Exif data, a TIFF.
func orientationOf(tiff []byte) int {
	const upright = 1
	if len(tiff) < 8 {
		return upright
	}
	big := tiff[0] == 'M'
	read := func(at, bytes int) int {
		if at < 0 || at+bytes > len(tiff) {
			return 0
		}
		n := 0
		for i := range bytes {
			if big {
				n = n<<8 | int(tiff[at+i])
			} else {
				n |= int(tiff[at+i]) << (8 * i)
			}
		}
		return n
	}
	at := read(4, 4)
	for entry := range min(read(at, 2), 64) {
		if from := at + 2 + 12*entry; read(from, 2) == 0x0112 {
			return read(from+8, 2)
		}
	}
	return upright
}
