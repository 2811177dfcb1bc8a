package web

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// cause is a cause as the pages show it.
type cause struct {
	smbprobe.Cause
	Level    string // class in the style sheet, of the severity
	Urgent   bool   // it is unfolded
	Steps    []step // of the remedy
	Articles []article
}

func newCauses(all []smbprobe.Cause) []cause {
	var causes []cause
	for _, c := range all {
		shown := cause{Cause: c, Level: severityState(c.Severity).Level()}
		for _, s := range c.Remedy {
			shown.Steps = append(shown.Steps, newStep(s))
		}
		for _, name := range c.Articles {
			shown.Articles = append(shown.Articles, newArticle(name))
		}
		causes = append(causes, shown)
	}
	return causes
}

// severityState is the state of a target whose worst cause has this severity.
func severityState(s smbprobe.Severity) state {
	switch s {
	case smbprobe.SeverityCritical:
		return stateCritical
	case smbprobe.SeverityWarning:
		return stateWarning
	}
	return stateOK
}

// step is one step of a remedy.
type step struct {
	smbprobe.RemedyStep
	RegistryName string // with its type
}

func newStep(s smbprobe.RemedyStep) step {
	shown := step{RemedyStep: s}
	if r := s.Registry; r != nil {
		shown.RegistryName = r.Name
		if r.Name != "" && r.Type != "" {
			shown.RegistryName += " (" + r.Type + ")"
		}
	}
	return shown
}

// article is an article of Microsoft's knowledge base.
type article struct {
	Name string // "Q245117"
	URL  string // empty for a name that is not one of an article
}

// articleArchive is a public archive of the articles, at GitHub Pages: Microsoft's own
// site has none of this age any more. The folder in it is the first three of the
// number's six digits: 245 holds Q245117, 065 holds Q65123.
const articleArchive = "https://jeffpar.github.io/kbarchive/kb/"

func newArticle(name string) article {
	digits, found := strings.CutPrefix(name, "Q")
	if number, err := strconv.ParseUint(digits, 10, 32); found && err == nil && number <= 999999 {
		return article{Name: name, URL: fmt.Sprintf("%s%03d/Q%d/", articleArchive, number/1000, number)}
	}
	return article{Name: name}
}

// maxFirstCommands is how many commands the first page shows of a target: the first one often
// only changes the folder.
const maxFirstCommands = 2

// firstCause is the cause that explains most, as the first page shows it.
type firstCause struct {
	Severity smbprobe.Severity
	Headline string
	Text     string   // the first step that changes something; empty: there is none
	Commands []string // its first commands, maxFirstCommands at most
	More     int      // how many other causes there are, without those that are information
}

// newFirstCause returns nil if there is no cause.
func newFirstCause(all []smbprobe.Cause) *firstCause {
	if len(all) == 0 {
		return nil
	}
	c := &all[0]
	first := &firstCause{Severity: c.Severity, Headline: c.Headline}
	for i := range all[1:] {
		if all[i+1].Severity != smbprobe.SeverityInfo {
			first.More++
		}
	}
	if s := diagnosis.FirstFix(c.Remedy); s != nil {
		first.Text, first.Commands = s.Text, s.Commands[:min(len(s.Commands), maxFirstCommands)]
	}
	return first
}

// Urgent reports whether the cause is more than information.
func (c *firstCause) Urgent() bool { return c.Severity != smbprobe.SeverityInfo }

// asBadAs reports whether a cause alone makes a verdict, as report.Headline sees it.
func (c *firstCause) asBadAs(v smbprobe.Verdict) bool {
	switch v {
	case smbprobe.VerdictCritical:
		return c.Severity == smbprobe.SeverityCritical
	case smbprobe.VerdictWarning:
		return c.Severity == smbprobe.SeverityWarning
	}
	return false
}
