package dashboards_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/dashboards"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

var update = flag.Bool("update", false, "rewrite the sections Fix of the runbooks, and the scenarios of the rules")

const (
	fixBegin = "<!-- fix:begin -->\n"
	fixEnd   = "<!-- fix:end -->\n"
)

// TestRunbooksHaveTheRemedy: the section Fix of a runbook is the remedy of its cause. With
// -update it is written again.
func TestRunbooksHaveTheRemedy(t *testing.T) {
	for _, c := range diagnosis.Known() {
		t.Run(c.Name, func(t *testing.T) {
			file := filepath.Join(runbookFolder, c.Name+".md")
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			before, rest, begins := strings.Cut(string(text), "\n## Fix\n\n"+fixBegin)
			fix, after, ends := strings.Cut(rest, fixEnd)
			if !begins || !ends {
				t.Fatal("no section Fix with its two markers")
			}
			want := fixSection(c.Remedy)
			if diff := cmp.Diff(want, fix); diff == "" {
				return
			} else if !*update {
				t.Fatalf("run this test with -update (-cause +runbook):\n%s", diff)
			}
			if err := os.WriteFile(file, []byte(before+"\n## Fix\n\n"+fixBegin+want+fixEnd+after), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// fixSection writes a remedy in Markdown.
func fixSection(steps []smbprobe.RemedyStep) string {
	var b strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&b, "%d. **%s**: %s\n", i+1, strings.ToUpper(string(s.Kind[:1]))+string(s.Kind[1:]), s.Text)
		if s.Dialog != "" {
			fmt.Fprintf(&b, "\n   %s.\n", s.Dialog)
		}
		if r := s.Registry; r != nil {
			fmt.Fprintf(&b, "\n   `%s`", r.Key)
			if r.Name != "" {
				fmt.Fprintf(&b, ", `%s`", r.Name)
			}
			if r.Type != "" {
				fmt.Fprintf(&b, " (%s)", r.Type)
			}
			if r.Set != "" {
				fmt.Fprintf(&b, ": %s", r.Set)
			}
			b.WriteString("\n")
		}
		if len(s.Commands) > 0 {
			fmt.Fprintf(&b, "\n   ```\n   %s\n   ```\n\n", strings.Join(s.Commands, "\n   "))
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func TestRunbookTitleIsTheCauses(t *testing.T) {
	texts := readRunbooks(t)
	for _, c := range diagnosis.Known() {
		if want := fmt.Sprintf("# %s: %s\n", c.Name, c.Title); !strings.HasPrefix(texts[c.Name+".md"], want) {
			t.Errorf("%s.md does not begin with %q", c.Name, want)
		}
	}
}

func TestEmbeddedRunbooks(t *testing.T) {
	files, err := dashboards.Runbooks()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(files, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range readRunbooks(t) {
		embedded, err := fs.ReadFile(files, name)
		if err != nil || string(embedded) != text || !slices.Contains(names, name) {
			t.Errorf("%s is not embedded as it is: %v", name, err)
		}
	}
}

// TestRunbooksAreSafe: what must not be done is in no runbook.
func TestRunbooksAreSafe(t *testing.T) {
	for name, text := range readRunbooks(t) {
		for _, line := range strings.Split(text, "\n") {
			typed := strings.TrimSpace(line)
			if strings.HasPrefix(typed, "net stop server") || strings.HasPrefix(typed, "net stop lanmanserver") ||
				strings.HasPrefix(typed, "rasdial ") && !strings.HasPrefix(typed, `rasdial "`) {
				t.Errorf("%s: %q", name, typed)
			}
		}
	}
}
