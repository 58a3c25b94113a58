package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"customerportal/db/dbtest"
)

// The rules of the house that the compiler does not hold.

const module = "customerportal"

var (
	// leaves know nothing of the rest and may be used by all.
	leaves = []string{"internal/money", "internal/calendar", "internal/fault", "internal/config", "internal/signature"}

	// every noun may also use these: settings, the audit trail and the outbox
	// take part in the transactions of all the others.
	services = []string{"internal/settings", "internal/audit", "internal/outbox"}

	// beyond has what a package may import besides leaves; a noun that is not
	// listed may import db and the services.
	beyond = map[string][]string{
		"internal/money":     {},
		"internal/calendar":  {},
		"internal/fault":     {},
		"internal/config":    {},
		"internal/signature": {},

		"db":                            {},
		"db/dbtest":                     {"db"},
		"static":                        {},
		"views":                         {},
		"views/portal":                  {"views"},
		"views/demo":                    {"views"},
		"views/office":                  {"views"},
		"internal/audit":                {"db"},
		"internal/settings":             {"db", "internal/audit"},
		"internal/outbox":               {"db", "internal/audit", "internal/settings"},
		"internal/document":             {},
		"internal/gateway":              {},
		"internal/gateway/stripe":       {"internal/gateway"},
		"internal/gateway/authorizenet": {"internal/gateway"},
		"internal/gateway/authorizenet/authorizenettest": {"internal/gateway"},
		"internal/gateway/sandbox":                       {"internal/gateway", "internal/gateway/stripe"},
		"internal/gateway/gatewaytest":                   {"internal/gateway"},
		"internal/ledger":                                {"db", "internal/document", "services"},
		"internal/payment":                               {"db", "internal/document", "internal/ledger", "internal/gateway", "services"},
		"internal/billing":                               {"db", "internal/ledger", "services"},
		"internal/autopay":                               {"db", "internal/ledger", "internal/payment", "internal/gateway", "services"},
		"internal/reminder":                              {"db", "internal/ledger", "services"},
		"internal/workorder":                             {"db", "internal/ledger", "services"},
		"internal/proposal":                              {"db", "internal/document", "internal/billing", "internal/ledger", "services"},
		"internal/books":                                 {"db", "internal/account", "internal/billing", "internal/document", "internal/ledger", "internal/proposal", "services"},
		"internal/sale":                                  {"db", "internal/billing", "internal/ledger", "internal/proposal", "internal/workorder", "services"},
		"internal/accounting":                            {"db", "internal/billing", "internal/books", "internal/ledger", "services"},
		"internal/schedule":                              {"db"},
		// the demonstration uses the whole product the way people do
		"internal/demo": {"db", "internal/account", "internal/autopay", "internal/billing", "internal/ledger", "internal/payment", "internal/gateway", "internal/gateway/sandbox", "internal/proposal", "internal/sale", "internal/signature", "internal/workorder", "services"},
	}
)

// goList returns the packages of the program with what each imports.
func goList(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		packages[strings.TrimPrefix(strings.TrimPrefix(words[0], module), "/")] = words[1:]
	}
	if len(packages) < 15 {
		t.Fatalf("go list found %d packages", len(packages))
	}
	return packages
}

// mayImport tells whether the rooms allow from to import to, both as paths in
// this module.
func mayImport(from, to string) bool {
	switch {
	case from == "": // main wires everything
		return true
	case slices.Contains(leaves, from):
		return false
	case slices.Contains(leaves, to):
		return true
	}
	if from == "handlers" || strings.HasPrefix(from, "handlers/") {
		switch {
		case to == "handlers/web":
			return true
		case strings.HasPrefix(to, "handlers"):
			return false
		case strings.HasPrefix(to, "internal/gateway/"):
			return false // handlers know the engine, not the processors
		}
		return true
	}
	allowed, listed := beyond[from]
	if !listed {
		allowed = []string{"db", "services"}
	}
	return slices.Contains(allowed, to) || slices.Contains(allowed, "services") && slices.Contains(services, to)
}

func TestWhoImportsWhom(t *testing.T) {
	for from, imports := range goList(t) {
		for _, path := range imports {
			if to, ours := strings.CutPrefix(path, module+"/"); ours && !mayImport(from, to) {
				t.Errorf("%s imports %s", from, to)
			}
		}
	}
}

// TestWhatNounsKeepOutOf holds HTTP and pages out of the business.
func TestWhatNounsKeepOutOf(t *testing.T) {
	may := map[string][]string{
		"internal/gateway/stripe":                        {"net/http"}, // a processor's API is spoken over HTTP
		"internal/gateway/authorizenet":                  {"net/http"},
		"internal/gateway/authorizenet/authorizenettest": {"net/http"},                  // it stands in for a processor's API
		"internal/gateway/sandbox":                       {"net/http", "html/template"}, // it stands in for a processor's API and pages
		"internal/outbox":                                {"html/template"},             // a mail's layout is its own
	}
	for from, imports := range goList(t) {
		if !strings.HasPrefix(from, "internal/") && from != "db" {
			continue
		}
		for _, path := range imports {
			kept := path == "net/http" || path == "html/template" || strings.HasPrefix(path, "github.com/labstack/echo")
			if kept && !slices.Contains(may[from], path) {
				t.Errorf("%s imports %s", from, path)
			}
		}
	}
	for from, imports := range goList(t) {
		if strings.HasPrefix(from, "views") && slices.ContainsFunc(imports, func(p string) bool {
			return p == "net/http" || p == "database/sql" || strings.HasPrefix(p, "github.com/labstack/echo")
		}) {
			t.Errorf("%s decides: it imports %v", from, imports)
		}
	}
}

// source is one parsed Go file of the program, tests and generated files left out.
type source struct {
	path string
	set  *token.FileSet
	file *ast.File
}

func sources(t *testing.T, root string) []source {
	t.Helper()
	var found []source
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "." {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		found = append(found, source{filepath.ToSlash(path), set, file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no Go files in %s", root)
	}
	return found
}

// names calls f for every package.Name or value.Name of the file.
func (s source) names(f func(of, name, at string)) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			of := ""
			if id, ok := sel.X.(*ast.Ident); ok {
				of = id.Name
			}
			f(of, sel.Sel.Name, s.set.Position(sel.Pos()).String())
		}
		return true
	})
}

// TestTimeIsInjected lets nobody but main.go ask the machine for the time.
func TestTimeIsInjected(t *testing.T) {
	for _, s := range sources(t, ".") {
		if s.path == "main.go" || machineTime[s.path] != "" {
			continue
		}
		s.names(func(of, name, at string) {
			if of == "time" && slices.Contains([]string{"Now", "Since", "Until"}, name) {
				t.Errorf("%s: time.%s", at, name)
			}
		})
	}
}

// machineTime lists the files that may, with the reason.
var machineTime = map[string]string{}

// TestTrustedMarkup lists every place that tells html/template to trust a text.
func TestTrustedMarkup(t *testing.T) {
	allowed := map[string]string{}
	for _, s := range sources(t, ".") {
		if allowed[s.path] != "" {
			continue
		}
		s.names(func(of, name, at string) {
			if of == "template" && slices.Contains([]string{"HTML", "HTMLAttr", "CSS", "JS", "JSStr", "URL", "Srcset"}, name) {
				t.Errorf("%s: template.%s", at, name)
			}
		})
	}
}

// TestCustomersSeeTheirOwn holds the customer's screens to queries that take
// the customer's id.
func TestCustomersSeeTheirOwn(t *testing.T) {
	queries := map[string]bool{}
	for _, s := range sources(t, "db") {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
				if id, ok := star.X.(*ast.Ident); ok && id.Name == "Queries" && f.Name.Name != "WithTx" {
					queries[f.Name.Name] = true
				}
			}
		}
	}
	if len(queries) < 20 {
		t.Fatalf("found %d queries", len(queries))
	}
	for _, s := range sources(t, "handlers/portal") {
		s.names(func(_, name, at string) {
			if queries[name] && !strings.HasSuffix(name, "ForCustomer") && queriesOfNobody[name] == "" {
				t.Errorf("%s: %s is not named ForCustomer", at, name)
			}
		})
	}

	// and what is named so does take it
	files, err := filepath.Glob("queries/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	query := regexp.MustCompile(`(?s)-- name: (\w+ForCustomer) :\w+\n(.*?)(?:\n-- |\z)`)
	byCustomer := regexp.MustCompile(`(?i)customer_id\s*=\s*(\?|@|sqlc\.arg)|\bcustomer_id\b[^;]*\bVALUES\b|\bc(?:ustomers)?\.id\s*=\s*(\?|@|sqlc\.arg)|FROM customers\s[^;]*\bid\s*=\s*(\?|@|sqlc\.arg)`)
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range query.FindAllStringSubmatch(string(body), -1) {
			if !byCustomer.MatchString(m[2]) {
				t.Errorf("%s: %s does not ask for the customer's id", file, m[1])
			}
		}
	}
}

// queriesOfNobody lists the queries that a customer's screen may use although
// they ask for no customer, with the reason.
var queriesOfNobody = map[string]string{
	"GetDocument": "the paper's id comes from a row that was asked for with the customer's id",
}

// TestTablesAreStrict reads the migrated file itself.
func TestTablesAreStrict(t *testing.T) {
	rows, err := dbtest.New(t).Reader().QueryContext(t.Context(),
		`SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	count := 0
	for rows.Next() {
		var name string
		var strict bool
		if err := rows.Scan(&name, &strict); err != nil {
			t.Fatal(err)
		}
		count++
		if !strict {
			t.Errorf("the table %s is not STRICT", name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if count < 20 {
		t.Errorf("found %d tables", count)
	}
}

// TestEveryQueryHasItsReader keeps a line above each query that says which
// screen or job uses it, and no query that none does.
func TestEveryQueryHasItsReader(t *testing.T) {
	files, err := filepath.Glob("queries/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, s := range sources(t, ".") {
		if !strings.HasSuffix(s.path, ".sql.go") {
			s.names(func(_, name, _ string) { asked[name] = true })
		}
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before := ""
		for line := range strings.Lines(string(body)) {
			line = strings.TrimSpace(line)
			if name, ok := strings.CutPrefix(line, "-- name: "); ok {
				if !strings.HasPrefix(before, "-- ") || len(before) < 8 {
					t.Errorf("%s: nothing says who uses %s", file, name)
				}
				if name, _, _ = strings.Cut(name, " "); !asked[name] {
					t.Errorf("%s: nobody uses %s", file, name)
				}
			}
			before = line
		}
	}
}

// TestLicencesAreListed keeps the list of modules in README whole: what the
// program holds of others is named there with its licence, and nothing else is.
func TestLicencesAreListed(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(string(readme), "### What others made")
	if !found {
		t.Fatal("README has no such list")
	}
	deps := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}`, ".")
	deps.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64")
	out, err := deps.Output()
	if err != nil {
		t.Fatal(err)
	}
	held := strings.Fields(string(out))
	for _, path := range held {
		if !strings.Contains(list, "`"+path+"`") {
			t.Errorf("README does not name the licence of %s", path)
		}
	}
	for _, m := range regexp.MustCompile("`([a-z.]+\\.[a-z]+/[^`]+)`").FindAllStringSubmatch(list, -1) {
		if !slices.Contains(held, m[1]) {
			t.Errorf("README names %s, which the program does not hold", m[1])
		}
	}
	if len(held) < 20 {
		t.Errorf("only %d packages of others were found", len(held))
	}
}
