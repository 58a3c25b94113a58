package document

import (
	"regexp"
	"strings"
)

// StatementTable makes the CSV file of an account over a period: one row each
// entry with the balance after it, the opening and the closing balance as rows
// of their own. It opens rightly in Excel: UTF-8 with a byte order mark, CRLF,
// and every cell quoted and guarded, so that no text is taken for a formula.
func StatementTable(d StatementData) []byte {
	var b strings.Builder
	b.WriteString("\ufeff")
	writeRow(&b, "Customer #", "Date", "Description", "Number", "Amount", "Balance")
	balance := d.Opening
	writeRow(&b, d.CustomerNumber, d.From.ISO(), "Opening balance", "", "", balance.Plain())
	for _, e := range d.Entries {
		balance += e.Amount
		writeRow(&b, d.CustomerNumber, e.Date.ISO(), e.Description, e.Reference, e.Amount.Plain(), balance.Plain())
	}
	writeRow(&b, d.CustomerNumber, d.To.ISO(), "Closing balance", "", "", d.Closing.Plain())
	return []byte(b.String())
}

// plainNumber is what a guard must leave alone: a negative amount is a number.
var plainNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// writeRow writes one row as RFC 4180 has it. A cell that a spreadsheet would
// take for a formula gets an apostrophe before it
// (https://owasp.org/www-community/attacks/CSV_Injection).
func writeRow(b *strings.Builder, cells ...string) {
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) && !plainNumber.MatchString(c) {
			c = "'" + c
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(c, `"`, `""`))
		b.WriteByte('"')
	}
	b.WriteString("\r\n")
}
