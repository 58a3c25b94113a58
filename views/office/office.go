// Package office holds the screens of the dealer's staff: a struct and a
// template each.
package office

import "embed"

// Files are the templates of this area.
//
//go:embed *.html parts
var Files embed.FS
