package smbprobe

import (
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// CleanText makes a text that came from a server fit for display; see smb.CleanText.
func CleanText(s string) string { return smb.CleanText(s) }
