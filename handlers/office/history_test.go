package office

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestEveryDeedHasItsWords reads the sources for what is written into the trail
// of a customer, and holds the history to say each of it in words of its own.
func TestEveryDeedHasItsWords(t *testing.T) {
	root := "../.."
	// what is put together while running, by the part that is not in the source
	ends := map[string][]string{
		"payment.": {"succeeded", "failed", "canceled"}, "refund.": {"planned", "pending", "succeeded", "failed"}, "dispute.": {"open", "won", "lost", "returned"},
		"registration.": {"approved", "dismissed"},
		"workorder.":    {"arrive", "cancel", "complete", "create", "dispatch", "edit", "invoice", "merge", "note", "note_internal", "photo", "reopen", "schedule", "undo", "unschedule"},
	}
	for _, kind := range []string{"refund.", "void.", "credit."} {
		ends[kind] = append(ends[kind], "ask", "approved", "declined", "expired", "withdrawn")
	}
	wanted := map[string]string{}
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			entry, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if kind, ok := entry.Type.(*ast.SelectorExpr); !ok || kind.Sel.Name != "Entry" {
				return true
			}
			var action ast.Expr
			ofCustomer := false
			for _, e := range entry.Elts {
				pair, ok := e.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				switch pair.Key.(*ast.Ident).Name {
				case "Action":
					action = pair.Value
				case "CustomerID":
					ofCustomer = true
				}
			}
			text := func(e ast.Expr) string {
				lit, ok := e.(*ast.BasicLit)
				if !ok {
					return ""
				}
				s, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			at := set.Position(entry.Pos()).String()
			if sum, ok := action.(*ast.BinaryExpr); ok && ofCustomer && text(sum.X) != "" {
				if ends[text(sum.X)] == nil {
					t.Errorf("%s: nobody told this test how %q can end", at, text(sum.X))
				}
				for _, end := range ends[text(sum.X)] {
					wanted[text(sum.X)+end] = at
				}
			}
			if name := text(action); name != "" && ofCustomer {
				wanted[name] = at
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// what is told to a function that writes the entry
	for _, name := range []string{"draft.new", "draft.edit", "user.lock", "user.unlock", "user.revoke", "user.sign_out", "user.registration_mail", "void.ask", "void.approved", "credit.approved", "credit.declined", "void.declined", "void.expired"} {
		wanted[name] = "a function's parameter"
	}
	if len(wanted) < 60 {
		t.Errorf("only %d deeds were found", len(wanted))
	}
	for name, at := range wanted {
		if deeds[name] == "" {
			t.Errorf("%s: the history has no words for %s", at, name)
		}
	}
}

func TestWhatChangedIsReadable(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{`{"city":"Troy"}`, `{"city":"Albany"}`, "city: Troy → Albany"},
		{`{"zip_code":"12180"}`, `{}`, "zip code: 12180 → nothing"},
		{`null`, `["1 x Battery at 0.00","0.5 h Labour at 95.00"]`, "1 x Battery at 0.00; 0.5 h Labour at 95.00"},
		{`["1 x Battery at 0.00"]`, `null`, "1 x Battery at 0.00 → nothing"},
		{`["1 x Battery at 0.00"]`, `[]`, "1 x Battery at 0.00 → nothing"},
		{``, `{"drawn":true,"name":"Ada"}`, "drawn: yes|name: Ada"},
		{`{"locked":false}`, `{"locked":true}`, "locked: no → yes"},
		{`{"at":null}`, `{"at":3}`, "at: 3"},
		{`"off"`, `"on"`, "off → on"},
	} {
		if got := strings.Join(differences(c.before, c.after), "|"); got != c.want {
			t.Errorf("%s to %s reads %q, want %q", c.before, c.after, got, c.want)
		}
	}
}
