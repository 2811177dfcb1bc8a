package web

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// cause is a cause as the pages show it.
type cause struct {
	smbprobe.Cause
	Level    string // class in the style sheet, of the severity
	Steps    []step // of the remedy
	Articles []article
}

func newCauses(all []smbprobe.Cause) []cause {
	var causes []cause
	for _, c := range all {
		shown := cause{Cause: c, Level: severityLevel(c.Severity)}
		for _, text := range c.Remedy {
			shown.Steps = append(shown.Steps, newStep(text))
		}
		for _, name := range c.Articles {
			shown.Articles = append(shown.Articles, newArticle(name))
		}
		causes = append(causes, shown)
	}
	return causes
}

// severityLevel is the class of a severity in the style sheet.
func severityLevel(s smbprobe.Severity) string {
	switch s {
	case smbprobe.SeverityCritical:
		return "bad"
	case smbprobe.SeverityWarning:
		return "warning"
	}
	return "unclear"
}

// step is one step of a remedy.
type step struct {
	Text    string
	Command bool // Text is to be typed as it stands
}

// newStep recognises a command by the backticks around the whole step.
func newStep(text string) step {
	if inner, found := strings.CutPrefix(text, "`"); found {
		if command, found := strings.CutSuffix(inner, "`"); found && command != "" && !strings.Contains(command, "`") {
			return step{Text: command, Command: true}
		}
	}
	return step{Text: text}
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

// firstCause is the cause that explains most, as the first page shows it.
type firstCause struct {
	Level    string // as of a cause
	Severity smbprobe.Severity
	Headline string
	Steps    []step // the beginning of the remedy: a step, and the command that it leads to
	More     int    // how many other causes there are
}

// newFirstCause returns nil if there is no cause.
func newFirstCause(all []smbprobe.Cause) *firstCause {
	if len(all) == 0 {
		return nil
	}
	c := newCauses(all[:1])[0]
	return &firstCause{Level: c.Level, Severity: c.Severity, Headline: c.Headline, Steps: beginning(c.Steps), More: len(all) - 1}
}

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

// beginning returns the first step, and the second if it is the first command.
func beginning(steps []step) []step {
	if len(steps) > 1 && !steps[0].Command && steps[1].Command {
		return steps[:2]
	}
	return steps[:min(len(steps), 1)]
}
