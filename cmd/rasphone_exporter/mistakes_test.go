package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mistake is something that a user may do wrong.
type mistake struct {
	name   string
	args   []string
	config string            // rasphone.yml; with no args it is checked
	files  map[string]string // others; a name that ends in / is a folder
	env    map[string]string
}

// words are arguments without blanks in them.
func words(s string) []string { return strings.Fields(s) }

const mistakesFile = "testdata/mistakes.txt"

// TestMistakes runs the program with mistakes on its command line and in its files. Exit
// status and output are in testdata/mistakes.txt, for a person to judge: what is wrong, where,
// and what to write instead. -update writes it.
func TestMistakes(t *testing.T) {
	var got strings.Builder
	seen := map[string]bool{}
	golden, err := filepath.Abs(mistakesFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mistakes() {
		if seen[m.name] {
			t.Errorf("two mistakes are called %q", m.name)
		}
		seen[m.name] = true
		t.Run(m.name, func(t *testing.T) { got.WriteString(m.run(t)) })
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(readFile(t, golden), got.String()); diff != "" {
		t.Errorf("%s differs; run this test with -update, and read what it wrote (-want +got):\n%s", mistakesFile, diff)
	}
}

// run makes a mistake in a folder of its own, and returns what the user sees.
func (m mistake) run(t *testing.T) string {
	folder := t.TempDir()
	t.Chdir(folder)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(folder, "cache"))
	for name, value := range m.env {
		t.Setenv(name, value)
	}
	args := m.args
	if m.config != "" {
		writeFile(t, "rasphone.yml", m.config)
		if args == nil {
			args = []string{"--config.check"}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		text := m.files[name]
		if strings.HasSuffix(name, "/") {
			if err := os.Mkdir(name, 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		writeFile(t, name, text)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // for one that starts to serve
	defer cancel()
	var out, errOut bytes.Buffer
	status := run(ctx, args, strings.NewReader(""), &out, &errOut)
	if status != exitOK && out.Len() == 0 && errOut.Len() == 0 {
		t.Errorf("exit status %d, and nothing is printed", status)
	}
	if strings.Contains(out.String()+errOut.String(), "hunter2") {
		t.Errorf("the password is shown:\n%s%s", &out, &errOut)
	}
	var shown strings.Builder
	for line := range strings.Lines(errOut.String() + out.String()) {
		if !strings.HasPrefix(line, "time=") { // the log
			shown.WriteString(strings.ReplaceAll(line, folder, "FOLDER"))
		}
	}
	return fmt.Sprintf("=== %s\n$ %s %s\n%sexit status %d\n\n", m.name, program, strings.Join(args, " "), &shown, status)
}
