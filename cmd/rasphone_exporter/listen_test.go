package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/net/netutil"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/web"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// startServer serves the exporter's handler as the program does, with another time for
// reading a request and another bound on connections. It returns its address, and how many
// connections it has had at a time.
func startServer(t *testing.T, read time.Duration, connections int, p web.Prober) (address string, most *atomic.Int32) {
	t.Helper()
	none := func() int { return 0 }
	metrics := collector.NewExporter(time.Unix(1, 0), collector.Counts{Targets: none, LoginsHeldBack: none, EventlogsForgotten: none})
	c, err := config.Parse("", []byte("auths: {a: {username: u, password: p}}\nlockout_file: none\ntargets: [{hosts: [127.0.0.1:1], auth: a}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := web.New(web.Options{
		Prober: p, Config: func() web.Config { return c }, Reload: func() error { return nil }, EnableLifecycle: true,
		Metrics: metrics, MaxConcurrent: 10, TimeoutOffset: time.Second, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newHTTPServer(handler.Handler(), read, slog.New(slog.DiscardHandler))
	counting := &countingListener{Listener: l}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(netutil.LimitListener(counting, connections)) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		handler.Drain(t.Context())
	})
	return l.Addr().String(), &counting.most
}

// countingListener counts the connections that are open at a time.
type countingListener struct {
	net.Listener
	open, most atomic.Int32
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.most.Store(max(l.most.Load(), l.open.Add(1)))
	return &countedConn{Conn: conn, closed: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
}

type countedConn struct {
	net.Conn
	closed func()
}

func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

// slowProber is a web.Prober whose probes take so long.
type slowProber struct{ takes time.Duration }

func (p slowProber) Probe(ctx context.Context, t smbprobe.Target) *smbprobe.Result {
	select {
	case <-time.After(p.takes):
	case <-ctx.Done():
	}
	return &smbprobe.Result{Target: t.Name, Module: t.Module.Name, Share: smbprobe.ShareOK}
}

func (p slowProber) Forget(string) error { return nil }

// connect opens a connection and sends the beginning of a request.
func connect(t *testing.T, address, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Logf("the server did not take all of a request: %v", err)
	}
	return conn
}

// TestHTTPServerLog: what the HTTP server itself reports goes to the log as the rest does.
func TestHTTPServerLog(t *testing.T) {
	var log bytes.Buffer
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken by the test") })
	server := httptest.NewUnstartedServer(nil)
	server.Config = newHTTPServer(handler, time.Minute, slog.New(slog.NewJSONHandler(&log, nil)))
	server.Start()
	if _, err := server.Client().Get(server.URL); err == nil {
		t.Error("an answer")
	}
	server.Close()
	var line struct{ Level, Msg string }
	if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.Level != "WARN" || !strings.Contains(line.Msg, "broken by the test") {
		t.Errorf("log %q: %v", log.String(), err)
	}
}

// TestUnfinishedRequestsHoldNothing: the server closes connections whose request never
// ends, be it the header or the body.
func TestUnfinishedRequestsHoldNothing(t *testing.T) {
	address, _ := startServer(t, 200*time.Millisecond, maxConnections, slowProber{})
	var conns []net.Conn
	for i := range 200 {
		request := []string{
			"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
			"POST /-/forget?auth=a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
			"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
		}[i%5]
		conns = append(conns, connect(t, address, request))
	}
	for i, conn := range conns {
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("connection %d: %v", i, err)
		}
	}
}

// TestLongProbesOutliveTheReadTime: the time for reading a request is not one for its answer,
// at whose end net/http would cancel the request.
func TestLongProbesOutliveTheReadTime(t *testing.T) {
	const read = 50 * time.Millisecond
	address, _ := startServer(t, read, maxConnections, slowProber{5 * read})
	conn := connect(t, address, "GET /probe?target=127.0.0.1:1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
	answered(t, conn)
}

// TestLargeHeadersCostLittle: 300 requests with a megabyte of headers each.
func TestLargeHeadersCostLittle(t *testing.T) {
	address, _ := startServer(t, time.Minute, maxConnections, slowProber{})
	before := heap()
	// One for all: what the clients hold is not what is measured.
	header := []byte("GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-Header: "+strings.Repeat("x", 1000)+"\r\n", 1000))
	var mu sync.Mutex
	most := uint64(0)
	var ended sync.WaitGroup
	for range 300 {
		conn := connect(t, address, string(header[:maxHeader/2]))
		ended.Go(func() {
			_, _ = conn.Write(header[maxHeader/2:]) // cut off by the server
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err == nil {
				_ = response.Body.Close()
				if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
					t.Errorf("status %s", response.Status)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			most = max(most, heap())
		})
	}
	ended.Wait()
	if used := int64(most) - int64(before); used > 50<<20 {
		t.Errorf("%d MiB more on the heap", used>>20)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// TestConnectionsAreBounded: one more than permitted is served when another one is closed.
func TestConnectionsAreBounded(t *testing.T) {
	const permitted = 3
	address, most := startServer(t, time.Minute, permitted, slowProber{})
	var conns []net.Conn
	for range permitted + 2 {
		conns = append(conns, connect(t, address, "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	}
	for i := range permitted {
		answered(t, conns[i])
	}
	for i := range 2 {
		_ = conns[i].Close()
		answered(t, conns[permitted+i])
	}
	if most := most.Load(); most != permitted {
		t.Errorf("%d connections at a time, want %d", most, permitted)
	}
}

func answered(t *testing.T, conn net.Conn) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Error(response.Status)
	}
}

func TestListenClosesWhatItOpened(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		listeners, err := listen(&toolkit.FlagConfig{WebListenAddresses: &[]string{free, "127.0.0.1:99999"}, WebSystemdSocket: new(false), WebConfigFile: new("")})
		if len(listeners) > 0 || err == nil || strings.Contains(err.Error(), "in use") || !strings.Contains(err.Error(), "99999") {
			t.Errorf("%d listeners, %v", len(listeners), err)
		}
	}
}
