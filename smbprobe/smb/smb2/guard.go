package smb2

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// errClosed is why a connection failed that we closed ourselves.
var errClosed = errors.New("the session is closed")

// Types of the transport header, RFC 1002 4.3.1 and [MS-SMB2] 2.1.
const (
	transportHeader    = 4 // bytes
	transportMessage   = 0x00
	transportKeepAlive = 0x85
)

// guard is the connection that go-smb2 sees. It hands on whole frames that were
// checked (checkFrame) and that answer a request of ours (answer), and ends the
// connection at the first one that is or does not. Read and Write may each be
// called from one goroutine at a time, as go-smb2 does; everything else from
// any.
type guard struct {
	net.Conn
	rounds      *smb.Rounds
	trace       smb.Trace
	onNegotiate func(smb.ServerInfo)
	signing     bool // we require it

	// life ends when we give the connection up. Every call into go-smb2 runs
	// under it: the library loses track of its sender where contexts of several
	// calls end one after the other. It does not end when the server closes the
	// connection: go-smb2 would then drop answers that are here already.
	life context.Context
	end  context.CancelFunc

	in       []byte        // Read alone: what is left of the frame being handed over
	answered bool          // Read alone: the peer has sent an SMB2 frame before
	readDone chan struct{} // closed when Read has failed: go-smb2's receiver is ending
	readOnce sync.Once

	out []byte // Write alone: the transport header that waits for its frame

	mu      sync.Mutex
	failure error // why the connection ended; the first reason stays
	talk    conversation
}

func newGuard(nc net.Conn, opts Options) *guard {
	g := &guard{
		Conn:        nc,
		rounds:      opts.Rounds,
		trace:       opts.Trace,
		onNegotiate: opts.OnNegotiate,
		signing:     opts.RequireSigning,
		readDone:    make(chan struct{}),
		talk:        conversation{pending: map[uint64]request{}, opened: map[string]opened{}},
	}
	if g.rounds == nil {
		g.rounds = new(smb.Rounds)
	}
	g.life, g.end = context.WithCancel(context.Background())
	return g
}

// Read hands over the next bytes of a frame that was checked.
func (g *guard) Read(b []byte) (int, error) {
	for len(g.in) == 0 {
		frame, err := g.readFrame()
		if err != nil {
			g.fail(err)
			g.readOnce.Do(func() { close(g.readDone) })
			return 0, err
		}
		if len(frame) > 0 {
			g.in = binary.BigEndian.AppendUint32(make([]byte, 0, transportHeader+len(frame)), uint32(len(frame)))
			g.in = append(g.in, frame...)
		}
	}
	n := copy(b, g.in)
	g.in = g.in[n:]
	return n, nil
}

// readFrame reads one frame and returns what go-smb2 is to see of it, which may
// be nothing.
func (g *guard) readFrame() ([]byte, error) {
	var head [transportHeader]byte
	if _, err := io.ReadFull(g.Conn, head[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", smb.ErrConnectionLost, err)
	}
	size := int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	switch {
	case head[0] == transportKeepAlive && size == 0:
		return nil, nil
	case head[0] != transportMessage || size > maxFrame:
		if !g.answered {
			return nil, fmt.Errorf("%w: it sent % X", smb.ErrNotSMB, head)
		}
		return nil, violation("a frame of type 0x%02X and %d bytes", head[0], size)
	}
	frame := make([]byte, size)
	if _, err := io.ReadFull(g.Conn, frame); err != nil {
		return nil, fmt.Errorf("%w: %w", smb.ErrConnectionLost, err)
	}
	seenAt := time.Now()

	if !g.answered {
		switch kindOf(frame) {
		case kindUnknown:
			return nil, fmt.Errorf("%w: a frame of %d bytes without an SMB2 header", smb.ErrNotSMB, size)
		case kindSMB1:
			return nil, fmt.Errorf("%w: it answers SMB2 with SMB1", smb.ErrNotOffered)
		}
		g.answered = true
	}
	if err := checkFrame(frame); err != nil {
		return nil, err
	}
	return g.answer(frame, seenAt)
}

// Write notes the request and sends it. go-smb2 writes a frame in two calls: the
// transport header, then all the rest.
func (g *guard) Write(b []byte) (int, error) {
	if g.out == nil {
		g.out = append(make([]byte, 0, transportHeader), b...)
		return len(b), nil
	}
	frame := append(g.out, b...)
	g.out = nil
	g.sent(b, time.Now())
	if _, err := g.Conn.Write(frame); err != nil {
		err = fmt.Errorf("%w: %w", smb.ErrConnectionLost, err)
		g.fail(err)
		return 0, err
	}
	return len(b), nil
}

// Close gives the connection up; go-smb2 calls it after a logoff.
func (g *guard) Close() error {
	g.giveUp(errClosed)
	return nil
}

// fail ends the connection and remembers why, unless it has failed before.
func (g *guard) fail(err error) {
	g.mu.Lock()
	if g.failure == nil {
		g.failure = err
	}
	g.mu.Unlock()
	// Nothing more is wanted of the connection, not even that it closes well.
	_ = g.Conn.Close()
}

// giveUp is fail, and ends every wait at once.
func (g *guard) giveUp(err error) {
	g.fail(err)
	g.end()
}

// failed returns why the connection ended, nil while it stands.
func (g *guard) failed() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failure
}

// bind lets the end of ctx end the connection, so that nothing blocks longer.
// The function that it returns undoes that, and waits where it is under way.
func (g *guard) bind(ctx context.Context) (release func()) {
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(fired)
		g.giveUp(ctx.Err())
	})
	return func() {
		if !stop() {
			<-fired
		}
	}
}
