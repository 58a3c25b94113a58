package document

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-pdf/fpdf"
)

func TestFonts(t *testing.T) {
	readme, err := os.ReadFile("fonts/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, ttf := range [][]byte{regularTTF, boldTTF} {
		if sum := fmt.Sprintf("%x", sha256.Sum256(ttf)); !strings.Contains(string(readme), sum) {
			t.Errorf("fonts/README.md does not name the checksum %s", sum)
		}
	}
	for r := range regular().advances {
		if !bold().has(r) {
			t.Errorf("bold lacks %U", r)
		}
	}
	if len(bold().advances) != len(regular().advances) {
		t.Error("bold has characters regular lacks")
	}
	if regular().has(outside) {
		t.Errorf("the font has %U, which stands for a missing character", outside)
	}
	digits := regular().width("0", 1000)
	for _, d := range "123456789" {
		if regular().width(text(d), 1000) != digits {
			t.Errorf("%c is not as wide as 0: amounts would not line up", d)
		}
	}
}

// TestWidth compares our widths, read once, with those fpdf draws by.
func TestWidth(t *testing.T) {
	pdf := fpdf.New("P", "pt", "Letter", "")
	addFonts(pdf)
	for _, s := range []text{"Balance Due $1,234.50", "Núñez, Đặng, Щедрин, Σ", "王 □", "x\u0301"} {
		pdf.SetFont(family, "", 10)
		if got, want := regular().width(s, 10), pdf.GetStringWidth(string(s)); got-want > 0.001 || want-got > 0.001 {
			t.Errorf("width of %q is %v, fpdf says %v", s, got, want)
		}
		pdf.SetFont(family, "B", 10)
		if got, want := bold().width(s, 10), pdf.GetStringWidth(string(s)); got-want > 0.001 || want-got > 0.001 {
			t.Errorf("bold width of %q is %v, fpdf says %v", s, got, want)
		}
	}
}
