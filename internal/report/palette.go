package report

import (
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// palette colours text for a terminal (ECMA-48 8.3.117), or does not.
type palette struct{ on bool }

func (p palette) good(s string) string    { return p.paint("32", s) }
func (p palette) warning(s string) string { return p.paint("33", s) }
func (p palette) bad(s string) string     { return p.paint("31", s) }
func (p palette) bold(s string) string    { return p.paint("1", s) }

func (p palette) class(c string) string {
	if c == string(phonebook.ClassOddity) {
		return p.warning(c)
	}
	return p.bad(c)
}

func (p palette) verdict(v smbprobe.Verdict) string {
	switch v {
	case smbprobe.VerdictOK:
		return p.good(v.String())
	case smbprobe.VerdictCritical:
		return p.bad(v.String())
	}
	return p.warning(v.String())
}

func (p palette) severity(s smbprobe.Severity) string {
	switch s {
	case smbprobe.SeverityCritical:
		return p.bad(string(s))
	case smbprobe.SeverityWarning:
		return p.warning(string(s))
	}
	return string(s)
}

func (p palette) paint(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
