//go:build scale

package benchmarks

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	scaleTargets  = flag.Int("scale.targets", 10000, "targets of the large run")
	scaleDuration = flag.Duration("scale.duration", 10*time.Minute, "how long memory has to stay flat, after two intervals")
	scaleModule   = flag.String("scale.module", "{transport: netbios}", "the module, as YAML")
)

const (
	scaleInterval = 60 * time.Second
	scaleServers  = 50 // simulated servers, each with as many addresses as it takes
)

// TestScale scrapes targets with a real Prometheus, which finds them by /sd, and prints what
// the exporter takes on one core.
func TestScale(t *testing.T) {
	x := startScaled(t, *scaleTargets, 0)
	fmt.Printf("%d targets, a scrape each %s, the exporter on one core\n\n| minute | core | memory, MB | goroutines | scrapes | failed | logs forgotten |\n|---|---|---|---|---|---|---|\n", *scaleTargets, scaleInterval)
	x.run(2*scaleInterval, "warming up")
	from := time.Now()
	var first, last int
	for time.Since(from) < *scaleDuration {
		m := x.run(scaleInterval, fmt.Sprintf("%.0f", time.Since(from).Minutes()+1))
		if first == 0 {
			first = m.memory
		}
		last = max(last, m.memory)
		if m.core > 1.0/3 {
			t.Errorf("%.2f of a core, want less than a third", m.core)
		}
		if m.memory > 300 {
			t.Errorf("%d MB, want at most 300", m.memory)
		}
		if m.failed > 0 || m.scrapes < *scaleTargets*99/100 {
			t.Errorf("%d scrapes and %d failed ones, want %d and none", m.scrapes, m.failed, *scaleTargets)
		}
		if m.forgotten > 0 {
			t.Errorf("%d event logs forgotten", m.forgotten)
		}
	}
	if last > first*11/10 {
		t.Errorf("memory grew from %d to %d MB", first, last)
	}
}

// TestHungTargets: of a thousand targets a hundred swallow every packet, and the others do
// not wait for them.
func TestHungTargets(t *testing.T) {
	const targets, hung = 1000, 100
	var medians [2]float64
	for i, n := range []int{0, hung} {
		x := startScaled(t, targets, n)
		x.run(3*scaleInterval, "")
		medians[i] = x.query(`quantile(0.5, avg_over_time(scrape_duration_seconds{job="rasphone",instance!~"127[.]9[.].*"}[2m]))`)
		fmt.Printf("%d targets, %d of them swallow every packet: a healthy one takes %.1f ms at the median\n", targets, n, 1000*medians[i])
		x.stop()
	}
	if medians[1] > 1.2*medians[0] {
		t.Errorf("%.1f ms, and %.1f ms without hung targets: want at most 1.2 times as long", 1000*medians[1], 1000*medians[0])
	}
}

// scaled is an exporter and a Prometheus.
type scaled struct {
	t          *testing.T
	exporter   *exec.Cmd
	prometheus *exec.Cmd
	url        string // of the exporter
	promURL    string
	stopped    bool

	at  time.Time
	cpu time.Duration
}

// startScaled starts an exporter with so many targets, the last of them hung.
func startScaled(t *testing.T, targets, hung int) *scaled {
	t.Helper()
	folder := t.TempDir()
	servers := startServers(t, scaleServers)
	var b strings.Builder
	fmt.Fprint(&b, "auths:\n")
	for i := range scaleAccounts {
		fmt.Fprintf(&b, "  corp%d: {username: %s%d, domain: CORP, password: %s}\n", i, username, i, password)
	}
	fmt.Fprintf(&b, "modules: {default: %s}\nlockout_file: none\ntargets:\n", *scaleModule)
	for account := range scaleAccounts {
		fmt.Fprintf(&b, "  - auth: corp%d\n    hosts:\n", account)
		for i := account; i < targets; i += scaleAccounts {
			network, port := 1, servers[i%len(servers)].Port()
			if i >= targets-hung {
				network, port = 9, hole(t)
			}
			fmt.Fprintf(&b, "      - \"127.%d.%d.%d:%d\"\n", network, i/250, i%250+1, port)
		}
	}
	config := filepath.Join(folder, "rasphone.yml")
	writeFile(t, config, b.String())
	program := filepath.Join(folder, "rasphone_exporter")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "../../cmd/rasphone_exporter").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	x := &scaled{t: t}
	address, promAddress := freeAddress(t), freeAddress(t)
	x.url, x.promURL = "http://"+address, "http://"+promAddress
	x.exporter = exec.Command(program, "serve", "--config.file", config, "--web.listen-address", address, "--log.level", "error")
	x.exporter.Env = append(os.Environ(), "GOMAXPROCS=1")
	x.start(x.exporter)
	awaitListener(t, address)
	promConfig := filepath.Join(folder, "prometheus.yml")
	writeFile(t, promConfig, fmt.Sprintf(`global: {scrape_interval: %s, scrape_timeout: 30s}
scrape_configs:
  - job_name: rasphone
    http_sd_configs: [{url: "%s/sd", refresh_interval: 1m}]
    metric_relabel_configs: [{source_labels: [__name__], regex: "rasphone_admin_share_reachable|rasphone_dialup_failures", action: keep}]
`, scaleInterval, x.url))
	x.prometheus = exec.Command("prometheus", "--config.file", promConfig, "--storage.tsdb.path", filepath.Join(folder, "data"), "--web.listen-address", promAddress, "--log.level", "error")
	x.start(x.prometheus)
	t.Cleanup(x.stop)
	x.sample()
	return x
}

func (x *scaled) start(c *exec.Cmd) {
	x.t.Helper()
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		x.t.Fatal(err)
	}
}

func (x *scaled) stop() {
	if x.stopped {
		return
	}
	x.stopped = true
	for _, c := range []*exec.Cmd{x.prometheus, x.exporter} {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	}
}

// measured is what an interval took.
type measured struct {
	core                               float64
	memory, scrapes, failed, forgotten int
}

// sample reads what the exporter has taken up to now.
func (x *scaled) sample() (cpu time.Duration, resident int) {
	x.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", x.exporter.Process.Pid))
	if err != nil {
		x.t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	ticks := 0
	for _, f := range fields[11:13] { // user, system
		n, _ := strconv.Atoi(f)
		ticks += n
	}
	pages, _ := strconv.Atoi(fields[21])
	now, total := time.Now(), time.Duration(ticks)*10*time.Millisecond
	cpu = total - x.cpu
	x.at, x.cpu = now, total
	return cpu, pages * os.Getpagesize() / 1_000_000
}

// run waits, and prints and returns what the exporter took meanwhile.
func (x *scaled) run(d time.Duration, name string) measured {
	x.t.Helper()
	x.sample()
	begin := time.Now()
	time.Sleep(d)
	took := time.Since(begin)
	cpu, memory := x.sample()
	minutes := fmt.Sprintf("[%ds]", int(d.Seconds()))
	m := measured{
		core: cpu.Seconds() / took.Seconds(), memory: memory,
		scrapes: int(x.query(`sum(count_over_time(up{job="rasphone"}` + minutes + `))`)),
		failed:  int(x.query(`sum(count_over_time(up{job="rasphone"}` + minutes + `)) - sum(sum_over_time(rasphone_admin_share_reachable` + minutes + `))`)),
	}
	m.forgotten = int(x.own("rasphone_exporter_eventlogs_forgotten_total"))
	if name != "" {
		fmt.Printf("| %s | %.3f | %d | %.0f | %d | %d | %d |\n", name, m.core, m.memory, x.own("go_goroutines"), m.scrapes, m.failed, m.forgotten)
	}
	return m
}

// own returns one of the exporter's own metrics.
func (x *scaled) own(name string) float64 {
	x.t.Helper()
	for line := range strings.Lines(get(x.t, x.url+"/metrics")) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			v, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return v
		}
	}
	x.t.Fatalf("no metric %s", name)
	return 0
}

// query returns the value of an expression.
func (x *scaled) query(expression string) float64 {
	x.t.Helper()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.Unmarshal([]byte(get(x.t, x.promURL+"/api/v1/query?query="+url.QueryEscape(expression))), &answer); err != nil {
		x.t.Fatal(err)
	}
	if len(answer.Data.Result) == 0 {
		return 0
	}
	text, _ := answer.Data.Result[0].Value[1].(string)
	v, _ := strconv.ParseFloat(text, 64)
	return v
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// awaitListener waits until a program listens.
func awaitListener(t *testing.T, address string) {
	t.Helper()
	for range 1000 {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("nothing listens on %s", address)
}

var holePort uint16

// hole returns a port that swallows every packet: nothing accepts, and its queue is full.
func hole(t *testing.T) uint16 {
	t.Helper()
	if holePort != 0 {
		return holePort
	}
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(socket, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	holePort = uint16(name.(*syscall.SockaddrInet4).Port)
	for range 4 { // more than the queue takes
		if conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.9.0.1:%d", holePort), 200*time.Millisecond); err == nil {
			t.Cleanup(func() { _ = conn.Close() })
		}
	}
	return holePort
}
