package workorder_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"customerportal/internal/workorder"
)

// TestMailCarriesPhotos sends the dealer the photos themselves, as far as a mail
// holds them, and says what it does not hold.
func TestMailCarriesPhotos(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		name     string
		sizes    []int
		attached string
		says     string
	}{
		{"none", nil, "", ""},
		{"one", []int{1000}, "1", "Photos: 1, attached"},
		{"all", []int{mb, mb, mb, mb, mb}, "1 2 3 4 5", "Photos: 5, attached"},
		{"what fits", []int{4 * mb, 3 * mb, mb, mb + 1, mb}, "1 3 5", "Photos: 5, of which 3 attached; together they are too large for a mail, and all of them are on the work order's page"},
		{"too large", []int{7 * mb}, "", "Photos: 1, on the work order's page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShop(t)
			for i, size := range c.sizes {
				s.exec(`INSERT INTO work_order_uploads (nonce, customer_id, name, sha256, body, thumb, width, height, user_id, at) VALUES ('f', 1, 'a.jpg', ?, ?, x'00', 1, 1, 1, 1)`,
					fmt.Sprintf("%064d", i), bytes.Repeat([]byte{byte(i)}, size))
			}
			number, err := s.orders.Create(s.Context(), ann, workorder.NewOrder{CustomerID: 1, SiteID: 1, SystemID: 1, Source: workorder.Portal, Note: "Look at this", Nonce: "f"})
			s.must(err)
			papers := one[string](s, `SELECT coalesce(group_concat(d.name, ' '), '') FROM (SELECT d.name FROM outbox o JOIN outbox_attachments a ON a.outbox_id = o.id
				JOIN documents d ON d.id = a.document_id WHERE o.to_email = 'service@dealer.example' ORDER BY a.position) d`)
			if got := strings.NewReplacer(number+"-", "", ".jpg", "").Replace(papers); got != c.attached {
				t.Errorf("attached %q; want %q", got, c.attached)
			}
			text := one[string](s, `SELECT text_body FROM outbox WHERE to_email = 'service@dealer.example'`)
			if line := "\n" + c.says + "\n"; c.says != "" && !strings.Contains(text, line) || c.says == "" && strings.Contains(text, "Photos") {
				t.Errorf("%q is not in\n%s", c.says, text)
			}
			if n := one[int](s, `SELECT count(*) FROM outbox_attachments a JOIN outbox o ON o.id = a.outbox_id WHERE o.to_email <> 'service@dealer.example'`); n != 0 {
				t.Errorf("%d photos go back to who sent them", n)
			}
		})
	}
}
