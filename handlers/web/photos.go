package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strings"
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
)

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
	Files []PhotoFile
	done  []func()
}

// PhotoFile is one of the files. Of one that is too large there is the size alone.
type PhotoFile struct {
	Name string
	Size int64
	io.ReadSeeker
}

// Close takes the files away.
func (f *PhotoForm) Close() {
	for _, done := range f.done {
		done()
	}
}

// Photos reads a form with photos as it comes, as long as the browser goes on
// sending, one file after the other. The time to answer begins anew when it is
// read. The caller closes what it returns.
func (a *App) Photos(c echo.Context) (*PhotoForm, error) {
	f := &PhotoForm{}
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

// keep puts a file on disk, but for one that is too large.
func (f *PhotoForm) keep(part *multipart.Part, left func(error)) error {
	file, err := os.CreateTemp("", "photo-")
	if err != nil {
		return err
	}
	f.done = append(f.done, func() {
		if err := errors.Join(file.Close(), os.Remove(file.Name())); err != nil {
			left(err)
		}
	})
	n, err := io.Copy(file, io.LimitReader(part, photoBytes+1))
	if err != nil {
		return err
	}
	if n > photoBytes {
		more, err := io.Copy(io.Discard, part)
		if err != nil {
			return err
		}
		if err := file.Truncate(0); err != nil {
			return err
		}
		n += more
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	f.Files = append(f.Files, PhotoFile{Name: part.FileName(), Size: n, ReadSeeker: file})
	return nil
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
