package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

func TestServe(t *testing.T) {
	for _, test := range []struct {
		name    string
		options smbtest.SambaOptions
		dialect string
	}{
		{"SMB1 only", smbtest.SambaOptions{}, "NT LM 0.12"},
		{"SMB2.02", smbtest.SambaOptions{MinProtocol: "SMB2_02", MaxProtocol: "SMB2_02"}, "SMB 2.0.2"},
		{"SMB3.1.1", smbtest.SambaOptions{MinProtocol: "SMB3_11", MaxProtocol: "SMB3_11"}, "SMB 3.1.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			samba := smbtest.StartSamba(t, test.options)
			samba.WritePhonebook(smbtest.Phonebook())
			samba.WriteEvents(smbtest.Event{At: time.Now().Add(-time.Minute), ID: 0xC000100A, Source: "MSExchangeIMC", Strings: []string{"ISP", "633"}})
			e := startExporter(t, writeConfig(t, samba))
			status, text := e.get(t, "/probe?target="+samba.Addr().String())
			if missing := missingLines(text,
				"probe_success 1",
				"rasphone_admin_share_reachable 1",
				`rasphone_admin_share_state{state="ok"} 1`,
				`rasphone_admin_share_state{state="timeout"} 0`,
				"rasphone_login_held_back 0",
				"rasphone_phonebook_exists 1",
				`rasphone_phonebook_state{state="ok"} 1`,
				fmt.Sprintf("rasphone_phonebook_size_bytes %d", len(smbtest.Phonebook())),
				"rasphone_phonebook_intact 1",
				"rasphone_phonebook_entries 1",
				"rasphone_eventlog_readable 1",
				`rasphone_dialup_failures{window="15m"} 1`,
				`rasphone_dialup_failures_by_error{code="633",entry="ISP",error="ERROR_PORT_NOT_AVAILABLE",window="15m"} 1`,
				`rasphone_dialup_window_covered{window="15m"} 0`,
			); status != http.StatusOK || missing != nil {
				_, trace := e.get(t, "/target/trace?target="+samba.Addr().String())
				t.Errorf("status %d, missing %q in\n%s\n%s", status, missing, text, trace)
			}
			if !strings.Contains(text, `dialect="`+test.dialect+`"`) {
				t.Errorf("no dialect %s in\n%s", test.dialect, text)
			}

			samba.RemoveShare()
			_, text = e.get(t, "/probe?target="+samba.Addr().String())
			if missing := missingLines(text, "probe_success 1", "rasphone_admin_share_reachable 0",
				`rasphone_admin_share_state{state="share_missing"} 1`); missing != nil || strings.Contains(text, "\nrasphone_phonebook_exists") {
				t.Errorf("share removed: missing %q in\n%s", missing, text)
			}
			// The log has the change, and nothing else of the scrapes.
			_, log, _ := strings.Cut(e.log.String(), "TLS is disabled")
			if changes := strings.Count(log, `msg="Verdict changed"`); changes != 1 || strings.Count(log, "level=") != 1 || !strings.Contains(log, "verdict=CRITICAL before=none causes=") {
				t.Errorf("the log has %d changes:\n%s", changes, e.log)
			}
		})
	}
}

// TestServeTargetNotAllowed: 403, and not one connection.
func TestServeTargetNotAllowed(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	e := startExporter(t, writeConfig(t, samba))
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, target := range []string{
		listener.Addr().String(), "localhost:" + port, "[::ffff:127.0.0.1]:" + port, "2130706433:" + port, "127.1:" + port, "0x7f.1:" + port,
		"127.0.0.1", "exch01",
	} {
		if status, text := e.get(t, "/probe?target="+target); status != http.StatusForbidden {
			t.Errorf("%s: status %d\n%s", target, status, text)
		}
	}
	if tcp, ok := listener.(*net.TCPListener); ok {
		if err := tcp.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
	if conn, err := listener.Accept(); err == nil {
		t.Errorf("a connection from %s", conn.RemoteAddr())
	}
	_, text := e.get(t, "/metrics")
	if missing := missingLines(text, `rasphone_exporter_probes_rejected_total{reason="not_allowed"} 8`); missing != nil {
		t.Errorf("missing %q", missing)
	}
}

func TestServePages(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	e := startExporter(t, writeConfig(t, samba, samba.Addr().String(), "exch01.corp.example", "10.1.2.3"))
	password := samba.Credentials().Password.Reveal()
	for path, want := range map[string]int{
		"/": 200, "/config": 200, "/sd": 200, "/metrics": 200, "/-/healthy": 200, "/-/ready": 200,
		"/probe": 400, "/probe?target=a&target=b": 400, "/probe?target=" + samba.Addr().String() + "&module=nope": 400,
		"/debug/pprof/": 404, "/-/reload": 405,
		"/probe?target=" + samba.Addr().String() + "&debug=true": 200,
	} {
		status, text := e.get(t, path)
		if status != want {
			t.Errorf("%s: status %d, expected %d\n%s", path, status, want, text)
		}
		if strings.Contains(text, password) {
			t.Errorf("%s shows the password:\n%s", path, text)
		}
	}
	if strings.Contains(e.log.String(), password) {
		t.Errorf("the log shows the password:\n%s", e.log)
	}

	_, text := e.get(t, "/sd")
	var groups []struct {
		Targets []string
		Labels  map[string]string
	}
	if err := json.Unmarshal([]byte(text), &groups); err != nil {
		t.Fatal(err)
	}
	if len(groups) != 3 {
		t.Fatalf("%d groups: %s", len(groups), text)
	}
	want := map[string]string{"__scheme__": "http", "__metrics_path__": "/probe", "__param_target": "exch01.corp.example",
		"__param_module": "default", "instance": "exch01.corp.example", "site": "hq"}
	if diff := cmp.Diff(want, groups[1].Labels); diff != "" || groups[1].Targets[0] != strings.TrimPrefix(e.url, "http://") {
		t.Error(diff, groups[1].Targets)
	}
	for _, bad := range []string{"0", "-1", "NaN", "+Inf", "soon"} {
		if status, text := e.do(t, http.MethodGet, "/probe?target="+samba.Addr().String(), bad); status != http.StatusBadRequest {
			t.Errorf("scrape timeout %s: status %d\n%s", bad, status, text)
		}
	}
}

func TestReload(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	file := writeConfig(t, samba)
	passwordFile := filepath.Join(filepath.Dir(file), "corp.password")
	right := samba.Credentials().Password.Reveal()
	writeFile(t, passwordFile, "wrong")
	e := startExporter(t, file)
	probe := func(lines ...string) {
		t.Helper()
		_, text := e.get(t, "/probe?target="+samba.Addr().String())
		if missing := missingLines(text, lines...); missing != nil {
			t.Errorf("missing %q in\n%s", missing, text)
		}
	}
	probe(`rasphone_admin_share_state{state="login_failed"} 1`, "rasphone_login_held_back 0", "probe_success 1")
	for range 3 {
		probe(`rasphone_admin_share_state{state="login_failed"} 1`, "rasphone_login_held_back 1")
	}
	if n := samba.Logins(); n != 1 {
		t.Errorf("%d logins with the wrong password, expected 1", n)
	}

	// Password files are read at a reload, never by a probe.
	writeFile(t, passwordFile, right)
	for range 2 {
		probe("rasphone_login_held_back 1")
	}
	if strings.Contains(e.log.String(), "reloaded") {
		t.Errorf("a probe reloaded the configuration:\n%s", e.log)
	}
	if status, text := e.do(t, http.MethodPost, "/-/reload", ""); status != http.StatusOK {
		t.Errorf("reload: status %d\n%s", status, text)
	}
	probe(`rasphone_admin_share_state{state="ok"} 1`, "rasphone_login_held_back 0")

	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, string(good)+"surprise: 1\n")
	status, text := e.do(t, http.MethodPost, "/-/reload", "")
	if status != http.StatusInternalServerError || !strings.Contains(text, "surprise") {
		t.Errorf("bad configuration: status %d\n%s", status, text)
	}
	_, text = e.get(t, "/metrics")
	if missing := missingLines(text, "rasphone_exporter_config_last_reload_successful 0"); missing != nil {
		t.Errorf("missing %q", missing)
	}
	probe("rasphone_admin_share_reachable 1")

	writeFile(t, file, strings.Replace(string(good), samba.Addr().String(), "exch01", 1))
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	e.log.await(t, `msg="Configuration reloaded" .*reason=SIGHUP`)
	if status, _ := e.get(t, "/probe?target="+samba.Addr().String()); status != http.StatusForbidden {
		t.Errorf("a target that was taken out: status %d", status)
	}
	_, text = e.get(t, "/metrics")
	if missing := missingLines(text, "rasphone_exporter_config_last_reload_successful 1"); missing != nil {
		t.Errorf("missing %q", missing)
	}
}

// TestStopDrains: told to stop, the exporter ends the probe in flight and answers it.
func TestStopDrains(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	e := startExporter(t, writeConfig(t, samba, silent.Addr().String()))
	answer := make(chan string)
	go func() {
		_, text := e.do(t, http.MethodGet, "/probe?target="+silent.Addr().String(), "2")
		answer <- text
	}()
	conn, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	e.stop()
	if missing := missingLines(<-answer, "probe_success 0", `rasphone_admin_share_state{state="timeout"} 1`); missing != nil {
		t.Errorf("missing %q", missing)
	}
	status := <-e.status
	e.status <- status
	if status != exitOK {
		t.Errorf("exit status %d\n%s", status, e.log)
	}
}
