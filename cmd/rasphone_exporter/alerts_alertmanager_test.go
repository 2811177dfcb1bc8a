package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
)

// notified is what the receivers were told.
type notified struct {
	mu     sync.Mutex
	ever   map[string]bool // "instance receiver alert" that fired
	firing map[string]bool // and is not over
}

// receive starts the webhook of every receiver, and returns its URL, too.
func receive(t *testing.T) (*notified, string) {
	t.Helper()
	n := &notified{ever: map[string]bool{}, firing: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message struct {
			Alerts []struct {
				Status string
				Labels map[string]string
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Errorf("webhook: %v", err)
			return
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, alert := range message.Alerts {
			name := notice(alert.Labels["instance"], path.Base(r.URL.Path), alert.Labels["alertname"])
			if alert.Status == "firing" {
				n.ever[name], n.firing[name] = true, true
			} else {
				delete(n.firing, name)
			}
		}
	}))
	t.Cleanup(server.Close)
	return n, server.URL
}

// notice is how a test writes that a receiver is told of an alert.
func notice(instance, receiver, alert string) string {
	return strings.TrimSpace(instance + " " + receiver + " " + alert)
}

// get returns what fired up to now, and what of it is not over, each in order.
func (n *notified) get() (ever, firing []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return keys(n.ever), keys(n.firing)
}

// forget begins anew.
func (n *notified) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.ever)
	clear(n.firing)
}

func keys(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for name := range set {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
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

// amAlert is an alert as Alertmanager knows it.
type amAlert struct {
	Labels    map[string]string `json:"labels"`
	Receivers []struct {
		Name string `json:"name"`
	} `json:"receivers,omitempty"`
	Status *struct {
		State       string   `json:"state"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status,omitempty"`
}

// amAlerts returns what Alertmanager notifies of, in order, as notices.
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

// postAlerts tells Alertmanager of alerts that fire.
func postAlerts(t *testing.T, alertmanager string, labels []map[string]string) {
	t.Helper()
	var alerts []amAlert
	for _, l := range labels {
		alerts = append(alerts, amAlert{Labels: l})
	}
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
