package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
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

// probeNow presses the button of a target's page.
func (f *lockFixture) probeNow(e *exporter, target string) {
	response, err := http.PostForm(e.url+"/target/probe-now", url.Values{"target": {target}, "module": {"default"}})
	if err != nil {
		f.t.Error(err)
		return
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		f.t.Errorf("probe now: %s", response.Status)
	}
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
