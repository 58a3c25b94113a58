// Package views turns page structs into HTML. It decides nothing: what a page
// shows is in its struct, which the handler fills.
package views

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Renderer holds one template set a page: the layout, the shared parts and the
// page's own file. A fragment is a define of the same file, so that what an
// htmx request is answered with is exactly what the full page shows there.
type Renderer struct {
	sets map[string]*template.Template
	// lastResort is the page of an error that even the error page cannot show
	lastResort []byte
}

// New parses every page at start. Each area is a folder of pages: the page
// login.html of the area "portal" is named "portal/login". What several pages of
// an area share stands in its folder parts, if it has one. Asset turns the name
// of a static file into its address.
func New(shared fs.FS, areas map[string]fs.FS, asset func(string) string) (*Renderer, error) {
	base, err := template.New("").Funcs(template.FuncMap{"asset": asset, "mailbox": mailbox}).ParseFS(shared, "layout.html", "parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("views: %w", err)
	}
	r := &Renderer{sets: map[string]*template.Template{}}
	for area, files := range areas {
		pages, err := fs.Glob(files, "*.html")
		if err != nil {
			return nil, fmt.Errorf("views: %w", err)
		}
		parts, err := fs.Glob(files, "parts/*.html")
		if err != nil {
			return nil, fmt.Errorf("views: %w", err)
		}
		for _, file := range pages {
			set, err := base.Clone()
			if err != nil {
				return nil, fmt.Errorf("views: %w", err)
			}
			if set, err = set.ParseFS(files, append(slices.Clip(parts), file)...); err != nil {
				return nil, fmt.Errorf("views: %w", err)
			}
			r.sets[path.Join(area, strings.TrimSuffix(file, ".html"))] = set
		}
	}
	r.lastResort, err = r.Page("portal/error", &ErrorPage{
		Base: Base{Title: "Error", Dealer: Dealer{Name: "Customer Portal"}}, Status: 500, Heading: "Something went wrong",
		Message: "This is our fault, not yours. Nothing was lost; please try again in a moment.", Reference: placeholder,
	})
	return r, err
}

// placeholder stands in the page of last resort where the reference goes.
const placeholder = "REFERENCE"

// LastResort returns the page that needs nothing but what was there at start,
// neither books nor settings, with the request's reference on it.
func (r *Renderer) LastResort(reference string) []byte {
	return bytes.Replace(r.lastResort, []byte(placeholder), []byte(template.HTMLEscapeString(reference)), 1)
}

// Page renders the whole page, layout and all.
func (r *Renderer) Page(page string, data any) ([]byte, error) {
	return r.execute(page, "layout.html", data)
}

// Fragment renders one define of the page's file.
func (r *Renderer) Fragment(page, name string, data any) ([]byte, error) {
	return r.execute(page, name, data)
}

// execute renders into a buffer, so that a failing template sends nothing.
func (r *Renderer) execute(page, name string, data any) ([]byte, error) {
	set, ok := r.sets[page]
	if !ok {
		return nil, fmt.Errorf("views: there is no page %q", page)
	}
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("views: %s: %w", page, err)
	}
	return b.Bytes(), nil
}

// Pages lists the names of all pages.
func (r *Renderer) Pages() []string {
	names := make([]string, 0, len(r.sets))
	for name := range r.sets {
		names = append(names, name)
	}
	return names
}

// Set returns the templates of a page, for the test that type-checks them.
func (r *Renderer) Set(page string) *template.Template { return r.sets[page] }

// mailbox parts an e-mail address before its @, where a narrow line may break.
func mailbox(address string) [2]string {
	at := max(strings.LastIndexByte(address, '@'), 0)
	return [2]string{address[:at], address[at:]}
}
