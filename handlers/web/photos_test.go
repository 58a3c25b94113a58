package web

import (
	"io"
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
		form, values := &PhotoForm{room: &photoRoom{}}, url.Values{}
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
		if n := form.room.used; n != 0 || len(form.room.of) != 0 {
			t.Errorf("%d bytes are counted that are gone", n)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 0 {
			t.Errorf("%d files are left, %v", len(left), err)
		}
	})
}

// TestPhotosComingInAreBounded lets forms that come in at once lay no more on disk
// than there is room for, of one sender no more than his share: what does not fit
// is read to its end, named and not kept, and the values of its form stay.
func TestPhotosComingInAreBounded(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	onDisk := func() (n int64) {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			i, err := l.Info()
			if err != nil {
				t.Fatal(err)
			}
			n += i.Size()
		}
		return n
	}
	const edge, size = "edge", 8 << 20
	room := &photoRoom{}
	body := strings.Repeat("x", size)
	come := func(sender int64) (*PhotoForm, url.Values) {
		t.Helper()
		f, values := &PhotoForm{room: room, sender: photoSender{customer: sender}}, url.Values{}
		parts := []io.Reader{strings.NewReader("--" + edge + "\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nThe keypad beeps\r\n")}
		for range 5 {
			parts = append(parts, strings.NewReader("--"+edge+"\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"a.jpg\"\r\n\r\n"), strings.NewReader(body), strings.NewReader("\r\n"))
		}
		parts = append(parts, strings.NewReader("--"+edge+"--\r\n"))
		if err := f.read(multipart.NewReader(io.MultiReader(parts...), edge), values, func(err error) { t.Error(err) }); err != nil {
			t.Fatal(err)
		}
		if values.Get("note") != "The keypad beeps" || len(f.Files) != 5 {
			t.Fatalf("%v, %d files", values, len(f.Files))
		}
		return f, values
	}
	crowded := func(f *PhotoForm) (n int) {
		for _, p := range f.Files {
			if p.Size != size {
				t.Errorf("a file of %d bytes", p.Size)
			}
			if p.Crowded {
				n++
			}
		}
		return n
	}
	// one sender's share is 64 MB: of his second form three files fit
	first, _ := come(1)
	second, _ := come(1)
	if crowded(first) != 0 || crowded(second) != 2 {
		t.Errorf("%d and %d did not fit", crowded(first), crowded(second))
	}
	forms, refused := []*PhotoForm{first, second}, 0
	for sender := range int64(18) {
		f, _ := come(2 + sender)
		forms, refused = append(forms, f), refused+crowded(f)
	}
	if n := onDisk(); n > photoSpace || n < photoSpace/2 || refused != 18*5-(256-64)/8 {
		t.Errorf("%d MB on disk, %d files did not fit", n>>20, refused)
	}
	for _, f := range forms {
		f.Close()
	}
	if n := onDisk(); n != 0 || room.used != 0 || len(room.of) != 0 {
		t.Errorf("%d bytes are left, %d are counted of %d senders", n, room.used, len(room.of))
	}
	again, _ := come(1)
	if crowded(again) != 0 {
		t.Error("the room is not given back")
	}
	again.Close()
}
