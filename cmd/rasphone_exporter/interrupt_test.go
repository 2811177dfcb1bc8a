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
	for args, status := range map[string]int{"serve": exitFailed, "--config.check": exitFailed, "probe": exitUsage} {
		pipe := filepath.Join(t.TempDir(), "rasphone.yml")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var out, errOut bytes.Buffer
		ended := make(chan int, 1)
		go func() {
			ended <- run(ctx, []string{args, "--config.file=" + pipe}, strings.NewReader(""), &out, &errOut)
		}()
		writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits until the command has opened it
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		got, want := <-ended, "rasphone_exporter: error: interrupted\n"
		_ = writer.Close() // ends the read that was left behind
		if got != status || errOut.String() != want {
			t.Errorf("%s: status %d, want %d; errors %q, want %q", args, got, status, &errOut, want)
		}
	}
}
