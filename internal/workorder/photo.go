package workorder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Upload is a photo as it was sent.
type Upload struct {
	Name string // of the file
	Size int64
	// Crowded says that so many photos came in at once that there was no room to
	// take this one: it is refused, and can be sent again.
	Crowded bool
	File    io.ReadSeeker
}

// picture reads an upload. Pictures are read one at a time, for each takes a lot
// of memory; whoever waits too long is told.
func (s *Service) picture(ctx context.Context, u Upload) (*Picture, error) {
	if u.Size > PhotoBytes {
		return nil, refusePhoto(u.Name, fmt.Sprintf("is larger than %d MB", PhotoBytes>>20))
	}
	if u.Crowded {
		return nil, refusePhoto(u.Name, "could not be taken just now, for many photos are coming in at once. Nothing is lost: please choose it again in a moment")
	}
	select {
	case s.decoding <- struct{}{}:
		defer func() { <-s.decoding }()
	case <-ctx.Done():
		return nil, &fault.Error{Kind: fault.Unavailable, Message: "So many photos come in that yours had to wait too long. Please try again in a moment.", RetryAfter: 30 * time.Second, Err: ctx.Err()}
	}
	return readPicture(u.Name, u.File)
}

// KeepUploads takes the photos of a form that is not saved yet: [Service.Create]
// finds them by the form's nonce, and what was taken once need not be chosen
// again. The error, an Invalid fault on the field "photos", names those that are
// refused; the others are kept.
func (s *Service) KeepUploads(ctx context.Context, by audit.Actor, customerID int64, nonce string, uploads []Upload) error {
	if len(uploads) == 0 {
		return nil
	}
	if nonce == "" {
		return errors.New("work order: a form without a nonce")
	}
	// before the work of reading them
	if err := limited(ctx, s.db.Read(), s.clock.Now(), by, customerID); err != nil {
		return err
	}
	var refused fault.Fields
	var names []string
	for _, u := range uploads {
		p, err := s.picture(ctx, u)
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
			names = append(names, f.Message)
			continue
		}
		if err != nil {
			return err
		}
		err = s.db.Write(ctx, func(q *db.Queries) error {
			there, err := q.ListWorkOrderUploadsForCustomer(ctx, db.ListWorkOrderUploadsForCustomerParams{Nonce: nonce, CustomerID: customerID})
			if err != nil {
				return err
			}
			hash := hashOf(p.JPEG)
			for _, t := range there {
				if t.SHA256 == hash {
					return nil // the same picture again
				}
			}
			if len(there) >= MostPhotos {
				names = append(names, fmt.Sprintf("%s was not taken: %d photos fit", shortName(u.Name), MostPhotos))
				return nil
			}
			_, err = q.AddWorkOrderUpload(ctx, db.AddWorkOrderUploadParams{
				Nonce: nonce, CustomerID: customerID, Name: shortName(u.Name), SHA256: hash, Body: p.JPEG, Thumb: p.Thumb,
				Width: int64(p.Width), Height: int64(p.Height), UserID: db.NullID(by.UserID), StaffID: db.NullID(by.StaffID), At: s.clock.Now(),
			})
			return err
		})
		if err != nil {
			return fmt.Errorf("work order: keeping a photo: %w", err)
		}
	}
	addAll(&refused, names)
	return refused.Err()
}

// addAll refuses the field "photos" with all that is to be said about it.
func addAll(refused *fault.Fields, messages []string) {
	all := ""
	for i, m := range messages {
		if i > 0 {
			all += ". "
		}
		all += m
	}
	if all != "" {
		refused.Add("photos", "%s", all)
	}
}

// DropUpload leaves out a photo that a form brought before.
func (s *Service) DropUpload(ctx context.Context, customerID int64, nonce string, id int64) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		_, err := q.DeleteWorkOrderUploadForCustomer(ctx, db.DeleteWorkOrderUploadForCustomerParams{ID: id, Nonce: nonce, CustomerID: customerID})
		return err
	})
}

// takeUploads makes the photos of the form those of the work order that was made
// of it. It runs in the caller's transaction.
func takeUploads(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder) error {
	list, err := q.ListWorkOrderUploadsForCustomer(ctx, db.ListWorkOrderUploadsForCustomerParams{Nonce: o.Nonce, CustomerID: o.CustomerID})
	if err != nil {
		return fmt.Errorf("work order: photos: %w", err)
	}
	for _, l := range list {
		u, err := q.GetWorkOrderUploadForCustomer(ctx, db.GetWorkOrderUploadForCustomerParams{ID: l.ID, Nonce: o.Nonce, CustomerID: o.CustomerID})
		if err != nil {
			return fmt.Errorf("work order: photo: %w", err)
		}
		if _, err := addPhoto(ctx, q, now, by, o, &Picture{JPEG: u.Body, Thumb: u.Thumb, Width: int(u.Width), Height: int(u.Height)}, false, o.Nonce); err != nil {
			return err
		}
		if _, err := q.DeleteWorkOrderUploadForCustomer(ctx, db.DeleteWorkOrderUploadForCustomerParams{ID: l.ID, Nonce: o.Nonce, CustomerID: o.CustomerID}); err != nil {
			return fmt.Errorf("work order: photo: %w", err)
		}
	}
	return nil
}

// Photos is a form with photos for a work order.
type Photos struct {
	Number string
	// CustomerID is the customer who sends them, 0 for staff: another's work order
	// is Missing.
	CustomerID int64
	// Internal keeps them among staff.
	Internal bool
	// Nonce is of the form that is sent: sent twice it adds them once.
	Nonce   string
	Uploads []Upload
}

// AddPhotos adds photos to a work order and returns how many. Customers may until
// it is closed. The error, an Invalid fault on the field "photos", names those
// that are refused; the others are there.
func (s *Service) AddPhotos(ctx context.Context, by audit.Actor, p Photos) (int, error) {
	var refused fault.Fields
	if p.Nonce == "" {
		return 0, errors.New("work order: a form without a nonce")
	}
	if len(p.Uploads) == 0 {
		refused.Add("photos", "Choose a photo first")
		return 0, refused.Err()
	}
	// before the work of reading them
	o, err := load(ctx, s.db.Read(), by, p.Number, Any)
	if err == nil {
		err = p.allowed(o)
	}
	if err == nil {
		err = limited(ctx, s.db.Read(), s.clock.Now(), by, o.CustomerID)
	}
	if err != nil {
		return 0, err
	}
	var names []string
	added := 0
	for i, u := range p.Uploads {
		if i >= MostPhotos {
			names = append(names, fmt.Sprintf("%s was not taken: %d photos fit at a time", shortName(u.Name), MostPhotos))
			continue
		}
		picture, err := s.picture(ctx, u)
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
			names = append(names, f.Message)
			continue
		}
		if err != nil {
			return added, err
		}
		err = s.change(ctx, by, p.Number, Any, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
			if err := p.allowed(o); err != nil {
				return err
			}
			isNew, err := addPhoto(ctx, q, now, by, o, picture, p.Internal && p.CustomerID == 0, p.Nonce)
			if err != nil {
				return err
			}
			added++
			if !isNew {
				return errUnchanged
			}
			if _, err := keep(ctx, q, now, by, o, event{kind: "photo"}); err != nil {
				return err
			}
			return record(ctx, q, now, by, o, "photo", nil, nil)
		})
		if err != nil {
			return added, err
		}
	}
	addAll(&refused, names)
	return added, refused.Err()
}

// allowed refuses a customer's photos for another's or a closed work order.
func (p Photos) allowed(o *db.WorkOrder) error {
	if p.CustomerID != 0 && p.CustomerID != o.CustomerID {
		return fault.Missing("work order")
	}
	if p.CustomerID != 0 && !State(o.State).Open() {
		return wrongState(o, "Please make a new work order, or call us.")
	}
	return nil
}

// addPhoto stores a picture; false when that form brought it before. It runs in
// the caller's transaction.
func addPhoto(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder, p *Picture, internal bool, nonce string) (bool, error) {
	nonce += "/" + hashOf(p.JPEG)[:16]
	count, err := q.CountWorkOrderPhotos(ctx, db.CountWorkOrderPhotosParams{Nonce: nonce, WorkOrderID: o.ID})
	if err != nil {
		return false, fmt.Errorf("work order %s: photos: %w", o.Number, err)
	}
	if count.Same > 0 {
		return false, nil
	}
	if count.Photos >= photosOfOrder {
		return false, fault.Field("photos", "This work order has %d photos; more do not fit", count.Photos)
	}
	var ids [2]int64
	for i, body := range [][]byte{p.JPEG, p.Thumb} {
		ids[i], err = q.AddDocument(ctx, db.AddDocumentParams{Kind: "attachment", Name: fmt.Sprintf("%s-%d.jpg", o.Number, count.Photos+1), Mime: "image/jpeg", SHA256: hashOf(body), Body: body, MadeAt: now})
		if err != nil {
			return false, fmt.Errorf("work order %s: photo: %w", o.Number, err)
		}
	}
	rows, err := q.AddWorkOrderPhoto(ctx, db.AddWorkOrderPhotoParams{
		WorkOrderID: o.ID, DocumentID: ids[0], ThumbID: ids[1], Width: int64(p.Width), Height: int64(p.Height), Internal: db.Flag(internal),
		Nonce: nonce, UserID: db.NullID(by.UserID), StaffID: db.NullID(by.StaffID), At: now,
	})
	if err != nil || len(rows) != 1 {
		return false, fmt.Errorf("work order %s: photo: %w", o.Number, errors.Join(err, fmt.Errorf("%d rows", len(rows))))
	}
	return true, nil
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Sweep forgets the photos of forms that nobody saved within a day.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		_, err := q.SweepWorkOrderUploads(ctx, s.clock.Now().Add(-24*time.Hour))
		return err
	})
}
