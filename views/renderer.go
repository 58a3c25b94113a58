// Package views turns page structs into HTML. It decides nothing: what a page
// shows is in its struct, which the handler fills.
package views

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"text/template/parse"
)

// Renderer holds one template set a page: the layout, the shared parts and the
// page's own file. A fragment is a define of the same file, so that what an
// htmx request is answered with is exactly what the full page shows there.
type Renderer struct {
	sets map[string]*template.Template
	// parts are the layout and the shared parts of each area, for a fragment that
	// the page itself does not show
	parts map[string]*template.Template
	// lastResort is the page of an error that even the error page cannot show
	lastResort []byte
}

// New parses every page at start. Each area is a folder of pages: the page
// login.html of the area "portal" is named "portal/login". What several pages of
// an area share stands in its folder parts, if it has one. Asset turns the name
// of a static file into its address.
func New(shared fs.FS, areas map[string]fs.FS, asset func(string) string) (*Renderer, error) {
	funcs := template.FuncMap{"asset": asset, "mailbox": mailbox}
	base, err := template.New("").Funcs(funcs).ParseFS(shared, "layout.html", "parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("views: %w", err)
	}
	r := &Renderer{sets: map[string]*template.Template{}, parts: map[string]*template.Template{}}
	for area, files := range areas {
		pages, err := fs.Glob(files, "*.html")
		if err != nil {
			return nil, fmt.Errorf("views: %w", err)
		}
		parts, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("views: %w", err)
		}
		if own, err := fs.Glob(files, "parts/*.html"); err != nil {
			return nil, fmt.Errorf("views: %w", err)
		} else if len(own) > 0 {
			if parts, err = parts.ParseFS(files, own...); err != nil {
				return nil, fmt.Errorf("views: %w", err)
			}
		}
		for _, file := range pages {
			set, err := template.New("").Funcs(funcs).ParseFS(files, file)
			if err != nil {
				return nil, fmt.Errorf("views: %w", err)
			}
			if err := complete(set, parts); err != nil {
				return nil, fmt.Errorf("views: %s: %w", file, err)
			}
			r.sets[path.Join(area, strings.TrimSuffix(file, ".html"))] = set
		}
		r.parts[area] = parts
	}
	r.lastResort, err = r.Page("portal/error", &ErrorPage{
		Base: Base{Title: "Error", Dealer: Dealer{Name: "Customer Portal"}}, Status: 500, Heading: "Something went wrong",
		Message: "This is our fault, not yours. Nothing was lost; please try again in a moment.", Reference: placeholder,
	})
	return r, err
}

// complete adds to a page what it uses of the layout and the parts, and what
// those use; a page's own define comes before a part of the same name. What a page
// does not use is left out of its set: more than a hundred pages hold a copy each,
// because the escaping of a template depends on where it is used.
func complete(set, parts *template.Template) error {
	var trees []*parse.Tree
	for _, t := range set.Templates() {
		trees = append(trees, t.Tree)
	}
	add := func(name string) error {
		part := parts.Lookup(name)
		if part == nil || part.Tree == nil || set.Lookup(name) != nil {
			return nil // what is missing is found when the page is rendered
		}
		tree := part.Tree.Copy()
		trees = append(trees, tree)
		_, err := set.AddParseTree(name, tree)
		return err
	}
	if err := add("layout.html"); err != nil {
		return err
	}
	for len(trees) > 0 {
		tree := trees[0]
		trees = trees[1:]
		if tree == nil {
			continue
		}
		for _, name := range used(tree.Root) {
			if err := add(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// used lists the templates that a part of a template calls.
func used(n parse.Node) []string {
	var names []string
	branch := func(b *parse.BranchNode) {
		names = append(names, used(b.List)...)
		if b.ElseList != nil {
			names = append(names, used(b.ElseList)...)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, c := range n.Nodes {
				names = append(names, used(c)...)
			}
		}
	case *parse.TemplateNode:
		names = append(names, n.Name)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
	return names
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
	t := r.Define(page, name)
	if t == nil {
		return nil, fmt.Errorf("views: there is no page %q with %q", page, name)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
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

// Define returns a define of a page as it is rendered: the page's own, or that of
// a part; nil when there is none.
func (r *Renderer) Define(page, name string) *template.Template {
	set, ok := r.sets[page]
	if !ok {
		return nil
	}
	if t := set.Lookup(name); t != nil {
		return t
	}
	return r.parts[path.Dir(page)].Lookup(name)
}

// mailbox parts an e-mail address before its @, where a narrow line may break.
func mailbox(address string) [2]string {
	at := max(strings.LastIndexByte(address, '@'), 0)
	return [2]string{address[:at], address[at:]}
}
