package peer

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// conversation serves one connection. One goroutine reads, and counts the requests in flight; the
// other answers in order.
type conversation struct {
	peer   *Peer
	script *Script
	conn   *net.TCPConn
	record *Connection // guarded by peer.mu

	frames   chan received
	inFlight int           // guarded by peer.mu
	gone     chan struct{} // closed when nothing more is received
	over     chan struct{} // closed when nothing more is answered
	seen     map[Step]int

	negotiated bool
	uids       map[uint16]bool
	trees      map[uint16]bool
	files      map[uint16]File
	refused    map[string]int // opens that File.OpenStatus answered, by CleanPath
	lastID     uint16         // of UIDs, TIDs and FIDs alike
}

type received struct {
	kind    byte
	payload []byte
}

// errOver ends a conversation.
var errOver = errors.New("the conversation is over")

func newConversation(p *Peer, conn *net.TCPConn) *conversation {
	return &conversation{
		peer: p, script: &p.script, conn: conn, record: &Connection{},
		frames: make(chan received, 64), gone: make(chan struct{}), over: make(chan struct{}),
		seen: map[Step]int{}, uids: map[uint16]bool{}, trees: map[uint16]bool{}, files: map[uint16]File{}, refused: map[string]int{},
		lastID: 0x07FF, // NT's first identifier is 0x0800
	}
}

// run ends when the client, the script or the peer's stop ends the connection.
func (c *conversation) run() {
	var running sync.WaitGroup
	running.Go(c.read)
	running.Go(func() {
		// Closing frees a read and a write that wait.
		select {
		case <-c.over:
		case <-c.peer.done:
		}
		_ = c.conn.Close()
	})
	c.serve()
	close(c.over)
	running.Wait()
	c.note(func(r *Connection) { r.Ended = true })
	c.peer.changed.Broadcast()
}

func (c *conversation) note(change func(*Connection)) {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	change(c.record)
}

// read passes frames on until the connection ends.
func (c *conversation) read() {
	defer close(c.gone)
	for {
		kind, payload, err := readFrame(c.conn)
		if err != nil {
			if errors.Is(err, errMalformed) || errors.Is(err, io.ErrUnexpectedEOF) {
				c.note(func(r *Connection) { r.Malformed = append(r.Malformed, err.Error()) })
			}
			return
		}
		if kind == packetKeepAlive {
			continue
		}
		c.note(func(r *Connection) {
			c.inFlight++
			r.Frames++
			r.MaxInFlight = max(r.MaxInFlight, c.inFlight)
		})
		select {
		case c.frames <- received{kind, payload}:
		case <-c.over:
			return
		}
	}
}

// serve answers until the conversation is over.
func (c *conversation) serve() {
	if fault, ok := c.faultAt(StepAccept); ok {
		if err := c.fail(fault, nil); err != nil {
			return
		}
	}
	for {
		select {
		case f := <-c.frames:
			if err := c.answer(f); err != nil {
				if errors.Is(err, errMalformed) {
					c.note(func(r *Connection) { r.Malformed = append(r.Malformed, err.Error()) })
				}
				return
			}
		case <-c.gone:
			// Frames may have arrived before the end.
			if len(c.frames) == 0 {
				return
			}
		case <-c.peer.done:
			return
		}
	}
}

// answer answers one frame.
func (c *conversation) answer(f received) error {
	if f.kind == packetRequest && c.script.NetBIOS != nil {
		return c.sessionRequest(f.payload)
	}
	if f.kind != packetMessage {
		return malformed("a session packet of type 0x%02X", f.kind)
	}
	r, err := parseRequest(f.payload)
	if err != nil {
		return err
	}
	reply, err := c.handle(r)
	if err != nil {
		return err
	}
	for _, b := range r.blocks {
		if fault, ok := c.faultAt(stepOf(b.command)); ok {
			return c.fail(fault, reply)
		}
	}
	return c.send(frame(packetMessage, reply.b))
}

// send sends an answer.
func (c *conversation) send(b []byte) error {
	c.note(func(*Connection) { c.inFlight-- })
	if c.script.KeepAlives {
		b = append(frame(packetKeepAlive, nil), b...)
	}
	_, err := c.conn.Write(b)
	return err
}

// faultAt counts the step, and returns its fault this time.
func (c *conversation) faultAt(step Step) (Fault, bool) {
	fault, ok := c.script.Faults[step]
	c.seen[step]++
	return fault, ok && c.seen[step] > fault.After
}

// fail applies the fault instead of sending the answer, which is nil if there is no request yet.
func (c *conversation) fail(fault Fault, reply *answer) error {
	var message []byte
	if reply != nil {
		message = frame(packetMessage, reply.b)
	} else if fault.Kind == Truncate || fault.Kind == CloseMidFrame || fault.Kind == WrongMID {
		c.peer.t.Errorf("the script spoils an answer where there is none: %+v", fault)
		return errOver
	}
	switch fault.Kind {
	case Hang:
		return c.hang(nil)
	case Close:
		return errOver
	case Reset:
		if err := c.conn.SetLinger(0); err != nil {
			return err
		}
		return errOver
	case RandomBytes:
		noise := rand.New(rand.NewPCG(fault.Seed, 0))
		b := make([]byte, 512)
		for i := range b {
			b[i] = byte(noise.Uint32())
		}
		return c.hang(b)
	case HugeFrame:
		return c.hang([]byte{0x00, 0xFF, 0xFF, 0xFF})
	case SMB2Stub:
		return c.hang(frame(packetMessage, []byte{0xFE, 'S'}))
	case Truncate:
		return c.send(frame(packetMessage, message[4:4+(len(message)-4)/2]))
	case CloseMidFrame:
		if err := c.send(message[:len(message)/2]); err != nil {
			return err
		}
		return errOver
	case WrongMID:
		reply.setMID(^reply.mid())
		return c.send(frame(packetMessage, reply.b))
	case Delay:
		late := time.NewTimer(fault.Delay)
		defer late.Stop()
		select {
		case <-late.C:
			if message == nil {
				return nil
			}
			return c.send(message)
		case <-c.gone:
		case <-c.peer.done:
		}
		return errOver
	}
	c.peer.t.Errorf("the script has a fault of no kind: %+v", fault)
	return errOver
}

// hang sends b and then nothing until the client or the peer ends the connection.
func (c *conversation) hang(b []byte) error {
	if _, err := c.conn.Write(b); err != nil {
		return err
	}
	for {
		select {
		case <-c.frames: // counted on arrival
		case <-c.gone:
			return errOver
		case <-c.peer.done:
			return errOver
		}
	}
}
