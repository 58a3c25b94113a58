package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	devlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The journeys walk through the whole program in a real browser, as people do:
// controls are found by the names that are seen or read out, and whatever a
// person would wait for is waited for.

//go:embed static/testdata/axe/axe.min.js
var axe string

// patience bounds every wait. It is long, for the machine may be busy; nothing
// waits longer than it has to.
const patience = 30 * time.Second

// chromium is the one browser of the test run; each journey has a profile of
// its own in it.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop func()
	path string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	if demonstration.dir != "" {
		_ = os.RemoveAll(demonstration.dir)
	}
	os.Exit(code)
}

// startChromium starts the browser, or says which of the known ones is missing.
func startChromium() {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium.path = path
			break
		}
	}
	if chromium.path == "" {
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium.path),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-sandbox", os.Getuid() == 0), // Chromium's sandbox refuses root
		// the names that assistive technology is told, for finding controls
		chromedp.Flag("enable-blink-features", "ComputedAccessibilityInfo"),
		chromedp.Flag("lang", "en-US"),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelBrowser := chromedp.NewContext(allocator)
	chromium.ctx = ctx
	chromium.stop = func() { cancelBrowser(); cancel() }
	chromium.err = chromedp.Do(ctx)
}

// demonstration is the folder of made-up books that each journey copies.
var demonstration struct {
	once sync.Once
	dir  string
	err  error
}

// site is a running portal with its own books.
type site struct {
	URL   string
	Dir   string
	Guide guide
}

// guide is who can log in, as the demonstration keeps it.
type guide struct {
	Staff     struct{ Email, Password, Secret string }
	Clerk     struct{ Email, Password, Secret string }
	Customers []struct{ Email, Password, Name, Number, About string }
	New       []struct{ Key, Number, Zip, FirstName, LastName, Phone, Email, About string }
}

// runDemo runs the demonstration in a folder, at an address, until ctx ends;
// ready is called with its URL once it answers.
func runDemo(ctx context.Context, dir, address string, ready func(url string)) error {
	out, in := io.Pipe()
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "The portal is at ") {
				ready("http://" + address)
			}
		}
	}()
	err := run(ctx, []string{"demo", "--db", filepath.Join(dir, "portal.db"), "--listen", address}, in)
	_ = in.Close()
	return err
}

// demoCopy returns a folder with books of the demonstration that nobody else uses.
func demoCopy(t *testing.T) string {
	t.Helper()
	demonstration.once.Do(func() {
		if demonstration.dir, demonstration.err = os.MkdirTemp("", "demo"); demonstration.err != nil {
			return
		}
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
		defer stop()
		made := false
		demonstration.err = runDemo(ctx, demonstration.dir, freeAddress(t), func(string) { made = true; stop() })
		if demonstration.err == nil && !made {
			demonstration.err = errors.New("the demonstration was not made in time")
		}
	})
	if demonstration.err != nil {
		t.Fatal(demonstration.err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(demonstration.dir)); err != nil {
		t.Fatal(err)
	}
	// copying opened them to others
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	}); err != nil {
		t.Fatal(err)
	}
	// a copy takes no money until its owner confirms that it is the running one
	if err := run(t.Context(), []string{"confirm", "--db", filepath.Join(dir, "portal.db")}, io.Discard); err != nil {
		t.Fatal(err)
	}
	return dir
}

// copiedDemo is the demonstration's books, copied to a folder of their own,
// where nobody runs them yet.
func copiedDemo(t *testing.T) *site {
	t.Helper()
	s := &site{Dir: demoCopy(t)}
	raw, err := os.ReadFile(filepath.Join(s.Dir, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &s.Guide); err != nil {
		t.Fatal(err)
	}
	return s
}

// newSite starts the demonstration on fresh books and stops it with the test.
func newSite(t *testing.T) *site {
	t.Helper()
	return startSite(t, copiedDemo(t))
}

// startSite starts the demonstration on books that may have been prepared.
func startSite(t *testing.T, s *site) *site {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done, ready := make(chan error, 1), make(chan string, 1)
	address := freeAddress(t)
	go func() { done <- runDemo(ctx, s.Dir, address, func(url string) { ready <- url }) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the portal ended with: %v", err)
		}
	})
	select {
	case s.URL = <-ready:
	case err := <-done:
		done <- err
		t.Fatalf("the portal did not start: %v", err)
	case <-time.After(patience):
		t.Fatal("the portal did not start in time")
	}
	return s
}

// mode is the device of a journey.
type mode struct {
	name          string
	width, height int64
	phone, dark   bool
	noScript      bool
}

var (
	desk  = mode{name: "desk", width: 1280, height: 900}
	phone = mode{name: "phone", width: 390, height: 844, phone: true, dark: true}
	plain = mode{name: "no script", width: 1280, height: 900, noScript: true}
)

// person is somebody at a browser.
type person struct {
	*testing.T
	site *site
	mode mode
	ctx  context.Context

	mu        sync.Mutex
	trouble   []string // what the console complained of
	downloads map[string]string
	finished  map[string]bool
	files     string
	audited   map[string]bool
}

// newPerson opens a browser profile on the site. Without a browser the test is
// skipped, on CI it fails.
func newPerson(t *testing.T, s *site, m mode) *person {
	t.Helper()
	chromium.once.Do(startChromium)
	switch {
	case chromium.path == "" && os.Getenv("CI") == "true":
		t.Fatal("there is no Chromium or Chrome on this machine")
	case chromium.path == "":
		t.Skip("there is no Chromium or Chrome on this machine; install one, as in apt-get install chromium")
	case chromium.err != nil:
		t.Fatal(chromium.err)
	}
	ctx, cancel := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	p := &person{T: t, site: s, mode: m, ctx: ctx, downloads: map[string]string{}, finished: map[string]bool{}, files: t.TempDir(), audited: map[string]bool{}}
	t.Cleanup(func() {
		if t.Failed() {
			p.picture("failure")
		}
		cancel()
	})
	p.must(chromedp.Do(ctx))
	p.must(chromedp.Listen(ctx, p.hear))
	p.must(chromedp.ListenBrowser(ctx, p.hear))
	_, err := chromedp.Call(ctx, devlog.Enable, cdp.Empty{})
	p.must(err)
	yes := true
	_, err = chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
		DownloadPath: p.files, EventsEnabled: &yes,
	})
	p.must(err)
	p.resize(m.width, m.height)
	p.scheme(m.dark)
	if m.noScript {
		_, err = chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		p.must(err)
	}
	t.Cleanup(p.quiet)
	return p
}

func (p *person) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *person) resize(width, height int64) {
	p.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: p.mode.phone,
	})
	p.must(err)
	_, err = chromedp.Call(p.ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: p.mode.phone})
	p.must(err)
}

// scheme sets light or dark, always without motion, so that nothing is looked
// at half-way.
func (p *person) scheme(dark bool) {
	p.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	p.must(err)
}

// hear keeps what the console says and which files arrive.
func (p *person) hear(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		p.trouble = append(p.trouble, "exception: "+ev.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if ev.Type == "error" || ev.Type == "warning" || ev.Type == "assert" {
			var words []string
			for _, a := range ev.Args {
				words = append(words, string(a.Value)+a.Description)
			}
			p.trouble = append(p.trouble, "console: "+strings.Join(words, " "))
		}
	case *devlog.EventEntryAdded:
		e := ev.Entry
		// the browser's own line for a 4xx answer, which is no fault
		refused := e.Source == "network" && strings.Contains(e.Text, "the server responded with a status of 4")
		if (e.Level == devlog.EntryLevelError || e.Source == "security") && !refused {
			p.trouble = append(p.trouble, fmt.Sprintf("%s: %s %s", e.Source, e.Text, e.URL))
		}
	case *browser.EventDownloadWillBegin:
		p.downloads[ev.GUID] = ev.SuggestedFilename
	case *browser.EventDownloadProgress:
		if ev.State == browser.DownloadProgressStateCompleted {
			p.finished[ev.GUID] = true
		}
	}
}

// quiet fails the test for whatever the console complained of.
func (p *person) quiet() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.trouble {
		p.Errorf("%s: %s", p.mode.name, line)
	}
	p.trouble = nil
}

// picture saves what is seen, for whoever looks into a failure, when a folder
// for pictures is named, and for failures in any case.
func (p *person) picture(name string) {
	dir := os.Getenv("PICTURES")
	if dir == "" {
		if name != "failure" {
			return
		}
		dir = filepath.Join(os.TempDir(), "portal-journeys")
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	file := filepath.Join(dir, strings.NewReplacer("/", "_", " ", "_").Replace(p.Name()+"_"+p.mode.name+"_"+name)+".png")
	if err == nil {
		err = os.WriteFile(file, png, 0o600)
	}
	if err != nil {
		p.Logf("no picture: %v", err)
		return
	}
	if name == "failure" {
		p.Logf("what was seen last: %s", file)
	}
}

// ---- looking

// eval runs script with the arguments as JSON values named a, b, c ...
func eval[T any](p *person, script string, args ...any) (T, error) {
	var b strings.Builder
	b.WriteString("((")
	for i := range args {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('a' + byte(i))
	}
	b.WriteString(") => {" + script + "})(")
	for i, a := range args {
		if i > 0 {
			b.WriteByte(',')
		}
		raw, err := json.Marshal(a)
		if err != nil {
			var zero T
			return zero, err
		}
		b.Write(raw)
	}
	b.WriteByte(')')
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](b.String(), chromedp.EvalAwaitPromise))
}

// settled is the condition that nothing is under way that would move the page or
// take a press the wrong way: it is loaded, no answer is awaited, and htmx has
// bound every element that is its own. Until it has, a press sends a plain form.
const settled = `document.readyState === "complete" && !document.querySelector(".htmx-request") &&
	!(window.htmx && document.querySelector(":is([hx-get], [hx-post]):not([data-htmx-powered])"))`

// settle waits for what was pressed before to be answered, as a person does.
func (p *person) settle() {
	p.Helper()
	p.until("the answer", "return "+settled)
}

// until waits for a condition in the page to hold. A page that is just being
// replaced does not hold it.
func (p *person) until(what, script string, args ...any) {
	p.Helper()
	await[bool](p, what, script, args...)
}

// await waits for a script in the page to return something, and returns it.
func await[T comparable](p *person, what, script string, args ...any) T {
	p.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	var nothing T
	for {
		got, err := eval[T](p, script, args...)
		if err == nil && got != nothing {
			return got
		}
		if time.Now().After(deadline) {
			at, _ := eval[string](p, "return location.href + '\\n' + document.body.innerText")
			p.Fatalf("%s: waited in vain for %s (%v) at %s", p.mode.name, what, err, at)
		}
		<-tick.C
	}
}

// see waits until the page shows a text.
func (p *person) see(texts ...string) {
	p.Helper()
	for _, text := range texts {
		p.until(fmt.Sprintf("%q", text), `
			const flat = (s) => s.replace(/\s+/g, " ");
			return document.readyState === "complete" && flat(document.body.innerText).includes(flat(a))`, text)
	}
}

// miss waits until the page does not show a text.
func (p *person) miss(text string) {
	p.Helper()
	p.until(fmt.Sprintf("%q to go away", text), `return document.readyState === "complete" && !document.body.innerText.replace(/\s+/g, " ").includes(a)`, text)
}

// text returns what the page shows, with single spaces.
func (p *person) text() string {
	p.Helper()
	s, err := eval[string](p, `return document.body.innerText.replace(/\s+/g, " ")`)
	p.must(err)
	return s
}

// at waits until the page is at a path.
func (p *person) at(path string) {
	p.Helper()
	p.until("the address "+path, `return document.readyState === "complete" && location.pathname === a`, path)
}

// controls finds the visible controls that are called by a name: first those
// whose whole name it is, then those whose name begins with it; in a dialog
// before the page below. What their text or label suggests is checked against
// the name that assistive technology is told, which takes long on a long page
// and is asked of the one control that is wanted.
const controls = `
	const flat = (s) => (s || "").replace(/\s+/g, " ").trim();
	const shown = (e) => e.checkVisibility({visibilityProperty: true, opacityProperty: false}) && !e.closest("[inert]");
	const controls = (kinds, name, nth = 0) => {
		const calls = (e) => e.ariaLabel ? [e.ariaLabel] : [...[...(e.labels || [])].map((l) => l.innerText), e.innerText, e.title];
		const all = [...(document.querySelector("dialog:modal") || document).querySelectorAll(kinds)].filter((e) => calls(e).some((s) => flat(s).startsWith(name)) && shown(e));
		const whole = (e) => calls(e).some((s) => flat(s) === name);
		const e = [...all.filter(whole), ...all.filter((e) => !whole(e))][nth];
		return e && flat(e.computedName).startsWith(name) ? e : null;
	};
`

const (
	pressable = `button, a[href], summary, [role=tab], [type=submit], [type=checkbox], [type=radio]`
	fillable  = `input:not([type=checkbox], [type=radio], [type=submit], [type=hidden]), textarea, select`
)

// point is a place on the screen in CSS pixels.
type point struct{ X, Y float64 }

// find waits for the nth visible control of a name and returns its middle once
// it is on the screen and nothing lies over it. What an answer under way would
// move is not aimed at, nor what still moves: a window that was just given another
// size is drawn anew a moment later.
func (p *person) find(kinds, name string, nth int) point {
	p.Helper()
	at := p.place(kinds, name, nth)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		<-time.After(40 * time.Millisecond)
		now := p.place(kinds, name, nth)
		if now == at {
			return at
		}
		at = now
	}
	p.Fatalf("the control %q does not lie still", name)
	return at
}

// place is where find finds a control now.
func (p *person) place(kinds, name string, nth int) point {
	p.Helper()
	return *await[*point](p, fmt.Sprintf("the control %q", name), controls+`
		if (!(`+settled+`)) return null;
		const e = controls(a, b, c);
		if (!e) return null;
		e.scrollIntoView({block: "center", behavior: "instant"});
		const r = [...e.getClientRects()].find((r) => r.width && r.height);
		if (!r) return null;
		const at = {X: r.x + r.width / 2, Y: r.y + r.height / 2};
		const top = document.elementFromPoint(at.X, at.Y);
		const label = e.labels && [...e.labels].some((l) => l.contains(top));
		return top && (e.contains(top) || top.contains(e) && top !== document.body || label) ? at : null;`, kinds, name, nth)
}

// ---- doing

// press presses what is named, with the finger on a phone.
func (p *person) press(name string) { p.Helper(); p.pressNth(name, 0) }

// pressNth presses the nth control of a name, from 0.
func (p *person) pressNth(name string, nth int) {
	p.Helper()
	p.tap(p.find(pressable, name, nth))
}

func (p *person) tap(at point) {
	p.Helper()
	if !p.mode.phone {
		p.must(chromedp.Do(p.ctx, chromedp.MouseClickXY(at.X, at.Y)))
		return
	}
	_, err := chromedp.Call(p.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchStart, TouchPoints: []*input.TouchPoint{{X: at.X, Y: at.Y}}})
	p.must(err)
	_, err = chromedp.Call(p.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}})
	p.must(err)
}

// follow presses what is named and waits for the next page.
func (p *person) follow(name string) {
	p.Helper()
	p.next(func() { p.press(name) })
}

// next waits for the page that comes after what f does.
func (p *person) next(f func()) {
	p.Helper()
	_, err := eval[bool](p, `return document.documentElement.dataset.left = "1", true`)
	p.must(err)
	f()
	p.until("the next page", `return document.readyState === "complete" && !document.documentElement.dataset.left`)
}

// fill puts a value into the box or drop-down of a label, as typing does.
func (p *person) fill(label, value string) {
	p.Helper()
	p.find(fillable, label, 0)
	kind := await[string](p, fmt.Sprintf("the box %q", label), controls+`
		const e = `+settled+` && controls(a, b);
		if (!e) return "";
		e.focus();
		if (e.localName !== "select") { e.select(); return "text"; }
		const o = [...e.options].find((o) => flat(o.textContent).startsWith(c));
		if (!o) return "no option in " + [...e.options].map((o) => flat(o.textContent)).join(" | ");
		e.value = o.value;
		e.dispatchEvent(new Event("input", {bubbles: true}));
		e.dispatchEvent(new Event("change", {bubbles: true}));
		return "select";`, fillable, label, value)
	switch kind {
	case "select":
		return
	case "text":
	default:
		p.Fatalf("%s: %q has %s", label, value, kind)
	}
	if value == "" {
		p.key(kb.Delete)
		return
	}
	_, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: value})
	p.must(err)
}

// value returns what stands in the box of a label.
func (p *person) value(label string) string {
	p.Helper()
	type box struct{ Value string }
	return await[*box](p, fmt.Sprintf("the box %q", label), controls+`
		const e = `+settled+` && controls(a, b);
		return e ? {Value: e.value} : null`, fillable, label).Value
}

// key presses keys on whatever has the focus. The key and its character go as
// one event: when the key opens a box, its character must not end up in there.
// What was pressed before is answered by then.
func (p *person) key(keys string) {
	p.Helper()
	p.settle()
	for _, r := range keys {
		var down *input.DispatchKeyEventParams
		for _, ev := range kb.Encode(r) {
			switch ev.Type {
			case kb.KeyUp:
				_, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, *down)
				p.must(err)
				_, err = chromedp.Call(p.ctx, input.DispatchKeyEvent, *ev)
				p.must(err)
			case kb.KeyChar:
				down.Type, down.Text, down.UnmodifiedText = input.DispatchKeyEventTypeKeyDown, ev.Text, ev.UnmodifiedText
			default:
				down = ev
			}
		}
	}
}

// tabTo presses Tab until the control of a name has the focus, and checks on
// the way that every focus can be seen.
func (p *person) tabTo(name string) {
	p.Helper()
	for range 80 {
		p.key(kb.Tab)
		at := p.focus()
		if at.Name != "" && !at.Seen {
			p.Errorf("the focus on %q cannot be seen", at.Name)
		}
		if strings.HasPrefix(at.Name, name) {
			return
		}
	}
	p.Fatalf("Tab does not come to %q", name)
}

// focus is what has the focus once nothing is under way: its accessible name, and
// whether somebody sees that it has it.
type focus struct {
	Name string
	Seen bool
}

func (p *person) focus() focus {
	p.Helper()
	return *await[*focus](p, "the answer", `
		if (!(`+settled+`)) return null;
		const e = document.activeElement;
		if (!e || e === document.body) return {Name: "", Seen: false};
		const s = getComputedStyle(e);
		return {Name: (e.computedName || "").replace(/\s+/g, " ").trim(), Seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2}`)
}

// focused returns the accessible name of what has the focus.
func (p *person) focused() string {
	p.Helper()
	return p.focus().Name
}

// visit goes to an address on the site.
func (p *person) visit(path string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience)
	defer cancel()
	p.must(chromedp.Do(ctx, chromedp.Navigate(p.site.URL+path)))
}

// back presses the browser's Back.
func (p *person) back() {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.must(chromedp.Do(ctx, chromedp.NavigateBack()))
}

// reload asks for the page anew, without sending a form again.
func (p *person) reload() {
	p.Helper()
	p.next(func() {
		_, err := chromedp.Call(p.ctx, page.Reload, page.ReloadParams{})
		p.must(err)
	})
}

// download presses what is named and returns the file that arrives.
func (p *person) download(name string) (file string, body []byte) {
	p.Helper()
	p.press(name)
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		p.mu.Lock()
		for guid := range p.finished {
			// the browser tells everybody of every download: ours is in our folder
			body, err := os.ReadFile(filepath.Join(p.files, guid))
			if err == nil {
				delete(p.finished, guid)
				file = p.downloads[guid]
				p.mu.Unlock()
				return file, body
			}
		}
		p.mu.Unlock()
		if time.Now().After(deadline) {
			p.Fatalf("%q brought no file", name)
		}
		<-tick.C
	}
}

// ---- judging

// audit holds a screen to what every screen must keep, once a journey.
func (p *person) audit(screen string) {
	p.Helper()
	if p.mode.noScript || p.audited[screen] {
		return
	}
	p.audited[screen] = true
	p.settle()
	p.picture(screen)
	for _, f := range p.faults() {
		p.Errorf("%s on %s: %s", screen, p.mode.name, f)
	}
}

// faults judges the page that is shown: axe finds nothing in light and in dark,
// there is one heading and a title, nothing hangs out at the side from 320 pixels
// on, no text sticks to the border around it, on a customer's phone not even when
// the text is twice as large, and on a phone a finger hits every control.
func (p *person) faults() []string {
	p.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Evaluate[chromedp.Void](axe))
	p.must(err)
	faults := p.axe(`{resultTypes: ["violations"]}`)
	p.scheme(!p.mode.dark)
	faults = append(faults, p.axe(`{resultTypes: ["violations"], runOnly: ["color-contrast"]}`)...)
	p.scheme(p.mode.dark)

	found, err := eval[[]string](p, `
		const faults = [];
		if (document.querySelectorAll("h1").length !== 1) faults.push(document.querySelectorAll("h1").length + " h1");
		if (!/^.+ - .+$/.test(document.title)) faults.push("the title " + document.title);
		if (document.documentElement.lang !== "en") faults.push("no language");
		for (const e of document.querySelectorAll("[style]:not([style=''])")) faults.push("a style attribute: " + e.outerHTML.slice(0, 120));
		if (document.querySelector("a[role=button]")) faults.push("a link that says it is a button");
		if (document.querySelector("[aria-describedby='']")) faults.push("a description of nothing");
		const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
		for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push("the id " + id + " twice");
		if (localStorage.length || sessionStorage.length) faults.push("something kept in the browser");
		if (a) for (const e of document.querySelectorAll("button, .button, select, textarea, .tabs a, .who a, input:not([type=hidden])")) {
			const hit = e.matches("[type=checkbox], [type=radio]") && e.labels.length ? e.labels[0] : e;
			const r = hit.getBoundingClientRect();
			if (r.height && e.checkVisibility() && r.height < 43.5) faults.push(Math.round(r.height) + "px high for a finger: " + (e.computedName || e.name));
		}
		return faults;`, p.mode.phone)
	p.must(err)
	faults = append(faults, found...)
	faults = append(faults, p.overhang(p.mode.width)...)
	faults = append(faults, p.cramped()...)
	for _, width := range []int64{320, 768, 1030} {
		p.resize(width, 700)
		faults = append(faults, p.overhang(width)...)
	}
	where, err := eval[string](p, "return location.pathname")
	p.must(err)
	if p.mode.phone && !strings.HasPrefix(where, "/office") { // a customer may have the text twice as large
		p.resize(p.mode.width/2, p.mode.height/2)
		faults = append(faults, p.overhang(p.mode.width/2)...)
		faults = append(faults, p.cramped()...)
	}
	p.resize(p.mode.width, p.mode.height)
	return faults
}

func (p *person) axe(options string) []string {
	p.Helper()
	found, err := eval[[]string](p, `return axe.run(document, `+options+`).then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target + " " + n.failureSummary)))`)
	p.must(err)
	return found
}

// cramped tells which text sticks to the border around it.
func (p *person) cramped() []string {
	p.Helper()
	found, err := eval[[]string](p, `
		const faults = [];
		const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		const range = document.createRange();
		while (words.nextNode()) {
			const text = words.currentNode;
			if (!text.data.trim() || !text.parentElement.checkVisibility() || text.parentElement.closest(".hidden-text, .skip, option, caption")) continue;
			range.selectNodeContents(text);
			const r = range.getBoundingClientRect();
			if (r.width <= 1) continue;
			for (let e = text.parentElement; e !== document.body; e = e.parentElement) {
				const s = getComputedStyle(e), box = e.getBoundingClientRect();
				const framed = parseFloat(s.borderLeftWidth) >= 1 && parseFloat(s.borderRightWidth) >= 1 && s.overflow === "visible";
				if (framed && (r.left - box.left < 4 || box.right - r.right < 4)) faults.push("against its border: " + text.data.trim().slice(0, 60));
				if (framed || e.matches("dialog")) break; // a dialog lies above what is around it
			}
		}
		return faults;`)
	p.must(err)
	return found
}

// overhang tells what makes the page scroll sideways.
func (p *person) overhang(width int64) []string {
	p.Helper()
	found, err := eval[[]string](p, `
		const root = document.scrollingElement;
		const lost = [...document.querySelectorAll("main a, main button, main input, main p")].filter((e) => {
			const r = e.getBoundingClientRect();
			return r.left < -1 && r.width > 1 && e.checkVisibility();
		});
		if (lost.length) return ["lost at the left at " + a + " pixels: " + lost[0].outerHTML.slice(0, 120)];
		if (root.scrollWidth <= a) return [];
		const far = [...document.body.querySelectorAll("*")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > a + 1);
		return [root.scrollWidth + " pixels wide at " + a + ", by " + far.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join(" and ")]`, width)
	p.must(err)
	return found
}

// ---- mail

// mail opens the newest mail to an address whose subject has a text, and leaves
// the browser on it.
func (p *person) mail(to, subject string) {
	p.Helper()
	p.visit("/demo/mail")
	find := `
		return [...document.querySelectorAll("#letters tbody tr")].find((r) => r.innerText.includes(a) && r.innerText.includes(b))?.querySelector("a").href || ""`
	deadline := time.Now().Add(patience)
	for {
		href, err := eval[string](p, find, to, subject)
		p.must(err)
		if u, err := url.Parse(href); err == nil && href != "" {
			p.visit(u.Path)
			return
		}
		if time.Now().After(deadline) {
			p.Fatalf("no mail to %s about %q:\n%s", to, subject, p.text())
		}
		p.reload()
	}
}

// ---- without a browser

// get asks for an address as a plain client and returns the answer with its
// body as it came over the wire.
func (s *site) get(t *testing.T, path string, header ...string) (*http.Response, []byte) {
	t.Helper()
	return s.send(t, http.MethodGet, path, nil, header...)
}

// post sends a form of names and values with a cookie, as a browser would
// without script.
func (s *site) post(t *testing.T, path, cookie string, fields ...string) (*http.Response, []byte) {
	t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return s.send(t, http.MethodPost, path, strings.NewReader(form.Encode()),
		"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Cookie", cookie)
}

func (s *site) send(t *testing.T, method, path string, body io.Reader, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, answer
}
