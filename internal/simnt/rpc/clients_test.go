package rpc

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/srvsvc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/svcctl"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/winreg"
)

// TestEventlogClient: the exporter's own client reads every record, over many answers
// of many fragments, and one that is too big for its reads.
func TestEventlogClient(t *testing.T) {
	s := newServer()
	log := s.Log("Application")
	log.SetLimits(4<<20, 0)
	big := dialFailure(now())
	big.Data = make([]byte, 100_000)
	log.Add(big)
	for range 5000 {
		log.Add(dialFailure(now()))
	}
	client, err := eventlog.Open(t.Context(), adapter{open(t, s, "eventlog", Access{User: "reader"})}, "Application")
	if err != nil {
		t.Fatal(err)
	}
	next := uint32(5004)
	end, err := client.ReadBackwards(t.Context(), eventlog.Reading{}, func(r eventlog.Record) bool {
		if r.Number != next {
			t.Errorf("record %d, expected %d", r.Number, next)
		}
		next = r.Number - 1
		return true
	})
	if err != nil || !end.Reached || next != 0 {
		t.Errorf("ended before record %d: %+v, %v", next, end, err)
	}
	if oldest, count, err := client.Bounds(t.Context()); oldest != 1 || count != 5004 || err != nil {
		t.Errorf("%d records from %d on, %v", count, oldest, err)
	}
	if oldest, err := client.ReadOldest(t.Context()); oldest.Number != 1 || err != nil {
		t.Errorf("the oldest record: %+v, %v", oldest, err)
	}
	if err := client.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestEventlogClientOfChangedLog: a log that is cleared while it is read is found out.
func TestEventlogClientOfChangedLog(t *testing.T) {
	s := newServer()
	for range 1000 {
		s.Log("Application").Add(dialFailure(now()))
	}
	client, err := eventlog.Open(t.Context(), adapter{open(t, s, "eventlog", Access{User: "reader"})}, "Application")
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.ReadBackwards(t.Context(), eventlog.Reading{}, func(r eventlog.Record) bool {
		if r.Number == 999 {
			s.Log("Application").Clear()
		}
		return true
	})
	if !errors.Is(err, eventlog.ErrChanged) {
		t.Errorf("%v, expected %v", err, eventlog.ErrChanged)
	}
}

func TestRegistryClient(t *testing.T) {
	s := newServer()
	registry, err := winreg.Open(t.Context(), adapter{open(t, s, "winreg", administrator())})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := registry.OpenKey(t.Context(), keyServices+`\NotThere`); !errors.Is(err, msrpc.ErrorFileNotFound) {
		t.Errorf("a key that is not there: %v", err)
	}
	lanman, err := registry.OpenKey(t.Context(), `system\currentcontrolset\services\LANMANSERVER\Parameters`)
	if err != nil {
		t.Fatal(err)
	}
	if n, set, err := lanman.Number(t.Context(), "autoshareserver"); n != 0 || !set || err != nil {
		t.Errorf("number %d, %v, %v", n, set, err)
	}
	if n, set, err := lanman.Number(t.Context(), "AutoShareWks"); n != 0 || set || err != nil {
		t.Errorf("a value that is not there: %d, %v, %v", n, set, err)
	}
	texts, _, err := lanman.Texts(t.Context(), "NullSessionPipes")
	if diff := cmp.Diff([]string{"srvsvc", "browser"}, texts); err != nil || diff != "" {
		t.Errorf("texts: %v (-want +got):\n%s", err, diff)
	}
	log, err := registry.OpenKey(t.Context(), keyEventLog+`\Application`)
	if err != nil {
		t.Fatal(err)
	}
	s.Log("Application").SetLimits(1<<20, 86400)
	size, _, err1 := log.Number(t.Context(), "MaxSize")
	retention, _, err2 := log.Number(t.Context(), "Retention")
	file, _, err3 := log.Text(t.Context(), "File")
	if err := errors.Join(err1, err2, err3); size != 1<<20 || retention != 86400 || file != `%SystemRoot%\System32\config\AppEvent.Evt` || err != nil {
		t.Errorf("size %d, retention %d, file %s, %v", size, retention, file, err)
	}
	services, err := registry.OpenKey(t.Context(), keyServices)
	if err != nil {
		t.Fatal(err)
	}
	names, err := services.SubKeys(t.Context(), 10)
	if diff := cmp.Diff([]string{"EventLog", "LanmanServer", "MSExchangeIMC", "RasMan"}, names); err != nil || diff != "" {
		t.Errorf("keys: %v (-want +got):\n%s", err, diff)
	}
	s.RemoveService("rasman")
	if _, err := registry.OpenKey(t.Context(), keyServices+`\RasMan`); !errors.Is(err, msrpc.ErrorFileNotFound) {
		t.Errorf("the key of a service that was removed: %v", err)
	}
	s.Registry().DeleteKey(keyLanman)
	if _, _, err := lanman.Number(t.Context(), "AutoShareServer"); !errors.Is(err, msrpc.Win32Error(1018)) {
		t.Errorf("a deleted key: %v", err)
	}
	s.Registry().Delete(keyEventLog+`\Application`, "MaxSize")
	if _, set, err := log.Number(t.Context(), "MaxSize"); set || err != nil {
		t.Errorf("a deleted value: %v, %v", set, err)
	}
	if err := errors.Join(lanman.Close(t.Context()), log.Close(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestServicesClient(t *testing.T) {
	s := newServer()
	manager, err := svcctl.Open(t.Context(), adapter{open(t, s, "svcctl", Access{User: "reader"})}, "EXCH1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manager.OpenService(t.Context(), "NotThere", svcctl.QueryStatus); !errors.Is(err, msrpc.ErrorServiceDoesNotExist) {
		t.Errorf("a service that is not there: %v", err)
	}
	type all struct {
		Status svcctl.Status
		Config svcctl.Config
	}
	for name, want := range map[string]all{
		"MSExchangeIMC": {svcctl.Status{State: svcctl.Running}, svcctl.Config{Start: svcctl.StartAutomatic, Account: `EXCHDOM\service`}},
		"rasman":        {svcctl.Status{State: svcctl.Stopped, Win32ExitCode: 1077}, svcctl.Config{Start: svcctl.StartManual, Account: "LocalSystem"}},
	} {
		service, err := manager.OpenService(t.Context(), name, svcctl.QueryStatus|svcctl.QueryConfig)
		if err != nil {
			t.Fatal(err)
		}
		var got all
		var err1, err2 error
		got.Status, err1 = service.Status(t.Context())
		got.Config, err2 = service.Config(t.Context())
		if diff := cmp.Diff(want, got); diff != "" || errors.Join(err1, err2) != nil {
			t.Errorf("%s: %v, %v (-want +got):\n%s", name, err1, err2, diff)
		}
	}
}

func TestServerClient(t *testing.T) {
	s := newServer()
	client, err := srvsvc.Open(t.Context(), adapter{open(t, s, "srvsvc", Access{Anonymous: true})}, "EXCH1")
	if err != nil {
		t.Fatal(err)
	}
	server, err := client.Server(t.Context())
	wantServer := srvsvc.ServerInfo{
		Name: "EXCH1", Major: 4,
		Type: 3 | 0x1000 | srvsvc.TypeServerNT, // workstation and server service, Windows NT
	}
	if diff := cmp.Diff(wantServer, server); err != nil || diff != "" {
		t.Errorf("server: %v (-want +got):\n%s", err, diff)
	}
	share, found, err := client.Share(t.Context(), "admin$")
	if diff := cmp.Diff(srvsvc.ShareInfo{Name: "ADMIN$"}, share); err != nil || !found || diff != "" {
		t.Errorf("share: %v, %v (-want +got):\n%s", found, err, diff)
	}
	if _, found, err := client.Share(t.Context(), "C$"); found || err != nil {
		t.Errorf("a share that is not there: %v, %v", found, err)
	}
	clock, err := client.TimeOfDay(t.Context())
	want := srvsvc.TimeOfDay{Time: now(), SinceStart: 36*time.Hour + 250*time.Millisecond}
	if diff := cmp.Diff(want, clock); err != nil || diff != "" {
		t.Errorf("clock: %v (-want +got):\n%s", err, diff)
	}
}
