package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestConfigurationInterrupted ends commands whose configuration is a pipe into which nothing
// is written.
func TestConfigurationInterrupted(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "rasphone.yml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // ends the reads
		if f, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil {
			_ = f.Close()
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for args, status := range map[string]int{"serve": exitFailed, "--config.check": exitFailed, "probe": exitUsage} {
		var out, errOut bytes.Buffer
		got := run(ctx, []string{args, "--config.file=" + pipe}, strings.NewReader(""), &out, &errOut)
		if want := "rasphone_exporter: error: interrupted\n"; got != status || errOut.String() != want {
			t.Errorf("%s: status %d, want %d; errors %q, want %q", args, got, status, &errOut, want)
		}
	}
}
