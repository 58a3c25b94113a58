// Package demo holds the pages that only the demonstration has: who can log in,
// and the mailbox.
package demo

import (
	"embed"

	"customerportal/views"
)

// Files holds the pages.
//
//go:embed *.html
var Files embed.FS

// GuidePage says who can log in and what can be tried.
type GuidePage struct {
	views.Base
	Address   string
	Age       string       // "today", "3 days ago": when the books were made up
	Office    []StaffLogin // the owner first
	Customers []CustomerLogin
	New       []Newcomer
}

// StaffLogin is a log-in of the office with the code of the moment.
type StaffLogin struct {
	Who, About                    string
	Email, Password, Code, Secret string
	Seconds                       int // the code holds for so long
}

// CustomerLogin is a customer who has a log-in.
type CustomerLogin struct {
	Email, Password, Name, Number, About string
}

// Newcomer is a customer without a log-in, with what registration asks for.
type Newcomer struct {
	Key, Number, Zip, FirstName, LastName, Phone, Email, About string
}

// MailPage is the mailbox.
type MailPage struct {
	views.Base
	Letters []Envelope
}

// Envelope is one row of the mailbox.
type Envelope struct {
	ID              int
	At, To, Subject string
}

// LetterPage is one mail.
type LetterPage struct {
	views.Base
	Envelope
	From, ReplyTo, MessageID string
	HTML                     bool // there is an HTML part
	Text                     []Piece
	Attachments              []Attachment
}

// Piece is a stretch of text; with Href it is a link.
type Piece struct{ Text, Href string }

// Attachment is one paper that came with the mail.
type Attachment struct {
	Number     int
	Name, Size string
}
