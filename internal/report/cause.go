package report

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// cause writes a cause, what it rests on, and what to do.
func (t *text) cause(c *smbprobe.Cause, n, of int) {
	title := t.palette.bold("Cause")
	if of > 1 {
		title = t.palette.bold(fmt.Sprintf("Cause %d of %d", n, of))
	}
	t.line("\n%s: %s, %s", title, t.palette.severity(c.Severity), c.Name)
	t.hanging("", 2, c.Headline)
	for i, e := range c.Evidence {
		t.hanging(fmt.Sprintf("%-15s-", onlyFirst(i, "  seen")), 17, e)
	}
	if c.Explanation != "" {
		t.row("why", c.Explanation)
	}
	t.remedy(c.Remedy)
	for i, a := range c.Articles {
		t.row(onlyFirst(i, "article"), strings.TrimSpace(a+"  "+articleAddress(a)))
	}
}

// remedy writes the steps. Texts are numbered; a command stands on a line of its own
// below the text that it belongs to and is never broken.
func (t *text) remedy(steps []string) {
	n := 0
	for i, s := range steps {
		label := onlyFirst(i, "  remedy")
		if c, ok := command(s); ok {
			t.line("%-18s%s", label, oneLine(c))
			continue
		}
		n++
		t.hanging(fmt.Sprintf("%-15s%d.", label, n), 18, s)
	}
}

// onlyFirst returns the label for the first of several rows, and none for the others.
func onlyFirst(i int, label string) string {
	if i == 0 {
		return label
	}
	return ""
}

// command returns the command that a step of a remedy consists of: what stands between
// backticks around the whole step.
func command(step string) (c string, ok bool) {
	c, ok = strings.CutPrefix(step, "`")
	if !ok {
		return "", false
	}
	c, ok = strings.CutSuffix(c, "`")
	if !ok || c == "" || strings.Contains(c, "`") {
		return "", false
	}
	return c, true
}

// articleAddress returns where an article of Microsoft's knowledge base can be read
// today, in a public archive of it; empty where the number has no such form.
func articleAddress(article string) string {
	if ok, err := regexp.MatchString(`^Q[0-9]{6}$`, article); !ok || err != nil {
		return ""
	}
	return fmt.Sprintf("https://jeffpar.github.io/kbarchive/kb/%s/%s/", article[1:4], article)
}
