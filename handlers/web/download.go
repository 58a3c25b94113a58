package web

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// Download sends a paper to be saved under a name. The name is given twice (RFC
// 6266, 4.3): in plain ASCII for old browsers, and as it is.
func Download(c echo.Context, name, mime string, body []byte) error {
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", disposition(name))
	return c.Blob(http.StatusOK, mime, body)
}

// How long a browser may take for a piece of an upload, and for all of it.
const (
	receiveWithin = 30 * time.Second
	uploadWithin  = 20 * time.Minute
)

// Upload returns the parts of a form with large files, to be read as they come.
// It may take longer than a request otherwise may, as long as the browser goes
// on sending. What is no such form is answered with 400.
func (a *App) Upload(c echo.Context) (*multipart.Reader, error) {
	r := c.Request()
	r.Body = a.uploadOf(c)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	return parts, nil
}

// upload is a body that is read for as long as it comes.
type upload struct {
	io.ReadCloser
	app     *App
	control *http.ResponseController
	over    time.Time
}

func (a *App) uploadOf(c echo.Context) *upload {
	return &upload{ReadCloser: c.Request().Body, app: a, control: http.NewResponseController(c.Response()), over: a.Clock().Add(uploadWithin)}
}

func (u *upload) Read(p []byte) (int, error) {
	now := u.app.Clock()
	if !now.Before(u.over) { // who sends a letter now and then would stay for ever
		return 0, os.ErrDeadlineExceeded
	}
	until := now.Add(receiveWithin)
	// the answer comes after the last piece: its time begins anew with each
	for _, set := range []func(time.Time) error{u.control.SetReadDeadline, u.control.SetWriteDeadline} {
		if err := set(until); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
	}
	return u.ReadCloser.Read(p)
}

// sendWithin is how long a browser may take for a piece of a streamed download.
const sendWithin = 30 * time.Second

// Stream sends a download that is written as it is made. It may take longer than
// an answer otherwise may, as long as the browser goes on taking it. Write gets a
// context that does not end with the usual time for an answer. An error before
// the first piece is answered as any other; after it the connection is cut, so
// that nobody takes a part for the whole.
func (a *App) Stream(c echo.Context, name, mime string, write func(ctx context.Context, to io.Writer) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), streamWithin)
	defer cancel()
	to := &stream{app: a, c: c, control: http.NewResponseController(c.Response()), mime: mime, disposition: disposition(name)}
	if err := write(ctx, to); err != nil {
		if !c.Response().Committed {
			return err
		}
		a.Log.Error("download cut off", "request", RequestID(c), "error", err.Error())
		panic(http.ErrAbortHandler)
	}
	to.begin()
	return nil
}

// streamWithin bounds a streamed download as a whole.
const streamWithin = 20 * time.Minute

// stream is the body of a streamed download.
type stream struct {
	app               *App
	c                 echo.Context
	control           *http.ResponseController
	mime, disposition string
}

// begin sends the head of the answer, once.
func (s *stream) begin() {
	if s.c.Response().Committed {
		return
	}
	h := s.c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", s.mime)
	h.Set("Content-Disposition", s.disposition)
	s.c.Response().WriteHeader(http.StatusOK)
}

func (s *stream) Write(p []byte) (int, error) {
	// what keeps no deadlines, as in tests, needs none
	if err := s.control.SetWriteDeadline(s.app.Clock().Add(sendWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	s.begin()
	return s.c.Response().Write(p)
}

func disposition(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, name)
	plain := strings.Map(func(r rune) rune {
		if r > '~' {
			return '_'
		}
		return r
	}, name)
	// what PathEscape leaves alone beyond attr-char (RFC 5987, 3.2.1)
	exact := strings.NewReplacer("@", "%40", ":", "%3A", "=", "%3D", "'", "%27", "(", "%28", ")", "%29", ",", "%2C", ";", "%3B").Replace(url.PathEscape(name))
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + exact
}
