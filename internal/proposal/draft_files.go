package proposal

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
)

const pdf = "application/pdf"

// File is a PDF that is brought to go with a proposal.
type File struct {
	Name string
	Body []byte

	pages int
}

// checkFiles refuses what may not go with a proposal and counts the pages of the
// rest. The field of its Invalid faults is files.
func checkFiles(files []File) error {
	for i := range files {
		f := &files[i]
		f.Name = fileName(f.Name)
		if len(f.Body) > MaxAttachmentBytes {
			return fault.Field("files", "%s is larger than %d MB", f.Name, MaxAttachmentBytes>>20)
		}
		var err error
		if f.pages, err = document.Inspect(f.Body); err != nil {
			return fault.Field("files", "%s: %s", f.Name, err.Error())
		}
	}
	return nil
}

// fileName is the name of a file as it is kept: without folders and what no name
// should have, ending in .pdf.
func fileName(name string) string {
	name = oneLine(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if strings.EqualFold(path.Ext(name), ".pdf") {
		name = name[:len(name)-4]
	}
	name = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, name), ". ")
	if letters := []rune(name); len(letters) > 100 {
		name = string(letters[:100])
	}
	if name == "" {
		name = "Document"
	}
	return name + ".pdf"
}

// attach brings the PDFs of a draft to what its form says: those it keeps, in
// that order, then the new ones. It runs in the caller's transaction.
func (s *Service) attach(ctx context.Context, q *db.Queries, now calendar.Instant, d Draft, files []File) error {
	had, err := q.ListDraftProposalAttachments(ctx, d.ID)
	if err != nil {
		return fmt.Errorf("proposal: attachments: %w", err)
	}
	var kept []db.ListDraftProposalAttachmentsRow
	size := int64(0)
	for _, id := range d.Attachments {
		at := slices.IndexFunc(had, func(r db.ListDraftProposalAttachmentsRow) bool { return r.DocumentID == id })
		if at < 0 || slices.ContainsFunc(kept, func(r db.ListDraftProposalAttachmentsRow) bool { return r.DocumentID == id }) {
			continue // somebody else took it off, or it stands in the form twice
		}
		kept = append(kept, had[at])
		size += had[at].Bytes
	}
	for _, f := range files {
		size += int64(len(f.Body))
	}
	switch {
	case len(kept)+len(files) > MaxAttachments:
		return fault.Field("files", "At most %d PDFs go with a proposal", MaxAttachments)
	case size > MaxAttachedBytes:
		return fault.Field("files", "The PDFs come to more than %d MB", MaxAttachedBytes>>20)
	}
	if err := detach(ctx, q, d.ID, d.Attachments); err != nil {
		return err
	}
	position := int64(0)
	add := func(document int64, name string, pages int64) error {
		position++
		err := q.AddProposalAttachment(ctx, db.AddProposalAttachmentParams{ProposalID: d.ID, Position: position, DocumentID: document, Name: name, Pages: pages})
		if err != nil {
			return fmt.Errorf("proposal: attachments: %w", err)
		}
		return nil
	}
	for _, r := range kept {
		if err := add(r.DocumentID, r.Name, r.Pages); err != nil {
			return err
		}
	}
	for _, f := range files {
		id, err := q.AddDocument(ctx, db.AddDocumentParams{Kind: "attachment", Name: f.Name, Mime: pdf, SHA256: sumOf(f.Body), Body: f.Body, MadeAt: now})
		if err != nil {
			return fmt.Errorf("proposal: attachments: %w", err)
		}
		if err := add(id, f.Name, int64(f.pages)); err != nil {
			return err
		}
	}
	return nil
}

// detach takes all PDFs off a draft and throws away those that are not kept and
// go with nothing else. It runs in the caller's transaction.
func detach(ctx context.Context, q *db.Queries, id int64, keep []int64) error {
	had, err := q.ListDraftProposalAttachments(ctx, id)
	if err != nil {
		return fmt.Errorf("proposal: attachments: %w", err)
	}
	if err := q.DeleteProposalAttachments(ctx, id); err != nil {
		return fmt.Errorf("proposal: attachments: %w", err)
	}
	for _, r := range had {
		if slices.Contains(keep, r.DocumentID) {
			continue
		}
		if err := q.DeleteLooseAttachment(ctx, r.DocumentID); err != nil {
			return fmt.Errorf("proposal: attachments: %w", err)
		}
	}
	return nil
}
