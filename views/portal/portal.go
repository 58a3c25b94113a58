// Package portal holds the customer's screens: a struct and a template each.
package portal

import "embed"

// Files are the templates of this area.
//
//go:embed *.html parts
var Files embed.FS
