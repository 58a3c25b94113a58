package document

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Smith & Sons", "Smith & Sons"},
		{"empty", "", ""},
		{"PDF's own marks stay", `O'Neil (Bldg. \A) <<x>> %`, `O'Neil (Bldg. \A) <<x>> %`},
		{"white space becomes single blanks", "\t Main \r\n Street\u2028 5\v6  ", "Main Street 5 6"},
		{"control characters go", "a\x00b\x07c\u0085d\x1b[31me", "abc d[31me"},
		{"accents stay", "Núñez Łódź Đặng Σωκράτης Щедрин", "Núñez Łódź Đặng Σωκράτης Щедрин"},
		{"accents are composed", "Nu\u0301n\u0303ez", "Núñez"},
		{"a control character parts no accent from its letter", "n\x00\u0303", "ñ"},
		{"a ligature the font has stays", "ﬁre", "ﬁre"},
		{"full-width letters", "ＡＢＣ１２３", "ABC123"},
		{"minus", "\u22125", "-5"},
		{"not in the font, kept for copying", "王小明", "王小明"},
		{"right to left, marks of direction go", "\u202bכהן\u202c", "כהן"},
		{"beyond the basic plane", "fire 🔥 😀", "fire □ □"},
		{"letters beyond the plane that have a plain form", "𝐁𝐨𝐛", "Bob"},
		{"bad UTF-8", "caf\xe9!", "caf\uFFFD!"},
		{"half a surrogate", "x\xed\xa0\x80y", "x\uFFFDy"},
		{"non-characters go", "a\uFFFEb\uFFFFc\uFDD0d", "abcd"},
		{"zero width joiner and soft hyphen go", "a\u200db\u00adc\uFEFF", "abc"},
		{"an accent the font lacks goes", "x\u0489", "x\u0489"},
	} {
		if got := clean(c.in); string(got) != c.want {
			t.Errorf("%s: clean(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a  b", " x", "O'Neil (A\\B)", "ﬁ", "王", "שלום", "🔥", "\xff\xfe", "e\u0301", "\u0344", "\u00a0 \u00a0", "\u1ffe", "ﷺ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := string(clean(s))
		if !utf8.ValidString(got) {
			t.Fatalf("clean(%q) = %q is not UTF-8", s, got)
		}
		if strings.HasPrefix(got, " ") || strings.HasSuffix(got, " ") || strings.Contains(got, "  ") {
			t.Fatalf("clean(%q) = %q has stray blanks", s, got)
		}
		for _, r := range got {
			if r > 0xFFFF || r < ' ' || unicode.IsControl(r) || nonCharacter(r) {
				t.Fatalf("clean(%q) = %q holds %U", s, got, r)
			}
		}
		if !norm.NFC.IsNormalString(got) {
			t.Fatalf("clean(%q) = %q is not composed", s, got)
		}
	})
}

func FuzzWrap(f *testing.F) {
	f.Add("Alarm monitoring, burglary and fire", 80.0)
	f.Add("Donaudampfschifffahrtsgesellschaft", 30.0)
	f.Add("a/b-c d", 1.0)
	f.Fuzz(func(t *testing.T, s string, width float64) {
		if !(width > 0 && width < 1000) || len(s) > 2000 {
			return
		}
		in := clean(s)
		lines := regular().wrap(in, 10, width)
		if len(lines) == 0 {
			t.Fatal("no line")
		}
		var all strings.Builder
		for _, line := range lines {
			if regular().width(line, 10) > width+0.001 && utf8.RuneCountInString(string(line)) > 1 {
				t.Fatalf("line %q is wider than %v", line, width)
			}
			all.WriteString(string(line))
		}
		if got, want := strings.ReplaceAll(all.String(), " ", ""), strings.ReplaceAll(string(in), " ", ""); got != want {
			t.Fatalf("wrap lost something: %q, want %q", got, want)
		}
	})
}

func TestWrap(t *testing.T) {
	width := regular().width("Alarm monitoring,", 10)
	got := regular().wrap("Alarm monitoring, burglary and fire", 10, width)
	want := []text{"Alarm monitoring,", "burglary and fire"}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("wrap = %q, want %q", got, want)
	}
}

func TestCutAndMost(t *testing.T) {
	if got := regular().cut("Harbor Light Security", 10, 60); !strings.HasSuffix(string(got), "…") || regular().width(got, 10) > 60 {
		t.Errorf("cut = %q", got)
	}
	if got := regular().cut("Harbor Light Security", 10, 5); got != "" {
		t.Errorf("cut without room = %q", got)
	}
	got := regular().most([]text{"one", "two", "three"}, 10, 100, 2)
	if len(got) != 2 || got[0] != "one" || got[1] != "two…" {
		t.Errorf("most = %q", got)
	}
}
