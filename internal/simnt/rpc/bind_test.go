package rpc

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRecordedBinds: the recorded binds are answered as Windows 2000 does in a capture,
// with the address of the process that the interface lives in.
func TestRecordedBinds(t *testing.T) {
	for uuid, test := range map[string]struct{ pipe, address string }{
		"82273fdc-e32a-18c3-3f78-827929dc23ea": {"eventlog", `\PIPE\ntsvcs`},
		"4b324fc8-1670-01d3-1278-5a47bf6ee188": {"srvsvc", `\PIPE\ntsvcs`},
		"367abb81-9844-35f1-ad32-98f038001003": {"svcctl", `\PIPE\ntsvcs`},
		"338cd001-2244-31f1-aaaa-900038001003": {"winreg", `\PIPE\winreg`},
	} {
		bind := vectors(t)[uuid][0].stub
		want := fromHex(t, "05000c03100000004400000000000000"+"3016301601000000")
		copy(want[12:], bind[12:16]) // call_id
		want = binary.LittleEndian.AppendUint16(want, uint16(len(test.address)+1))
		want = append(append(want, test.address...), 0)
		if len(want)%4 != 0 {
			want = append(want, make([]byte, 4-len(want)%4)...)
		}
		want = append(want, fromHex(t, "0100000000000000"+"045d888aeb1cc9119fe808002b10486002000000")...)
		if got := exchange(t, open(t, newServer(), test.pipe, administrator()), bind); !slices.Equal(got, want) {
			t.Errorf("%s (-want +got):\n%s", test.pipe, cmp.Diff(want, got))
		}
	}
}

func TestBindRejected(t *testing.T) {
	eventlog := bound(t, newServer(), "eventlog", administrator()).program.iface
	minor, transfer := bindMessage(eventlog), bindMessage(eventlog)
	minor[32+18] = 1
	transfer[52]++
	for name, test := range map[string]struct {
		pipe string
		bind []byte
		want uint32
	}{
		"another interface":       {"srvsvc", bindMessage(eventlog), rejectedInterface},
		"a later minor version":   {"eventlog", minor, rejectedInterface},
		"another transfer syntax": {"eventlog", transfer, rejectedTransfer},
	} {
		p := open(t, newServer(), test.pipe, administrator())
		ack := exchange(t, p, test.bind)
		result := ack[len(ack)-syntaxSize-4:]
		if ack[2] != kindBindAck || binary.LittleEndian.Uint32(result) != test.want || !slices.Equal(result[4:], make([]byte, syntaxSize)) {
			t.Errorf("%s: %x", name, ack)
		}
		if _, fault := ask(t, p, 0, nil); fault != faultUnknownIf {
			t.Errorf("%s: a call after it: fault %08X", name, fault)
		}
	}
}

// TestBindWithMoreContexts: newer clients offer another transfer syntax beside NDR.
func TestBindWithMoreContexts(t *testing.T) {
	p := open(t, newServer(), "eventlog", administrator())
	bind := bindMessage(p.program.iface)
	other := slices.Clone(bind[28:])
	other[0], other[4+syntaxSize] = 1, 0xAA
	bind[24] = 2
	bind = append(bind, other...)
	binary.LittleEndian.PutUint16(bind[8:], uint16(len(bind)))
	ack := exchange(t, p, bind)
	results := ack[40:]
	if results[0] != 2 || binary.LittleEndian.Uint32(results[4:]) != accepted || binary.LittleEndian.Uint32(results[4+4+syntaxSize:]) != rejectedTransfer {
		t.Errorf("results %x", results)
	}
	for context, want := range map[byte]uint32{0: faultBadStub, 1: faultUnknownIf} {
		request := requestMessage(flagsWhole, 1, 4, nil)
		request[20] = context
		if got := binary.LittleEndian.Uint32(exchange(t, p, request)[24:]); got != want {
			t.Errorf("context %d: fault %08X, expected %08X", context, got, want)
		}
	}
}

// TestFragmentSize: a bind_ack announces the server's own longest fragment, and no fragment
// is longer than either end takes, unless the server ignores what the client takes.
func TestFragmentSize(t *testing.T) {
	for _, test := range []struct {
		options            Options
		takes              uint16 // by the client
		announced, longest uint16
	}{
		{Options{Major: 4}, 4280, 5680, 4280},
		{Options{Major: 4}, 5840, 5680, 5680},
		{Options{Major: 4}, 2001, 5680, 2001},
		{Options{Major: 4}, 100, 5680, 1432},
		{Options{Major: 5}, 4280, 4280, 4280},
		{Options{Major: 5}, 5840, 4280, 4280},
		{Options{Major: 5}, 1432, 4280, 1432},
		{Options{Major: 4, FragmentSize: 2000}, 4280, 2000, 2000},
		{Options{Major: 4, FragmentSize: 1}, 4280, 1432, 1432},
		{Options{Major: 4, LongFragments: true}, 4280, 5680, 5680},
		{Options{Major: 4, FragmentSize: 16000, LongFragments: true}, 100, 16000, 16000},
	} {
		test.options.Name, test.options.Now = "EXCH1", now
		p := open(t, NewSystem(test.options), "eventlog", administrator())
		bind := bindMessage(p.program.iface)
		binary.LittleEndian.PutUint16(bind[18:], test.takes)
		ack := exchange(t, p, bind)
		if sends, takes := binary.LittleEndian.Uint16(ack[16:]), binary.LittleEndian.Uint16(ack[18:]); sends != test.announced || takes != test.announced {
			t.Errorf("%+v: announced %d and %d, want %d", test, sends, takes, test.announced)
		}
		longest := 0
		h := openHandle(t, p, 7, recorded(t, "ElfrOpenELW", handle{}))
		if status := p.Write(requestMessage(flagsWhole, 1, 10, append(h[:], 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0))); status != 0 {
			t.Fatalf("write: %08X", status)
		}
		left := uint32(4 + 0x10000 + 12)
		for first := true; left > 0; first = false {
			b, ok := p.Read()
			hint := uint32(0)
			if ok {
				hint = binary.LittleEndian.Uint32(b[16:])
			}
			longest = max(longest, len(b))
			if !ok || hint != left || len(b) > int(test.longest) || first != (b[3]&flagFirst != 0) {
				t.Fatalf("%d bytes left: a fragment %x", left, b)
			}
			left -= uint32(len(b) - responseSize)
			if (left == 0) != (b[3]&flagLast != 0) || left > 0 && (len(b)-responseSize)%8 != 0 {
				t.Fatalf("%d bytes left: flags %02x, %d bytes", left, b[3], len(b))
			}
		}
		if longest < int(test.longest)-7 {
			t.Errorf("%+v: the longest fragment has %d bytes", test, longest)
		}
	}
}

// TestBindRefused: a bind that asks for authentication gets a bind_nak, and whatever is
// no bind a fault, after which the pipe is closed.
func TestBindRefused(t *testing.T) {
	p := open(t, newServer(), "eventlog", administrator())
	withAuth := bindMessage(p.program.iface)
	withAuth = append(withAuth, 10, 2, 0, 0, 1, 0, 0, 0, 'N')
	binary.LittleEndian.PutUint16(withAuth[8:], uint16(len(withAuth)))
	binary.LittleEndian.PutUint16(withAuth[10:], 1)
	if diff := cmp.Diff(fromHex(t, "05000d031000000015000000010000000000010500"), exchange(t, p, withAuth)); diff != "" {
		t.Errorf("bind_nak (-want +got):\n%s", diff)
	}
	cut := bindMessage(p.program.iface)[:60]
	cut[8] = 60
	empty := bindMessage(p.program.iface)[:28]
	empty[8], empty[24] = 28, 0
	alter := bindMessage(p.program.iface)
	alter[2] = 14
	fragment := bindMessage(p.program.iface)
	fragment[3] = flagFirst
	for name, message := range map[string][]byte{
		"cut": cut, "no context": empty, "alter_context": alter, "a fragment": fragment, "a request": requestMessage(flagsWhole, 1, 7, nil),
	} {
		p := open(t, newServer(), "eventlog", administrator())
		checkClosed(t, name, p, message)
	}
	second := bound(t, newServer(), "eventlog", administrator())
	checkClosed(t, "a second bind", second, bindMessage(second.program.iface))
}

// checkClosed writes a message that ends in a fault, and the server's end of the pipe
// with it.
func checkClosed(t *testing.T, name string, p *Pipe, message []byte) {
	t.Helper()
	answer := exchange(t, p, message)
	if answer[2] != kindFault || binary.LittleEndian.Uint32(answer[24:]) != faultProtoError {
		t.Errorf("%s: %x", name, answer)
	}
	if status := p.Write(bindMessage(p.program.iface)); !p.Broken() || status != statusPipeBroken {
		t.Errorf("%s: broken %v, the next write %08X", name, p.Broken(), status)
	}
}
