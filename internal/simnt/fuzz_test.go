package simnt

import (
	"bytes"
	"net"
	"testing"
	"time"
)

// sink is a connection that keeps the last packet that was written to it.
type sink struct {
	net.Conn
	written int
	last    []byte
}

func (s *sink) Write(b []byte) (int, error) {
	s.written++
	s.last = bytes.Clone(b)
	return len(b), nil
}
func (*sink) Close() error                     { return nil }
func (*sink) SetWriteDeadline(time.Time) error { return nil }
func (*sink) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// message builds a request.
func message(command byte, flags2, tid, uid uint16, words, data []byte) []byte {
	w := newWriter(false)
	copy(w.b, magic)
	w.b[4] = command
	w.put16(10, flags2)
	w.put16(24, tid)
	w.put16(28, uid)
	w.words()
	w.bytes(words)
	w.data()
	w.bytes(data)
	w.end()
	return w.b
}

// loggedIn is a connection on which an administrator has connected C$ (TID 0x800) and IPC$
// (TID 0x801), and has opened the phone book (FID 0x800) and a pipe (FID 0x801).
func loggedIn(t testing.TB) (*conn, *sink) {
	t.Helper()
	h, err := New(Options{Name: "EXCH01", ServicePack: 6})
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{}
	c := newConn(h, s)
	c.negotiated, c.clientBuffer = true, defaultMaxBufferSize
	c.sessions[0x800] = &session{identity{user: "user", administrator: true}}
	h.sessions = 1
	c.trees[0x800] = &tree{uid: 0x800, share: h.shares["C$"]}
	c.trees[0x801] = &tree{uid: 0x800, share: h.shares["IPC$"]}
	book := &open{fid: 0x800, tid: 0x800, uid: 0x800, reads: true}
	var status uint32
	if book.node, status = h.disk.walk(withoutDrive(phonebook)); status != statusOK {
		t.Fatalf("no phone book: 0x%08X", status)
	}
	p, status := h.system.Open("eventlog", c.sessions[0x800].access())
	if status != statusOK {
		t.Fatalf("no pipe: 0x%08X", status)
	}
	c.opens[0x800] = book
	c.opens[0x801] = &open{fid: 0x801, tid: 0x801, uid: 0x800, pipe: &pipe{rpc: p}}
	c.lastFID, c.lastTID, c.lastUID = 0x801, 0x801, 0x800
	return c, s
}

// FuzzMessage sends messages to a connection with everything open: whatever comes, it answers
// each at most a few times, holds no more than its limits, and does not panic.
func FuzzMessage(f *testing.F) {
	const unicode = flags2Unicode | flags2NTStatus
	and := []byte{cmdNone, 0, 0, 0}
	pad := func(b []byte, n int) []byte { return append(bytes.Clone(b), make([]byte, n-len(b))...) }
	for _, seed := range [][]byte{
		message(cmdNegotiate, unicode, 0, 0, nil, []byte("\x02NT LM 0.12\x00")),
		message(cmdSessionSetup, unicode, 0, 0, pad(append(and, 0, 16, 2, 0, 1, 0), 26), make([]byte, 8)),
		message(cmdTreeConnect, 0, 0, 0x800, pad(append(and, 0, 0, 1), 8), []byte("\x00\\\\X\\ADMIN$\x00?????\x00")),
		message(cmdNTCreate, 0, 0x800, 0x800, pad(append(and, 0, 4), 48), []byte(`\WIN`)),
		message(cmdReadAndX, 0, 0x800, 0x800, pad(append(and, 0, 8, 0, 0, 0, 0, 255, 255), 24), nil),
		message(cmdReadAndX, 0, 0x801, 0x800, pad(append(and, 1, 8, 0, 0, 0, 0, 255, 255, 1), 24), nil),
		message(cmdWriteAndX, 0, 0x801, 0x800, pad(append(and, 1, 8), 28), make([]byte, 20)),
		message(cmdClose, 0, 0x800, 0x800, []byte{0, 8, 0, 0, 0, 0}, nil),
		message(cmdTransaction, 0, 0x801, 0x800, append(pad(nil, 26), 2, 0, 0x26, 0, 1, 8), []byte("\\PIPE\\\x00")),
		message(cmdTransaction2, 0, 0x800, 0x800, append(append(pad(nil, 18), 14, 0, 68, 0, 0, 0, 0, 0), 1, 0, 1, 0), []byte("\x00\x00\x00\x16\x00\x09\x00\x00\x00\x04\x01\x00\x00\x00\x00*\x00")),
		message(cmdQueryInformation, 0, 0x800, 0x800, nil, []byte("\x04\\WINNT\x00")),
		message(cmdCheckDirectory, 0, 0x800, 0x800, nil, []byte("\x04\\WINNT\x00")),
		message(cmdEcho, 0, 0, 0, []byte{3, 0}, []byte("hello")),
		message(cmdDelete, 0, 0x800, 0x800, []byte{0, 0}, []byte("\x04\\WINNT\x00")),
		message(cmdWrite, 0, 0x800, 0x800, pad([]byte{0, 8}, 10), nil),
		message(cmdLockingAndX, 0, 0x800, 0x800, pad(append(and, 0, 8), 16), nil),
		message(cmdOpenAndX, 0, 0x800, 0x800, pad(append(and, 0, 0, 1), 30), nil),
		message(cmdNTTransact, 0, 0x800, 0x800, pad(nil, 38), nil),
		message(cmdFlush, 0, 0x800, 0x800, []byte{0xFF, 0xFF}, nil),
		message(cmdTransaction2, 0, 0x800, 0x800, append(append(pad(nil, 18), 4, 0, 68, 0, 0, 0, 0, 0), 1, 0, setFileInfo, 0), []byte("\x00\x00\x00\x00\x08\x01\x01")),
		message(cmdTreeDisconnect, 0, 0x800, 0x800, nil, nil),
		message(cmdLogoff, 0, 0, 0x800, and, nil),
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c, s := loggedIn(t)
		for _, raw := range [][]byte{first, second} {
			r, ok := parseRequest(bytes.Clone(raw))
			if !ok {
				continue
			}
			if !c.admit(r) {
				t.Fatal("one request is too many")
			}
			before := s.written
			c.handle(r)
			const most = 17 // an echo, and what a close wakes up
			if n := s.written - before; n > most {
				t.Errorf("%d messages answer one", n)
			}
		}
		if len(c.sessions) > 3 || len(c.trees) > 4 || len(c.opens) > 4 || len(c.searches) > 2 {
			t.Errorf("%d sessions, %d trees, %d files, %d searches after two messages", len(c.sessions), len(c.trees), len(c.opens), len(c.searches))
		}
		c.closeAll()
		if n := len(c.sessions) + len(c.trees) + len(c.opens) + len(c.searches); n != 0 {
			t.Errorf("%d things are left after the end of the connection", n)
		}
	})
}
