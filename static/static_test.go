package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPinnedFiles holds the third-party files to the checksums that the README
// lists, so that none is edited and none comes in unlisted.
func TestPinnedFiles(t *testing.T) {
	own := []string{"board.css", "board.js", "day.css", "day.js", "demo.css", "follow.js", "pay.js", "portal.css", "portal.js", "sign.js"}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	pinned := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| (\S+) \| .* \| ([0-9a-f]{64}) \|$`).FindAllStringSubmatch(string(readme), -1) {
		pinned[m[1]] = m[2]
	}
	entries, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if slices.Contains(own, e.Name()) {
			continue
		}
		body, err := files.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		switch want, listed := pinned[e.Name()]; {
		case !listed:
			t.Errorf("%s is not ours and not listed in README.md", e.Name())
		case hex.EncodeToString(sum[:]) != want:
			t.Errorf("%s is not the file that README.md lists", e.Name())
		}
		delete(pinned, e.Name())
	}
	for name := range pinned {
		t.Errorf("README.md lists %s, which is not here", name)
	}
}

func TestServe(t *testing.T) {
	assets, err := New()
	if err != nil {
		t.Fatal(err)
	}
	url := assets.URL("portal.css")
	want, err := files.ReadFile("portal.css")
	if err != nil {
		t.Fatal(err)
	}

	plain := httptest.NewRecorder()
	assets.ServeHTTP(plain, httptest.NewRequest("GET", url, nil))
	if plain.Code != 200 || !bytes.Equal(plain.Body.Bytes(), want) || plain.Header().Get("Content-Encoding") != "" {
		t.Errorf("plain: status %d, %d bytes, encoding %q", plain.Code, plain.Body.Len(), plain.Header().Get("Content-Encoding"))
	}
	if got := plain.Header().Get("Content-Type"); got != "text/css; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	if got := plain.Header().Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("Cache-Control %q", got)
	}

	r := httptest.NewRequest("GET", url, nil)
	r.Header.Set("Accept-Encoding", "br, gzip")
	packed := httptest.NewRecorder()
	assets.ServeHTTP(packed, r)
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, want) {
		t.Errorf("gzip: %d bytes, %v", len(got), err)
	}

	for _, path := range []string{Prefix + "portal.css", Prefix + "../static.go", Prefix, strings.Replace(url, "portal.", "portal.0", 1)} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = path
		assets.ServeHTTP(w, r)
		if w.Code != 404 {
			t.Errorf("%s answered %d", path, w.Code)
		}
	}
}

// TestScriptIsSmall keeps our own layer within its part of a first visit.
func TestScriptIsSmall(t *testing.T) {
	assets, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for name, limit := range map[string]int{"portal.js": 4 << 10, "pay.js": 4 << 10, "sign.js": 4 << 10, "follow.js": 2 << 10, "signing.js": 9 << 10, "portal.css": 12 << 10} {
		if got := len(assets.bodies[assets.URL(name)].gzip); got > limit {
			t.Errorf("%s weighs %d bytes, more than %d", name, got, limit)
		}
	}
}
