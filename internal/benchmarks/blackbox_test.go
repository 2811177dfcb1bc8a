//go:build peers

package benchmarks

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	blackboxRounds  = flag.Int("blackbox.rounds", 11, "interleaved rounds")
	blackboxScrapes = flag.Int("blackbox.scrapes", 300, "scrapes of each in a round")
)

// TestProcessorTime compares the processor time of a scrape with that of blackbox_exporter's
// TCP probe of the same server, in interleaved rounds, and prints the medians.
func TestProcessorTime(t *testing.T) {
	blackbox, err := exec.LookPath("prometheus-blackbox-exporter")
	if err != nil {
		t.Fatalf("%v: install Debian's package prometheus-blackbox-exporter", err)
	}
	folder, server := t.TempDir(), startServers(t, 1)[0]
	program := filepath.Join(folder, "rasphone_exporter")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "../../cmd/rasphone_exporter").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	write := func(name, content string) string {
		name = filepath.Join(folder, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	config := write("rasphone.yml", fmt.Sprintf("auths: {corp: {username: %s, domain: CORP, password: %s}}\nmodules: {everything: %s, log: %s, file: %s, kept-everything: %s, kept-log: %s}\n"+
		"lockout_file: none\ntargets: [{hosts: [%q], auth: corp, modules: [everything, log, file, kept-everything, kept-log]}]\n",
		username, password, everything, shareFileLog, shareFile, kept(everything), kept(shareFileLog), server))
	ours := startProgram(t, program, "serve", "--config.file", config, "--log.level", "error", "--web.listen-address")
	theirs := startProgram(t, blackbox, "--config.file", write("blackbox.yml", "modules: {tcp: {prober: tcp}}\n"), "--log.level", "error", "--web.listen-address")
	scrapes := []struct {
		name   string
		by     *running
		module string
		most   float64 // times blackbox; 0: no target
	}{
		{"blackbox_exporter, TCP probe", theirs, "tcp", 0},
		{"everything, each probe logs in", ours, "everything", 3.5},
		{"share, file and log", ours, "log", 0},
		{"share and file", ours, "file", 0},
		{"everything, kept session", ours, "kept-everything", 1.5},
		{"share, file and log, kept session", ours, "kept-log", 1.1},
	}
	for _, s := range scrapes {
		get := exec.Command("curl", "-s", fmt.Sprintf("http://%s/probe?target=%s&module=%s", s.by.address, server, s.module))
		out, _ := get.Output()
		if !bytes.Contains(out, []byte("probe_success 1\n")) || bytes.Contains(out, []byte("share_reachable 0\n")) {
			t.Fatalf("%s: %s", s.name, out)
		}
	}
	times := make([][]float64, len(scrapes))
	ratios := make([][]float64, len(scrapes))
	for _, s := range scrapes {
		s.by.scrape(t, server, s.module, 20)
	}
	for range *blackboxRounds {
		for i, s := range scrapes {
			before := s.by.processorTime(t)
			s.by.scrape(t, server, s.module, *blackboxScrapes)
			took := float64(s.by.processorTime(t)-before) / float64(*blackboxScrapes)
			times[i] = append(times[i], took/float64(time.Microsecond))
			ratios[i] = append(ratios[i], times[i][len(times[i])-1]/times[0][len(times[i])-1])
		}
	}
	fmt.Printf("| a scrape | processor time, µs | times blackbox | target |\n|---|---|---|---|\n")
	for i, s := range scrapes {
		ratio, target := middle(ratios[i]), "–"
		if s.most > 0 {
			target = fmt.Sprint(s.most)
			if ratio > s.most {
				t.Errorf("%s: %.2f times blackbox, want at most %.2f", s.name, ratio, s.most)
			}
		}
		fmt.Printf("| %s | %.0f | %.2f | %s |\n", s.name, middle(times[i]), ratio, target)
	}
}

// addrOf returns the address of a delay line.
func addrOf(line *delayLine) netip.AddrPort { return netip.MustParseAddrPort(line.String()) }

func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// running is an exporter in a process of its own, on one core.
type running struct {
	process *os.Process
	address string
}

// startProgram starts a program whose last argument is the address to listen on.
func startProgram(t *testing.T, name string, args ...string) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	c := exec.Command(name, append(args, address)...)
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	})
	for range 200 {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return &running{c.Process, address}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s does not listen", name)
	return nil
}

// scrape scrapes so many times over one connection, as Prometheus does.
func (r *running) scrape(t *testing.T, target netip.AddrPort, module string, times int) {
	t.Helper()
	e := &exporter{tb: t, url: r.address}
	s := e.scraper(target)
	s.request = bytes.Replace(s.request, []byte(" HTTP/1.1\r\n"), []byte("&module="+module+" HTTP/1.1\r\n"), 1)
	for range times {
		s.scrape()
	}
	_ = s.conn.Close()
}

// processorTime returns what the threads of the process have taken up to now. A Go program
// does not end its threads. /proc/PID/stat counts hundredths of a second, which is too coarse.
func (r *running) processorTime(t *testing.T) (sum time.Duration) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", r.process.Pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("no thread of process %d: %v", r.process.Pid, err)
	}
	for _, name := range threads {
		stat, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		taken, _, _ := strings.Cut(string(stat), " ")
		n, err := strconv.ParseInt(taken, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(n)
	}
	return sum
}
