package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

// output is a stream that a test reads while the program writes to it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed at each write, and replaced
}

func newOutput() *output { return &output{more: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until the output matches, and returns the submatches.
func (o *output) await(t *testing.T, pattern string) []string {
	t.Helper()
	timeout := time.After(patience)
	expression := regexp.MustCompile(pattern)
	for {
		o.mu.Lock()
		match, more := expression.FindStringSubmatch(o.text.String()), o.more
		o.mu.Unlock()
		if match != nil {
			return match
		}
		select {
		case <-more:
		case <-timeout:
			t.Fatalf("no %q in the output:\n%s", pattern, o)
		}
	}
}

// exporter is the program, serving on a free port.
type exporter struct {
	url    string
	log    *output
	stop   context.CancelFunc
	status chan int
}

// startExporter runs "serve" with a configuration until the test ends.
func startExporter(t *testing.T, configFile string, flags ...string) *exporter {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e := &exporter{log: newOutput(), stop: cancel, status: make(chan int, 1)}
	args := append([]string{"--config.file=" + configFile, "--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle"}, flags...)
	go func() { e.status <- run(ctx, args, strings.NewReader(""), io.Discard, e.log) }()
	t.Cleanup(func() {
		cancel()
		select {
		case status := <-e.status:
			e.status <- status
		case <-time.After(patience):
			t.Errorf("the exporter did not stop:\n%s", e.log)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	e.url = "http://" + e.log.await(t, `msg="Listening on" address=(\S+)`)[1]
	return e
}

// get asks for a path and returns the status and the answer.
func (e *exporter) get(t *testing.T, path string) (int, string) {
	t.Helper()
	return e.do(t, http.MethodGet, path, "")
}

// do sends a request; scrapeTimeout is Prometheus' header where it is not empty.
func (e *exporter) do(t *testing.T, method, path, scrapeTimeout string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, e.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if scrapeTimeout != "" {
		request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", scrapeTimeout)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// writeConfig writes a configuration for one server, and its password file.
func writeConfig(t *testing.T, samba *smbtest.Samba, targets ...string) string {
	t.Helper()
	folder := t.TempDir() // the lockout file is in it as well
	creds := samba.Credentials()
	writeFile(t, filepath.Join(folder, "corp.password"), creds.Password.Reveal()+"\n")
	if len(targets) == 0 {
		targets = []string{samba.Addr().String()}
	}
	file := filepath.Join(folder, "rasphone.yml")
	writeFile(t, file, fmt.Sprintf(`auths:
  corp:
    username: %s
    domain: %s
    password_file: corp.password
lockout_file: lockout.json
modules:
  default: {min_interval: 0s, timeout: 1m, server: {services: [RemoteRegistry]}} # Samba has no MSExchangeIMC
  other: {min_interval: 0s, timeout: 1m}
targets:
  - hosts: ["%s"]
    auth: corp
    labels: {site: hq}
`, creds.Username, creds.Domain, strings.Join(targets, `", "`)))
	return file
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// missingLines says which of the lines are not in a text.
func missingLines(text string, lines ...string) []string {
	var missing []string
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			missing = append(missing, line)
		}
	}
	return missing
}
