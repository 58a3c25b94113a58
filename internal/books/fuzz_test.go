package books

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"customerportal/internal/calendar"
	"customerportal/internal/document"
)

// readAll reads a whole text as the import does.
func readAll(text []byte) (rows [][]string, err error) {
	s, err := look(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	t := newTable(decode(bytes.NewReader(text), s.charset), s.comma)
	for {
		cells, line, err := t.row()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		if line < 1 || line > t.line {
			return nil, errors.New("the line is wrong")
		}
		rows = append(rows, slices.Clone(cells))
	}
}

func FuzzTableNeverPanicsAndReadsWhatTheLibraryReads(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a;b\r\n\"1;\n2\";3\r\n", "a\tb\r1\t\"2\"\r", "\ufeffa,b\n", "\xff\xfea\x00,\x00b\x00\n\x00", "a,\"b\"\"c\" ,d\n",
		"a,\"b", "caf\xe9,b\n", "\"5\" pipe\",x\n", "", "\n\n ,\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := readAll(text)
		// where the standard library reads a plain comma file, both must agree
		if err != nil || !utf8.Valid(text) || bytes.ContainsAny(text, "\r\t;\x00\ufeff \"") {
			return
		}
		r := csv.NewReader(bytes.NewReader(text))
		r.FieldsPerRecord = -1
		want, wantErr := r.ReadAll()
		if wantErr != nil {
			return
		}
		if len(want) != len(rows) {
			t.Fatalf("%d rows, the library reads %d", len(rows), len(want))
		}
		for i := range want {
			if !slices.Equal(want[i], rows[i]) {
				t.Fatalf("row %d: %q, the library reads %q", i, rows[i], want[i])
			}
		}
	})
}

func FuzzSheetIsReadBackWithoutLossAndHoldsNoFormula(f *testing.F) {
	for _, s := range []string{"=1+1", "'=1", "''=1", "+1 413", "-12.00", "-1-2", "@x", "\tx", "\rx", "O'Brien", "a\"b", "a,b\r\nc", "'", "", "\n=1"} {
		f.Add(s, "x")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		if !utf8.ValidString(one) || !utf8.ValidString(two) {
			return
		}
		var b bytes.Buffer
		s := NewSheet(&b, "a", "b", "c")
		s.Row(one, two, "end")
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		got := newTable(decode(bytes.NewReader(b.Bytes()), utf8Text), ',')
		if _, _, err := got.row(); err != nil {
			t.Fatal(err)
		}
		cells, _, err := got.row()
		if err != nil || len(cells) != 3 {
			if len(one)+len(two) > maxRow/2 {
				return
			}
			t.Fatalf("%q, %v", cells, err)
		}
		for i, want := range []string{one, two} {
			if cells[i] != "" && strings.ContainsRune("=+-@\t\r\n", rune(cells[i][0])) && document.Formula(cells[i]) {
				t.Errorf("%q is a formula", cells[i])
			}
			// a line end is one line break, whoever wrote it
			if back := unguard(cells[i]); back != strings.ReplaceAll(want, "\r\n", "\n") {
				t.Errorf("%q came back as %q", want, back)
			}
		}
	})
}

func FuzzParseDateGivesADayOfTheCalendar(f *testing.F) {
	for _, s := range []string{"2026-11-01", "11/1/2026", "1-Nov-26", "11/1/26 0:00", "2026-11-01T10:00:00Z", "20261101", "Nov 1, 2026", "31/12/2026", "46327"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseDate(clean(s))
		if err != nil {
			return
		}
		if back, err := calendar.ParseDate(d.ISO()); err != nil || back != d {
			t.Errorf("%q became %q, %v", s, d, err)
		}
		if again, err := parseDate(d.ISO()); err != nil || again != d {
			t.Errorf("%q became %q and then %q", s, d, again)
		}
	})
}

func FuzzParseMoneyNeverRounds(f *testing.F) {
	for _, s := range []string{"$1,234.50", "(12.00)", "-12.00", "12.00-", "$ -5", "1.005", "1e3", "٥", "", "$(5.00)", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseMoney(clean(s))
		if err != nil {
			return
		}
		if again, err := parseMoney(c.Plain()); err != nil || again != c {
			t.Errorf("%q became %d and then %d, %v", s, c, again, err)
		}
		digits := func(s string) string {
			return strings.Trim(strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return r
				}
				return -1
			}, s), "0")
		}
		if digits(s) != digits(c.Plain()) {
			t.Errorf("%q became %s", s, c)
		}
	})
}

func FuzzParseApplyTo(f *testing.F) {
	for _, s := range []string{"10023:45.00;10024", "A:5:1", ";;", ":", "1:0", "x;X", "a\nb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		shares, err := parseApplyTo(clean(s))
		if err != nil {
			return
		}
		for _, sh := range shares {
			if sh.invoice == "" || sh.rest == (sh.cents > 0) {
				t.Errorf("%q: %+v", s, sh)
			}
			if strings.Contains(sh.invoice, ":") && sh.rest {
				t.Errorf("%q: %+v has a colon and no amount", s, sh)
			}
		}
		again, err := parseApplyTo(formatApplyTo(shares))
		if err != nil || !slices.Equal(again, shares) {
			t.Errorf("%q: %+v and then %+v, %v", s, shares, again, err)
		}
	})
}

func FuzzSmallParsersNeverPanic(f *testing.F) {
	for _, s := range []string{"1234", "601", "01101-1234", "11011234", "yes", "1.000", "a@b.example; c@d.example", "customers (2).csv", "Customer #"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if z := parseZip(s); len(z) < len(s) {
			t.Errorf("zip %q became %q", s, z)
		}
		_, _ = parseYes(s)
		_, _ = parseQuantity(s)
		_, _ = parseEmails(s)
		_ = stemOf(s)
		_, _ = customersFile.read(strings.Split(s, ","))
		_ = clean(s)
		if c := clean(s); clean(c) != c && document.Formula(c) == document.Formula(clean(c)) && !strings.HasPrefix(c, `="`) && !strings.HasPrefix(c, "'") {
			t.Errorf("%q is cleaned to %q and then to %q", s, c, clean(c))
		}
	})
}

func TestDatesMoneyAndZipsAsProgramsWriteThem(t *testing.T) {
	for in, want := range map[string]calendar.Date{
		"2026-11-01": "2026-11-01", "11/1/2026": "2026-11-01", "1-Nov-26": "2026-11-01", "1-Nov-2026": "2026-11-01", "11/01/26": "2026-11-01",
		"11-1-2026": "2026-11-01", "2026/11/1": "2026-11-01", "20261101": "2026-11-01", "Nov 1, 2026": "2026-11-01", "11/1/2026 0:00": "2026-11-01",
		"2026-11-01T09:30:00Z": "2026-11-01", "2026-11-01 09:30:00.000": "2026-11-01", "2/29/2028": "2028-02-29", "1/2/99": "1999-01-02",
	} {
		if got, err := parseDate(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "13/1/2026", "2/29/2026", "soon", "46327", "1.11.2026", "11/1", "2026-11-31", "1/1/1812", strings.Repeat("1", 1000)} {
		if got, err := parseDate(in); err == nil {
			t.Errorf("%q is %q", in, got)
		}
	}
	for in, want := range map[string]string{"$1,234.50": "1234.50", "(12.00)": "-12.00", "-12.00": "-12.00", "12.00-": "-12.00", "$ 5": "5.00", "($5.00)": "-5.00", "$(5.00)": "-5.00", "−5": "-5.00", ".5": "0.50"} {
		if got, err := parseMoney(in); err != nil || got.Plain() != want {
			t.Errorf("%q: %s, %v", in, got.Plain(), err)
		}
	}
	for _, in := range []string{"", "1.005", "1e3", "1,23", "--5", "(-5)", "5 USD", "٥", "99999999999"} {
		if got, err := parseMoney(in); err == nil {
			t.Errorf("%q is %s", in, got)
		}
	}
	for in, want := range map[string]string{"1101": "01101", "601": "00601", "01101": "01101", "1101-1234": "01101-1234", "11011234": "01101-1234", "011011234": "01101-1234", "K1A 0B1": "K1A 0B1", "": "", "12": "12"} {
		if got := parseZip(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestBrokenQuotesInALargeFileAreFoundInBoundedMemory(t *testing.T) {
	text := io.MultiReader(strings.NewReader("a,b\n1,\""), io.LimitReader(endless{}, 1<<30))
	table := newTable(text, ',')
	_, _, _ = table.row()
	_, line, err := table.row()
	if _, ok := errors.AsType[*tableError](err); !ok || line != 2 || cap(table.buf) > 4*maxRow {
		t.Errorf("line %d, %v, %d bytes held", line, err, cap(table.buf))
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
