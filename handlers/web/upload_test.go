package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

// What a form with a file spills to disk is gone when it is answered: anybody may
// send one, and what a customer signed is not to lie about.
func TestAFormWithAFileLeavesNothingOnDisk(t *testing.T) {
	for _, path := range []string{"/office/customers/1/autopay/form", "/office/settings/logo"} { // they take the largest
		t.Run(path, func(t *testing.T) {
			spill := t.TempDir()
			t.Setenv("TMPDIR", spill)
			server := httptest.NewServer(newHouse(t).handler)
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			part, err := form.CreateFormFile("paper", "form.pdf")
			if err == nil {
				_, err = part.Write(make([]byte, 2<<20))
			}
			if err == nil {
				err = form.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, &body)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = ownHost
			r.Header.Set("Content-Type", form.FormDataContentType())
			answer, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := answer.Body.Close(); err != nil {
				t.Error(err)
			}
			server.Close() // waits for what the request leaves to be done
			if answer.StatusCode != http.StatusNotFound {
				t.Errorf("answered %d; the form was to be read and lead nowhere", answer.StatusCode)
			}
			left, err := os.ReadDir(spill)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range left {
				t.Errorf("%s is left", f.Name())
			}
		})
	}
}
