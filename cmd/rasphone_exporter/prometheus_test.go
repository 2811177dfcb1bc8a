package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

// TestPrometheusScrapesWhatDiscoveryLists runs a real Prometheus whose whole
// configuration of the probes is the URL of /sd.
func TestPrometheusScrapesWhatDiscoveryLists(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	samba.WritePhonebook(smbtest.Phonebook())
	e := startExporter(t, writeConfig(t, samba))
	prometheus := startPrometheus(t, fmt.Sprintf(`global: {scrape_interval: 5s, scrape_timeout: 5s}
scrape_configs:
  - job_name: rasphone
    http_sd_configs: [{url: "%s/sd", refresh_interval: 5s}]
  - job_name: rasphone_exporter
    static_configs: [{targets: ["%s"]}]
`, e.url, strings.TrimPrefix(e.url, "http://")))

	target := samba.Addr().String()
	for query, want := range map[string]string{
		fmt.Sprintf(`rasphone_admin_share_reachable{job="rasphone",instance=%q,site="hq"}`, target): "1",
		fmt.Sprintf(`rasphone_phonebook_exists{instance=%q}`, target):                               "1",
		`sum(rasphone_admin_share_state)`:                                                           "1",
		`up{job="rasphone"}`:                                                                        "1",
		`rasphone_exporter_config_last_reload_successful{job="rasphone_exporter"}`:                  "1",
	} {
		awaitQuery(t, prometheus, query, want)
	}
}

// startPrometheus runs Debian's prometheus on a free port, in a folder of its
// own, and returns its URL.
func startPrometheus(t *testing.T, configuration string) string {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatalf("%v: install Debian's package prometheus", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "prometheus.yml"), configuration)
	ctx, cancel := context.WithCancel(context.Background())
	log := newOutput()
	command := exec.CommandContext(ctx, program, "--config.file="+filepath.Join(folder, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+address)
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
	log.await(t, "Server is ready to receive web requests")
	return "http://" + address
}

// awaitQuery asks until the query has one value, the one wanted.
func awaitQuery(t *testing.T, prometheus, query, want string) {
	t.Helper()
	var last string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, prometheus+"/api/v1/query?query="+url.QueryEscape(query), nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Data struct {
				Result []struct{ Value [2]any }
			}
		}
		err = json.NewDecoder(response.Body).Decode(&answer)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if last = fmt.Sprint(answer.Data.Result); len(answer.Data.Result) == 1 && answer.Data.Result[0].Value[1] == want {
			return
		}
	}
	t.Errorf("%s: %s, expected %s", query, last, want)
}
