// Package static serves the style sheets, scripts and pictures that are built
// into the program. Each address holds a hash of the content, so that browsers
// may keep a file for ever and still get a new one when it changes.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed *.css *.js
var files embed.FS

// bundles are files that are loaded together, put together so that a page takes
// few requests: the first two by every page, the last where a name is drawn.
var bundles = []struct {
	name  string
	parts []string
}{
	{"pages.css", []string{"pico.css", "portal.css"}},
	{"pages.js", []string{"htmx.js", "portal.js"}},
	{"signing.js", []string{"signature_pad.js", "sign.js"}},
}

// Prefix is where the files are served.
const Prefix = "/static/"

// Assets are the files with their addresses.
type Assets struct {
	urls   map[string]string
	bodies map[string]*asset
}

type asset struct {
	mime  string
	plain []byte
	gzip  []byte
}

// New reads all files and compresses them once.
func New() (*Assets, error) {
	a := &Assets{urls: map[string]string{}, bodies: map[string]*asset{}}
	names, err := fs.Glob(files, "*.*")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		body, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("static: %w", err)
		}
		if err := a.add(name, body); err != nil {
			return nil, err
		}
	}
	for _, b := range bundles {
		var body []byte
		for _, part := range b.parts {
			one, err := files.ReadFile(part)
			if err != nil {
				return nil, fmt.Errorf("static: %w", err)
			}
			body = append(append(body, one...), '\n')
		}
		if err := a.add(b.name, body); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// add compresses a file once and gives it its address.
func (a *Assets) add(name string, body []byte) error {
	ext := path.Ext(name)
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(body); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	url := Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	a.urls[name] = url
	a.bodies[url] = &asset{mime: mime.TypeByExtension(ext), plain: body, gzip: packed.Bytes()}
	return nil
}

// URL returns the address of a file by its plain name. It panics for a name
// that does not exist: a template asks for it, and every template is tested.
func (a *Assets) URL(name string) string {
	url, ok := a.urls[name]
	if !ok {
		panic("static: there is no file " + name)
	}
	return url
}

// Has reports whether there is a file at an address.
func (a *Assets) Has(url string) bool { return a.bodies[url] != nil }

// ServeHTTP answers for the addresses that URL returns.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.bodies[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.mime)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
