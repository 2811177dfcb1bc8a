package simnt

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestShares goes through what a host can be set to while it serves.
func TestShares(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	w.session("ADMIN$")
	w.host.RemoveShare("ADMIN$")
	_, r := w.create(`\win.ini`, accessRead)
	w.want("the share of a tree was removed", statusNetworkNameDeleted, r)
	w.must("tree disconnect", w.ask(cmdTreeDisconnect, nil, nil))
	w.want("removed", statusBadNetworkName, w.tree("ADMIN$", "?????"))
	w.host.RestoreShare("ADMIN$")
	w.must("restored", w.tree("ADMIN$", "?????"))
	w.host.SetShareStatus("ADMIN$", 0xC00000CF)
	w.want("paused", 0xC00000CF, w.tree("ADMIN$", "?????"))
	w.host.SetShareStatus("ADMIN$", 0)
	w.must("goes on", w.tree("ADMIN$", "?????"))

	const book = `C:\WINNT\System32\Ras\rasphone.pbk`
	open := func() uint32 {
		_, r := w.create(`\System32\Ras\rasphone.pbk`, accessRead)
		return r.status
	}
	for _, step := range []struct {
		name   string
		do     func()
		status uint32
	}{
		{"denied", func() { w.host.DenyFile(book, statusAccessDenied) }, statusAccessDenied},
		{"allowed", func() { w.host.DenyFile(book, 0) }, statusOK},
		{"held by another program", func() { w.host.DenyFile(book, statusSharingViolation) }, statusSharingViolation},
		{"no resources", func() { w.host.DenyFile(book, statusInsuffServerResources) }, statusInsuffServerResources},
		{"damaged sectors", func() { w.host.DenyFile(book, 0xC000009C) }, 0xC000009C},
		{"readable again", func() { w.host.DenyFile(book, 0) }, statusOK},
		{"the folder is denied", func() { w.host.DenyFile(`C:\WINNT\System32\Ras`, statusAccessDenied) }, statusAccessDenied},
		{"the folder is allowed", func() { w.host.DenyFile(`C:\WINNT\System32\Ras`, 0) }, statusOK},
		{"the file is gone", func() { w.host.RemoveFile(book) }, statusObjectNameNotFound},
		{"the folder is gone", func() { w.host.RemoveFolder(`C:\WINNT\System32\Ras`) }, statusObjectPathNotFound},
		{"both are back", func() { w.host.WriteFile(book, Phonebook(), time.Now()) }, statusOK},
	} {
		step.do()
		if status := open(); status != step.status {
			t.Errorf("%s: status 0x%08X, want 0x%08X", step.name, status, step.status)
		}
	}
}

// TestSharePath: a share may lead to another folder, which level 2 of NetrShareGetInfo names.
func TestSharePath(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	paths := func() (all []string) {
		for _, s := range w.host.listShares() {
			all = append(all, s.Path)
		}
		return all
	}
	if diff := cmp.Diff([]string{`C:\WINNT`, "", `C:\`}, paths()); diff != "" {
		t.Errorf("paths of the shares (-want +got):\n%s", diff)
	}
	w.session("ADMIN$")
	_, r := w.create(`\System32\Ras\rasphone.pbk`, accessRead)
	w.must("at first", r)
	w.host.WriteFile(`C:\Data\System32\note.txt`, nil, time.Now())
	w.host.SetSharePath("admin$", `C:\Data`)
	w.host.SetSharePath("IPC$", `C:\Data`)
	w.host.SetSharePath("NONE$", `C:\Data`)
	_, r = w.create(`\System32\note.txt`, accessRead)
	w.must("elsewhere", r)
	_, r = w.create(`\System32\Ras\rasphone.pbk`, accessRead)
	w.want("elsewhere", statusObjectPathNotFound, r)
	if diff := cmp.Diff([]string{`C:\Data`, "", `C:\`}, paths()); diff != "" {
		t.Errorf("paths of the shares (-want +got):\n%s", diff)
	}
}

// TestSharing: opens that exclude each other, and NT's delay before the answer.
func TestSharing(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{SharingDelay: 50 * time.Millisecond})
	w.session("C$")
	w.send(w.createMessage(`\WINNT\win.ini`, accessRead, 0))
	r := w.must("an open that shares nothing", w.receive())
	fid := r.u16(5)
	w.send(w.createMessage(`\WINNT\win.ini`, accessRead, 7), w.build(cmdEcho, []byte{1, 0}, nil))
	if r := w.must("echo", w.receive()); r.command != cmdEcho {
		t.Errorf("command 0x%02X is answered first, want the echo: the violation waits", r.command)
	}
	w.want("a second open", statusSharingViolation, w.receive())
	w.must("close", w.ask(cmdClose, []byte{byte(fid), byte(fid >> 8), 0, 0, 0, 0}, nil))
	w.send(w.createMessage(`\WINNT\win.ini`, accessRead, 7))
	w.must("an open after the close", w.receive())
}

func TestPhases(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	w.negotiate()
	other := w.again()
	w.host.SetPhase(PhaseHung)
	w.send(w.build(cmdEcho, []byte{1, 0}, nil))
	other.send(other.build(cmdNegotiate, nil, []byte("\x02NT LM 0.12\x00")))
	for w.host.Statistics().Messages < 3 {
		time.Sleep(time.Millisecond) // until it has read both, which it does not answer
	}
	w.host.SetPhase(PhaseAnswering)
	if r := w.must("echo", w.ask(cmdEcho, []byte{1, 0}, nil)); r.mid != w.mid {
		t.Errorf("MID %d is answered, want %d: the one before came while the server hung", r.mid, w.mid)
	}
	// What came meanwhile is not in flight.
	w.host.SetPhase(PhaseHung)
	before := w.host.Statistics().Messages
	for range defaultMaxMpxCount + 1 {
		w.send(w.build(cmdEcho, []byte{1, 0}, nil))
	}
	for w.host.Statistics().Messages < before+defaultMaxMpxCount+1 {
		time.Sleep(time.Millisecond)
	}
	w.host.SetPhase(PhaseAnswering)
	w.must("echo after many that were ignored", w.ask(cmdEcho, []byte{1, 0}, nil))
	if s := w.host.Statistics(); s.MaxInFlight != 1 || s.Dropped != 0 {
		t.Errorf("%d in flight, %d connections dropped; want 1 and none", s.MaxInFlight, s.Dropped)
	}
	w.host.SetPhase(PhaseRefusing)
	w.ended("refusing")
	w.again().ended("refusing a new connection")
	w.host.SetPhase(PhaseAnswering)
	w.again().negotiate()
}

// TestHungWhileSigning: requests that are ignored take their sequence numbers.
func TestHungWhileSigning(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{ServicePack: 3, Signing: SigningRequired})
	w.negotiate()
	w.must("login", w.login(testUser))
	s := &signer{key: v1SessionKey(ntHash(testPassword)), response: desl(ntHash(testPassword), w.nonce)}
	echo := func(sequence uint32) []byte {
		w.flags2 |= flags2Signed
		m := w.build(cmdEcho, []byte{1, 0}, nil)
		s.sign(m, sequence)
		return m
	}
	w.host.SetPhase(PhaseHung)
	before := w.host.Statistics().Messages
	w.send(echo(2))
	for w.host.Statistics().Messages == before {
		time.Sleep(time.Millisecond)
	}
	w.host.SetPhase(PhaseAnswering)
	w.send(echo(4))
	w.must("echo after one that was ignored", w.receive())
}

// TestLogins: guests, the anonymous, licences, and VcNumber 0.
func TestLogins(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{Guest: true, Licences: 2})
	w.negotiate()
	if r := w.must("guest", w.login("nobody")); r.u16(4) != 1 {
		t.Errorf("action 0x%04X, want the guest bit", r.u16(4))
	}
	w.want("guest at ADMIN$", statusAccessDenied, w.tree("ADMIN$", "?????"))
	w.must("anonymous", w.login(""))
	w.want("anonymous at ADMIN$", statusAccessDenied, w.tree("ADMIN$", "?????"))
	w.must("anonymous at IPC$", w.tree("IPC$", "IPC"))
	_, r := w.create(`\eventlog`, accessRead)
	w.want("anonymous at the event log", statusAccessDenied, r)
	_, r = w.create(`\srvsvc`, accessRead)
	w.must("anonymous at the server service", r)
	w.want("a third session", statusRequestNotAccepted, w.login("plain"))

	w = startWire(t, Options{})
	w.negotiate()
	w.must("no administrator", w.login("plain"))
	w.want("no administrator at ADMIN$", statusAccessDenied, w.tree("ADMIN$", "?????"))
	other := w.again()
	other.negotiate()
	other.send(other.loginMessage(testUser, 0, cmdNone))
	other.must("VcNumber 0", other.receive())
	w.ended("VcNumber 0 on another connection")
}

func TestSessionRequest(t *testing.T) {
	t.Parallel()
	encode := func(name string, suffix byte) []byte {
		for len(name) < 15 {
			name += " "
		}
		b := []byte{0x20}
		for _, c := range append([]byte(name), suffix) {
			b = append(b, 'A'+c>>4, 'A'+c&0xF)
		}
		return append(b, 0)
	}
	tests := []struct {
		name    string
		options Options
		called  []byte
		kind    byte
		code    byte
	}{
		{"own name", Options{NetBIOSOnly: true}, encode("EXCH01", 0x20), packetPositive, 0},
		{"own name, stopped", Options{NetBIOSOnly: true}, encode("EXCH01", 0x20), packetNegative, CodeCalledNameNotPresent},
		{"any server, stopped", Options{NetBIOSOnly: true}, encode("*SMBSERVER", 0x20), packetNegative, CodeNotListening},
		{"any server", Options{}, encode("*SMBSERVER", 0x20), packetPositive, 0},
		{"any server refused", Options{RefuseWildcard: true}, encode("*SMBSERVER", 0x20), packetNegative, 0x82},
		{"another name", Options{}, encode("OTHER", 0x20), packetNegative, 0x82},
		{"another name that is its own", Options{CalledNames: []string{"OTHER"}}, encode("OTHER", 0x20), packetPositive, 0},
		{"the workstation's name", Options{}, encode("EXCH01", 0), packetNegative, 0x82},
		{"no encoding", Options{}, make([]byte, 34), packetNegative, 0x8F},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := startWire(t, tt.options)
			if strings.HasSuffix(tt.name, "stopped") {
				w.host.SetSessionRefusal(tt.code)
			}
			if _, err := w.nc.Write(appendPacket(nil, packetRequest, append(tt.called, encode("PROBE", 0)...))); err != nil {
				t.Fatal(err)
			}
			p, err := readPacket(w.nc, 100)
			if err != nil {
				t.Fatal(err)
			}
			if p.kind != tt.kind || tt.code != 0 && (len(p.payload) != 1 || p.payload[0] != tt.code) {
				t.Errorf("packet 0x%02X %x, want 0x%02X %02x", p.kind, p.payload, tt.kind, tt.code)
			}
			if tt.code != 0 {
				w.ended("refused")
				return
			}
			if _, err := w.nc.Write([]byte{packetKeepAlive, 0, 0, 0}); err != nil {
				t.Fatal(err)
			}
			w.negotiate()
		})
	}
	w := startWire(t, Options{NetBIOSOnly: true})
	w.send(w.build(cmdNegotiate, nil, []byte("\x02NT LM 0.12\x00")))
	w.ended("direct TCP where only NetBIOS is spoken")
}

// TestSigning: what is not signed rightly is refused, and what is not signed at all.
func TestSigning(t *testing.T) {
	t.Parallel()
	for _, mode := range []Signing{SigningRequired, SigningEnabled} {
		w := startWire(t, Options{ServicePack: 3, Signing: mode})
		w.negotiate()
		w.must("anonymous", w.login(""))
		w.must("anonymous sessions are not signed", w.tree("IPC$", "?????"))
		w.flags2 |= flags2Signed
		r := w.must("login", w.login(testUser))
		s := &signer{key: v1SessionKey(ntHash(testPassword)), response: desl(ntHash(testPassword), w.nonce)}
		if r.flags2&flags2Signed == 0 || string(s.signature(r.raw, 1)) != string(r.raw[signatureAt:signatureAt+signatureSize]) {
			t.Error("the answer to the login is not signed, or wrongly")
		}
		sequence := uint32(2)
		for _, step := range []struct {
			name   string
			sign   func(m []byte)
			status uint32
		}{
			{"signed", func(m []byte) { s.sign(m, sequence) }, statusOK},
			{"not signed", func([]byte) {}, statusAccessDenied},
			{"an old number", func(m []byte) { s.sign(m, 2) }, statusAccessDenied},
			{"signed again", func(m []byte) { s.sign(m, sequence) }, statusOK},
		} {
			m := w.build(cmdEcho, []byte{1, 0}, []byte("x"))
			step.sign(m)
			w.send(m)
			r := w.receive()
			w.want(step.name, step.status, r)
			if string(s.signature(r.raw, sequence+1)) != string(r.raw[signatureAt:signatureAt+signatureSize]) {
				t.Errorf("%s: the answer is signed wrongly", step.name)
			}
			sequence += 2
		}
	}
	w := startWire(t, Options{ServicePack: 3, Signing: SigningEnabled})
	w.session("C$")
	if r := w.must("echo", w.ask(cmdEcho, []byte{1, 0}, nil)); r.flags2&flags2Signed != 0 {
		t.Error("signed, though the client did not ask for it")
	}
}

// TestDOSErrors: without NT status codes an error is a class and a code.
func TestDOSErrors(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{DOSErrors: true}, {}} {
		w := startWire(t, o)
		w.session("ADMIN$")
		if !o.DOSErrors {
			w.flags2 &^= flags2NTStatus // the client's wish
		}
		for name, want := range map[string]uint32{`\win.in`: 0x0002_0001, `\a\b`: 0x0003_0001, `\system32\config\AppEvent.Evt`: 0x0020_0001} {
			_, r := w.create(name, accessRead)
			w.want(name, want, r)
			if r.flags2&flags2NTStatus != 0 {
				t.Errorf("%s: the answer says that it has an NT status", name)
			}
		}
	}
}
