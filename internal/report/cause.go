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
	t.row("runbook", "dashboards/runbooks/"+c.Name+".md, on the exporter's pages /runbooks/"+c.Name)
}

// remedy writes the steps: numbered sentences, each with its kind. Below a sentence stand its
// dialog path, its registry value and its commands; commands and registry keys are never
// broken.
func (t *text) remedy(steps []smbprobe.RemedyStep) {
	for i, s := range steps {
		label := onlyFirst(i, "  remedy")
		t.hanging(fmt.Sprintf("%-15s%d. %-6s", label, i+1, s.Kind), 24, s.Text)
		const indent = "                        "
		if s.Dialog != "" {
			t.hanging(indent+"in: ", 28, s.Dialog)
		}
		for _, l := range registryLines(s.Registry) {
			t.line("%s", oneLine(l))
		}
		for _, c := range s.Commands {
			c = oneLine(c)
			left := max(2, min(len(indent)+4, columns-textWidth(c))) // a long one begins as far left as it has to
			t.line("%s%s", strings.Repeat(" ", left), c)
		}
	}
}

// registryLines are the lines that describe a change of the registry.
func registryLines(r *smbprobe.RegistryChange) []string {
	if r == nil {
		return nil
	}
	lines := []string{"  " + r.Key} // as far left as it goes: a key is to fit into a line
	add := func(label, text string) {
		if text != "" {
			lines = append(lines, strings.Repeat(" ", 24)+label+text)
		}
	}
	name := r.Name
	if name != "" && r.Type != "" {
		name += " (" + r.Type + ")"
	}
	add("value: ", name)
	add("now:   ", r.Now)
	if r.Set == "delete" {
		add("do:    ", "delete this key")
	} else {
		add("set:   ", r.Set)
	}
	return lines
}

// onlyFirst returns the label for the first of several rows, and none for the others.
func onlyFirst(i int, label string) string {
	if i == 0 {
		return label
	}
	return ""
}

// articleAddress returns where an article of Microsoft's knowledge base can be read
// today, in a public archive of it; empty where the number has no such form.
func articleAddress(article string) string {
	if ok, err := regexp.MatchString(`^Q[0-9]{6}$`, article); !ok || err != nil {
		return ""
	}
	return fmt.Sprintf("https://jeffpar.github.io/kbarchive/kb/%s/%s/", article[1:4], article)
}
