package main

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSQLIsNeverPutTogether holds every statement to text that stands in the
// source: whatever people typed comes in by placeholders alone.
func TestSQLIsNeverPutTogether(t *testing.T) {
	// the place of the statement among the arguments
	calls := map[string]int{
		"Exec": 0, "Query": 0, "QueryRow": 0, "Prepare": 0,
		"ExecContext": 1, "QueryContext": 1, "QueryRowContext": 1, "PrepareContext": 1,
		"exec": 0, "one": 0, "each": 1, // the scratch database's, in internal/books
	}
	all := sources(t, ".")
	constants := map[string]bool{} // folder and name
	for _, s := range all {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						constants[filepath.Dir(s.path)+" "+name.Name] = true
					}
				}
			}
			return true
		})
	}
	seen := 0
	for _, s := range all {
		var written func(e ast.Expr) bool
		written = func(e ast.Expr) bool {
			switch e := e.(type) {
			case *ast.BasicLit:
				return true
			case *ast.Ident:
				return constants[filepath.Dir(s.path)+" "+e.Name]
			case *ast.ParenExpr:
				return written(e.X)
			case *ast.BinaryExpr:
				return written(e.X) && written(e.Y)
			}
			return false
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			place, ok := calls[sel.Sel.Name]
			if !ok || len(call.Args) <= place || s.path == "main.go" && sel.Sel.Name == "Prepare" ||
				slices.Contains([]string{"exec", "one", "each"}, sel.Sel.Name) && filepath.Dir(s.path) != "internal/books" {
				return true
			}
			seen++
			if !written(call.Args[place]) && putTogether[s.path] == "" && !strings.HasSuffix(s.path, ".sql.go") {
				t.Errorf("%s: the statement of %s is put together while running", s.set.Position(call.Pos()), sel.Sel.Name)
			}
			return true
		})
	}
	if seen < 100 {
		t.Errorf("only %d statements were found", seen)
	}
}

// putTogether lists the files that may, with the reason. What sqlc makes may,
// too: it writes as many placeholders as a list has values.
var putTogether = map[string]string{
	"db/scratch.go":           "passes statements on",
	"internal/books/stage.go": "passes statements on, which are looked at where exec, one and each are called",
	"internal/books/plan.go":  "runs each of a list of statements",
	"db/snapshot.go":          "runs each of a list of pragmas",
}

// TestWhatIsNeverUsed lists what would open a door by its mere presence.
func TestWhatIsNeverUsed(t *testing.T) {
	for _, s := range sources(t, ".") {
		for _, i := range s.file.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			if slices.Contains([]string{"net/http/pprof", "expvar", "math/rand", "math/rand/v2"}, path) && !strings.HasPrefix(s.path, "internal/demo/") && !strings.HasPrefix(s.path, "internal/books/bookstest/") {
				t.Errorf("%s imports %s", s.path, path)
			}
		}
		if !strings.HasPrefix(s.path, "handlers") {
			continue
		}
		// forms are read field by field: a field that nobody asks for has no
		// effect, whatever its name
		s.names(func(_, name, at string) {
			if slices.Contains([]string{"Bind", "BindBody", "BindUnmarshaler", "DefaultBinder"}, name) {
				t.Errorf("%s: %s fills a struct from whatever was sent", at, name)
			}
		})
	}
}
