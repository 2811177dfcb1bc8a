package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// notice returns the notation of the tests for an alert that a receiver is notified of.
func notice(instance, receiver, alert string) string {
	return strings.TrimSpace(instance + " " + receiver + " " + alert)
}

// startAlertmanager runs Debian's prometheus-alertmanager on a free port until the test ends,
// and returns its URL.
func startAlertmanager(t *testing.T, configFile string) string {
	t.Helper()
	program, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		t.Fatalf("%v: install Debian's package prometheus-alertmanager", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	log := newOutput()
	command := exec.CommandContext(ctx, program, "--config.file="+configFile, "--storage.path="+t.TempDir(),
		"--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = command.Wait() // killed
		if t.Failed() {
			t.Log(log)
		}
	})
	return "http://" + log.await(t, `msg="Listening on" address=(\S+)`)[1]
}

// hurriedAlertmanager is the shipped configuration of Alertmanager without its waits. The
// pager is an address where no program listens; mail goes to a server on loopback.
func hurriedAlertmanager(t *testing.T, mailServer string) string {
	t.Helper()
	shipped := filepath.Join(dashboardsFolder, "alertmanager")
	text, err := os.ReadFile(filepath.Join(shipped, "alertmanager.yml"))
	if err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Abs(filepath.Join(shipped, "templates"))
	if err != nil {
		t.Fatal(err)
	}
	config := string(text)
	for _, r := range []struct{ old, replacement string }{
		{`group_wait: \w+`, "group_wait: 100ms"},
		{`group_interval: \w+`, "group_interval: 1s"},
		{`mail\.example:25`, mailServer + "\n  smtp_require_tls: false"},
		{`pager\.example:8080`, "127.0.0.1:9"},
		{`templates/rasphone\.tmpl`, filepath.Join(templates, "rasphone.tmpl")},
	} {
		pattern := regexp.MustCompile(r.old)
		if !pattern.MatchString(config) {
			t.Fatalf("no %s in\n%s", r.old, text)
		}
		config = pattern.ReplaceAllLiteralString(config, r.replacement)
	}
	name := filepath.Join(t.TempDir(), "alertmanager.yml")
	writeFile(t, name, config)
	return name
}

// amAlert is an alert as Alertmanager knows it.
type amAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	EndsAt      *time.Time        `json:"endsAt,omitempty"`
	Receivers   []struct {
		Name string `json:"name"`
	} `json:"receivers,omitempty"`
	Status *struct {
		State       string   `json:"state"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status,omitempty"`
}

// amAlerts returns the alerts that Alertmanager notifies of as sorted notices.
func amAlerts(t *testing.T, alertmanager string) (active []string) {
	t.Helper()
	var alerts []amAlert
	askJSON(t, alertmanager+"/api/v2/alerts", &alerts)
	for _, a := range alerts {
		for _, r := range a.Receivers {
			if a.Status.State == "active" {
				active = append(active, notice(a.Labels["instance"], r.Name, a.Labels["alertname"]))
			}
		}
	}
	slices.Sort(active)
	return slices.Compact(active)
}

// postAlerts gives Alertmanager alerts.
func postAlerts(t *testing.T, alertmanager string, alerts []amAlert) {
	t.Helper()
	body, err := json.Marshal(alerts)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, alertmanager+"/api/v2/alerts", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("posting alerts: %s", response.Status)
	}
}

// askJSON decodes the answer to a GET request.
func askJSON(t *testing.T, url string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatalf("%s: %s: %v", url, response.Status, err)
	}
}
