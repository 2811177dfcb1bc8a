package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/fleet"
)

// startDemo runs "demo" until the test ends, and returns what it greets with, too.
func startDemo(t *testing.T, flags ...string) (*exporter, *output) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e := &exporter{log: newOutput(), stop: cancel, status: make(chan int, 1)}
	greeting := newOutput()
	args := append([]string{"demo", "--web.listen-address=127.0.0.1:0"}, flags...)
	go func() { e.status <- run(ctx, args, strings.NewReader(""), greeting, e.log) }()
	t.Cleanup(func() {
		cancel()
		select {
		case status := <-e.status:
			if status != exitOK {
				t.Errorf("exit status %d\n%s", status, e.log)
			}
		case <-time.After(30 * time.Second):
			t.Errorf("the demo did not stop:\n%s", e.log)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	e.url = "http://" + e.log.await(t, `msg="Listening on" address=(\S+)`)[1]
	return e, greeting
}

// TestDemo: every server of the fleet is listed, is what it is said to be, and is on the page,
// without a Prometheus.
func TestDemo(t *testing.T) {
	servers, err := fleet.Fleet(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	e, greeting := startDemo(t)
	if status, text := e.get(t, "/-/ready"); status != http.StatusOK {
		t.Fatalf("not ready: %d %s", status, text)
	}
	var want []string
	for _, s := range servers {
		want = append(want, s.Name)
		if !strings.Contains(greeting.String(), s.Name+" ") {
			t.Errorf("the greeting does not name %s:\n%s", s.Name, greeting)
		}
	}
	if diff := cmp.Diff(want, listed(t, e)); diff != "" {
		t.Errorf("/sd: %s", diff)
	}
	for _, s := range servers {
		t.Run(s.Name, func(t *testing.T) {
			status, text := e.get(t, "/probe?target="+s.Name)
			if status != http.StatusOK {
				t.Fatalf("status %d\n%s", status, text)
			}
			if s.Changes { // to what, hangs on how long this test has run
				if missing := missingLines(text, "probe_success 1"); missing != nil {
					t.Errorf("missing %q in\n%s", missing, text)
				}
				return
			}
			missing := missingLines(text, append(s.Want.Metrics,
				fmt.Sprintf("rasphone_admin_share_state{state=%q} 1", s.Want.Share),
				fmt.Sprintf("rasphone_phonebook_state{state=%q} 1", s.Want.Phonebook))...)
			if diff := cmp.Diff(s.Want.Causes, causes(text), sorted()); diff != "" || missing != nil {
				_, trace := e.get(t, "/probe?debug=true&target="+s.Name)
				t.Errorf("missing %q, causes (-want +got): %s\n%s", missing, diff, trace)
			}
		})
	}
	_, page := e.get(t, "/")
	for _, s := range servers {
		if !s.Changes {
			wantRow(t, page, s)
		}
	}
	if _, text := e.get(t, "/config"); strings.Contains(text, "as in the demo") || !strings.Contains(text, "share-removed.demo") {
		t.Errorf("/config:\n%s", text)
	}
	if status, text := e.do(t, http.MethodPost, "/-/reload", ""); status != http.StatusForbidden {
		t.Errorf("reload: status %d, %s", status, text)
	}
}

// TestDemoFillsThePage: it probes by itself, and prints its address when it listens, with the
// port that it got, and again when all servers were probed.
func TestDemoFillsThePage(t *testing.T) {
	e, greeting := startDemo(t)
	greeting.await(t, "Look at "+regexp.QuoteMeta(e.url)+`/\.`)
	greeting.await(t, `All \d+ servers were probed\.\nLook at `+regexp.QuoteMeta(e.url)+`/\.`)
	deadline := time.Now().Add(time.Minute)
	for {
		_, text := e.get(t, "/")
		left := strings.Count(text, "NOT PROBED")
		if left == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d servers were not probed", left)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// TestDemoAddressTaken: a demo that cannot listen says so, and ends.
func TestDemoAddressTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	out, log := newOutput(), newOutput()
	status := run(t.Context(), []string{"demo", "--web.listen-address=" + l.Addr().String()}, strings.NewReader(""), out, log)
	if status != exitFailed || !strings.Contains(log.String(), "address already in use") {
		t.Errorf("exit status %d\n%s", status, log)
	}
}

func TestPageURL(t *testing.T) {
	for _, tt := range []struct {
		listening net.Addr
		want      string
	}{
		{&net.TCPAddr{Port: 10196}, "http://localhost:10196/"},
		{&net.TCPAddr{IP: net.IPv4zero, Port: 80}, "http://localhost:80/"},
		{&net.TCPAddr{IP: net.IPv6unspecified, Port: 80}, "http://localhost:80/"},
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 10196}, "http://127.0.0.1:10196/"},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 10196}, "http://[::1]:10196/"},
		{&net.UnixAddr{Name: "x"}, ""},
	} {
		if got := pageURL(tt.listening); got != tt.want {
			t.Errorf("%v: %q, expected %q", tt.listening, got, tt.want)
		}
	}
}

// listed returns the targets that service discovery has.
func listed(t *testing.T, e *exporter) []string {
	t.Helper()
	_, text := e.get(t, "/sd")
	var groups []struct{ Labels map[string]string }
	if err := json.Unmarshal([]byte(text), &groups); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, g := range groups {
		if g.Labels["site"] == "" {
			t.Errorf("no site: %v", g.Labels)
		}
		names = append(names, g.Labels["__param_target"])
	}
	return names
}

// causes returns the causes that an answer of /probe has, "severity name".
func causes(text string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^rasphone_diagnosis\{article="[^"]*",cause="([^"]*)",severity="([^"]*)"\} 1$`).FindAllStringSubmatch(text, -1) {
		all = append(all, m[2]+" "+m[1])
	}
	return all
}

// sorted compares lists of texts without regard to their order.
func sorted() cmp.Option {
	return cmp.Transformer("sorted", func(all []string) []string { return slices.Sorted(slices.Values(all)) })
}

// wantRow looks for a server on the page, with its verdict.
func wantRow(t *testing.T, page string, s fleet.Server) {
	t.Helper()
	before, _, found := strings.Cut(page, `">`+s.Name+`</a>`)
	row := before[max(0, strings.LastIndex(before, "<tr")):]
	if !found || !strings.Contains(row, " "+s.Want.Verdict.String()+"<") {
		t.Errorf("%s: no %s in the page's row:\n%s", s.Name, s.Want.Verdict, row)
	}
}

// TestMissingConfigNamesDemo: who has no configuration is told of the demo.
func TestMissingConfigNamesDemo(t *testing.T) {
	t.Chdir(t.TempDir())
	out, log := newOutput(), newOutput()
	if status := run(t.Context(), nil, strings.NewReader(""), out, log); status != exitFailed || !strings.Contains(log.String(), "rasphone_exporter demo") {
		t.Errorf("exit status %d\n%s", status, log)
	}
}
