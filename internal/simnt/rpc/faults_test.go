package rpc

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSetSilent: a call that is never answered leaves the pipe open and other calls alone.
func TestSetSilent(t *testing.T) {
	s := newServer()
	p := bound(t, s, "srvsvc", administrator())
	s.SetSilent(func(pipe string, opnum uint16) bool { return pipe == "srvsvc" && opnum == OpnumRemoteTOD })
	stub := recorded(t, "NetrRemoteTOD", handle{})
	if status := p.Write(requestMessage(flagsWhole, 1, OpnumRemoteTOD, stub)); status != 0 {
		t.Fatalf("write: %08X", status)
	}
	if answer, ok := p.Read(); ok || p.Broken() {
		t.Errorf("answered %x, broken %t", answer, p.Broken())
	}
	if answer, fault := ask(t, p, 16, recorded(t, "NetrShareGetInfo", handle{})); fault != 0 || last(answer) != 0 {
		t.Errorf("another call: %x, fault %08X", answer, fault)
	}
	s.SetSilent(nil)
	if answer, fault := ask(t, p, OpnumRemoteTOD, stub); fault != 0 || last(answer) != 0 {
		t.Errorf("afterwards: %x, fault %08X", answer, fault)
	}
}

// TestRemoteTODOffset: the clock of the server service may differ from that of the server.
func TestRemoteTODOffset(t *testing.T) {
	s := newServer()
	p := bound(t, s, "srvsvc", administrator())
	for _, offset := range []time.Duration{0, 90 * time.Minute, -48 * time.Hour} {
		s.SetRemoteTODOffset(offset)
		answer, fault := ask(t, p, OpnumRemoteTOD, recorded(t, "NetrRemoteTOD", handle{}))
		if fault != 0 || len(answer) < 8 {
			t.Fatalf("%x, fault %08X", answer, fault)
		}
		if got, want := int64(binary.LittleEndian.Uint32(answer[4:])), now().Add(offset).Unix(); got != want {
			t.Errorf("offset %s: %d seconds, want %d", offset, got, want)
		}
	}
}

// TestChangedRecords: a record that cannot be decoded, or only looks so, stands among good
// ones, at its place.
func TestChangedRecords(t *testing.T) {
	le := binary.LittleEndian
	for name, test := range map[string]struct {
		change  func([]byte)
		strings []string
		outside []int // offsets in the record of the offsets that point behind its end
	}{
		"damaged strings":                {DamageStrings, []string{"ISP", "5"}, []int{36}},
		"damaged strings of none":        {DamageStrings, nil, []int{36}},
		"parts of length 0 that are out": {MoveEmptyParts, []string{"ISP", "5"}, []int{44, 52}},
		"unchanged":                      {nil, []string{"ISP", "5"}, nil},
	} {
		log := newServer().Log("System")
		e := dialFailure(now())
		log.Add(e)
		e.Strings = test.strings
		log.AddChanged(e, test.change)
		log.Add(e)
		p := log.begin()
		data, _, status := log.read(&p, readSequential|readForwards, 0, 4096)
		if diff := cmp.Diff([]uint32{1, 2, 3}, numbers(t, data)); diff != "" || status != statusOK {
			t.Fatalf("%s: status %08X, records (-want +got):\n%s", name, status, diff)
		}
		r := data[le.Uint32(data):]
		length := le.Uint32(r)
		if le.Uint32(r[length-4:]) != length || le.Uint32(r[4:]) != recordSignature {
			t.Errorf("%s: no frame: %x", name, r[:length])
		}
		var outside []int
		for _, at := range []int{36, 44, 52} {
			if le.Uint32(r[at:]) > length {
				outside = append(outside, at)
			}
		}
		if diff := cmp.Diff(test.outside, outside); diff != "" {
			t.Errorf("%s: offsets behind the end (-want +got):\n%s", name, diff)
		}
		if name == "damaged strings of none" && le.Uint16(r[26:]) == 0 {
			t.Errorf("%s: it has no string", name)
		}
	}
}

// TestServiceStates: the status of services in each state.
func TestServiceStates(t *testing.T) {
	for name, test := range map[string]struct {
		service Service
		want    []uint32 // SERVICE_STATUS without its first field (MS-SCMR 2.2.47)
	}{
		"running":       {Service{State: 4}, []uint32{4, 5, 0, 0, 0, 0}},
		"start pending": {Service{State: 2}, []uint32{2, 0, 0, 0, 1, 30_000}},
		"stop pending":  {Service{State: 3}, []uint32{3, 0, 0, 0, 1, 30_000}},
		"ended":         {Service{State: 1, ExitCode: 1067}, []uint32{1, 0, 1067, 0, 0, 0}},
		"ended for a reason of its own": {
			Service{State: 1, ExitCode: 1066, SpecificExitCode: 0xC004}, []uint32{1, 0, 1066, 0xC004, 0, 0},
		},
	} {
		s := newServer()
		test.service.Name = "RasMan"
		s.SetService(test.service)
		p := bound(t, s, "svcctl", administrator())
		manager := openHandle(t, p, 15, recorded(t, "ROpenSCManagerW", handle{}))
		var w writer
		w.handle(manager)
		w.text("RasMan")
		w.u32(queryStatus)
		h := openHandle(t, p, 16, w.b)
		answer, fault := ask(t, p, 6, h[:])
		var got []uint32
		for at := 4; at+8 <= len(answer); at += 4 {
			got = append(got, binary.LittleEndian.Uint32(answer[at:]))
		}
		if diff := cmp.Diff(test.want, got); diff != "" || fault != 0 || last(answer) != 0 {
			t.Errorf("%s: fault %08X (-want +got):\n%s", name, fault, diff)
		}
	}
}

// TestServiceAccount: the account that a service runs under is in its configuration.
func TestServiceAccount(t *testing.T) {
	s := newServer()
	p := bound(t, s, "svcctl", administrator())
	manager := openHandle(t, p, 15, recorded(t, "ROpenSCManagerW", handle{}))
	for name, want := range map[string]string{"MSExchangeIMC": `EXCHDOM\service`, "RasMan": "LocalSystem"} {
		var w writer
		w.handle(manager)
		w.text(name)
		w.u32(queryConfig)
		h := openHandle(t, p, 16, w.b)
		answer, fault := ask(t, p, 17, binary.LittleEndian.AppendUint32(h[:], 8192))
		r := reader{b: answer}
		for range 9 { // QUERY_SERVICE_CONFIGW (MS-SCMR 2.2.15) without its texts
			r.u32()
		}
		r.text() // lpBinaryPathName
		r.text() // lpLoadOrderGroup
		r.text() // lpDependencies
		if got := r.text(); got != want || r.bad || fault != 0 {
			t.Errorf("%s: account %q, want %q, fault %08X", name, got, want, fault)
		}
	}
}

// TestValueOfAnotherType: a registry value may have a type that its readers do not expect.
func TestValueOfAnotherType(t *testing.T) {
	s := newServer()
	s.Registry().SetText(keyLanman, "AutoShareServer", "0")
	p := bound(t, s, "winreg", administrator())
	root := openHandle(t, p, 2, recorded(t, "OpenLocalMachine", handle{}))
	key := openHandle(t, p, 15, recorded(t, "BaseRegOpenKey", root))
	answer, fault := ask(t, p, 17, query(key, "AutoShareServer", 64))
	r := reader{b: answer}
	kind, _ := r.optionalU32()
	r.pointer()
	data, _ := r.varying(1)
	if kind != regText || string(data) != "0\x00\x00\x00" || fault != 0 || last(answer) != 0 {
		t.Errorf("type %d, % x, fault %08X", kind, data, fault)
	}
}
