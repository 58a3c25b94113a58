package web

import (
	"customerportal/internal/workorder"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// What a form with photos may hold.
const (
	photoBytes  = 12 << 20 // of each; what is larger is not kept
	photoFiles  = 10       // more than a form takes, so that each can be named
	formValues  = 100
	valueBytes  = 64 << 10
	photosLimit = "100M" // of the form
	// photoSpace is what all forms together may lay on disk at a time, some fifty
	// usual photos of phones, and photoShare what those of one sender may, so that
	// nobody keeps the others out
	photoSpace = 256 << 20
	photoShare = photoSpace / 4
)

// photoRoom counts what lies on disk of the photos that are coming in.
type photoRoom struct {
	mu   sync.Mutex
	used int64
	of   map[photoSender]int64
}

type photoSender struct{ customer, staff int64 }

// take asks for room for so many bytes more.
func (r *photoRoom) take(s photoSender, n int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used+n > photoSpace || r.of[s]+n > photoShare {
		return false
	}
	if r.of == nil {
		r.of = map[photoSender]int64{}
	}
	r.used, r.of[s] = r.used+n, r.of[s]+n
	return true
}

// give gives room back.
func (r *photoRoom) give(s photoSender, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used, r.of[s] = r.used-n, r.of[s]-n
	if r.of[s] == 0 {
		delete(r.of, s)
	}
}

// photoForm reports whether photos are sent to that address: they are read only
// once it is known who sends them.
func photoForm(path string) bool {
	if path == "/workorders/new" || path == "/office/workorders/new" {
		return true
	}
	for _, area := range []string{"/workorders/", "/office/workorders/", "/office/day/"} {
		if strings.HasPrefix(path, area) && strings.HasSuffix(path, "/photos") {
			return true
		}
	}
	return false
}

// PhotoForm is a form with photos. Its values stand where those of every form do;
// its files lie on disk until Close.
type PhotoForm struct {
	Files  []PhotoFile
	room   *photoRoom
	sender photoSender
	done   []func()
}

// PhotoFile is one of the files. Of one that is too large there is the size alone.
type PhotoFile struct {
	Name string
	Size int64
	// Crowded says that there was no room for it beside the photos of others, so
	// that nothing of it was kept.
	Crowded bool
	io.ReadSeeker
}

// Close takes the files away.
func (f *PhotoForm) Close() {
	for _, done := range f.done {
		done()
	}
}

// Uploads are the files as the noun takes them.
func (f *PhotoForm) Uploads() []workorder.Upload {
	var list []workorder.Upload
	for _, p := range f.Files {
		list = append(list, workorder.Upload{Name: p.Name, Size: p.Size, Crowded: p.Crowded, File: p})
	}
	return list
}

// Photos reads a form with photos as it comes, as long as the browser goes on
// sending, one file after the other. The time to answer begins anew when it is
// read. The caller closes what it returns.
func (a *App) Photos(c echo.Context) (*PhotoForm, error) {
	who := Who(c)
	f := &PhotoForm{room: &a.photos, sender: photoSender{who.CustomerID, who.StaffID}}
	if kind, _, _ := mime.ParseMediaType(c.Request().Header.Get("Content-Type")); kind != "multipart/form-data" {
		return f, nil // a form without files was read as every other
	}
	parts, err := a.Upload(c)
	if err != nil {
		return nil, err
	}
	values := url.Values{}
	if err := f.read(parts, values, func(err error) { a.Log.Error("a photo is left on disk", "request", RequestID(c), "error", err.Error()) }); err != nil {
		f.Close()
		if errors.Is(err, echo.ErrStatusRequestEntityTooLarge) {
			return nil, err
		}
		return nil, echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	if err := a.AnswerAnew(c); err != nil {
		f.Close()
		return nil, err
	}
	r := c.Request()
	r.Form, r.PostForm = values, values
	r.MultipartForm = &multipart.Form{Value: values}
	return f, nil
}

// read takes the parts of the form one by one.
func (f *PhotoForm) read(parts *multipart.Reader, values url.Values, left func(error)) error {
	for count := 0; ; count++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if count >= formValues {
			return errors.New("a form with too many parts")
		}
		name := part.FormName()
		if !text(name) || !text(part.FileName()) {
			return errors.New("the name of a part is not text")
		}
		if part.FileName() == "" {
			body, err := io.ReadAll(io.LimitReader(part, valueBytes+1))
			if err != nil {
				return err
			}
			if len(body) > valueBytes || !text(string(body)) {
				return errors.New("a form value is not text, or too long")
			}
			// a file field in which nothing was chosen has a name that is empty
			_, of, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
			if _, file := of["filename"]; !file {
				values.Add(name, string(body))
			}
			continue
		}
		if len(f.Files) >= photoFiles {
			return errors.New("a form with too many files")
		}
		if err := f.keep(part, left); err != nil {
			return err
		}
	}
}

// keep puts a file on disk, but for one that is too large or has no room there.
// All of it is read either way, so that the browser gets to the answer.
func (f *PhotoForm) keep(part *multipart.Part, left func(error)) error {
	file, err := os.CreateTemp("", "photo-")
	if err != nil {
		return err
	}
	w := &photoWriter{file: file, form: f}
	f.done = append(f.done, func() {
		err := errors.Join(file.Close(), os.Remove(file.Name()))
		f.room.give(f.sender, w.kept)
		if err != nil {
			left(err)
		}
	})
	n, err := io.Copy(w, part)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	f.Files = append(f.Files, PhotoFile{Name: part.FileName(), Size: n, Crowded: w.crowded && n <= photoBytes, ReadSeeker: file})
	return nil
}

// photoWriter lays a photo on disk as long as it is not too large and there is
// room; what it cannot keep it takes off again.
type photoWriter struct {
	file    *os.File
	form    *PhotoForm
	kept    int64
	over    bool // nothing more is kept
	crowded bool // for there was no room
}

func (w *photoWriter) Write(p []byte) (int, error) {
	if w.over {
		return len(p), nil
	}
	n := int64(len(p))
	if w.kept+n <= photoBytes {
		if w.form.room.take(w.form.sender, n) {
			w.kept += n
			return w.file.Write(p)
		}
		w.crowded = true
	}
	w.over = true
	w.form.room.give(w.form.sender, w.kept)
	w.kept = 0
	if err := w.file.Truncate(0); err != nil {
		return 0, err
	}
	return len(p), nil
}

// text reports whether the database can keep it.
func text(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// ShowPhoto shows a photo that is known to be the viewer's: the large one, or with
// ?size=small the small one. It never changes, but is kept nowhere, for others may
// use the same browser.
func (a *App) ShowPhoto(c echo.Context, large, small int64) error {
	id := large
	if c.QueryParam("size") == "small" {
		id = small
	}
	paper, err := a.DB.Read().GetDocument(c.Request().Context(), id)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Disposition", strings.Replace(disposition(paper.Name), "attachment", "inline", 1))
	return c.Blob(http.StatusOK, "image/jpeg", paper.Body)
}
