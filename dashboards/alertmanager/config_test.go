// Package alertmanager_test holds the example configuration of Alertmanager against
// Alertmanager's own tool, and against the rules. What it notifies of is tested where the
// program is, in cmd/rasphone_exporter.
package alertmanager_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const configFile = "alertmanager.yml"

// amtool runs Debian's amtool, and returns what it printed.
func amtool(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "amtool", arguments...)
	var problems strings.Builder
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		t.Fatalf("amtool %q: %v; amtool is in Debian's package prometheus-alertmanager\n%s%s", arguments, err, output, problems.String())
	}
	return strings.TrimSpace(string(output))
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestConfigIsValid(t *testing.T) {
	if output := amtool(t, "check-config", configFile); !strings.Contains(output, "1 templates") {
		t.Errorf("the template was not found:\n%s", output)
	}
}

// otherPager returns the configuration with another pager in the place of the webhook, as a
// comment offers it.
func otherPager(t *testing.T, text, kind string) string {
	t.Helper()
	offered := regexp.MustCompile(`(?m)^    # ` + kind + `:\n(?:    #   .*\n)+`).FindString(text)
	if offered == "" {
		t.Fatalf("no comment offers %s", kind)
	}
	webhook := regexp.MustCompile(`(?m)^  - name: pager\n    webhook_configs:\n(?:      .*\n)+`)
	if n := len(webhook.FindAllString(text, -1)); n != 1 {
		t.Fatalf("%d webhooks of the pager, expected 1", n)
	}
	return webhook.ReplaceAllLiteralString(text, "  - name: pager\n"+strings.ReplaceAll(offered, "    # ", "    "))
}

// writeConfig writes a configuration beside the templates, in a folder of its own, and returns its name.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "templates"), os.DirFS("templates")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, configFile)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestOtherPagersAreValid(t *testing.T) {
	for _, kind := range []string{"pagerduty_configs", "slack_configs"} {
		amtool(t, "check-config", writeConfig(t, otherPager(t, read(t, configFile), kind)))
	}
}

// TestWarningsCanBeMuted takes what comments offer for the routes of warnings.
func TestWarningsCanBeMuted(t *testing.T) {
	const offered = "      # mute_time_intervals: "
	text := read(t, configFile)
	if n := strings.Count(text, offered); n != 2 {
		t.Fatalf("%d routes offer to mute, expected those of warnings, 2", n)
	}
	amtool(t, "check-config", writeConfig(t, strings.ReplaceAll(text, offered, "      mute_time_intervals: ")))
}

func TestRoutes(t *testing.T) {
	for alert, want := range map[string]string{
		"alertname=RasphoneShareMissing severity=critical":       "pager",
		"alertname=RasphoneTargetNotAnswering severity=critical": "pager",
		"alertname=RasphoneScrapeFailing severity=critical":      "pager",
		"alertname=RasphoneExporterAbsent severity=critical":     "pager",
		"alertname=RasphoneLoginFailing severity=warning":        "mail",
		"alertname=RasphoneFleetLoginFailing severity=critical":  "pager",
		"alertname=Watchdog severity=none":                       "watchdog",
		"alertname=RasphoneClockOff severity=warning":            "mail",
		"alertname=RasphoneWindowNotCovered severity=warning":    "mail",
	} {
		arguments := append([]string{"config", "routes", "test", "--config.file=" + configFile, "component=rasphone", "instance=exch01"}, strings.Fields(alert)...)
		if got := amtool(t, arguments...); got != want {
			t.Errorf("%s goes to %q, expected %q", alert, got, want)
		}
	}
}

// TestAlertsExist: every alert that the configuration names, by itself or by a pattern, is one of the rules or the watchdog.
func TestAlertsExist(t *testing.T) {
	rules := read(t, filepath.Join("..", "rules", "alerts.yml")) + read(t, filepath.Join("..", "example", "prometheus", "watchdog.yml"))
	var known []string
	for _, m := range regexp.MustCompile(`(?m)^ *- alert: (\w+)$`).FindAllStringSubmatch(rules, -1) {
		known = append(known, m[1])
	}
	named := regexp.MustCompile(`alertname(?:!?=|[!=]~)"([^"]+)"`).FindAllStringSubmatch(read(t, configFile), -1)
	if len(known) == 0 || len(named) == 0 {
		t.Fatalf("%d alerts in the rules, %d matchers", len(known), len(named))
	}
	for _, m := range named {
		for _, name := range alternatives(m[1]) {
			pattern := regexp.MustCompile("^(?:" + name + ")$")
			found := false
			for _, alert := range known {
				found = found || pattern.MatchString(alert)
			}
			if !found {
				t.Errorf("%s is not an alert of the rules", name)
			}
		}
	}
}

// alternatives takes "A|B(C|D)" apart: A, BC, BD.
func alternatives(pattern string) []string {
	if prefix, list, found := strings.Cut(pattern, "("); found && !strings.Contains(prefix, "|") {
		var all []string
		for _, suffix := range strings.Split(strings.TrimSuffix(list, ")"), "|") {
			all = append(all, prefix+suffix)
		}
		return all
	}
	return strings.Split(pattern, "|")
}
