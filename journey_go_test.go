package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestJourneyPostedPage goes on to a processor's page that must be posted to: by
// itself with script, with the button without. The portal's own log-in stands for
// the processor, whose origin no test may reach.
func TestJourneyPostedPage(t *testing.T) {
	for _, m := range []mode{phone, plain} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			goOnThePostedPage(newPerson(t, newSite(t), m))
		})
	}
}

func goOnThePostedPage(p *person) {
	signInAt(p, "maria.alvarez@example.com")
	books, err := sql.Open("sqlite", "file:"+filepath.Join(p.site.Dir, "portal.db-live")+"?_pragma=busy_timeout(10000)")
	p.must(err)
	defer func() { _ = books.Close() }()
	key := strings.Repeat("a", 32)
	_, err = books.Exec(`INSERT INTO page_forms (key, url, fields, back, ends_at) VALUES (?, ?, 'username=posted%40example.com', '/pay', ?)`,
		key, p.site.URL+"/pay/preview", time.Now().Add(time.Minute).UnixMilli())
	p.must(err)
	if p.mode.noScript {
		p.visit("/go/" + key)
		p.see("On to the payment page")
		p.audit("on to the payment page")
		p.follow("Continue")
	} else {
		p.visit("/go/" + key)
	}
	p.at("/pay/preview")
	p.see("Amount Applied")
	_, err = books.Exec(`UPDATE page_forms SET ends_at = 1`)
	p.must(err)
	p.visit("/go/" + key)
	p.forget("410")
	p.see("This payment page has run out")
	p.audit("a payment page that has run out")
	p.follow("Go back")
	p.see("Amount Applied")
}
