// Package dashboards holds the runbooks, so that the exporter can show them without a
// network.
package dashboards

import (
	"embed"
	"io/fs"
)

//go:embed runbooks/*.md
var files embed.FS

// Runbooks returns the runbooks, "admin_share_disabled.md" among them: Markdown, one file for
// each cause and each alert, README.md and common.md.
func Runbooks() (fs.FS, error) { return fs.Sub(files, "runbooks") }
