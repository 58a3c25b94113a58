//go:build pins

package main

import (
	_ "github.com/PuerkitoBio/goquery"
	_ "github.com/chromedp/chromedp"
	_ "github.com/emersion/go-message"
	_ "github.com/emersion/go-sasl"
	_ "github.com/emersion/go-smtp"
	_ "github.com/go-pdf/fpdf"
	_ "github.com/jba/templatecheck"
	_ "github.com/stripe/stripe-go/v86"
	_ "golang.org/x/crypto/acme/autocert"
	_ "golang.org/x/image/draw"
	_ "golang.org/x/net/html"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/sys/unix"
)
