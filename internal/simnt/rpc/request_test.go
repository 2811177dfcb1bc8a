package rpc

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUnknownProcedure: the answer is that of Windows 2000 in a capture.
func TestUnknownProcedure(t *testing.T) {
	want := fromHex(t, "05000323100000002000000001000000"+"2000000000000000"+"0200011c00000000")
	for pipe, opnums := range map[string][]uint16{
		"eventlog": {1, 22, 0xFFFF}, "winreg": {0, 27}, "svcctl": {1, 33, 38}, "srvsvc": {0, 4},
	} {
		for _, opnum := range opnums {
			p := bound(t, newServer(), pipe, administrator())
			if diff := cmp.Diff(want, exchange(t, p, requestMessage(flagsWhole, 1, opnum, nil))); diff != "" {
				t.Errorf("%s, number %d (-captured +got):\n%s", pipe, opnum, diff)
			}
			if p.Broken() {
				t.Errorf("%s, number %d: the pipe is broken", pipe, opnum)
			}
		}
	}
}

// TestCutRequests: a request that ends anywhere before its end is bad stub data.
func TestCutRequests(t *testing.T) {
	pipes := map[string]string{
		"82273fdc-e32a-18c3-3f78-827929dc23ea": "eventlog", "4b324fc8-1670-01d3-1278-5a47bf6ee188": "srvsvc",
		"367abb81-9844-35f1-ad32-98f038001003": "svcctl", "338cd001-2244-31f1-aaaa-900038001003": "winreg",
	}
	for uuid, requests := range vectors(t) {
		p := bound(t, newServer(), pipes[uuid], administrator())
		for _, v := range requests[1:] {
			for n := range len(v.stub) {
				if _, fault := ask(t, p, v.opnum, v.stub[:n]); fault != faultBadStub {
					t.Errorf("%s, %d of %d bytes: fault %08X", v.name, n, len(v.stub), fault)
				}
			}
		}
	}
}

// TestBadRequests: lengths that contradict each other are bad stub data.
func TestBadRequests(t *testing.T) {
	for name, test := range map[string]struct {
		pipe, request string
		at            int
		to            uint32
	}{
		"a name longer than its room":     {"eventlog", "ElfrOpenELW", 4, 0x00160018},
		"a name of half a character":      {"eventlog", "ElfrOpenELW", 4, 0x00180015},
		"more room than was said":         {"eventlog", "ElfrOpenELW", 12, 0x0d},
		"an offset":                       {"eventlog", "ElfrOpenELW", 16, 1},
		"fewer characters than were said": {"eventlog", "ElfrOpenELW", 20, 0x0a},
		"too large a read":                {"eventlog", "ElfrReadELW", 28, maxRead + 1},
		"a string longer than its room":   {"svcctl", "ROpenServiceW", 20, 1},
		"a string of 4 thousand million":  {"svcctl", "ROpenServiceW", 28, 0xFFFFFFFF},
		"a string without its end":        {"svcctl", "ROpenServiceW", 28, 0x0d},
		"a string with two ends":          {"svcctl", "ROpenServiceW", 32, 0x00530000},
		"data without its length":         {"winreg", "BaseRegQueryValue", 100, 0x100},
	} {
		p := bound(t, newServer(), test.pipe, administrator())
		stub := recorded(t, test.request, handle{})
		binary.LittleEndian.PutUint32(stub[test.at:], test.to)
		if answer, fault := ask(t, p, anyOpnum(t, test.request), stub); fault != faultBadStub {
			t.Errorf("%s: %x, fault %08X", name, answer, fault)
		}
	}
}

func anyOpnum(t *testing.T, name string) uint16 {
	t.Helper()
	for _, requests := range vectors(t) {
		if at := slices.IndexFunc(requests, func(v vector) bool { return v.name == name }); at >= 0 {
			return requests[at].opnum
		}
	}
	t.Fatalf("no recorded %s", name)
	return 0
}

// TestRequestInFragments: a request may come in several fragments.
func TestRequestInFragments(t *testing.T) {
	p := bound(t, newServer(), "eventlog", administrator())
	stub := recorded(t, "ElfrOpenELW", handle{})
	if status := p.Write(requestMessage(flagFirst, 3, 7, stub[:16])); status != 0 {
		t.Fatalf("%08X", status)
	}
	if status := p.Write(requestMessage(0, 3, 7, stub[16:24])); status != 0 {
		t.Fatalf("%08X", status)
	}
	if early, ok := p.Read(); ok {
		t.Fatalf("answered before its end: %x", early)
	}
	answer := exchange(t, p, requestMessage(flagLast, 3, 7, stub[24:]))
	if answer[2] != kindResponse || last(answer) != 0 || answer[12] != 3 {
		t.Errorf("%x", answer)
	}

	for name, messages := range map[string][2][]byte{
		"another call":      {requestMessage(flagFirst, 3, 7, stub[:16]), requestMessage(flagLast, 4, 7, stub[16:])},
		"another procedure": {requestMessage(flagFirst, 3, 7, stub[:16]), requestMessage(flagLast, 3, 4, stub[16:])},
		"two beginnings":    {requestMessage(flagFirst, 3, 7, stub[:16]), requestMessage(flagsWhole, 3, 7, stub)},
	} {
		p := bound(t, newServer(), "eventlog", administrator())
		if status := p.Write(messages[0]); status != 0 {
			t.Fatalf("%08X", status)
		}
		checkClosed(t, name, p, messages[1])
	}
	checkClosed(t, "no beginning", bound(t, newServer(), "eventlog", administrator()), requestMessage(flagLast, 3, 7, stub))
}

// TestRequestWithoutEnd: what a client sends is not kept without a limit.
func TestRequestWithoutEnd(t *testing.T) {
	p := bound(t, newServer(), "eventlog", administrator())
	part := make([]byte, fragmentNT4-requestSize)
	sent := 0
	for flags := uint8(flagFirst); !p.Broken(); flags = 0 {
		if sent += len(part); sent > maxRequest+len(part) {
			t.Fatalf("%d bytes taken", sent)
		}
		if status := p.Write(requestMessage(flags, 3, 7, part)); status != 0 {
			t.Fatalf("%08X", status)
		}
	}
	if b, ok := p.Read(); !ok || binary.LittleEndian.Uint32(b[24:]) != faultNoMemory {
		t.Errorf("answered %x", b)
	}
}

// TestUnreadAnswers are not kept without a limit.
func TestUnreadAnswers(t *testing.T) {
	p := bound(t, newServer(), "eventlog", administrator())
	h := openHandle(t, p, 7, recorded(t, "ElfrOpenELW", handle{}))
	read := requestMessage(flagsWhole, 1, 10, append(h[:], 9, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 7, 0))
	status, n := uint32(0), 0
	for ; status == 0 && n < 10; n++ {
		status = p.Write(read)
	}
	if status != statusPipeBusy || p.unread > maxUnread+maxRead+1<<16 {
		t.Errorf("write %d: %08X, %d bytes kept", n, status, p.unread)
	}
	for b, ok := p.Read(); ok; b, ok = p.Read() {
		if len(b) > 4280 {
			t.Errorf("a fragment of %d bytes", len(b))
		}
	}
	if status := p.Write(read); status != 0 || p.unread == 0 {
		t.Errorf("after reading: %08X, %d bytes", status, p.unread)
	}
}

func TestHandles(t *testing.T) {
	s := newServer()
	p, other := bound(t, s, "eventlog", administrator()), bound(t, s, "eventlog", administrator())
	h := openHandle(t, p, 7, recorded(t, "ElfrOpenELW", handle{}))
	openHandle(t, other, 7, recorded(t, "ElfrOpenELW", handle{}))
	for name, test := range map[string]struct {
		pipe   *Pipe
		handle handle
		fault  uint32
	}{
		"its own pipe": {p, h, 0}, "another pipe": {other, h, faultHandle}, "none": {p, handle{}, faultHandle},
	} {
		if _, fault := ask(t, test.pipe, 4, test.handle[:]); fault != test.fault {
			t.Errorf("%s: fault %08X, expected %08X", name, fault, test.fault)
		}
	}
	if answer, fault := ask(t, p, 2, h[:]); fault != 0 || !slices.Equal(answer, make([]byte, handleSize+4)) {
		t.Errorf("close: %x, fault %08X", answer, fault)
	}
	if _, fault := ask(t, p, 2, h[:]); fault != faultHandle {
		t.Errorf("closed twice: fault %08X", fault)
	}
	for range maxHandles {
		openHandle(t, p, 7, recorded(t, "ElfrOpenELW", handle{}))
	}
	if _, fault := ask(t, p, 7, recorded(t, "ElfrOpenELW", handle{})); fault != faultNoMemory {
		t.Errorf("one handle too many: fault %08X", fault)
	}
}

// TestGarbage: a message that is not a fragment closes the pipe without an answer.
func TestGarbage(t *testing.T) {
	whole := requestMessage(flagsWhole, 1, 7, nil)
	changed := func(at int, to byte) []byte {
		b := slices.Clone(whole)
		b[at] = to
		return b
	}
	for name, message := range map[string][]byte{
		"nothing": nil, "a short one": whole[:15], "a cut one": whole[:20], "more than it says": append(slices.Clone(whole), 0),
		"version 4": changed(0, 4), "version 5.1": changed(1, 1), "big-endian": changed(4, 0), "too long": requestMessage(flagsWhole, 1, 7, make([]byte, fragmentNT4)),
	} {
		p := bound(t, newServer(), "eventlog", administrator())
		status := p.Write(message)
		if answer, ok := p.Read(); status != statusPipeBroken || ok || !p.Broken() {
			t.Errorf("%s: %08X, answered %x", name, status, answer)
		}
	}
}

// TestSilentMessages: a client may say that it does not want an answer any more.
func TestSilentMessages(t *testing.T) {
	p := bound(t, newServer(), "eventlog", administrator())
	for _, kind := range []uint8{kindCancel, kindOrphaned} {
		status := p.Write(newPDU(kind, flagsWhole, 1, headerSize))
		if answer, ok := p.Read(); status != 0 || ok || p.Broken() {
			t.Errorf("type %d: %08X, answered %x", kind, status, answer)
		}
	}
}

// TestRequestWithObject: the UUID of an object in a request is passed over.
func TestRequestWithObject(t *testing.T) {
	p := bound(t, newServer(), "eventlog", administrator())
	stub := append(make([]byte, objectSize), recorded(t, "ElfrOpenELW", handle{})...)
	if answer := exchange(t, p, requestMessage(flagsWhole|flagObject, 1, 7, stub)); answer[2] != kindResponse || last(answer) != 0 {
		t.Errorf("%x", answer)
	}
	checkClosed(t, "no room for the object", p, requestMessage(flagsWhole|flagObject, 1, 7, make([]byte, 8)))
}
