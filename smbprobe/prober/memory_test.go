package prober_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/smb2peer"
)

// memory is a network within memory, for tests in a bubble of synctest: hours take
// milliseconds there.
type memory struct {
	serve func(address string, conn net.Conn) // the server's end of each connection
	// fault is what happens to a login; nil: nothing.
	fault func(address string) loginFault

	serving sync.WaitGroup

	mu     sync.Mutex
	logins []sentLogin // that were written as a whole, in their order
}

type sentLogin struct {
	address string
	at      time.Time
}

// loginFault is what happens to a login. The zero value is nothing.
type loginFault struct {
	// write writes the login; nil: as it is.
	write func(c *wire, b []byte) (int, error)
	// answer returns what is read in place of the answer to it, which comes without its
	// transport header, and the error of the next read, nil if the connection goes on; nil:
	// the answer as it is.
	answer func(c *wire, message []byte) ([]byte, error)
}

// wire is the client's end of a connection. Like a real network it carries nothing that
// a server does not read.
type wire struct {
	net.Conn
	memory  *memory
	address string
	cancel  context.CancelFunc // of the probe, if its context has one

	closing sync.Once
	closed  chan struct{}

	mu       sync.Mutex
	answered *loginFault // how the next message is answered; nil: as it is

	in  []byte // for Read alone, as the error that follows it
	err error
}

// cancelKey is the context key of the function that cancels a probe.
type cancelKey struct{}

func (m *memory) dial(ctx context.Context, _, address string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	m.serving.Go(func() { m.serve(address, theirs) })
	c := &wire{Conn: ours, memory: m, address: address, closed: make(chan struct{})}
	c.cancel, _ = ctx.Value(cancelKey{}).(context.CancelFunc)
	return c, nil
}

// sent returns the logins that were written so far.
func (m *memory) sent() []sentLogin {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]sentLogin(nil), m.logins...)
}

// isLogin reports whether a frame is what a server can count as a login.
func isLogin(frame []byte) bool {
	const sessionSetup = 0x73 // MS-CIFS 2.2.2.1
	m := frame[min(4, len(frame)):]
	return len(m) > 4 && string(m[:4]) == "\xffSMB" && m[4] == sessionSetup || smb2peer.IsResponse(m)
}

func (c *wire) Write(b []byte) (int, error) {
	if !isLogin(b) {
		return c.Conn.Write(b)
	}
	var f loginFault
	if c.memory.fault != nil {
		f = c.memory.fault(c.address)
	}
	c.mu.Lock()
	c.answered = &f
	c.mu.Unlock()
	if f.write != nil {
		return f.write(c, b)
	}
	return c.writeLogin(b)
}

// writeLogin writes a login and counts it.
func (c *wire) writeLogin(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if n == len(b) {
		c.memory.mu.Lock()
		c.memory.logins = append(c.memory.logins, sentLogin{c.address, time.Now()})
		c.memory.mu.Unlock()
	}
	return n, err
}

func (c *wire) Read(b []byte) (int, error) {
	for len(c.in) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		message, err := readMessage(c.Conn)
		if err != nil {
			return 0, err
		}
		c.mu.Lock()
		f := c.answered
		c.answered = nil
		c.mu.Unlock()
		if c.in = framed(message); f != nil && f.answer != nil {
			c.in, c.err = f.answer(c, message)
		}
	}
	n := copy(b, c.in)
	c.in = c.in[n:]
	return n, nil
}

func (c *wire) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// sleep waits, and reports false if the connection was closed meanwhile.
func (c *wire) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.closed:
		return false
	}
}

// hang waits until the client closes the connection.
func (c *wire) hang() error {
	<-c.closed
	return net.ErrClosed
}

// serveSMB2 serves a connection in SMB2.
func serveSMB2(conn net.Conn) { smb2peer.Serve(conn, "TESTDOM") }

// serveSilently reads and answers nothing.
func serveSilently(conn net.Conn) {
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
}

// memoryNT is a simulated NT that serves connections in memory until the test ends.
type memoryNT struct {
	*simnt.Host
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func startMemoryNT(t *testing.T, o simnt.Options) *memoryNT {
	t.Helper()
	o.Name, o.Domain = "EXCH01", "TESTDOM"
	host, err := simnt.New(o)
	if err != nil {
		t.Fatal(err)
	}
	host.AddAccount(smbtest.Username, smbtest.Password, simnt.Account{Administrator: true})
	nt := &memoryNT{Host: host, conns: make(chan net.Conn), closed: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- host.Serve(nt) }()
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, simnt.ErrClosed) {
			t.Error(err)
		}
	})
	return nt
}

// serve hands a connection over.
func (nt *memoryNT) serve(conn net.Conn) {
	select {
	case nt.conns <- conn:
	case <-nt.closed:
		_ = conn.Close()
	}
}

func (nt *memoryNT) Accept() (net.Conn, error) {
	select {
	case c := <-nt.conns:
		return c, nil
	case <-nt.closed:
		return nil, net.ErrClosed
	}
}

func (nt *memoryNT) Close() error {
	nt.once.Do(func() { close(nt.closed) })
	return nil
}

func (nt *memoryNT) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// withStatus returns an answer with a status in place of another answer, in its dialect.
func withStatus(message []byte, status uint32) []byte {
	if message[0] == 0xFE {
		return smb2peer.Refuse(message, status)
	}
	const headerSize = 32 // MS-CIFS 2.2.3.1
	m := append(append([]byte(nil), message[:headerSize]...), 0, 0, 0)
	binary.LittleEndian.PutUint32(m[5:], status)
	return m
}
