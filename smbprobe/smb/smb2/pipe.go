package smb2

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Pipe is a named pipe in message mode; it implements smb.Pipe. One call at a
// time.
type Pipe struct {
	handle
	name string
	buf  []byte // what the last message was read into
}

var _ smb.Pipe = (*Pipe)(nil)

// Transact writes one message and reads the answer: two round trips.
func (p *Pipe) Transact(ctx context.Context, message []byte, limit int) ([]byte, error) {
	if err := p.write(ctx, message); err != nil {
		return nil, err
	}
	return p.Read(ctx, limit)
}

func (p *Pipe) write(ctx context.Context, message []byte) error {
	return p.s.call(ctx, "write to "+p.name, func() error {
		_, err := p.f.WriteAt(message, 0)
		return err
	})
}

// Read reads the next message: one round trip. go-smb2 drops the data of a read
// that did not take the whole message, so it asks for 64 KiB (or what the server
// allows at once) whatever the limit, and a longer message is
// STATUS_BUFFER_OVERFLOW. One longer than limit is smb.ErrProtocol.
func (p *Pipe) Read(ctx context.Context, limit int) ([]byte, error) {
	if p.buf == nil {
		p.buf = make([]byte, p.s.g.chunk())
	}
	op := "read from " + p.name
	var n int
	var ended bool
	err := p.s.call(ctx, op, func() (err error) {
		n, err = p.f.ReadAt(p.buf, 0)
		if ended = errors.Is(err, io.EOF); ended {
			err = nil
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case ended:
		return nil, &smb.Error{Op: op, Status: smb.StatusEndOfFile}
	case n == 0:
		return nil, smb.Protocolf(op, "an empty message")
	case n > limit:
		return nil, smb.Protocolf(op, "a message of %d bytes, and no more than %d were expected", n, limit)
	}
	return bytes.Clone(p.buf[:n]), nil
}
