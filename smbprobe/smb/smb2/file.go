package smb2

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

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

// Info returns what the answer to the open said.
func (f *File) Info() smb.FileInfo { return f.info }

// ReadAll reads Info().Size bytes, one round trip for each 64 KiB. Of a file
// that ends earlier it returns what was read, with io.ErrUnexpectedEOF.
func (f *File) ReadAll(ctx context.Context) ([]byte, error) {
	op := "read " + f.path
	chunk := make([]byte, min(f.info.Size, f.s.g.chunk()))
	var data []byte
	for left := f.info.Size; left > 0; left = f.info.Size - int64(len(data)) {
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

// chunk is how many bytes one READ asks for: no more than the server allows, so
// that go-smb2 makes one request of it.
func (g *guard) chunk() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return min(chunkSize, int64(g.talk.negotiated.maxRead))
}

// wrappedZero is what go-smb2 makes of the FILETIME 0, which means that the
// server keeps no such time: the product overflows.
func wrappedZero() time.Time {
	ns := int64(-filetimeEpoch)
	ns *= 100
	return time.Unix(0, ns)
}
