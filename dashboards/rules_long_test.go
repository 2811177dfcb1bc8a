//go:build long

package dashboards_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// faster is how much faster than real time the rules are evaluated.
const faster = 10

// hastened divides each duration of rules.
func hastened(rules string) string {
	duration := regexp.MustCompile(`((?:interval|for): |\[)(\d+)([smh])\b`)
	units := map[string]int{"s": 1, "m": 60, "h": 3600}
	rules = duration.ReplaceAllStringFunc(rules, func(m string) string {
		parts := duration.FindStringSubmatch(m)
		n, _ := strconv.Atoi(parts[2])
		return fmt.Sprintf("%s%dms", parts[1], n*units[parts[3]]*1000/faster)
	})
	return regexp.MustCompile(`time\(\) - (\d+)`).ReplaceAllStringFunc(rules, func(m string) string {
		n, _ := strconv.Atoi(strings.TrimPrefix(m, "time() - "))
		return fmt.Sprintf("time() - %g", float64(n)/faster)
	})
}

// TestLongSiteDark: a Prometheus that sends its samples to another one stops. The other one
// pages that the site is dark, and the page of a server that is at fault stays.
func TestLongSiteDark(t *testing.T) {
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			fmt.Fprintln(w, `rasphone_exporter_build_info{version="2"} 1`)
			return
		}
		fmt.Fprint(w, `probe_success 1
rasphone_admin_share_state{state="ok"} 0
rasphone_admin_share_state{state="share_missing"} 1
rasphone_phonebook_state{state="unknown"} 1
rasphone_diagnosis{cause="admin_share_removed",article="Q1",severity="critical"} 1
`)
	}))
	t.Cleanup(exporter.Close)
	address := strings.TrimPrefix(exporter.URL, "http://")

	central := &promServer{}
	folder := t.TempDir()
	for _, name := range []string{"recording.yml", "alerts.yml"} {
		text, err := os.ReadFile(filepath.Join(rulesFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(hastened(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	central.run(t, folder, "rule_files: [recording.yml, alerts.yml]\n", "--web.enable-remote-write-receiver", "--query.lookback-delta=30s", "--rules.alert.for-grace-period=60s")

	scrapes := fmt.Sprintf(`
global: {scrape_interval: 6s, scrape_timeout: 5s, external_labels: {prometheus: berlin}}
scrape_configs:
  - {job_name: nt, metrics_path: /probe, static_configs: [{targets: [%q], labels: {instance: exch01, site: berlin}}]}
  - {job_name: exporter, static_configs: [{targets: [%q], labels: {instance: exporter}}]}
remote_write: [{url: %q, queue_config: {batch_send_deadline: 1s}}]
`, address, address, central.url+"/api/v1/write")
	sender := &promServer{}
	site := t.TempDir()
	stop := sender.run(t, site, scrapes)

	firing := func() string {
		var names []string
		for _, f := range central.query(t, `ALERTS{alertstate="firing"}`) {
			names = append(names, f.Metric["alertname"])
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	await := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Second) {
			got := firing()
			if got == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("alerts fire: %q, want %q", got, want)
			}
			if want != "RasphoneShareMissing" && !strings.Contains(got, "RasphoneShareMissing") {
				t.Fatalf("the page of the server ended: %q", got)
			}
		}
	}
	await("RasphoneShareMissing")
	time.Sleep(10 * 6 * time.Second) // ten scrapes: a site that was just set up is not dark
	stop()
	await("RasphoneShareMissing RasphoneSiteDark")
	(&promServer{}).run(t, site, scrapes)
	await("RasphoneShareMissing")
}
