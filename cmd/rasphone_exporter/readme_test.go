package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
)

// TestREADMELength: the README is for a quick start. Reference belongs into docs.
func TestREADMELength(t *testing.T) {
	const most = 220
	if n := strings.Count(readFile(t, readmeFile), "\n"); n > most {
		t.Errorf("the README has %d lines, want at most %d", n, most)
	}
}

// TestREADMEConfiguration: the configuration in the README is valid, and follows the README's own
// advice: an account for each server, and the entries that are dialed.
func TestREADMEConfiguration(t *testing.T) {
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "exch01.password"), "secret")
	writeFile(t, filepath.Join(folder, "exch02.password"), "another")
	file := filepath.Join(folder, "rasphone.yml")
	writeFile(t, file, readmeYAML(t, "example"))
	c, err := config.Load(file, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if warnings := c.Warnings(); len(warnings) > 0 {
		t.Error(warnings)
	}
	hostOf := map[string]string{} // auth to host
	for _, host := range c.Hosts() {
		target, err := c.Target(host.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		if other := hostOf[target.Auth.Name]; other != "" {
			t.Errorf("%s and %s share the account %s", other, host.Name, target.Auth.Name)
		}
		hostOf[target.Auth.Name] = host.Name
		if target.Auth.Domain == "" {
			t.Errorf("the account of %s has no domain", host.Name)
		}
		if len(target.Module.Phonebook.DialedEntries) == 0 {
			t.Errorf("%s has no dialed_entries", host.Name)
		}
	}
	if len(hostOf) < 2 {
		t.Errorf("%d hosts, want two at least: one does not show that each has its own account", len(hostOf))
	}
}

// TestREADMEPrometheus: Prometheus accepts the scrape configuration in the README.
func TestREADMEPrometheus(t *testing.T) {
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	writeFile(t, file, readmeYAML(t, "prometheus"))
	out, err := exec.CommandContext(t.Context(), "promtool", "check", "config", "--syntax-only", file).CombinedOutput()
	if err != nil {
		t.Errorf("promtool (Debian's package prometheus has it): %v\n%s", err, out)
	}
}

// readmeYAML returns the YAML between two markers of the README.
func readmeYAML(t *testing.T, name string) string {
	t.Helper()
	part, begins := strings.CutPrefix(section(t, readFile(t, readmeFile), name), "```yaml\n")
	text, ends := strings.CutSuffix(part, "```\n")
	if !begins || !ends {
		t.Fatalf("the section %q of the README is not YAML", name)
	}
	return text
}
