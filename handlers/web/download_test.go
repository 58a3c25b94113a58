package web

import (
	"mime"
	"strings"
	"testing"
)

func TestDisposition(t *testing.T) {
	for name, want := range map[string]string{
		"INV-10023.pdf":   `attachment; filename="INV-10023.pdf"; filename*=UTF-8''INV-10023.pdf`,
		`a/b\"c'.pdf`:     `attachment; filename="a-b--c'.pdf"; filename*=UTF-8''a-b--c%27.pdf`,
		"Zoë\r\nX: y.pdf": `attachment; filename="Zo_--X- y.pdf"; filename*=UTF-8''Zo%C3%AB--X-%20y.pdf`,
	} {
		if got := disposition(name); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func FuzzDisposition(f *testing.F) {
	f.Add("INV-10023.pdf")
	f.Add("a;b\",c(d)=%.pdf")
	f.Fuzz(func(t *testing.T, name string) {
		got := disposition(name)
		if strings.ContainsAny(got, "\r\n") {
			t.Fatalf("%q", got)
		}
		kind, params, err := mime.ParseMediaType(got)
		if kind != "attachment" || err != nil || strings.ContainsAny(params["filename"], `/\`) {
			t.Fatalf("%q: %v", got, err)
		}
	})
}
