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

// errClosed is the reason if we closed the connection ourselves.
var errClosed = errors.New("the session is closed")

// Types of the transport header, RFC 1002 4.3.1 and [MS-SMB2] 2.1.
const (
	transportHeader    = 4 // bytes
	transportMessage   = 0x00
	transportKeepAlive = 0x85
)

// guard is the connection that go-smb2 sees. It hands on packets that were
// checked and that answer a request of ours (conversation.answer), one in each
// frame, and ends the connection at the first one that fails a check. Read and
// Write may each be called from one goroutine at a time, as go-smb2 does;
// everything else from any.
type guard struct {
	net.Conn
	trace       smb.Trace
	onNegotiate func(smb.ServerInfo)

	// life ends when we give the connection up. Every call into go-smb2 runs
	// under it: the library loses track of its sender if contexts of several
	// calls end one after the other. It does not end when the server closes the
	// connection: go-smb2 would then drop answers that have arrived already.
	life context.Context
	end  context.CancelFunc

	in       []byte        // Read alone: what is left of the frames being handed over
	answered bool          // Read alone: the peer has sent an SMB2 frame before
	readDone chan struct{} // closed when Read has failed: go-smb2's receiver is ending
	readOnce sync.Once

	out []byte // Write alone: the transport header that waits for its frame

	response *response

	mu      sync.Mutex
	failure error // why the connection ended; the first reason stays
	talk    conversation
}

func newGuard(nc net.Conn, creds smb.Credentials, opts Options) *guard {
	g := &guard{
		Conn:        nc,
		trace:       opts.Trace,
		onNegotiate: opts.OnNegotiate,
		readDone:    make(chan struct{}),
		response:    newResponse(),
		talk: conversation{
			creds:          creds,
			requireSigning: opts.RequireSigning,
			rounds:         opts.Rounds,
			pending:        map[uint64]request{},
			opened:         map[string]opened{},
		},
	}
	if g.talk.rounds == nil {
		g.talk.rounds = new(smb.Rounds)
	}
	g.life, g.end = context.WithCancel(context.Background())
	return g
}

// Read hands over the next bytes of packets that were checked. go-smb2 calls it
// in a goroutine of its own, so it recovers: a panic of ours, or of a callback,
// fails the connection.
func (g *guard) Read(b []byte) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			n, err = 0, newPanicError(p)
		}
		if err != nil {
			g.fail(err)
			g.readOnce.Do(func() { close(g.readDone) })
		}
	}()
	for len(g.in) == 0 {
		frame, seenAt, err := g.readFrame()
		if err != nil {
			return 0, err
		}
		if g.in, err = g.answer(frame, seenAt); err != nil {
			return 0, err
		}
	}
	n = copy(b, g.in)
	g.in = g.in[n:]
	return n, nil
}

// readFrame reads one frame; a keep-alive is an empty one.
func (g *guard) readFrame() (frame []byte, seenAt time.Time, err error) {
	var head [transportHeader]byte
	if _, err := io.ReadFull(g.Conn, head[:]); err != nil {
		return nil, seenAt, fmt.Errorf("%w: %w", smb.ErrConnectionLost, err)
	}
	size := int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	switch {
	case head[0] == transportKeepAlive && size == 0:
		return nil, seenAt, nil
	case head[0] != transportMessage || size > maxFrame:
		if !g.answered {
			return nil, seenAt, fmt.Errorf("%w: it sent % X", smb.ErrNotSMB, head)
		}
		return nil, seenAt, violation("a frame of type 0x%02X and %d bytes", head[0], size)
	}
	frame = make([]byte, size)
	if _, err := io.ReadFull(g.Conn, frame); err != nil {
		return nil, seenAt, fmt.Errorf("%w: %w", smb.ErrConnectionLost, err)
	}
	seenAt = time.Now()

	if !g.answered {
		switch kindOf(frame) {
		case kindUnknown:
			return nil, seenAt, fmt.Errorf("%w: a frame of %d bytes without an SMB2 header", smb.ErrNotSMB, size)
		case kindSMB1:
			return nil, seenAt, fmt.Errorf("%w: it answers SMB2 with SMB1", smb.ErrNotOffered)
		}
		g.answered = true
	}
	if size == 0 {
		return nil, seenAt, violation("an empty frame")
	}
	return frame, seenAt, nil
}

// answer returns what go-smb2 is to read in place of a frame, transport headers
// included; it may be nothing.
func (g *guard) answer(frame []byte, seenAt time.Time) ([]byte, error) {
	if len(frame) == 0 {
		return nil, nil
	}
	packets, described, err := g.checkAnswers(frame, seenAt)
	if described != nil && g.onNegotiate != nil {
		g.onNegotiate(*described)
	}
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, packet := range packets {
		out = binary.BigEndian.AppendUint32(out, uint32(len(packet)))
		out = append(out, packet...)
	}
	return out, nil
}

// checkAnswers returns the packets of a frame that go-smb2 is to see, and what
// the server has told about itself if that is new.
func (g *guard) checkAnswers(frame []byte, seenAt time.Time) (packets []header, described *smb.ServerInfo, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := checkKind(frame, g.talk.established); err != nil {
		return nil, nil, err
	}
	chain, err := splitChain(frame)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range chain {
		packet, news, err := g.talk.answer(h, seenAt)
		if news {
			info := g.talk.info
			described = &info
		}
		if err != nil {
			return nil, described, err
		}
		if packet != nil {
			packets = append(packets, packet)
		}
	}
	return packets, described, nil
}

// Write notes the request and sends it. go-smb2 writes a frame in two calls: the
// transport header, then all the rest. Like Read, it recovers.
func (g *guard) Write(b []byte) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			n, err = 0, newPanicError(p)
		}
		if err != nil {
			g.fail(err)
		}
	}()
	if g.out == nil {
		g.out = append(make([]byte, 0, transportHeader), b...)
		return len(b), nil
	}
	frame := append(g.out, b...)
	g.out = nil
	if isResponse(b) {
		err = g.sendResponse(frame)
	} else {
		_, err = g.writeFrame(frame)
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// writeFrame notes the request in a frame and sends it.
func (g *guard) writeFrame(frame []byte) (n int, err error) {
	if err := g.noteRequest(frame[transportHeader:]); err != nil {
		return 0, err
	}
	if n, err = g.Conn.Write(frame); err != nil {
		err = fmt.Errorf("%w: %w", smb.ErrConnectionLost, err)
	}
	return n, err
}

func (g *guard) noteRequest(frame []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.talk.sent(frame, time.Now())
}

// Close gives the connection up; go-smb2 calls it after a logoff.
func (g *guard) Close() error {
	g.giveUp(errClosed)
	return nil
}

// fail ends the connection and keeps the reason, unless it has failed before.
func (g *guard) fail(err error) {
	g.mu.Lock()
	if g.failure == nil {
		g.failure = err
	}
	g.mu.Unlock()
	// Nothing more is expected of the connection, not even that it closes well.
	// But a panic of its Close must not end the process, nor leave Read waiting.
	if p, ok := errors.AsType[*smb.PanicError](recovered(g.Conn.Close)); ok {
		g.panicked(p)
		_ = recovered(func() error { return g.Conn.SetDeadline(time.Unix(1, 0)) })
	}
}

// panicked keeps a panic as the reason for the end, whatever it was before.
func (g *guard) panicked(p *smb.PanicError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failure = p
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

// bind makes the end of ctx end the connection, so that nothing blocks longer.
// The function that it returns undoes that, and waits if it is under way.
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

// takeOpened returns how the server answered the CREATE of this path, once. Of a
// path with symbolic links it is the answer that named the first one.
func (g *guard) takeOpened(path string) opened {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.talk.opened[path]
	delete(g.talk.opened, path)
	return o
}

// server returns what the server has told about itself up to now.
func (g *guard) server() smb.ServerInfo {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.talk.info
}

// chunk is how many bytes one READ requests: no more than the server allows, so
// that go-smb2 makes one request of it.
func (g *guard) chunk() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return min(chunkSize, int64(g.talk.negotiated.maxRead))
}
