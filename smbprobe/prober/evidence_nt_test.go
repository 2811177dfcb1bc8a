package prober_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// TestEvidenceOfNT: what the rules of the diagnosis need, from a server with Windows NT 4.0.
func TestEvidenceOfNT(t *testing.T) {
	t.Parallel()
	host, addr := startNT(t)
	const lanman = `SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`
	host.System().Registry().SetText(lanman, "AutoShareServer", "0")
	host.WriteFile(`C:\WINNT\System32\Ras\rasphone.pbk`, []byte(phonebookEntry("ISP")+"DEVICE=switch\r\nType=Terminal\r\n\r\n"), time.Now())
	r := probeOnce(t, direct(addr, withEventlog, "server: {registry: true, services: [RasMan]}"))
	if v := r.Registry.AutoShareServer; v == nil || v.Set || v.WrongType != "REG_SZ" || v.Text != "0" {
		t.Errorf("AutoShareServer %+v, want a text", v)
	}
	if a := r.AdminShareAutomatic(); a == nil || !*a {
		t.Errorf("the share is made at the next start: %v; Windows ignores a text", a)
	}
	if !strings.EqualFold(r.Host.SharePath, `C:\WINNT`) || r.Host.AdminShare == nil || !*r.Host.AdminShare {
		t.Errorf("path of the share %q, there %v", r.Host.SharePath, r.Host.AdminShare)
	}
	for _, s := range r.Services {
		if asked := s.Name == "RasMan"; s.Asked != asked {
			t.Errorf("%s: asked %t", s.Name, s.Asked)
		}
		if s.State != "" && s.InStateFor == nil {
			t.Errorf("%s: since when in its state is not known", s.Name)
		}
	}
	if len(r.Phonebook.Switched) != 1 || r.Phonebook.AllUsers != nil {
		t.Errorf("entries with a script %q, All Users %+v", r.Phonebook.Switched, r.Phonebook.AllUsers)
	}
	if r.Account == "" || r.NTLMv1 || !strings.EqualFold(r.PhonebookPath, `System32\Ras\rasphone.pbk`) {
		t.Errorf("account %q, NTLMv1 %t, path %q", r.Account, r.NTLMv1, r.PhonebookPath)
	}
	wantNothingLeft(t, host)
}

// TestAuditFlag: CrashOnAuditFail is read after calls were denied, and only then.
func TestAuditFlag(t *testing.T) {
	t.Parallel()
	host, addr := startNT(t)
	host.System().Registry().SetNumber(`SYSTEM\CurrentControlSet\Control\Lsa`, "CrashOnAuditFail", 2)
	s := direct(addr, withEventlog, "server: {registry: true, services: []}")
	if r := probeOnce(t, s); r.Registry.CrashOnAuditFail != nil {
		t.Errorf("%+v without a reason to read it", r.Registry.CrashOnAuditFail)
	}
	host.System().Log("Application").Add(rpc.Event{
		At: time.Now().Add(-time.Minute), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Computer: "EXCH01", Strings: []string{"ISP", "5"},
	})
	if v := probeOnce(t, s).Registry.CrashOnAuditFail; v == nil || v.Value != 2 {
		t.Errorf("%+v, want 2", v)
	}
}

// TestAllUsers: the phone book under All Users is read if anything is wrong at the place of
// Windows NT, and a file that is missing there is missing whatever else is found.
func TestAllUsers(t *testing.T) {
	t.Parallel()
	const nt, other = `C:\WINNT\System32\Ras\rasphone.pbk`, `C:\Documents and Settings\All Users\Application Data\Microsoft\Network\Connections\Pbk\rasphone.pbk`
	sound, noC := []byte(phonebookEntry("ISP")), func(h *simnt.Host) { h.RemoveShare("C$") }
	for _, test := range []struct {
		name    string
		prepare func(*simnt.Host)
		state   smbprobe.PhonebookState
		other   smbprobe.PhonebookState // empty: not looked for
		causes  []string
	}{
		{"sound", nil, smbprobe.PhonebookOK, "", nil},
		{"moved", func(h *simnt.Host) { h.RemoveFile(nt); h.WriteFile(other, sound, time.Now()) }, smbprobe.PhonebookElsewhere, smbprobe.PhonebookOK, []string{"warning phonebook_elsewhere"}},
		{"missing, and no C$", func(h *simnt.Host) { h.RemoveFile(nt); noC(h) }, smbprobe.PhonebookMissing, smbprobe.PhonebookUnknown, []string{"warning phonebook_missing"}},
		{"damaged, and a sound one", func(h *simnt.Host) {
			h.WriteFile(nt, []byte("[ISP]\r\nMEDIA=serial\x00\r\n"), time.Now())
			h.WriteFile(other, sound, time.Now())
		}, smbprobe.PhonebookDamaged, smbprobe.PhonebookOK, []string{"warning phonebook_damaged"}},
		{"damaged at both", func(h *simnt.Host) {
			h.WriteFile(nt, []byte("\x00\x00"), time.Now())
			h.WriteFile(other, []byte("\x00\x00"), time.Now())
		}, smbprobe.PhonebookDamaged, smbprobe.PhonebookDamaged, []string{"critical phonebook_damaged"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			host := newNT(t, simnt.Options{OS: simnt.Windows2000, ServicePack: 4})
			host.WriteFile(`C:\Documents and Settings\All Users\Application Data\desktop.ini`, nil, time.Now())
			if test.prepare != nil {
				test.prepare(host)
			}
			r := probeOnce(t, direct(serveNT(t, host)))
			if r.Phonebook.State != test.state || !r.Success {
				t.Errorf("state %s, success %t, want %s\n%s", r.Phonebook.State, r.Success, test.state, r.Phonebook.Error)
			}
			var got smbprobe.PhonebookState
			if r.Phonebook.AllUsers != nil {
				got = r.Phonebook.AllUsers.State
			}
			if got != test.other {
				t.Errorf("All Users: %q, want %q", got, test.other)
			}
			if causes := causesOf(r); strings.Join(causes, ", ") != strings.Join(test.causes, ", ") {
				t.Errorf("causes %q, want %q", causes, test.causes)
			}
		})
	}
}

// TestChangesAreSeen: what the phone book's entries were before is remembered.
func TestChangesAreSeen(t *testing.T) {
	t.Parallel()
	host, addr := startNT(t)
	p, target := newProber(t, prober.Options{}), direct(addr).target(t)
	if r := probe(t, p, target); len(r.Phonebook.Changes) != 0 {
		t.Errorf("changes at the first probe: %+v", r.Phonebook.Changes)
	}
	host.WriteFile(`C:\WINNT\System32\Ras\rasphone.pbk`, []byte(phonebookEntry("ISP")+phonebookEntry("Backup")), time.Now())
	r := probe(t, p, target)
	if len(r.Phonebook.Changes) != 1 || r.Phonebook.Changes[0].Entry != "Backup" || r.Phonebook.Changes[0].Kind != smbprobe.EntryAdded {
		t.Errorf("changes %+v, want Backup added", r.Phonebook.Changes)
	}
}
