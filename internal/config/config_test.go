package config

import (
	"io"
	"testing"
)

func TestFlagWinsOverEnvironment(t *testing.T) {
	env := map[string]string{"PORTAL_DB": "env.db", "PORTAL_LISTEN": "127.0.0.1:9", "PORTAL_SMTP_PASSWORD": "p"}
	c, rest, err := Parse("serve", []string{"--db", "flag.db", "x"}, func(k string) string { return env[k] }, io.Discard, nil)
	if err != nil || c.DB != "flag.db" || c.Listen != "127.0.0.1:9" || c.PublicURL != "http://127.0.0.1:9" || c.SMTPPassword != "p" || len(rest) != 1 {
		t.Errorf("Parse = %+v, %v, %v", c, rest, err)
	}
}

func TestWrongValuesAreRefusedInWords(t *testing.T) {
	for _, args := range [][]string{
		{"--public-url", "portal.example.com"}, {"--public-url", "https://a/b"}, {"--smtp", "mail.example.com"},
		{"--smtp", "smtp://u:p@mail.example.com:587"}, {"--trusted-proxy", "10.0.0.1"}, {"--log", "xml"}, {"--nonsense"},
	} {
		if _, _, err := Parse("serve", args, func(string) string { return "" }, io.Discard, nil); err == nil {
			t.Errorf("Parse(%v) succeeded", args)
		}
	}
}
