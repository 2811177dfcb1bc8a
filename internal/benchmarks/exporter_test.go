package benchmarks

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/web"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// everything is a module with every check, whatBlackboxHas one of share, file and event log.
const (
	everything   = "{transport: netbios, min_interval: 0s, timeout: 60s}"
	shareFileLog = "{transport: netbios, min_interval: 0s, timeout: 60s, server: {registry: false, services: []}}"
	shareFile    = "{transport: netbios, min_interval: 0s, timeout: 60s, eventlog: {enabled: false}, server: {registry: false, services: []}}"
)

// kept returns a module with kept sessions.
func kept(module string) string { return strings.Replace(module, "{", "{session: kept, ", 1) }

// exporter is the exporter in this process, as the command serve runs it.
type exporter struct {
	tb     testing.TB
	prober *prober.Prober
	config *config.Config
	url    string
	wire   *wire

	mu   sync.Mutex
	last *smbprobe.Result
}

// Probe implements web.Prober.
func (e *exporter) Probe(ctx context.Context, t smbprobe.Target) *smbprobe.Result {
	r := e.prober.Probe(ctx, t)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = r
	return r
}

// Forget implements web.Prober.
func (e *exporter) Forget(auth string) error { return e.prober.Forget(auth) }

// result returns the result of the last probe.
func (e *exporter) result() *smbprobe.Result {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

// startExporter serves probes of one target. count makes it count what is sent, which
// takes time and memory of its own.
func startExporter(tb testing.TB, target netip.AddrPort, module string, count bool, more ...netip.AddrPort) *exporter {
	tb.Helper()
	hosts := fmt.Sprintf("%q", target)
	for _, m := range more {
		hosts += fmt.Sprintf(", %q", m)
	}
	c, err := config.Parse("rasphone.yml", fmt.Appendf(nil, "auths: {corp: {username: %s, domain: CORP, password: %s}}\nmodules: {default: %s}\nlockout_file: none\n"+
		"targets: [{hosts: [%s], auth: corp}]\n", username, password, module, hosts), nil)
	if err != nil {
		tb.Fatal(err)
	}
	e := &exporter{tb: tb, config: c}
	options := prober.Options{}
	if count {
		e.wire = &wire{}
		options.Dial = e.wire.dial
	}
	if e.prober, err = prober.New(options); err != nil {
		tb.Fatal(err)
	}
	var targets []smbprobe.Target
	for _, host := range c.Hosts() {
		t, err := c.Target(host.Name, "")
		if err != nil {
			tb.Fatal(err)
		}
		targets = append(targets, t)
	}
	if err := e.prober.Configure(targets); err != nil {
		tb.Fatal(err)
	}
	none := func() int { return 0 }
	server, err := web.New(web.Options{
		Prober: e, Config: func() web.Config { return c }, Reload: func() error { return nil },
		Metrics:       collector.NewExporter(time.Now(), collector.Counts{Targets: none, LoginsHeldBack: none, EventlogsForgotten: none}),
		MaxConcurrent: 100, TimeoutOffset: time.Second / 2, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	h := &http.Server{Handler: server.Handler()}
	var serving sync.WaitGroup
	serving.Go(func() { _ = h.Serve(l) }) // until Close
	tb.Cleanup(func() {
		server.Drain(context.Background())
		e.prober.Close()
		_ = h.Close()
		serving.Wait()
	})
	e.url = l.Addr().String()
	return e
}

// scraper asks as Prometheus 2.42 does, on one connection, and takes nothing from the heap.
type scraper struct {
	tb      testing.TB
	conn    net.Conn
	answers *bufio.Reader
	request []byte
}

func (e *exporter) scraper(target netip.AddrPort) *scraper {
	e.tb.Helper()
	conn, err := net.Dial("tcp", e.url)
	if err != nil {
		e.tb.Fatal(err)
	}
	e.tb.Cleanup(func() { _ = conn.Close() })
	return &scraper{tb: e.tb, conn: conn, answers: bufio.NewReaderSize(conn, 64<<10), request: fmt.Appendf(nil, "GET /probe?target=%s HTTP/1.1\r\nHost: %s\r\n"+
		"User-Agent: Prometheus/2.42.0\r\nAccept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n"+
		"Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 60\r\n\r\n", target, e.url)}
}

// scrape scrapes once.
func (s *scraper) scrape() {
	s.tb.Helper()
	if _, err := s.conn.Write(s.request); err != nil {
		s.tb.Fatal(err)
	}
	length := -1
	for first := true; ; first = false {
		line, err := s.answers.ReadSlice('\n')
		if err != nil {
			s.tb.Fatal(err)
		}
		const name = "Content-Length: "
		switch {
		case first && string(line) != "HTTP/1.1 200 OK\r\n":
			s.tb.Fatalf("the exporter answers %q", line)
		case len(line) > len(name) && string(line[:len(name)]) == name:
			length = 0
			for _, digit := range line[len(name) : len(line)-2] {
				length = 10*length + int(digit-'0')
			}
		}
		if len(line) == 2 {
			break
		}
	}
	if length <= 0 {
		s.tb.Fatalf("an answer of %d bytes", length)
	}
	if _, err := s.answers.Discard(length); err != nil {
		s.tb.Fatal(err)
	}
}

// allocated returns the allocations and bytes of this process for each of n scrapes.
func (s *scraper) allocated(n int) (allocations, bytes float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		s.scrape()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
}

// wire counts what goes to servers.
type wire struct {
	mu sync.Mutex
	wireCounts
}

type wireCounts struct {
	requests, writes, reads int
	bytes                   int // both ways
	maxInFlight             int
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &countedConn{Conn: conn, wire: w}, nil
}

// take returns the counts since the last call.
func (w *wire) take() wireCounts {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := w.wireCounts
	w.wireCounts = wireCounts{}
	return counts
}

// countedConn counts the messages of a connection by their four-byte headers (RFC 1002 4.3.1).
type countedConn struct {
	net.Conn
	wire      *wire
	out, in   frames
	unmatched int
}

func (c *countedConn) Write(b []byte) (int, error) {
	c.wire.mu.Lock()
	n := c.out.add(b)
	c.wire.requests += n
	c.wire.writes++
	c.wire.bytes += len(b)
	c.unmatched += n
	c.wire.maxInFlight = max(c.wire.maxInFlight, c.unmatched)
	c.wire.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	c.unmatched -= c.in.add(b[:n])
	c.wire.reads++
	c.wire.bytes += n
	return n, err
}

// frames finds the beginnings of messages in a stream.
type frames struct {
	left   int
	header []byte
}

// add returns how many messages begin in b.
func (f *frames) add(b []byte) (n int) {
	for len(b) > 0 {
		if f.left > 0 {
			skip := min(f.left, len(b))
			f.left, b = f.left-skip, b[skip:]
			continue
		}
		f.header, b = append(f.header, b[0]), b[1:]
		if len(f.header) == 4 {
			f.left = int(f.header[1]&1)<<16 | int(f.header[2])<<8 | int(f.header[3])
			f.header = f.header[:0]
			n++
		}
	}
	return n
}
