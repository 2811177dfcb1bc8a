package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// runHealthcheck runs the command as the command line does.
func runHealthcheck(ctx context.Context, t *testing.T, args ...string) (int, string) {
	t.Helper()
	app := kingpin.New(program, "")
	h := newHealthcheck(app.Command("healthcheck", ""))
	if _, err := app.Parse(append([]string{"healthcheck"}, args...)); err != nil {
		t.Fatal(err)
	}
	var out, err bytes.Buffer
	status := h.run(ctx, streams{strings.NewReader(""), &out, &err}, slog.New(slog.DiscardHandler))
	if out.Len() > 0 {
		t.Errorf("standard output: %s", &out)
	}
	return status, err.String()
}

func TestHealthcheck(t *testing.T) {
	answer := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/-/ready")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "so it is")
		})
	}
	for _, test := range []struct {
		name   string
		status int
		tls    bool
		want   int
		says   string
	}{
		{"healthy", 200, false, exitOK, ""},
		{"healthy, over TLS, with a certificate of another name", 200, true, exitOK, ""},
		{"wants a password", 401, false, exitOK, ""},
		{"another program's port", 404, false, exitFailed, `404 Not Found: "so it is"`},
		{"moved", 302, false, exitFailed, "302 Found"},
		{"failing", 500, false, exitFailed, "500 Internal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(answer(test.status))
			if test.tls {
				server.StartTLS()
			} else {
				server.Start()
			}
			defer server.Close()
			status, text := runHealthcheck(t.Context(), t, "--url", server.URL+"/-/healthy")
			if status != test.want || !strings.Contains(text, test.says) || (text == "") != (test.says == "") {
				t.Errorf("exit status %d: %s", status, text)
			}
		})
	}
}

// TestHealthcheckOfTheExporter asks the exporter itself, while it runs and after.
func TestHealthcheckOfTheExporter(t *testing.T) {
	e, _ := startDemo(t)
	if status, text := runHealthcheck(t.Context(), t, "--url", e.url+"/-/healthy"); status != exitOK {
		t.Errorf("exit status %d: %s", status, text)
	}
	e.stop()
	status := <-e.status
	e.status <- status
	if status, text := runHealthcheck(t.Context(), t, "--url", e.url+"/-/healthy"); status != exitFailed || !strings.Contains(text, "connection refused") {
		t.Errorf("stopped: exit status %d: %s", status, text)
	}
}

// TestHealthcheckSilence: an exporter that accepts and says nothing is not healthy, and
// the check ends by itself.
func TestHealthcheckSilence(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	status, text := runHealthcheck(ctx, t, "--url", "http://"+silent.Addr().String()+"/-/healthy")
	if status != exitFailed || !strings.Contains(text, "no answer within 2s") || ctx.Err() != nil {
		t.Errorf("exit status %d: %s", status, text)
	}
}

func TestHealthcheckURL(t *testing.T) {
	for _, address := range []string{"localhost:10196", "ftp://localhost/", "/-/healthy", "http:///-/healthy", "ftp://u:secret@localhost/"} {
		status, text := runHealthcheck(t.Context(), t, "--url", address)
		if status != exitUsage || !strings.Contains(text, defaultHealthURL) || strings.Contains(text, "secret") {
			t.Errorf("%s: exit status %d: %s", address, status, text)
		}
	}
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true, "10.1.2.3": false, "exporter.corp.example": false} {
		if got := loopback(host); got != want {
			t.Errorf("loopback %s: %t", host, got)
		}
	}
}
