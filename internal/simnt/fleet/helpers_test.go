package fleet

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// pipes is a network within memory, so that a test's clock can stand still and go on: servers
// by their names.
type pipes struct {
	*Network
	listeners map[netip.AddrPort]*pipeListener
}

// pipeListener hands out the server's ends of pipes.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// listenInMemory is Listen within memory, until the test ends.
func listenInMemory(t *testing.T, servers []Server) *pipes {
	t.Helper()
	p := &pipes{&Network{addrs: map[string]netip.Addr{}}, map[netip.AddrPort]*pipeListener{}}
	for _, s := range servers {
		p.addrs[s.Name] = s.addr
		p.hosts = append(p.hosts, s.Host)
		if len(s.ports) == 0 {
			continue
		}
		l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		for _, port := range s.ports {
			p.listeners[netip.AddrPortFrom(s.addr, port)] = l
		}
		p.serving.Go(func() { p.ended(s.Host.Serve(l)) })
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *pipes) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	l := p.listeners[netip.MustParseAddrPort(address)]
	if l == nil || network != "tcp" {
		return p.Network.Dial(ctx, network, address)
	}
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// parse reads the configuration of servers.
func parse(t *testing.T, servers []Server) *config.Config {
	t.Helper()
	c, err := config.Parse("", Config(servers), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, Config(servers))
	}
	return c
}

// probeAll probes servers side by side and returns the results in their order.
func probeAll(t *testing.T, c *config.Config, prober *prober.Prober, servers []Server) []*smbprobe.Result {
	t.Helper()
	results := make([]*smbprobe.Result, len(servers))
	var ended sync.WaitGroup
	for i, s := range servers {
		target, err := c.Target(s.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		ended.Go(func() { results[i] = prober.Probe(t.Context(), target) })
	}
	ended.Wait()
	return results
}

// check holds a result against what is expected of a server.
func check(t *testing.T, when string, s Server, r *smbprobe.Result) {
	t.Helper()
	got := Expectation{Share: r.Share, Phonebook: r.Phonebook.State, Verdict: r.Verdict()}
	for _, c := range r.Causes {
		got.Causes = append(got.Causes, fmt.Sprintf("%s %s", c.Severity, c.Name))
	}
	text := metricsOf(t, r)
	for _, line := range s.Want.Metrics {
		if strings.Contains(text, "\n"+line+"\n") {
			got.Metrics = append(got.Metrics, line)
		}
	}
	if diff := cmp.Diff(s.Want, got); diff != "" {
		t.Errorf("%s, %s (-want +got):\n%s\n%s", s.Name, when, diff, strings.Join(r.Trace.Lines(), "\n"))
	}
}

// metricsOf writes a result as the exporter does.
func metricsOf(t *testing.T, r *smbprobe.Result) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	if err := registry.Register(collector.New(r)); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// stepUntil lets time pass on servers, a step a minute.
func stepUntil(servers []Server, end time.Time) {
	for now := time.Now(); now.Before(end); now = time.Now() {
		time.Sleep(min(time.Minute, end.Sub(now)))
		Step(servers, time.Now())
	}
}
