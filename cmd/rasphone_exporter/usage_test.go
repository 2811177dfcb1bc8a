package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestHelpShowsServe: without a command, the flags of the default one are shown.
func TestHelpShowsServe(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"--help"}, {"help"}} {
		var out, errOut bytes.Buffer
		status := run(t.Context(), args, strings.NewReader(""), &out, &errOut)
		for _, want := range []string{"--config.file=", "--web.listen-address=", "--lockout.file=", "--log.level=", "\nserve* ", "\nprobe ", "\nversion\n"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", args, want, &out)
			}
		}
		if status != exitOK || strings.Contains(out.String(), "--capture") || errOut.Len() > 0 {
			t.Errorf("%s: exit status %d\n%s%s", args, status, &out, &errOut)
		}
	}
}

// TestHelpOfACommand: its flags alone.
func TestHelpOfACommand(t *testing.T) {
	for _, args := range [][]string{{"probe", "-h"}, {"help", "probe"}} {
		var out, errOut bytes.Buffer
		status := run(t.Context(), args, strings.NewReader(""), &out, &errOut)
		if status != exitOK || !strings.Contains(out.String(), "--capture=") || strings.Contains(out.String(), "--web.listen-address") {
			t.Errorf("%s: exit status %d\n%s%s", args, status, &out, &errOut)
		}
	}
}

// standardOutput runs the program and returns what it writes to the standard output of the
// process, where kingpin writes completions.
func standardOutput(t *testing.T, args ...string) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	stdout := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = stdout }()
	var out, errOut bytes.Buffer
	if status := run(t.Context(), args, strings.NewReader(""), &out, &errOut); status != exitOK || errOut.Len() > 0 {
		t.Errorf("%s: exit status %d\n%s%s", args, status, &out, &errOut)
	}
	return readFile(t, file.Name())
}

// TestShellCompletion: kingpin proposes commands, flags and values of flags.
func TestShellCompletion(t *testing.T) {
	for _, tt := range []struct {
		typed string
		want  []string
	}{
		{"", []string{"serve", "probe", "lint", "version", "demo", "healthcheck"}},
		{"probe --", []string{"--config.file", "--demo", "--capture", "--timeout"}},
		{"probe --output ", []string{"text", "json", "metrics"}},
	} {
		t.Run(tt.typed, func(t *testing.T) {
			args := append([]string{"--completion-bash"}, strings.Fields(tt.typed)...)
			if strings.HasSuffix(tt.typed, " ") {
				args = append(args, "")
			}
			got := strings.Fields(standardOutput(t, args...))
			for _, want := range tt.want {
				if !strings.Contains(" "+strings.Join(got, " ")+" ", " "+want+" ") {
					t.Errorf("no %q in %q", want, got)
				}
			}
		})
	}
	for shell, want := range map[string]string{"bash": "complete -F _rasphone_exporter_bash_autocomplete", "zsh": "#compdef rasphone_exporter"} {
		if script := standardOutput(t, "--completion-script-"+shell); !strings.Contains(script, want) {
			t.Errorf("%s:\n%s", shell, script)
		}
	}
}

// TestManPage: it has every command and flag, and no line that is a stray macro of roff.
func TestManPage(t *testing.T) {
	var out, errOut bytes.Buffer
	if status := run(t.Context(), []string{"--help-man"}, strings.NewReader(""), &out, &errOut); status != exitOK || errOut.Len() > 0 {
		t.Errorf("exit status %d\n%s", status, &errOut)
	}
	page := out.String()
	app, _, _ := application()
	for _, c := range app.Model().Commands {
		if !strings.Contains(page, ".SS\n\\fB"+c.Name) {
			t.Errorf("no section of %s", c.Name)
		}
		for _, f := range c.Flags {
			if !strings.Contains(page, "\\fB--"+f.Name) {
				t.Errorf("no --%s of %s", f.Name, c.Name)
			}
		}
	}
	for _, want := range []string{`.SH "EXIT STATUS"`, `.SH "FILES"`, "RASPHONE_PASSWORD"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	macro := regexp.MustCompile(`(?m)^[.'](?:TH|SH|SS|TP|PP) ?|^[.'].*$`)
	for _, m := range macro.FindAllString(page, -1) {
		if !regexp.MustCompile(`^\.(TH|SH|SS|TP|PP)\b`).MatchString(m) {
			t.Errorf("line %q", m)
		}
	}
}

// TestFullDisk: what cannot be printed is an error, and no panic.
func TestFullDisk(t *testing.T) {
	for _, args := range [][]string{
		{"--help"}, {"-h"}, {"probe", "--help"}, {"help"}, {"help", "lint"}, {"--help-man"}, {"--version"}, {"version"},
	} {
		var errOut bytes.Buffer
		status := run(t.Context(), args, strings.NewReader(""), fullDisk{}, &errOut)
		if status == exitOK || !strings.Contains(errOut.String(), "error: "+errFull.Error()) {
			t.Errorf("%s: exit status %d, errors %q", args, status, &errOut)
		}
	}
}

var errFull = errors.New("no space left on device")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }
