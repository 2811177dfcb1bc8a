//go:build peers

package benchmarks

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

var peerRounds = flag.Int("peers.rounds", 9, "interleaved rounds without delay and at 20 ms; at 100 ms a third")

//go:embed peers.py
var impacketProgram string

// peer is one way to do the work.
type peer struct {
	name     string
	dialects string // "smb1 smb3"
	// run does the work once, and returns the processor time that it took.
	run func(t *testing.T, line *delayLine, dialect string) time.Duration
}

// TestPeers does the work of a probe (the share, a phone book of 2.5 KB, the events of a log
// of 1,000 records, 100 of them in the window) in several ways, over a line of several
// lengths, in interleaved rounds, and prints a table for each dialect.
func TestPeers(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "NT1", MaxProtocol: "SMB3_11"})
	samba.WritePhonebook(phonebook())
	samba.SetLogSize(64 << 20)
	now := time.Now()
	var events []smbtest.Event
	for i := range logRecords {
		left := logRecords - i
		e := smbtest.Event{ID: 0x400004C5, Source: "MSExchangeIS Private", At: now.Add(-30*time.Hour - time.Duration(left)*time.Minute), Strings: []string{strings.Repeat("x", 12)}}
		if left <= logFailures {
			e.ID, e.Source, e.Strings, e.At = 0xC000100A, "MSExchangeIMC", []string{"Internet", "633"}, now.Add(-time.Duration(left)*10*time.Minute)
		}
		events = append(events, e)
	}
	samba.WriteEvents(events...)
	peers := allPeers(t)
	for _, dialect := range []string{"smb1", "smb3"} {
		fmt.Printf("\n%s\n\n| | requests | waited round trips | bytes | processor time, ms | smbd's, ms |", dialect)
		lines := []*delayLine{}
		for _, rtt := range []int{0, 20, 100} {
			fmt.Printf(" at %d ms, ms | times the exporter |", rtt)
			lines = append(lines, startDelayLine(t, samba.Addr(), time.Duration(rtt)*time.Millisecond))
		}
		fmt.Printf("\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
		results := make([]peerResult, len(peers))
		for l, rounds := range []int{*peerRounds, *peerRounds, max(1, *peerRounds/3)} {
			for round := range rounds + 1 { // the first one warms up
				var exporter float64
				for i, p := range peers {
					if !strings.Contains(p.dialects, dialect) {
						continue
					}
					lines[l].take()
					before, begin := smbdTime(t, samba), time.Now()
					cpu := p.run(t, lines[l], dialect)
					took := float64(time.Since(begin)) / float64(time.Millisecond)
					time.Sleep(50 * time.Millisecond) // what is sent after the answer
					server := smbdTime(t, samba) - before
					if i == 0 {
						exporter = took
					}
					if round == 0 {
						continue
					}
					r := &results[i]
					r.wall[l], r.ratio[l] = append(r.wall[l], took), append(r.ratio[l], took/exporter)
					if l == 0 {
						requests, flights, bytes := lines[l].take()
						r.requests, r.flights, r.bytes = requests, flights, bytes
						r.cpu, r.smbd = append(r.cpu, float64(cpu)/1e6), append(r.smbd, float64(server)/1e6)
					}
				}
			}
		}
		for i, p := range peers {
			if strings.Contains(p.dialects, dialect) {
				results[i].print(p.name)
			}
		}
	}
}

type peerResult struct {
	requests, flights, bytes int
	cpu, smbd                []float64
	wall, ratio              [3][]float64
}

func (r *peerResult) print(name string) {
	fmt.Printf("| %s | %d | %d | %d | %.1f | %.1f |", name, r.requests, r.flights, r.bytes, mean(r.cpu), mean(r.smbd))
	for l := range r.wall {
		fmt.Printf(" %.0f | %.2f |", middle(r.wall[l]), middle(r.ratio[l]))
	}
	fmt.Println()
}

func mean(values []float64) (m float64) {
	for _, v := range values {
		m += v / float64(len(values))
	}
	return m
}

// allPeers returns the exporter first: the others are compared with it.
func allPeers(t *testing.T) []peer {
	t.Helper()
	folder := t.TempDir()
	program := filepath.Join(folder, "rasphone_exporter")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "../../cmd/rasphone_exporter").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	scrape := func(session string) func(*testing.T, *delayLine, string) time.Duration {
		exporters := map[string]*running{}
		return func(t *testing.T, line *delayLine, dialect string) time.Duration {
			key := line.String() + dialect
			e := exporters[key]
			if e == nil {
				e = startProgram(t, program, "serve", "--config.file", peerConfig(t, folder, key, line, dialect, session), "--log.level", "error", "--web.listen-address")
				exporters[key] = e
			}
			before := e.processorTime(t)
			e.scrape(t, addrOf(line), "default", 1)
			return e.processorTime(t) - before
		}
	}
	command := func(t *testing.T, line *delayLine, dialect string) time.Duration {
		return runPeer(t, program, "probe", "--config.file", peerConfig(t, folder, "probe", line, dialect, "per_probe"), "--lockout.file", "none", "--output", "json", line.String())
	}
	protocol := map[string]string{"smb1": "NT1", "smb3": "SMB3"}
	samba := func(t *testing.T, line *delayLine, dialect string) time.Duration {
		login := []string{"-p", fmt.Sprint(line.port()), "-U", smbtest.Username + "%" + smbtest.Password, "-W", "TESTDOM", "-m", protocol[dialect], "--option=client min protocol=NT1"}
		took := runPeer(t, "smbclient", append(login, "//127.0.0.1/ADMIN$", "-c", `get System32\Ras\rasphone.pbk /dev/null`)...)
		return took + runPeer(t, "rpcclient", append(login, "127.0.0.1", "-c", "eventlog_numrecord Application; eventlog_oldestrecord Application; eventlog_readlog Application")...)
	}
	impacket := func(t *testing.T, line *delayLine, dialect string) time.Duration {
		return runPeer(t, "/usr/bin/python3", "-c", impacketProgram, "127.0.0.1", fmt.Sprint(line.port()), smbtest.Username, smbtest.Password, "TESTDOM", dialect)
	}
	curl := func(t *testing.T, line *delayLine, _ string) time.Duration {
		return runPeer(t, "curl", "-s", "-S", "-o", "/dev/null", "-u", "TESTDOM/"+smbtest.Username+":"+smbtest.Password, "smb://"+line.String()+"/ADMIN$/System32/Ras/rasphone.pbk")
	}
	return []peer{
		{"rasphone_exporter, a scrape", "smb1 smb3", scrape("per_probe")},
		{"rasphone_exporter, a scrape, kept session", "smb1", scrape("kept")},
		{"rasphone_exporter probe", "smb1 smb3", command},
		{"smbclient and rpcclient", "smb1 smb3", samba},
		{"impacket", "smb1 smb3", impacket},
		{"curl, the file alone", "smb1", curl},
	}
}

// peerConfig writes a configuration of share, file and event log.
func peerConfig(t *testing.T, folder, name string, line *delayLine, dialect, session string) string {
	t.Helper()
	if dialect == "smb3" {
		dialect = "smb2"
	}
	file := filepath.Join(folder, strings.ReplaceAll(name, ":", "-")+session+".yml")
	content := fmt.Sprintf("auths: {corp: {username: %s, domain: TESTDOM, password: %q}}\nmodules: {default: {transport: direct, dialect: %s, session: %s, min_interval: 0s, server: {registry: false, services: []}}}\n"+
		"lockout_file: none\ntargets: [{hosts: [%q], auth: corp}]\n", smbtest.Username, smbtest.Password, dialect, session, line.String())
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// runPeer runs a program to its end, and returns the processor time that it took.
func runPeer(t *testing.T, name string, args ...string) time.Duration {
	t.Helper()
	c := exec.Command(name, args...)
	out, err := c.CombinedOutput()
	if err != nil && !(strings.HasSuffix(name, "rasphone_exporter") && c.ProcessState.ExitCode() == 2) { // 2: there are failures in the log
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
}

// smbdTime returns the processor time of smbd and its helpers up to now.
func smbdTime(t *testing.T, samba *smbtest.Samba) time.Duration {
	t.Helper()
	folder := filepath.Dir(filepath.Dir(samba.Root()))
	var ticks time.Duration
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range processes {
		arguments, err := os.ReadFile(filepath.Join(p, "cmdline"))
		if err != nil || !strings.Contains(string(arguments), folder) {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(p, "stat"))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, f := range fields[11:15] { // user and system, of the process and of children that have ended
			n, _ := strconv.Atoi(f)
			ticks += time.Duration(n)
		}
	}
	return ticks * 10 * time.Millisecond
}
