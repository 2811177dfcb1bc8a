// Package dashboards_test checks the documents of this folder against the code.
package dashboards_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

const runbookFolder = "runbooks"

// alertRunbooks are the runbooks of alerts without a cause.
func alertRunbooks() []string {
	return []string{
		"config_reload_failed", "exporter_absent", "not_ok", "probe_near_timeout",
		"scrape_failing", "target_not_answering", "window_not_covered",
	}
}

// readRunbooks returns the text of every file of the folder, by its name.
func readRunbooks(t *testing.T) map[string]string {
	t.Helper()
	files, err := os.ReadDir(runbookFolder)
	if err != nil {
		t.Fatal(err)
	}
	texts := make(map[string]string)
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(runbookFolder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		texts[f.Name()] = string(text)
	}
	return texts
}

func TestEveryCauseHasARunbookAndNoOther(t *testing.T) {
	want := []string{"README.md", "common.md"}
	for _, name := range alertRunbooks() {
		want = append(want, name+".md")
	}
	for _, c := range diagnosis.Known() {
		want = append(want, c.Name+".md")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(readRunbooks(t)))); diff != "" {
		t.Errorf("files of %s (-want +got):\n%s", runbookFolder, diff)
	}
}

func TestIndexListsEveryRunbookOnce(t *testing.T) {
	texts := readRunbooks(t)
	for name := range texts {
		if name == "README.md" || name == "common.md" {
			continue
		}
		if n := strings.Count(texts["README.md"], "]("+name+")"); n != 1 {
			t.Errorf("README.md has %d links to %s, want 1", n, name)
		}
	}
}

func TestRunbookHeadEqualsTheCause(t *testing.T) {
	// The beginning of a runbook: its title, and the line below it.
	head := regexp.MustCompile(`^# (\w+): [^\n]+\n\nSeverity: ([a-z, ]+)\. Articles: ([^\n]+)\.\n\n`)
	// A link to an article, in the folder of its first three digits.
	article := regexp.MustCompile(`\[(Q(\d{3})\d{3})\]\(https://jeffpar\.github\.io/kbarchive/kb/(\d{3})/(Q\d{6})/\)`)
	texts := readRunbooks(t)
	type heading struct {
		Name       string
		Severities []smbprobe.Severity
		Articles   []string
	}
	parse := func(t *testing.T, text string) heading {
		t.Helper()
		m := head.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("does not begin with a title and a line of severity and articles: %.100q", text)
		}
		h := heading{Name: m[1]}
		for s := range strings.SplitSeq(m[2], ", ") {
			h.Severities = append(h.Severities, smbprobe.Severity(s))
		}
		if m[3] == "none" {
			return h
		}
		for a := range strings.SplitSeq(m[3], ", ") {
			l := article.FindStringSubmatch(a)
			if l == nil || l[0] != a || l[1] != l[4] || l[2] != l[3] {
				t.Fatalf("%q is not a link to an article", a)
			}
			h.Articles = append(h.Articles, l[1])
		}
		return h
	}
	for _, c := range diagnosis.Known() {
		t.Run(c.Name, func(t *testing.T) {
			want := heading{Name: c.Name, Severities: c.Severities, Articles: slices.Clip(c.Articles)}
			if len(c.Articles) == 0 {
				want.Articles = nil
			}
			if diff := cmp.Diff(want, parse(t, texts[c.Name+".md"])); diff != "" {
				t.Errorf("title, severities and articles (-cause +runbook):\n%s", diff)
			}
		})
	}
	severities := []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityWarning, smbprobe.SeverityInfo}
	for _, name := range alertRunbooks() {
		t.Run(name, func(t *testing.T) {
			h := parse(t, texts[name+".md"])
			if h.Name != name || len(h.Severities) != 1 || !slices.Contains(severities, h.Severities[0]) {
				t.Errorf("begins with %+v, want the name and one severity", h)
			}
		})
	}
}

func TestRunbooksHaveAllSections(t *testing.T) {
	want := []string{"What it means", "Confirm on the server", "Fix", "Keep it from coming back", "See also"}
	for name, text := range readRunbooks(t) {
		if name == "README.md" || name == "common.md" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			var titles []string
			for section := range strings.SplitSeq(text, "\n## ") {
				title, body, _ := strings.Cut(section, "\n")
				if strings.TrimSpace(body) == "" {
					t.Errorf("section %q is empty", title)
				}
				titles = append(titles, title)
			}
			if diff := cmp.Diff(want, titles[1:]); diff != "" {
				t.Errorf("sections (-want +got):\n%s", diff)
			}
			_, after, _ := strings.Cut(text, "\n## Confirm on the server\n")
			confirm, _, _ := strings.Cut(after, "\n## ")
			if !strings.Contains(confirm, "`") {
				t.Error("no command under Confirm on the server")
			}
			if n := strings.Count(text, "```"); n%2 != 0 {
				t.Errorf("%d code fences, want an even number", n)
			}
		})
	}
}

// metricNames returns the words of a text that look like names of metrics.
func metricNames(text string) []string {
	return regexp.MustCompile(`\b(?:rasphone|probe)_\w+`).FindAllString(text, -1)
}

func TestRunbooksNameMetricsThatExist(t *testing.T) {
	// These look like metrics, but are the program and a runbook.
	known := map[string]bool{"rasphone_exporter": true, "probe_near_timeout": true}
	for _, m := range collector.Metrics() {
		known[m.Name] = true
	}
	named := 0
	for file, text := range readRunbooks(t) {
		for _, name := range metricNames(text) {
			named++
			if !known[name] {
				t.Errorf("%s names the metric %s, which does not exist", file, name)
			}
		}
	}
	if named == 0 {
		t.Error("no runbook names a metric")
	}
}

func TestRunbooksShowAMetric(t *testing.T) {
	for file, text := range readRunbooks(t) {
		if file == "README.md" || file == "common.md" {
			continue
		}
		_, also, _ := strings.Cut(text, "\n## See also\n")
		if len(metricNames(also)) == 0 {
			t.Errorf("%s has no metric under See also", file)
		}
	}
}

// anchors returns the fragments of the headings of a Markdown page.
func anchors(text string) []string {
	heading := regexp.MustCompile(`(?m)^#+ (.+)$`)
	noSlug := regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	var list []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return list
}

func TestRunbookLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	texts := readRunbooks(t)
	for file, text := range texts {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(m[1], "https://") {
				continue
			}
			page, anchor, hasAnchor := strings.Cut(m[1], "#")
			if page == "" {
				page = file
			}
			there, ok := texts[page]
			switch {
			case !ok:
				t.Errorf("%s: link to %s, which does not exist", file, page)
			case hasAnchor && !slices.Contains(anchors(there), anchor):
				t.Errorf("%s: link to %s, but there is no such heading", file, m[1])
			}
		}
	}
}
