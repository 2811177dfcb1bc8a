package dashboards_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// history is a series that had one value for some minutes, up to now or until so many minutes ago.
type history struct {
	series  string
	value   float64
	minutes int
	until   int
}

// promServer is a Prometheus that runs until the test ends.
type promServer struct {
	url string
	now time.Time // the end of ranges, the same for all queries of a panel
}

// startPrometheus runs Debian's Prometheus with series and the shipped recording and alerting
// rules, which change rules as sed does: it is given the text of both files. It returns once
// all rules were evaluated, the alerts after the others.
func startPrometheus(t *testing.T, series []history, change func(string) string) *promServer {
	t.Helper()
	folder := t.TempDir()
	s := &promServer{}
	writeBlocks(t, filepath.Join(folder, "data"), series, time.Now())
	for _, name := range []string{"recording.yml", "alerts.yml"} {
		text, err := os.ReadFile(filepath.Join(rulesFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(change(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Without scrapes the samples stay the newest ones, on a slow machine as well.
	s.run(t, folder, "rule_files: [recording.yml, alerts.yml]\n", "--storage.tsdb.retention.time=60d", "--query.lookback-delta=1h", "--query.max-samples=200000000")
	s.awaitRules(t)
	s.now = time.Now()
	return s
}

// run starts Debian's Prometheus in a folder, with its data in data, and waits until it is
// ready. It is stopped by what run returns, or at the end of the test.
func (s *promServer) run(t *testing.T, folder, config string, options ...string) (stop func()) {
	t.Helper()
	name := filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, "prometheus", append([]string{
		"--config.file=" + name, "--storage.tsdb.path=" + filepath.Join(folder, "data"), "--web.listen-address=127.0.0.1:0", "--log.level=info",
	}, options...)...)
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		end()
		t.Fatalf("%v: install Debian's package prometheus", err)
	}
	listening := make(chan string, 1)
	read := make(chan string)
	go func() {
		var all strings.Builder
		lines := bufio.NewScanner(log)
		address := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
		for lines.Scan() {
			fmt.Fprintln(&all, lines.Text())
			if m := address.FindStringSubmatch(lines.Text()); m != nil {
				listening <- m[1]
			}
		}
		read <- all.String()
	}()
	stop = sync.OnceFunc(func() {
		end()
		said := <-read
		_ = command.Wait() // killed
		if t.Failed() {
			t.Log(said)
		}
	})
	t.Cleanup(stop)
	select {
	case address := <-listening:
		s.url = "http://" + address
	case <-time.After(2 * time.Minute):
		t.Fatal("Prometheus does not listen")
	}
	s.awaitReady(t)
	return stop
}

// awaitReady waits until Prometheus has read its data.
func (s *promServer) awaitReady(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/-/ready", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("Prometheus is not ready: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// writeBlocks writes series into a folder of Prometheus.
func writeBlocks(t *testing.T, folder string, series []history, now time.Time) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "openmetrics")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	for _, h := range series {
		for m := h.minutes; m >= h.until; m-- {
			fmt.Fprintf(w, "%s %s %d\n", h.series, strconv.FormatFloat(h.value, 'g', -1, 64), now.Unix()-int64(60*m))
		}
	}
	fmt.Fprintln(w, "# EOF")
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), "promtool", "tsdb", "create-blocks-from", "openmetrics", name, folder).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool: %v\n%s", err, output)
	}
}

// awaitRules waits until each group was evaluated three times from now on.
func (s *promServer) awaitRules(t *testing.T) {
	t.Helper()
	evaluated := func() map[string]time.Time {
		var answer struct {
			Groups []struct {
				Name           string
				LastEvaluation time.Time
				Rules          []struct{ Name, LastError string }
			}
		}
		s.get(t, "/api/v1/rules", nil, &answer)
		all := map[string]time.Time{}
		for _, g := range answer.Groups {
			all[g.Name] = g.LastEvaluation
			for _, r := range g.Rules {
				if r.LastError != "" {
					t.Fatalf("%s: %s", r.Name, r.LastError)
				}
			}
		}
		return all
	}
	times := map[string]int{}
	before := map[string]time.Time{}
	for deadline := time.Now().Add(20 * time.Minute); ; {
		waiting := 0
		for name, at := range evaluated() {
			if !at.IsZero() && at != before[name] {
				times[name]++
			}
			before[name] = at
			if times[name] < 3 {
				waiting++
			}
		}
		if len(before) > 0 && waiting == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("rules are not evaluated: %v", times)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// get decodes the data of an answer of Prometheus, and returns its size.
func (s *promServer) get(t *testing.T, path string, form url.Values, data any) int {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&answer); err != nil || answer.Status != "success" {
		t.Errorf("%s %s: %v %s", path, form.Get("query"), err, answer.Error)
	}
	return len(text)
}

// found is a series of an answer.
type found struct {
	Metric map[string]string
	Value  [2]any
	Values [][2]any
}

// query returns the answer to an instant query.
func (s *promServer) query(t *testing.T, query string) []found {
	t.Helper()
	var answer struct{ Result []found }
	s.get(t, "/api/v1/query", url.Values{"query": {query}}, &answer)
	return answer.Result
}

// queryRange returns the answer to a query over hours, and its size.
func (s *promServer) queryRange(t *testing.T, query string, hours int) ([]found, int) {
	t.Helper()
	end := s.now
	var answer struct{ Result []found }
	size := s.get(t, "/api/v1/query_range", url.Values{
		"query": {query}, "step": {"60"},
		"start": {strconv.FormatInt(end.Add(-time.Duration(hours)*time.Hour).Unix(), 10)}, "end": {strconv.FormatInt(end.Unix(), 10)},
	}, &answer)
	return answer.Result, size
}

var (
	groupInterval = regexp.MustCompile(`interval: \w+`)
	ruleWait      = regexp.MustCompile(`<= time\(\) - \d+`)
	alertWait     = regexp.MustCompile(`( for): \w+`)
)

// hurried evaluates rules every two seconds, and lets faults fire at once.
func hurried(rules string) string {
	rules = groupInterval.ReplaceAllString(rules, "interval: 2s")
	rules = ruleWait.ReplaceAllString(rules, "<= time()")
	rules = strings.ReplaceAll(rules, "< time() - 200", "< 0") // no site is dark
	return alertWait.ReplaceAllString(rules, "$1: 0s")
}
