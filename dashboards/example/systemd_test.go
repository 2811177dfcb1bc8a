package example_test

import (
	"strings"
	"testing"
)

// unit returns the last value of each key of a unit file.
func unit(t *testing.T, file string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(string(read(t, file))) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			values[key] = value
		}
	}
	return values
}

// TestServiceKeepsTheLockoutFile: in a folder of its own, which systemd names to it.
func TestServiceKeepsTheLockoutFile(t *testing.T) {
	values := unit(t, "systemd/rasphone_exporter.service")
	for key, want := range map[string]string{"StateDirectory": "rasphone_exporter", "StateDirectoryMode": "0700", "LimitCORE": "0"} {
		if values[key] != want {
			t.Errorf("%s=%s, want %s", key, values[key], want)
		}
	}
	goLimit, ok := strings.CutPrefix(values["Environment"], "GOMEMLIMIT=")
	if !ok {
		t.Fatalf("Environment=%s", values["Environment"])
	}
	belowLimit(t, goLimit, values["MemoryMax"])
}
