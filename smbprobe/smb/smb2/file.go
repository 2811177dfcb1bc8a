package smb2

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	gosmb2 "github.com/hirochachacha/go-smb2"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// handle is an open file or pipe.
type handle struct {
	s    *Session
	f    *gosmb2.File
	op   string // of the close
	once sync.Once
}

// Close sends the close ([MS-SMB2] 2.2.15) and does not wait for the answer;
// Session.Close does. Its error is always nil.
func (h *handle) Close(context.Context) error {
	h.once.Do(func() { h.s.closeLater(h.op, h.f) })
	return nil
}

// File is a file opened for reading; it implements smb.File.
type File struct {
	handle
	path string
	info smb.FileInfo
}

var _ smb.File = (*File)(nil)

// Info returns what the server told in its answer to the open.
func (f *File) Info() smb.FileInfo { return f.info }

// ReadAll reads Info().Size bytes, one round trip for each 64 KiB. Of a file
// that ends earlier it returns what was read, with io.ErrUnexpectedEOF. The number of requests
// is bounded: many short answers are smb.ErrProtocol.
func (f *File) ReadAll(ctx context.Context) ([]byte, error) {
	op := "read " + f.path
	chunk := make([]byte, min(f.info.Size, f.s.g.chunk()))
	var data []byte
	most := smb.MaxReads(f.info.Size)
	for left, reads := f.info.Size, 0; left > 0; left, reads = f.info.Size-int64(len(data)), reads+1 {
		if reads == most {
			return data, smb.Protocolf(op, "too many short answers: %d of %d bytes in %d reads", len(data), f.info.Size, reads)
		}
		var n int
		err := f.s.call(ctx, op, func() (err error) {
			n, err = f.f.ReadAt(chunk[:min(left, int64(len(chunk)))], int64(len(data)))
			if errors.Is(err, io.EOF) {
				n, err = 0, nil
			}
			return err
		})
		if err != nil {
			return data, err
		}
		if n == 0 {
			return data, &smb.Error{Op: op, Err: io.ErrUnexpectedEOF}
		}
		data = append(data, chunk[:n]...)
	}
	return data, nil
}

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
