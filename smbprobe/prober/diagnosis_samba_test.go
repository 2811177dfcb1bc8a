package prober_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

const (
	withServer = "server: {registry: true, services: [RemoteRegistry, NETLOGON]}"

	serverParameters = `HKLM\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`
)

// evidenceOf probes Samba with every check that is evidence of a cause.
func evidenceOf(t *testing.T, samba *smbtest.Samba, module ...string) *smbprobe.Result {
	t.Helper()
	r := probeOnce(t, direct(samba.Addr(), append(module, withEventlog, withServer)...))
	for _, c := range r.Causes {
		t.Logf("%s %s: %s\n\t%s", c.Severity, c.Name, c.Headline, strings.Join(c.Evidence, "\n\t"))
	}
	return r
}

// causesOf returns the severity and name of each cause.
func causesOf(r *smbprobe.Result) []string {
	var names []string
	for _, c := range r.Causes {
		names = append(names, string(c.Severity)+" "+c.Name)
	}
	return names
}

// setPhonebookAge sets how long ago the phone book was changed.
func setPhonebookAge(t *testing.T, samba *smbtest.Samba, age time.Duration) {
	t.Helper()
	at := time.Now().Add(-age)
	if err := os.Chtimes(samba.PhonebookPath(), at, at); err != nil {
		t.Fatal(err)
	}
}

// TestShareRemoved: three values of the registry, three answers.
func TestShareRemoved(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	samba.RemoveShare()
	answers := map[string]bool{}
	for _, test := range []struct {
		name      string
		prepare   func()
		want      string
		automatic bool
	}{
		{"absent", func() {}, "critical admin_share_removed", true},
		{"0", func() { samba.SetRegistry(serverParameters, "AutoShareServer", 0) }, "critical admin_share_disabled", false},
		{"1", func() { samba.SetRegistry(serverParameters, "AutoShareServer", 1) }, "critical admin_share_removed", true},
	} {
		test.prepare()
		r := evidenceOf(t, samba)
		wantOutcome(t, test.name, outcome{Share: smbprobe.ShareMissing, Status: r.ShareStatus, Phonebook: smbprobe.PhonebookUnknown, Success: true}, r)
		if diff := cmp.Diff([]string{test.want}, causesOf(r)); diff != "" {
			t.Errorf("AutoShareServer %s (-want +got):\n%s", test.name, diff)
		}
		if a := r.AdminShareAutomatic(); a == nil || *a != test.automatic {
			t.Errorf("AutoShareServer %s: automatic %v, want %t", test.name, a, test.automatic)
		}
		if len(r.Causes) > 0 {
			answer := r.Causes[0].Headline + strings.Join(r.Causes[0].Evidence, "")
			if answers[answer] {
				t.Errorf("AutoShareServer %s: the same text as for another value: %s", test.name, answer)
			}
			answers[answer] = true
		}
		if there := r.Host.AdminShare; there == nil || *there {
			t.Errorf("AutoShareServer %s: the Server service lists ADMIN$: %v, want false", test.name, there)
		}
		if there := r.Host.SystemShare; there == nil || !*there {
			t.Errorf("AutoShareServer %s: the Server service lists C$: %v, want true", test.name, there)
		}
	}
	without := probeOnce(t, direct(samba.Addr(), "server: {registry: false, services: []}"))
	if diff := cmp.Diff([]string{"critical admin_share_missing"}, causesOf(without)); diff != "" {
		t.Errorf("without the registry (-want +got):\n%s", diff)
	}
}

// TestShareNotAutomatic: the warning comes before the restart that removes the share.
func TestShareNotAutomatic(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		if got := causesOf(evidenceOf(t, samba)); len(got) != 0 {
			t.Errorf("causes of a healthy server: %q", got)
		}
		samba.SetRegistry(serverParameters, "AutoShareServer", 0)
		r := evidenceOf(t, samba)
		wantOutcome(t, "AutoShareServer 0", allWell(), r)
		if diff := cmp.Diff([]string{"warning admin_share_not_automatic"}, causesOf(r)); diff != "" {
			t.Errorf("causes (-want +got):\n%s", diff)
		}
		if v := r.Verdict(); v != smbprobe.VerdictWarning {
			t.Errorf("verdict %s, want WARNING", v)
		}
	})
}

func TestNotAdministrator(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	samba.DenyShare()
	r := evidenceOf(t, samba)
	if diff := cmp.Diff([]string{"warning account_not_administrator"}, causesOf(r)); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
}

// longName is longer than the names that the Internet Mail Service dials.
const longName = "Internet Provider Munich 1"

// TestDialupCauses: events with evidence that supports a cause, and with evidence that
// contradicts it.
func TestDialupCauses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code, entry string
		module      string
		matching    string
	}{
		{"5", "ISP", "", "critical dialup_access_denied"},
		{"87", longName, `phonebook: {dialed_entries: ["` + longName + `"]}`, "critical entry_name_too_long"},
		{"633", "ISP", "", "critical port_taken"},
	} {
		t.Run(test.code, func(t *testing.T) {
			t.Parallel()
			samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
			samba.WritePhonebook([]byte(phonebookEntry("ISP") + phonebookEntry(longName)))
			event := smbtest.Event{At: time.Now().Add(-2 * time.Minute), ID: 0xC000100A, Source: "MSExchangeIMC", Strings: []string{test.entry, test.code}}
			samba.WriteEvents(event)
			module := slices.DeleteFunc([]string{test.module}, func(s string) bool { return s == "" })

			setPhonebookAge(t, samba, time.Hour)
			if got := causesOf(evidenceOf(t, samba, module...)); !slices.Contains(got, test.matching) {
				t.Errorf("an event after the phone book's last change: causes %q, want %s among them", got, test.matching)
			}
			setPhonebookAge(t, samba, time.Minute)
			if got := causesOf(evidenceOf(t, samba, module...)); !slices.Contains(got, test.matching) {
				t.Errorf("a phone book whose file is newer than the event, which proves nothing: causes %q, want %s among them", got, test.matching)
			}
			samba.RemoveShare()
			r := evidenceOf(t, samba)
			if got := causesOf(r); len(got) == 0 || got[0] != "critical admin_share_removed" {
				t.Errorf("a missing share: causes %q, want admin_share_removed first", got)
			}
		})
	}
}

// writeUnder writes a file below a folder.
func writeUnder(t *testing.T, folder, name string, content []byte) {
	t.Helper()
	file := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// phonebookEntry returns an entry of a phone book without faults.
func phonebookEntry(name string) string {
	return "[" + name + "]\r\nMEDIA=serial\r\nPort=COM1\r\nDevice=Modem\r\nDEVICE=modem\r\nPhoneNumber=089 1234\r\n\r\n"
}

// TestEvidence: what a probe reads from Samba's registry, services and Server service.
func TestEvidence(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.SetRegistry(serverParameters, "IRPStackSize", 15)
		samba.SetRegistryText(`HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions`, "ProductType", "ServerNT")
		samba.SetLogSize(1 << 20)
		writeUnder(t, samba.Root(), "System32/config/AppEvent.Evt", make([]byte, 4096))
		r := evidenceOf(t, samba)
		wantOutcome(t, "probe", allWell(), r)
		yes := true
		number := func(n uint32) *smbprobe.RegistryNumber { return &smbprobe.RegistryNumber{Set: true, Value: n} }
		text := func(s string) *smbprobe.RegistryText { return &smbprobe.RegistryText{Set: true, Value: s} }
		want := smbprobe.RegistryResult{
			Readable: &yes, AutoShareServer: &smbprobe.RegistryNumber{}, AutoShareWks: &smbprobe.RegistryNumber{},
			IRPStackSize: number(15), LogMaxSize: number(1 << 20), LogRetention: number(7 * 24 * 3600),
			ServicePack: &smbprobe.RegistryText{}, SystemRoot: text(`c:\Windows`), // Samba makes up this key
			ProductType: text("ServerNT"), ProductSuite: &smbprobe.RegistryText{},
		}
		if diff := cmp.Diff(want, r.Registry); diff != "" {
			t.Errorf("registry (-want +got):\n%s", diff)
		}
		if size := r.Eventlog.Size; size == nil || *size != 4096 {
			t.Errorf("size of AppEvent.Evt: %v, want 4096", size)
		}
		states := map[string]smbprobe.ServiceState{}
		for _, s := range r.Services {
			if s.Installed == nil || s.Error != "" {
				t.Errorf("service %+v", s)
				continue
			}
			if *s.Installed != (s.State != "") || *s.Installed != (s.StartMode != "") {
				t.Errorf("service %+v: installed, and no state or start mode", s)
			}
			states[s.Name] = s.State
		}
		wantStates := map[string]smbprobe.ServiceState{
			"RemoteRegistry": smbprobe.ServiceRunning, "NETLOGON": smbprobe.ServiceStopped,
			"MSExchangeIMC": "", "RasMan": "", "LanmanServer": "", "PlugPlay": "",
		}
		if diff := cmp.Diff(wantStates, states); diff != "" {
			t.Errorf("services (-want +got):\n%s", diff)
		}
		if h := r.Host; !h.Known || h.Time == nil || h.Error != "" || h.AdminShare == nil || !*h.AdminShare {
			t.Errorf("host %+v", h)
		}
		if r.RPC != smbprobe.RPCAnswers {
			t.Errorf("RPC %q, want answers", r.RPC)
		}
		if offset := r.Host.ClockOffset; offset == nil || offset.Abs() > time.Minute {
			t.Errorf("clock offset by the time of day: %v", offset)
		}
	})
}

// TestEvidenceRoundTrips: the registry and the services cost few round trips beside those of
// the event log.
func TestEvidenceRoundTrips(t *testing.T) {
	t.Parallel()
	const most = 17 // of seven services on two pipes, with eight requests in flight
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "NT1"})
	samba.WritePhonebook(bytes.ReplaceAll(smbtest.Phonebook(), []byte("Internet Dial-Up"), []byte("ISP"))) // has the entry of the events
	samba.WriteEvents(failuresAgo(time.Minute, 20)...)
	s := site{hosts: []string{samba.Addr().String()}, module: []string{"transport: netbios", withEventlog, "server: {registry: true, services: [RemoteRegistry, NETLOGON, Spooler]}"}}
	p, target := newProber(t, prober.Options{}), s.target(t)
	p.CountFlights()
	probe(t, p, target)
	r := probe(t, p, target)
	wantFailures(t, "unchanged log", [3]int{20, 20, 20}, r)
	t.Logf("%d round trips", r.RoundTrips)
	if r.RoundTrips > most {
		t.Errorf("%d round trips, want at most %d", r.RoundTrips, most)
	}
	for _, s := range r.Services[:3] {
		if s.State == "" || s.StartMode == "" {
			t.Errorf("service %+v", s)
		}
	}
	if r.Registry.AutoShareServer == nil || r.Registry.LogMaxSize == nil {
		t.Errorf("registry %+v", r.Registry)
	}
}
