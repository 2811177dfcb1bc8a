package simnt

import (
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"time"
)

const (
	testUser     = "rasphone"
	testPassword = "secret"
	ntUnicode    = flags2Unicode | flags2NTStatus | flags2LongNames
)

// wire is a client that says exactly what a test wants.
type wire struct {
	t    *testing.T
	nc   net.Conn
	host *Host

	flags2   uint16
	uid, tid uint16
	mid      uint16
	nonce    [8]byte

	capabilities uint32 // that it logs in with
}

// reply is what it is answered.
type reply struct {
	raw      []byte
	status   uint32 // or class and code where NT status codes are off
	flags2   uint16
	tid, uid uint16
	mid      uint16
	block
}

// startWire serves a host and connects to it.
func startWire(t *testing.T, o Options) *wire {
	t.Helper()
	if o.Name == "" {
		o.Name = "EXCH01"
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h.AddAccount(testUser, testPassword, Account{Administrator: true})
	h.AddAccount("plain", testPassword, Account{})
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, ErrClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	return connect(t, h, l.Addr().String())
}

func connect(t *testing.T, h *Host, addr string) *wire {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &wire{t: t, nc: nc, host: h, flags2: ntUnicode}
}

// again connects once more.
func (w *wire) again() *wire {
	w.t.Helper()
	return connect(w.t, w.host, w.nc.RemoteAddr().String())
}

// build makes a request with the next MID.
func (w *wire) build(command byte, words, data []byte) []byte {
	w.mid++
	m := message(command, w.flags2, w.tid, w.uid, words, data)
	binary.LittleEndian.PutUint16(m[30:], w.mid)
	return m
}

// send writes messages in one go.
func (w *wire) send(messages ...[]byte) {
	w.t.Helper()
	var b []byte
	for _, m := range messages {
		b = appendPacket(b, packetMessage, m)
	}
	if _, err := w.nc.Write(b); err != nil {
		w.t.Fatal(err)
	}
}

// receive reads the next answer.
func (w *wire) receive() reply {
	w.t.Helper()
	p, err := readPacket(w.nc, 1<<17)
	if err != nil {
		w.t.Fatalf("reading an answer: %v", err)
	}
	u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(p.payload[at:]) }
	r := reply{raw: p.payload, status: binary.LittleEndian.Uint32(p.payload[5:]), flags2: u16(10), tid: u16(24), uid: u16(28), mid: u16(30)}
	var ok bool
	if r.block, ok = parseBlock(p.payload, headerSize, p.payload[4]); !ok {
		w.t.Fatalf("a malformed answer: %x", p.payload)
	}
	return r
}

// ask sends a request and returns its answer.
func (w *wire) ask(command byte, words, data []byte) reply {
	w.t.Helper()
	w.send(w.build(command, words, data))
	return w.receive()
}

// ended fails the test unless the server ends the connection without an answer.
func (w *wire) ended(why string) {
	w.t.Helper()
	if n, err := w.nc.Read(make([]byte, 1)); n != 0 || err == nil {
		w.t.Errorf("%s: the server answers", why)
	} else if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		w.t.Errorf("%s: the connection goes on", why)
	}
}

func (w *wire) want(what string, status uint32, r reply) {
	w.t.Helper()
	if r.status != status {
		w.t.Errorf("%s: status 0x%08X, want 0x%08X", what, r.status, status)
	}
}

func (w *wire) must(what string, r reply) reply {
	w.t.Helper()
	if r.status != statusOK {
		w.t.Fatalf("%s: status 0x%08X", what, r.status)
	}
	return r
}

func (w *wire) negotiate() reply {
	w.t.Helper()
	r := w.must("negotiate", w.ask(cmdNegotiate, nil, []byte("\x02NT LM 0.12\x00")))
	copy(w.nonce[:], r.bytes)
	return r
}

// loginMessage makes a session setup in NTLMv1.
func (w *wire) loginMessage(user string, vc uint16, next byte) []byte {
	response := desl(ntHash(testPassword), w.nonce)
	words := &writer{}
	words.bytes([]byte{next, 0, 0, 0})
	words.u16(defaultMaxBufferSize)
	words.u16(50)
	words.u16(vc)
	words.u32(0)
	words.u16(0)
	if user == "" {
		response = nil
	}
	words.u16(uint16(len(response)))
	words.zeros(4)
	words.u32(w.capabilities)
	data := &writer{unicode: true}
	data.bytes(response)
	data.u8(0) // aligns: the bytes start at 61
	for _, s := range []string{user, "CORP", "test", "test"} {
		data.bytes(append(utf16le(s), 0, 0))
	}
	return w.build(cmdSessionSetup, words.b, data.b)
}

func (w *wire) login(user string) reply {
	w.t.Helper()
	w.send(w.loginMessage(user, 1, cmdNone))
	r := w.receive()
	w.uid = r.uid
	return r
}

func (w *wire) tree(share, service string) reply {
	w.t.Helper()
	words := []byte{cmdNone, 0, 0, 0, 0, 0, 1, 0}
	data := append([]byte{0}, append(utf16le(`\\EXCH01\`+share), 0, 0)...)
	r := w.ask(cmdTreeConnect, words, append(append(data, service...), 0))
	w.tid = r.tid
	return r
}

func (w *wire) createMessage(name string, access, share uint32) []byte {
	words := &writer{}
	words.bytes([]byte{cmdNone, 0, 0, 0, 0})
	words.u16(uint16(2 * len(name)))
	words.u32(0)
	words.u32(0)
	words.u32(access)
	words.u64(0)
	words.u32(0)
	words.u32(share)
	words.u32(1)
	words.u32(0)
	words.u32(2)
	words.u8(0)
	return w.build(cmdNTCreate, words.b, append([]byte{0}, append(utf16le(name), 0, 0)...))
}

// create opens a file or a pipe.
func (w *wire) create(name string, access uint32) (uint16, reply) {
	w.t.Helper()
	w.send(w.createMessage(name, access, 7))
	r := w.receive()
	if r.status != statusOK {
		return 0, r
	}
	return r.u16(5), r
}

func (w *wire) readMessage(fid uint16, offset uint32, count, least uint16, next byte) []byte {
	words := &writer{}
	words.bytes([]byte{next, 0, 0, 0})
	words.u16(fid)
	words.u32(offset)
	words.u16(count)
	words.u16(least)
	words.zeros(10)
	return w.build(cmdReadAndX, words.b, nil)
}

// transactMessage makes a TransactNmPipe.
func (w *wire) transactMessage(fid uint16, maxData uint16, message []byte) []byte {
	words := &writer{}
	words.u16(0)
	words.u16(uint16(len(message)))
	words.u16(0)
	words.u16(maxData)
	words.zeros(10)
	words.u16(0)
	words.u16(0)
	words.u16(uint16(len(message)))
	words.u16(84)
	words.u16(2)
	words.u16(0x26)
	words.u16(fid)
	data := append([]byte{0}, append(utf16le(`\PIPE\`), 0, 0, 0, 0)...)
	return w.build(cmdTransaction, words.b, append(data, message...))
}

// session negotiates, logs in and connects a share.
func (w *wire) session(share string) {
	w.t.Helper()
	w.negotiate()
	w.must("login", w.login(testUser))
	w.must("tree connect", w.tree(share, "?????"))
}

// bind is a DCE/RPC bind to the event log (C706 12.6.4.3).
func bind() []byte {
	return []byte("\x05\x00\x0b\x03\x10\x00\x00\x00\x48\x00\x00\x00\x01\x00\x00\x00\xb8\x10\xb8\x10\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01\x00" +
		"\xdc\x3f\x27\x82\x2a\xe3\xc3\x18\x3f\x78\x82\x79\x29\xdc\x23\xea\x00\x00\x00\x00" +
		"\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\x00\x00\x00")
}

// tcpPort is the server's port.
func tcpPort(w *wire) uint16 { return uint16(w.nc.RemoteAddr().(*net.TCPAddr).Port) }
