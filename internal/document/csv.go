package document

import "strings"

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

// writeRow writes one row as RFC 4180 has it. A cell that a spreadsheet would
// take for a formula gets an apostrophe before it.
func writeRow(b *strings.Builder, cells ...string) {
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		if Formula(c) {
			c = "'" + c
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(c, `"`, `""`))
		b.WriteByte('"')
	}
	b.WriteString("\r\n")
}

// Formula reports whether a cell needs an apostrophe before it in a CSV file, for
// a spreadsheet may take it for a formula
// (https://owasp.org/www-community/attacks/CSV_Injection): = + - @, a tab or a
// line break at its beginning, but no plain number. A cell that already has
// apostrophes before such a character needs one more, so that taking one off
// gives back what was there.
func Formula(cell string) bool {
	rest := strings.TrimLeft(cell, "'")
	if rest == "" || !strings.ContainsRune("=+-@\t\r\n", rune(rest[0])) {
		return false
	}
	return len(rest) < len(cell) || !plainNumber(cell)
}

// plainNumber reports whether the cell is a negative number, which is safe.
func plainNumber(cell string) bool {
	digits, point := 0, false
	for i, r := range cell {
		switch {
		case r == '-' && i == 0:
		case r == '.' && !point && digits > 0:
			point = true
		case r >= '0' && r <= '9':
			digits++
		default:
			return false
		}
	}
	return digits > 0
}
