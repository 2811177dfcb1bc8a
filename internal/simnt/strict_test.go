package simnt

import (
	"bytes"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestNegotiate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		options  Options
		dialects string
		words    int
		index    uint16
		names    string // after the challenge
	}{
		{"alone", Options{Domain: "CORP"}, "\x02NT LM 0.12\x00", 17, 0, "C\x00O\x00R\x00P\x00\x00\x00"},
		{"last of three", Options{Domain: "CORP"}, "\x02PC NETWORK PROGRAM 1.0\x00\x02LANMAN1.0\x00\x02NT LM 0.12\x00", 17, 2, "C\x00O\x00R\x00P\x00\x00\x00"},
		{"before SMB2", Options{Domain: "CORP"}, "\x02NT LM 0.12\x00\x02SMB 2.002\x00", 17, 0, "C\x00O\x00R\x00P\x00\x00\x00"},
		{"Windows 2000 says its name", Options{Domain: "D", OS: Windows2000}, "\x02NT LM 0.12\x00", 17, 0, "D\x00\x00\x00E\x00X\x00C\x00H\x000\x001\x00\x00\x00"},
		{"OEM", Options{Domain: "CORP", OEM: true}, "\x02NT LM 0.12\x00", 17, 0, "CORP\x00"},
		{"SMB2 alone", Options{}, "\x02SMB 2.002\x00", 1, 0xFFFF, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := startWire(t, tt.options)
			r := w.must("negotiate", w.ask(cmdNegotiate, nil, []byte(tt.dialects)))
			if r.wordCount() != tt.words || r.u16(0) != tt.index {
				t.Fatalf("WordCount %d, index 0x%04X, want %d and 0x%04X", r.wordCount(), r.u16(0), tt.words, tt.index)
			}
			if tt.words == 17 && string(r.bytes[8:]) != tt.names {
				t.Errorf("names %q, want %q", r.bytes[8:], tt.names)
			}
			if tt.words == 17 {
				w.want("second negotiate", statusInvalidSMB, w.ask(cmdNegotiate, nil, []byte(tt.dialects)))
			}
		})
	}
}

// TestRefused goes through what a server answers with a status.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	w.want("echo before the negotiate", statusInvalidSMB, w.ask(cmdEcho, []byte{1, 0}, nil))
	w.negotiate()
	w.want("no session", statusBadUID, w.tree("ADMIN$", "?????"))
	w.want("unknown user", statusLogonFailure, w.login("nobody"))
	w.must("login", w.login(testUser))
	w.want("wrong service", statusBadDeviceType, w.tree("ADMIN$", "LPT1:"))
	w.want("no such share", statusBadNetworkName, w.tree("PRINT$", "?????"))
	w.want("no tree", statusBadTID, w.ask(cmdQueryInformation, nil, []byte("\x04\x00\x00")))
	w.must("tree connect", w.tree("admin$", "A:"))
	for _, tt := range []struct {
		name   string
		access uint32
		status uint32
	}{
		{`\System32\Ras\rasphone.pbk`, accessRead, statusOK},
		{`\system32\RAS\RASPHONE.PBK`, accessRead, statusOK},
		{`\System32\Ras\other.pbk`, accessRead, statusObjectNameNotFound},
		{`\System32\Nowhere\rasphone.pbk`, accessRead, statusObjectPathNotFound},
		{`\System32\Ras\..\x`, accessRead, statusObjectPathSyntaxBad},
		{`\System32\Ras\a*b`, accessRead, statusObjectNameInvalid},
		{`\System32\Ras\rasphone.pbk`, 0x2, statusAccessDenied},
		{`\System32\config\AppEvent.Evt`, accessRead, statusSharingViolation},
		{`\System32\config\AppEvent.Evt`, 0x80, statusOK},
	} {
		_, r := w.create(tt.name, tt.access)
		w.want(tt.name, tt.status, r)
	}
	w.want("no file", statusInvalidHandle, w.ask(cmdClose, []byte{9, 9, 0, 0, 0, 0}, nil))
	w.want("unknown command", statusBadCommand, w.ask(0xFE, nil, nil))
	w.want("wrong WordCount", statusInvalidSMB, w.ask(cmdClose, []byte{9, 9}, nil))
	cut := w.build(cmdClose, []byte{9, 9, 0, 0, 0, 0}, nil)
	cut[len(cut)-2] = 9 // bytes that are not there
	w.send(cut)
	w.want("cut short", statusInvalidSMB, w.receive())
	w.send(w.readMessage(0x800, 0, 100, 0, cmdReadAndX))
	w.want("a chain that no client sends", statusInvalidSMB, w.receive())
	w.send(w.loginMessage(testUser, 1, cmdNTCreate))
	w.want("a login chained to an open", statusInvalidSMB, w.receive())
	w.must("logoff", w.ask(cmdLogoff, []byte{cmdNone, 0, 0, 0}, nil))
	w.want("after the logoff", statusBadUID, w.ask(cmdTreeDisconnect, nil, nil))
	if s := w.host.Statistics(); s.FilesNow != 0 || s.TreesNow != 0 || s.SessionsNow != 0 || s.Dropped != 0 {
		t.Errorf("after the logoff: %+v", s)
	}
}

// TestDropped goes through what a server ends a connection for.
func TestDropped(t *testing.T) {
	t.Parallel()
	tests := map[string]func(w *wire){
		"no SMB":           func(w *wire) { w.send([]byte("GET / HTTP/1.0\r\n\r\n, and so on and so on")) },
		"SMB2":             func(w *wire) { w.send(append([]byte("\xFESMB"), make([]byte, 60)...)) },
		"an answer":        func(w *wire) { m := w.build(cmdEcho, []byte{1, 0}, nil); m[9] = flagReply; w.send(m) },
		"a header cut":     func(w *wire) { w.send([]byte("\xFFSMB\x72")) },
		"too long":         func(w *wire) { w.send(w.build(cmdEcho, []byte{1, 0}, make([]byte, defaultMaxBufferSize))) },
		"an unknown frame": func(w *wire) { _, _ = w.nc.Write([]byte{0x42, 0, 0, 0}) },
		"one request too many": func(w *wire) {
			w.session("IPC$")
			fid, r := w.create(`\eventlog`, accessRead)
			w.must("open", r)
			var reads [][]byte
			for range defaultMaxMpxCount + 1 {
				reads = append(reads, w.readMessage(fid, 0, 100, 1, cmdNone))
			}
			w.send(reads...)
		},
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWire(t, Options{})
			do(w)
			w.ended(name)
			if s := w.host.Statistics(); s.Dropped != 1 {
				t.Errorf("%d connections dropped, want 1", s.Dropped)
			}
		})
	}
}

// TestInFlight counts the requests that wait for something.
func TestInFlight(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	w.session("IPC$")
	fid, r := w.create(`\eventlog`, accessRead)
	w.must("open", r)
	for range defaultMaxMpxCount - 1 {
		w.send(w.readMessage(fid, 0, 4280, 1, cmdNone))
	}
	w.must("echo", w.ask(cmdEcho, []byte{1, 0}, []byte("x")))
	if s := w.host.Statistics(); s.MaxInFlight != defaultMaxMpxCount {
		t.Errorf("%d requests in flight, want %d", s.MaxInFlight, defaultMaxMpxCount)
	}
	w.send(w.build(cmdClose, []byte{byte(fid), byte(fid >> 8), 0, 0, 0, 0}, nil))
	for range defaultMaxMpxCount - 1 {
		w.want("a read of a pipe that is closed", statusPipeClosing, w.receive())
	}
	w.must("close", w.receive())
}

// TestReadAndClose: NT runs a close that is chained to a read, and its answer denies it.
func TestReadAndClose(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{SmallReads: true})
	w.host.WriteFile(`C:\long.txt`, bytes.Repeat([]byte("x"), 10_000), w.host.now())
	w.session("C$")
	fid, r := w.create(`\long.txt`, accessRead)
	w.must("open", r)
	w.send(w.readMessage(fid, 9_990, 100, 0, cmdNone))
	if r := w.must("read at the end", w.receive()); r.u16(10) != 10 {
		t.Errorf("%d bytes at the end, want 10", r.u16(10))
	}
	w.send(w.readMessage(fid, 20_000, 100, 0, cmdNone))
	if r := w.must("read behind the end", w.receive()); r.u16(10) != 0 {
		t.Errorf("%d bytes behind the end, want none", r.u16(10))
	}
	m := w.readMessage(fid, 0, 10_000, 0, cmdClose)
	m[35], m[36] = byte(len(m)), 0
	m = append(m, 3, byte(fid), byte(fid>>8), 0, 0, 0, 0, 0, 0)
	w.send(m)
	r = w.must("read and close", w.receive())
	if got := string(r.words[:4]); got != "\xFF\x00\x00\x00" || len(r.raw)-r.end != 3 || r.u16(10) != 4292 {
		t.Errorf("AndX %x, %d bytes of data, %d bytes behind the end; want none, 4292, and 3", got, r.u16(10), len(r.raw)-r.end)
	}
	w.want("the file is closed", statusInvalidHandle, w.ask(cmdClose, []byte{byte(fid), byte(fid >> 8), 0, 0, 0, 0}, nil))
}

// TestReadSizes: how much of a file one read returns.
func TestReadSizes(t *testing.T) {
	t.Parallel()
	const size = 10_000
	for _, tt := range []struct {
		name         string
		options      Options
		capabilities uint32 // of the client
		asked, want  uint16
	}{
		{"both ends have large reads", Options{}, capLargeReadX, size, size},
		{"the client has none", Options{}, 0, size, 4292},
		{"the server has none", Options{SmallReads: true}, capLargeReadX, size, 4292},
		{"a smaller buffer", Options{SmallReads: true, MaxBufferSize: 2048}, 0, size, 1984},
		{"the client's buffer is the smaller one", Options{SmallReads: true, MaxBufferSize: 16644}, 0, size, 4292},
		{"less than the buffer holds", Options{SmallReads: true}, 0, 4096, 4096},
		{"512 bytes at most", Options{MaxFileRead: 512}, capLargeReadX, size, 512},
		{"one byte at a time", Options{MaxFileRead: 1}, 0, size, 1},
		{"at most more than is asked for", Options{MaxFileRead: 512}, 0, 100, 100},
		{"pipes alone are limited", Options{MaxPipeRead: 1}, 0, 100, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := startWire(t, tt.options)
			w.capabilities = tt.capabilities
			w.host.WriteFile(`C:\long.txt`, bytes.Repeat([]byte("x"), size), w.host.now())
			w.session("C$")
			fid, r := w.create(`\long.txt`, accessRead)
			w.must("open", r)
			w.send(w.readMessage(fid, 0, tt.asked, 0, cmdNone))
			if r := w.must("read", w.receive()); r.u16(10) != tt.want {
				t.Errorf("%d bytes of %d, want %d", r.u16(10), tt.asked, tt.want)
			}
		})
	}
}

// TestAcceptErrors: a host goes on after an error of its listener.
func TestAcceptErrors(t *testing.T) {
	t.Parallel()
	h, err := New(Options{Name: "EXCH01"})
	if err != nil {
		t.Fatal(err)
	}
	inner, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &failingListener{Listener: inner, errors: []error{
		&net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}, errors.New("no reason"),
	}}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	connect(t, h, inner.Addr().String()).negotiate()
	if err := inner.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v after the listener was closed, want net.ErrClosed", err)
	}

	// Close does not wait for the next try.
	go func() { served <- h.Serve(&failingListener{Listener: inner, always: errors.New("never")}) }()
	if err := h.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, ErrClosed) {
		t.Errorf("Serve returned %v after Close, want ErrClosed", err)
	}
}

// failingListener fails to accept with errors, one after another, or always.
type failingListener struct {
	net.Listener
	errors []error
	always error
}

func (l *failingListener) Accept() (net.Conn, error) {
	if l.always != nil {
		return nil, l.always
	}
	if len(l.errors) > 0 {
		err := l.errors[0]
		l.errors = l.errors[1:]
		return nil, err
	}
	return l.Listener.Accept()
}
