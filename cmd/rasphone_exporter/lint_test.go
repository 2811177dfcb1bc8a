package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

func TestLint(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		writeFile(t, path, text)
		return path
	}
	good := string(smbtest.Phonebook())
	sound := file("sound.pbk", good)
	damaged := file("damaged.pbk", good[:len(good)/2]+"\x00\x00")
	entry := file("entry.pbk", strings.Replace(good, "Port=", "Pforte=", 1))
	oddity := file("oddity.pbk", strings.ReplaceAll(good, "\r\n", "\n"))
	none := filepath.Join(folder, "none.pbk")
	for _, test := range []struct {
		name   string
		args   []string
		stdin  string
		status int
		want   []string
	}{
		{"sound", []string{sound}, "", 0, []string{"sound.pbk: 1 entry, nothing found"}},
		{"oddities alone", []string{oddity}, "", 0, []string{"usable, with oddities", "oddity lf_only", "fix: "}},
		{"an entry", []string{entry}, "", 2, []string{"with entries that cannot be dialed", "entry port_missing", "why: "}},
		{"the file", []string{damaged}, "", 2, []string{"damaged.pbk: ", "file nul_bytes"}},
		{"standard input", []string{"-"}, good, 0, []string{"-: 1 entry, nothing found"}},
		{"standard input, empty", []string{"-"}, "", 2, []string{"file empty_file"}},
		{"not there", []string{none}, "", 3, []string{"none.pbk: cannot be read: ", "no such file"}},
		{"several, the worst counts", []string{sound, none, damaged}, "", 2, []string{"sound.pbk", "none.pbk", "damaged.pbk"}},
		{"one of them not there", []string{none, sound}, "", 3, []string{"nothing found"}},
		{"a folder", []string{folder}, "", 3, []string{"is a folder"}},
		{"a dialed entry", []string{"--dialed-entry=Internet Dial-Up", sound}, "", 0, []string{`dialed entry "Internet Dial-Up": usable`}},
		{"a dialed entry that is not there", []string{"--dialed-entry=Gone", sound}, "", 2, []string{`dialed entry "Gone": not usable`}},
		{"too large", []string{"/dev/zero"}, "", 3, []string{"not a phone book"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, err bytes.Buffer
			status := run(t.Context(), append([]string{"lint"}, test.args...), strings.NewReader(test.stdin), &out, &err)
			if status != test.status || strings.Contains(out.String(), "\x1b") {
				t.Errorf("exit status %d, expected %d\n%s\n%s", status, test.status, &out, &err)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, &out)
				}
			}
		})
	}
	t.Run("JSON", func(t *testing.T) {
		var out, err bytes.Buffer
		status := run(t.Context(), []string{"lint", "--output=json", entry, none}, strings.NewReader(""), &out, &err)
		var got []report.Lint
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || status != 2 || len(got) != 2 {
			t.Fatalf("exit status %d, %v\n%s", status, err, &out)
		}
		want := []report.LintCount{{Check: "port_missing", Class: "entry", Count: 1}}
		if diff := cmp.Diff(want, got[0].Counts); diff != "" || got[0].Intact || got[1].Error == "" || got[0].Findings[0].Line == 0 {
			t.Errorf("%s\n%s", diff, &out)
		}
	})
	t.Run("a device is not a terminal", func(t *testing.T) {
		null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = null.Close() }()
		if wantsColour(null) {
			t.Error("colour")
		}
	})
}

// TestLintInterrupted ends a lint that reads from a pipe into which nothing is written.
func TestLintInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, writer := io.Pipe()
	defer writer.Close()
	var out, errOut bytes.Buffer
	status := run(ctx, []string{"lint", "-"}, readerFunc(func(p []byte) (int, error) {
		cancel()
		return in.Read(p)
	}), &out, &errOut)
	if want := "rasphone_exporter: error: interrupted\n"; status != exitUsage || errOut.String() != want || out.Len() > 0 {
		t.Errorf("status %d, output %q, errors %q; want %q", status, &out, &errOut, want)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
