package web

import (
	"mime/multipart"
	"net/url"
	"os"
	"strings"
	"testing"
)

// FuzzPhotoForm reads any form with files: it ends, keeps no value that is not
// text, and leaves nothing on disk.
func FuzzPhotoForm(f *testing.F) {
	const edge = "edge"
	part := func(disposition, body string) string {
		return "--" + edge + "\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + body + "\r\n"
	}
	f.Add(part(`name="note"`, "The keypad beeps") + part(`name="photos"; filename="a.jpg"`, "\xff\xd8\xff") + "--" + edge + "--\r\n")
	f.Add(part(`name="photos"; filename=""`, "") + "--" + edge + "--\r\n")
	f.Add(part(`name="photos"; filename="../../etc/passwd"`, "x") + part(`name="n\x00"`, "\xff"))
	f.Add(part(`name="a`, "x") + "--" + edge)
	f.Fuzz(func(t *testing.T, body string) {
		dir := t.TempDir()
		t.Setenv("TMPDIR", dir)
		form, values := &PhotoForm{}, url.Values{}
		err := form.read(multipart.NewReader(strings.NewReader(body), edge), values, func(err error) { t.Error(err) })
		if err == nil {
			for name, list := range values {
				for _, v := range append(list, name) {
					if !text(v) {
						t.Errorf("%q is kept", v)
					}
				}
			}
			if len(form.Files) > photoFiles {
				t.Errorf("%d files", len(form.Files))
			}
		}
		form.Close()
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 0 {
			t.Errorf("%d files are left, %v", len(left), err)
		}
	})
}
