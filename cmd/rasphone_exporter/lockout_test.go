package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
)

const (
	lockAfter   = 5 // wrong passwords lock the account
	lockTargets = 6
)

// lockFixture is an account on a simulated domain, reached through several targets, and a
// configuration with a password for it.
type lockFixture struct {
	t       *testing.T
	host    *simnt.Host
	targets []string
	folder  string
	config  string // the file

	mute atomic.Bool // the server answers nothing but negotiates
	seen int         // logins that were waited for
}

// mutedListener hands out connections that mute can silence.
type mutedListener struct {
	net.Listener
	mute *atomic.Bool
}

func (l mutedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &mutedConn{Conn: c, mute: l.mute}, nil
}

type mutedConn struct {
	net.Conn
	mute    *atomic.Bool
	answers atomic.Int32
}

func (c *mutedConn) Write(b []byte) (int, error) {
	if c.answers.Add(1) > 1 && c.mute.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// awaitLogin waits until the server has got another login, or a program has ended without one.
func (f *lockFixture) awaitLogin(ended <-chan struct{}) {
	for {
		s, _ := f.host.AccountState("rasphone")
		if s.Logins > f.seen {
			f.seen = s.Logins
			return
		}
		select {
		case <-ended:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

const rightPassword, wrongPassword = "right-1998", "wrong-1998"

// lockConfig is the configuration of a fixture with all targets.
func (f *lockFixture) lockConfig(auth, username, domain string, targets []string) string {
	return fmt.Sprintf(`auths:
  %s: {username: %s, domain: %s, password_file: corp.password}
modules:
  default: {min_interval: 0s, transport: direct, dialect: smb1, eventlog: {enabled: false}, server: {registry: false, services: []}}
  other: {min_interval: 0s, transport: direct, dialect: smb1, eventlog: {enabled: false}, server: {registry: false, services: []}}
targets:
  - {hosts: ["%s"], auth: %s, modules: [default, other]}
lockout_file: lockout.json
`, auth, username, domain, strings.Join(targets, `", "`), auth)
}

func newLockFixture(t *testing.T) *lockFixture {
	t.Helper()
	host, err := simnt.New(simnt.Options{Name: "EXCH01", Domain: "CORP", ServicePack: 6, Lockout: simnt.Lockout{Threshold: lockAfter, Window: 30 * time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	f := &lockFixture{t: t, host: host, folder: t.TempDir()}
	host.AddAccount("rasphone", rightPassword, simnt.Account{Administrator: true})
	var serving sync.WaitGroup
	for range lockTargets {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f.targets = append(f.targets, l.Addr().String())
		serving.Go(func() { _ = host.Serve(mutedListener{l, &f.mute}) })
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
	f.config = filepath.Join(f.folder, "rasphone.yml")
	f.write(f.targets)
	f.setPassword(wrongPassword)
	return f
}

func (f *lockFixture) write(targets []string) { f.writeAs("corp", "rasphone", "CORP", targets) }

func (f *lockFixture) writeAs(auth, username, domain string, targets []string) {
	writeFile(f.t, f.config, f.lockConfig(auth, username, domain, targets))
}

func (f *lockFixture) setPassword(password string) {
	writeFile(f.t, filepath.Join(f.folder, "corp.password"), password)
}

func (f *lockFixture) lockoutFile() string { return filepath.Join(f.folder, "lockout.json") }

func (f *lockFixture) serve() *exporter { return startExporter(f.t, f.config) }

// stop stops an exporter.
func (f *lockFixture) stop(e *exporter) {
	e.stop()
	e.status <- <-e.status // put back for the end of the test
}

// scrape asks for all targets at once, with a query such as "&module=other".
func (f *lockFixture) scrape(e *exporter, query string) { f.scrapeWithin(e, query, "") }

// scrapeWithin is scrape with Prometheus' own time limit, in seconds.
func (f *lockFixture) scrapeWithin(e *exporter, query, seconds string) {
	var scraping sync.WaitGroup
	for _, target := range f.targets {
		scraping.Go(func() { e.do(f.t, http.MethodGet, "/probe?target="+url.QueryEscape(target)+query, seconds) })
	}
	scraping.Wait()
}

// probe runs the command probe.
func (f *lockFixture) probe(args ...string) {
	run(context.Background(), append([]string{"probe", "--config.file=" + f.config}, args...), strings.NewReader(""), io.Discard, io.Discard)
}

func (f *lockFixture) post(e *exporter, path string) { e.do(f.t, http.MethodPost, path, "") }

// accepted logs in with the right password, which is then changed on the server.
func (f *lockFixture) accepted() *exporter {
	f.setPassword(rightPassword)
	e := f.serve()
	for range 2 {
		f.scrape(e, "")
	}
	if s, _ := f.host.AccountState("rasphone"); s.Logins < lockTargets || s.Refused != 0 {
		f.t.Fatalf("with the right password: %+v", s)
	}
	f.host.AddAccount("rasphone", "changed-1999", simnt.Account{Administrator: true})
	return e
}

// TestCommandsDoNotLock: whatever is done with serve and probe while the password is wrong,
// the account is not locked.
func TestCommandsDoNotLock(t *testing.T) {
	t.Parallel()
	const times = lockAfter // each start of a process costs a slow hash
	repeat := func(do func()) {
		for range times {
			do()
		}
	}
	for _, tt := range []struct {
		name string
		do   func(f *lockFixture)
	}{
		{"scrapes", func(f *lockFixture) { e := f.serve(); repeat(func() { f.scrape(e, "") }) }},
		{"scrapes of every module", func(f *lockFixture) {
			e := f.serve()
			repeat(func() { f.scrape(e, "&module=default"); f.scrape(e, "&module=other") })
		}},
		{"scrapes with traces", func(f *lockFixture) { e := f.serve(); repeat(func() { f.scrape(e, "&debug=true") }) }},
		{"many scrapes at once", func(f *lockFixture) {
			e := f.serve()
			var scraping sync.WaitGroup
			for range times {
				scraping.Go(func() { f.scrape(e, "") })
			}
			scraping.Wait()
		}},
		{"scrapes with little time", func(f *lockFixture) {
			e := f.serve()
			repeat(func() { f.scrapeWithin(e, "", "0.6") })
		}},
		{"answers that do not come", func(f *lockFixture) {
			e := f.serve()
			f.mute.Store(true)
			for range 4 {
				f.scrapeWithin(e, "", "1")
			}
		}},
		{"answers that do not come, the password changes on the server", func(f *lockFixture) {
			e := f.accepted()
			f.mute.Store(true)
			for range 4 {
				f.scrapeWithin(e, "", "1")
			}
		}},
		{"probe is interrupted while its login is under way", func(f *lockFixture) {
			f.mute.Store(true)
			repeat(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					run(ctx, []string{"probe", "--config.file=" + f.config, "--timeout=2s"}, strings.NewReader(""), io.Discard, io.Discard)
				}()
				f.awaitLogin(ended)
				cancel()
				<-ended
			})
		}},
		{"probe is killed while its login is under way", func(f *lockFixture) {
			f.mute.Store(true)
			repeat(func() {
				program := exec.Command(os.Args[0], "probe", "--config.file="+f.config, "--timeout=2s")
				program.Env = append(os.Environ(), asProgram+"=1")
				if err := program.Start(); err != nil {
					f.t.Error(err)
					return
				}
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					_ = program.Wait()
				}()
				f.awaitLogin(ended)
				_ = program.Process.Kill()
				<-ended
			})
		}},
		{"reloads without a change", func(f *lockFixture) {
			e := f.serve()
			repeat(func() { f.post(e, "/-/reload"); f.scrape(e, "") })
		}},
		{"reloads that rename the auth", func(f *lockFixture) {
			e, i := f.serve(), 0
			repeat(func() {
				i++
				f.writeAs(fmt.Sprint("corp", i), "rasphone", "CORP", f.targets)
				f.post(e, "/-/reload")
				f.scrape(e, "")
			})
		}},
		{"reloads that change the case of names", func(f *lockFixture) {
			e, i := f.serve(), 0
			repeat(func() {
				i++
				f.writeAs("corp", []string{"rasphone", "RASPHONE", "RasPhone"}[i%3], []string{"CORP", "corp"}[i%2], f.targets)
				f.post(e, "/-/reload")
				f.scrape(e, "")
			})
		}},
		{"reloads that take targets out and in", func(f *lockFixture) {
			e, i := f.serve(), 0
			repeat(func() {
				i++
				f.write(f.targets[i%lockTargets : i%lockTargets+1])
				f.post(e, "/-/reload")
				f.scrape(e, "")
			})
		}},
		{"reloads with a mistake", func(f *lockFixture) {
			e := f.serve()
			repeat(func() {
				writeFile(f.t, f.config, "nonsense: 1\n")
				f.post(e, "/-/reload")
				f.scrape(e, "")
				f.write(f.targets)
				f.post(e, "/-/reload")
				f.scrape(e, "")
			})
		}},
		{"reloads while probes run", func(f *lockFixture) {
			e := f.serve()
			var reloading sync.WaitGroup
			reloading.Go(func() { repeat(func() { f.post(e, "/-/reload") }) })
			repeat(func() { f.scrape(e, "") })
			reloading.Wait()
		}},
		{"restarts", func(f *lockFixture) {
			repeat(func() { e := f.serve(); f.scrape(e, ""); f.stop(e) })
		}},
		{"probe, of one target after another", func(f *lockFixture) {
			for _, target := range f.targets {
				f.probe(target)
			}
		}},
		{"many probes at once", func(f *lockFixture) {
			var probing sync.WaitGroup
			for range times {
				probing.Go(func() { f.probe() })
			}
			probing.Wait()
		}},
		{"probe beside serve", func(f *lockFixture) {
			e := f.serve()
			repeat(func() { f.probe(); f.scrape(e, "") })
		}},
		{"two exporters with one lockout file", func(f *lockFixture) {
			a, b := f.serve(), f.serve()
			repeat(func() {
				var scraping sync.WaitGroup
				scraping.Go(func() { f.scrape(a, "") })
				scraping.Go(func() { f.scrape(b, "") })
				scraping.Wait()
			})
		}},
		{"Forget", func(f *lockFixture) {
			e := f.serve()
			repeat(func() { f.post(e, "/-/forget?auth=corp"); f.scrape(e, "") })
		}},
		{"Forget in two exporters, reloads and restarts", func(f *lockFixture) {
			a := f.serve()
			repeat(func() {
				b := f.serve()
				for _, e := range []*exporter{a, b} {
					f.post(e, "/-/forget?auth=corp")
					f.scrape(e, "")
					f.post(e, "/-/reload")
				}
				f.stop(b)
			})
		}},
		{"the lockout file is deleted", func(f *lockFixture) {
			e := f.serve()
			repeat(func() {
				_ = os.Remove(f.lockoutFile())
				f.scrape(e, "")
				f.probe()
			})
		}},
		{"the lockout file is damaged", func(f *lockFixture) {
			e := f.serve()
			repeat(func() {
				writeFile(f.t, f.lockoutFile(), "{")
				f.scrape(e, "")
			})
		}},
		{"a folder stands in the place of the lockout file", func(f *lockFixture) {
			e := f.serve()
			_ = os.Remove(f.lockoutFile())
			if err := os.Mkdir(f.lockoutFile(), 0o700); err != nil {
				f.t.Error(err)
			}
			repeat(func() { f.scrape(e, "") })
		}},
		{"another lockout file", func(f *lockFixture) {
			e, i := f.serve(), 0
			repeat(func() {
				i++
				writeFile(f.t, f.config, strings.ReplaceAll(f.lockConfig("corp", "rasphone", "CORP", f.targets), "lockout.json", fmt.Sprintf("lockout%d.json", i)))
				f.post(e, "/-/reload")
				f.scrape(e, "")
			})
		}},
		{"the password changes on the server", func(f *lockFixture) {
			e := f.accepted()
			repeat(func() { f.scrape(e, "") })
		}},
		{"the password changes on the server, restarts", func(f *lockFixture) {
			e := f.accepted()
			repeat(func() { f.scrape(e, ""); f.stop(e); e = f.serve() })
		}},
		{"the password changes on the server, probe and Forget", func(f *lockFixture) {
			e := f.accepted()
			repeat(func() { f.probe(); f.post(e, "/-/forget?auth=corp"); f.scrape(e, "") })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newLockFixture(t)
			tt.do(f)
			if s, _ := f.host.AccountState("rasphone"); s.LockedOut || s.BadPasswords == 0 {
				t.Errorf("%+v", s)
			} else {
				t.Logf("%+v", s)
			}
		})
	}
}
