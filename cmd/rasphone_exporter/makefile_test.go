package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestMakeBuildStrips: what is released has no symbol table and no debug information.
func TestMakeBuildStrips(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "make", "--dry-run", "--no-print-directory", "-C", rootFolder, "build").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "-ldflags '-s -w ") {
		t.Errorf("make --dry-run build: %v\n%s", err, out)
	}
}

// TestMakeDemoBuildsOnce: "make demo" compiles what "make build" compiles and nothing else. The
// program takes the place of make's shell, which would not wait for it after Ctrl-C.
func TestMakeDemoBuildsOnce(t *testing.T) {
	commands := func(target string) string {
		out, err := exec.CommandContext(t.Context(), "make", "--dry-run", "--no-print-directory", "-C", rootFolder, target).CombinedOutput()
		if err != nil {
			t.Fatalf("make --dry-run %s: %v\n%s", target, err, out)
		}
		return string(out)
	}
	if got, want := commands("demo"), commands("build")+"exec ./rasphone_exporter demo\n"; got != want {
		t.Errorf("make demo runs\n%s\nwant\n%s", got, want)
	}
}
