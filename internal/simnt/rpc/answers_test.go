package rpc

import (
	"encoding/binary"
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// TestConfigNeedsRoom: the answer for a configuration that does not fit is its length, and
// with so much room it fits.
func TestConfigNeedsRoom(t *testing.T) {
	p := bound(t, newServer(), "svcctl", administrator())
	manager := openHandle(t, p, 15, recorded(t, "ROpenSCManagerW", handle{}))
	stub := recorded(t, "ROpenServiceW", manager)
	stub[len(stub)-4] = queryConfig
	service := openHandle(t, p, 16, stub)
	ask := func(room uint32) []byte {
		answer, fault := ask(t, p, 17, binary.LittleEndian.AppendUint32(service[:], room))
		if fault != 0 || len(answer) < 44 {
			t.Fatalf("room %d: %x, fault %08X", room, answer, fault)
		}
		return answer
	}
	small := ask(0)
	needed := last(small[:len(small)-4])
	if !slices.Equal(small[:36], make([]byte, 36)) || len(small) != 44 || needed <= 36 || last(small) != errorInsufficientBuffer {
		t.Errorf("no room: %x", small)
	}
	if almost := ask(needed - 1); last(almost) != errorInsufficientBuffer {
		t.Errorf("almost room: %x", almost)
	}
	if whole := ask(needed); last(whole) != 0 {
		t.Errorf("room: %x", whole)
	}
}

// TestNotImplemented: Windows NT 4.0 has these procedures, and nothing behind them.
func TestNotImplemented(t *testing.T) {
	p := bound(t, newServer(), "svcctl", administrator())
	windows2000 := bound(t, NewSystem(Options{Name: "W2K", Major: 5, Now: now}), "svcctl", administrator())
	for opnum := uint16(34); opnum <= 37; opnum++ {
		if answer, fault := ask(t, p, opnum, nil); fault != 0 || len(answer) != 4 || last(answer) != errorCallNotImplemented {
			t.Errorf("number %d: %x, fault %08X", opnum, answer, fault)
		}
		if _, fault := ask(t, windows2000, opnum, nil); fault != faultOpRange {
			t.Errorf("number %d on Windows 2000: fault %08X", opnum, fault)
		}
	}
}

// query returns a request for a value with this much room for it; less than 0: none.
func query(h handle, name string, room int) []byte {
	var w writer
	w.handle(h)
	text := utf16z(name)
	w.unicodeString(text, uint16(len(text)))
	w.optionalU32(0, true)
	w.pointer(room >= 0)
	if room >= 0 {
		w.u32(uint32(room), 0, 0)
	}
	w.optionalU32(uint32(max(room, 0)), true)
	w.optionalU32(0, true)
	return w.b
}

// TestValueNeedsRoom: the answer for a value that does not fit is its length.
func TestValueNeedsRoom(t *testing.T) {
	s := newServer()
	p := bound(t, s, "winreg", administrator())
	root := openHandle(t, p, 2, recorded(t, "OpenLocalMachine", handle{}))
	key := openHandle(t, p, 15, recorded(t, "BaseRegOpenKey", root))
	const size = 4 // of AutoShareServer
	for _, test := range []struct {
		value  string
		room   int
		needed uint32
		code   uint32
	}{
		{"AutoShareServer", size, size, 0}, {"AutoShareServer", 99, size, 0},
		{"AutoShareServer", 3, size, errorMoreData}, {"AutoShareServer", 0, size, errorMoreData}, {"AutoShareServer", -1, size, errorMoreData},
		{"NotThere", 99, 0, errorFileNotFound}, {"NotThere", -1, 0, errorFileNotFound},
	} {
		answer, fault := ask(t, p, 17, query(key, test.value, test.room))
		r := reader{b: answer}
		kind, _ := r.optionalU32()
		data, most := []byte(nil), uint32(0)
		if r.pointer() != (test.room >= 0) {
			t.Errorf("%s, room %d: the buffer went or came", test.value, test.room)
		} else if test.room >= 0 {
			data, most = r.varying(1)
		}
		needed, _ := r.optionalU32()
		length, _ := r.optionalU32()
		code := r.u32()
		if r.bad || r.at != len(answer) || fault != 0 || code != test.code || needed != test.needed || int(length) != len(data) ||
			code == 0 && len(data) != size || code != 0 && len(data) != 0 || test.room >= 0 && most != needed ||
			(kind == regNumber) != (test.code != errorFileNotFound) {
			t.Errorf("%s, room %d: %x, fault %08X", test.value, test.room, answer, fault)
		}
	}
}

// TestPaths: names of keys, with what Windows makes of wrong ones.
func TestPaths(t *testing.T) {
	p := bound(t, newServer(), "winreg", administrator())
	root := openHandle(t, p, 2, recorded(t, "OpenLocalMachine", handle{}))
	for path, want := range map[string]uint32{
		"SYSTEM\x00": 0, "system\x00": 0, "SYSTEM": errorFileNotFound, // its last character is taken for the NUL
		"SYSTEM\\CurrentControlSet\x00": 0, "\\SYSTEM\x00": errorBadPathname, "SYSTEM\\\\Services\x00": errorFileNotFound,
		"\x00": 0, "": 0, "NotThere\\Below\x00": errorFileNotFound,
	} {
		var w writer
		w.handle(root)
		var text []byte
		for _, unit := range utf16.Encode([]rune(path)) {
			text = binary.LittleEndian.AppendUint16(text, unit)
		}
		w.unicodeString(text, uint16(len(text)))
		w.u32(0, keyRead)
		if answer, fault := ask(t, p, 15, w.b); fault != 0 || last(answer) != want || (handle(answer) != handle{}) != (want == 0) {
			t.Errorf("%q: %x, fault %08X, expected %d", path, answer, fault, want)
		}
	}
}

// TestEnumNeedsRoom: the name of a key has to fit the client's buffer with its NUL.
func TestEnumNeedsRoom(t *testing.T) {
	s := NewSystem(Options{Name: "EXCH1", Major: 4, Now: now})
	s.Registry().DeleteKey("SYSTEM")
	p := bound(t, s, "winreg", administrator())
	root := openHandle(t, p, 2, recorded(t, "OpenLocalMachine", handle{}))
	for room, want := range map[uint16]uint32{18: 0, 512: 0, 16: errorMoreData, 0: errorMoreData} {
		var w writer
		w.handle(root)
		w.u32(0)
		w.unicodeString(nil, room)
		w.pointer(true) // class
		w.unicodeString(nil, 64)
		w.pointer(true) // time
		w.u32(1, 2)
		answer, fault := ask(t, p, 9, w.b)
		r := reader{b: answer}
		name, gotRoom := r.unicodeString()
		hasClass := r.pointer()
		class, classRoom := r.unicodeString()
		hasTime, time1, time2, code := r.pointer(), r.u32(), r.u32(), r.u32()
		text := ""
		if want == 0 {
			text = "SOFTWARE\x00"
		}
		if r.bad || r.at != len(answer) || fault != 0 || code != want || string(utf16.Decode(name)) != text || gotRoom != room ||
			!hasClass || len(class) != 0 || classRoom != 64 || !hasTime || time1 != 0 || time2 != 0 {
			t.Errorf("room %d: %x, fault %08X", room, answer, fault)
		}
	}
}

// TestShareEnumResumed: a client with a resume handle gets the rest.
func TestShareEnumResumed(t *testing.T) {
	s := newServer()
	p := bound(t, s, "srvsvc", Access{User: "reader"})
	for resume, want := range map[uint32][]string{0: {"ADMIN$", "IPC$", "mail"}, 2: {"mail"}, 3: nil, 0xFFFFFFFF: nil} {
		answer, fault := ask(t, p, 15, enumShares(0, resume))
		r := reader{b: answer}
		level, union, container, count, array, most := r.u32(), r.u32(), r.pointer(), r.u32(), r.pointer(), r.u32()
		for range most {
			r.pointer()
		}
		var got []string
		for range most {
			got = append(got, r.text())
		}
		total := r.u32()
		next, hasNext := r.optionalU32()
		code := r.u32()
		diff := cmp.Diff(want, got)
		if r.bad || r.at != len(answer) || fault != 0 || code != 0 || level+union != 0 || !container || !array || count != most || total != most || next != 0 || !hasNext || diff != "" {
			t.Errorf("from %d on: %x, fault %08X (-want +got):\n%s", resume, answer, fault, diff)
		}
	}
	for level, want := range map[uint32]uint32{2: errorAccessDenied, 3: errorInvalidLevel} {
		if answer, fault := ask(t, p, 15, enumShares(level, 0)); fault != 0 || last(answer) != want {
			t.Errorf("level %d: %x, fault %08X", level, answer, fault)
		}
	}
	s.SetShares(nil)
	if answer, fault := ask(t, p, 15, enumShares(1, 0)); fault != 0 || last(answer) != 0 || binary.LittleEndian.Uint32(answer[12:]) != 0 {
		t.Errorf("no share: %x, fault %08X", answer, fault)
	}
}

func enumShares(level, resume uint32) []byte {
	var w writer
	w.pointer(false)
	w.u32(level, level)
	w.pointer(true)
	w.u32(0, 0, 0xFFFFFFFF)
	w.optionalU32(resume, true)
	return w.b
}
