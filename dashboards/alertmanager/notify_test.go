package alertmanager_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// channel is a Slack that keeps what it gets.
type channel struct {
	mu     sync.Mutex
	titles []string
	texts  []string
}

func (c *channel) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var message struct {
		Attachments []struct{ Title, Text string }
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &message) != nil || len(message.Attachments) != 1 {
		message.Attachments = []struct{ Title, Text string }{{Title: "not understood: " + string(body)}}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.titles = append(c.titles, message.Attachments[0].Title)
	c.texts = append(c.texts, message.Attachments[0].Text)
}

// await waits until as many pages have arrived as are wanted, in whatever order.
func (c *channel) await(t *testing.T, want ...string) {
	t.Helper()
	timeout := time.After(time.Minute)
	slices.Sort(want)
	for {
		c.mu.Lock()
		got := slices.Sorted(slices.Values(c.titles))
		c.mu.Unlock()
		if len(got) >= len(want) {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("pages (-want +got):\n%s", diff)
			}
			return
		}
		select {
		case <-timeout:
			t.Fatalf("pages after a minute: %q, want %q", got, want)
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// startAlertmanager runs Alertmanager with the shipped configuration, a Slack as its pager, and
// waits of seconds in the place of minutes. It returns its URL.
func startAlertmanager(t *testing.T) (string, *channel) {
	t.Helper()
	slack := new(channel)
	server := httptest.NewServer(slack)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "slack.url")
	if err := os.WriteFile(file, []byte(server.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	text := otherPager(t, read(t, configFile), "slack_configs")
	text = strings.ReplaceAll(text, "/etc/alertmanager/slack.url", file)
	// The first wait has to be longer than Alertmanager takes to see all alerts of one request.
	text = regexp.MustCompile(`group_wait: +\w+`).ReplaceAllString(text, "group_wait: 3s")
	text = regexp.MustCompile(`group_interval: +\w+`).ReplaceAllString(text, "group_interval: 1s")

	log := new(lockedBuffer)
	command := exec.CommandContext(t.Context(), "prometheus-alertmanager", "--config.file="+writeConfig(t, text), "--storage.path="+t.TempDir(),
		"--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Fatalf("%v: install Debian's package prometheus-alertmanager", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // killed
		if t.Failed() {
			t.Log(log.String())
		}
	})
	listening := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	timeout := time.After(time.Minute)
	for {
		if m := listening.FindStringSubmatch(log.String()); m != nil {
			return "http://" + m[1], slack
		}
		select {
		case <-timeout:
			t.Fatalf("Alertmanager did not start:\n%s", log.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// fault is an alert that fires, as Prometheus posts it.
type fault struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// critical makes an alert of "label=value label=value ...".
func critical(name, summary, labels string) fault {
	f := fault{
		Labels: map[string]string{"alertname": name, "severity": "critical", "component": "rasphone", "job": "nt"},
		Annotations: map[string]string{
			"summary": summary, "description": "what it is", "fix": "net share admin$",
			"runbook_url": "https://exporter.example/runbooks/x", "exporter_url": "https://exporter.example/target?target=x",
		},
	}
	for _, l := range strings.Fields(labels) {
		key, value, _ := strings.Cut(l, "=")
		f.Labels[key] = value
	}
	return f
}

func post(t *testing.T, alertmanager string, faults ...fault) {
	t.Helper()
	body, err := json.Marshal(faults)
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

func TestServersThatFailTogetherAreOnePage(t *testing.T) {
	alertmanager, slack := startAlertmanager(t)
	const down, gone = "Not watched: the server does not answer", "Exchange dial-up is broken: Admin$ is gone"
	var together []fault
	for i := range 12 {
		// From both of a pair of Prometheus servers.
		together = append(together,
			critical("RasphoneTargetNotAnswering", down, fmt.Sprintf("instance=exch%02d site=hq replica=a", i)),
			critical("RasphoneTargetNotAnswering", down, fmt.Sprintf("instance=exch%02d site=hq replica=b", i)))
	}
	const stopped = "Exchange mail is stopped: a service does not run"
	for _, service := range []string{"MSExchangeIMC", "msexchangeimc"} {
		together = append(together,
			critical("RasphoneServiceNotRunning", stopped, "instance=exch20 service="+service),
			critical("RasphoneServiceNotRunning", stopped, "instance=exch21 service="+service))
	}
	post(t, alertmanager, together...)
	slack.await(t, "[critical] 12 servers: "+down+" (site hq)", "[critical] 2 servers: "+stopped)

	// One more, later, and one elsewhere.
	post(t, alertmanager, critical("RasphoneTargetNotAnswering", down, "instance=exch12 site=hq page=exch12 replica=a"),
		critical("RasphoneShareMissing", gone, "instance=exch12 page=exch12"))
	slack.await(t, "[critical] 12 servers: "+down+" (site hq)", "[critical] 2 servers: "+stopped, "[critical] exch12: "+down+" (site hq)", "[critical] exch12: "+gone)
	for _, want := range []string{"exch00: " + down + "\n", "Try first:     net share admin$\n", "What to do:    https://exporter.example/runbooks/x\n", "What was seen: https://exporter.example/target?target=x"} {
		if !slices.ContainsFunc(slack.texts, func(text string) bool { return strings.Contains(text, want) }) {
			t.Errorf("the pages lack %q:\n%s", want, slack.texts)
		}
	}
}

// TestOnePrometheusDoesNotSilenceAnother: what one side does not see is no reason to doubt
// what another one does.
func TestOnePrometheusDoesNotSilenceAnother(t *testing.T) {
	alertmanager, slack := startAlertmanager(t)
	post(t, alertmanager,
		critical("RasphoneExporterAbsent", "nothing from the exporter", "prometheus=berlin"),
		critical("RasphoneExporterAbsent", "nothing from the exporter", "prometheus=pair replica=b"),
		critical("RasphoneSiteDark", "a site sends no data", "prometheus=rome site=rome"),
		critical("RasphoneTargetNotAnswering", "silent", "prometheus=oslo job=a instance=e1 page=e1"),
		critical("RasphoneNothingProbed", "an empty list", "prometheus=bern instance=spare:10196"),
		critical("RasphoneNothingProbed", "no probe works", "prometheus=lima"))
	first := []string{
		"[critical] nothing from the exporter", "[critical] nothing from the exporter", "[critical] a site sends no data (site rome)", "[critical] e1: silent",
		"[critical] spare:10196: an empty list", "[critical] no probe works",
	}
	slack.await(t, slices.Clone(first)...)
	post(t, alertmanager,
		critical("RasphoneShareMissing", "gone", "prometheus=berlin instance=b1 page=b1"),
		critical("RasphoneShareMissing", "gone", "prometheus=munich instance=m1 page=m1"),
		critical("RasphoneShareMissing", "gone", "prometheus=pair replica=a instance=p1 page=p1"),
		critical("RasphoneShareMissing", "gone", "prometheus=pair replica=b instance=p2 page=p2"),
		critical("RasphoneShareMissing", "gone", "prometheus=rome site=rome instance=r1 page=r1"),
		critical("RasphoneShareMissing", "gone", "prometheus=rome site=milan instance=r2 page=r2"),
		critical("RasphoneShareMissing", "gone", "prometheus=oslo job=a instance=e1 page=e1"),
		critical("RasphoneShareMissing", "gone", "prometheus=oslo job=b instance=e1 page=e1"),
		critical("RasphoneScrapeFailing", "scrapes fail", "prometheus=bern instance=b2 page=b2"),
		critical("RasphoneScrapeFailing", "scrapes fail", "prometheus=lima instance=l1 page=l1"))
	slack.await(t, append(first, "[critical] m1: gone", "[critical] p1: gone", "[critical] r2: gone (site milan)", "[critical] e1: gone", "[critical] b2: scrapes fail")...)
}
