package smb1

import (
	"context"
	"io"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Tree is a connected share. It implements smb.Tree.
type Tree struct {
	session *Session
	tid     uint16
	share   string
}

// Open implements smb.Tree (MS-CIFS 2.2.4.64).
func (t *Tree) Open(ctx context.Context, path string) (smb.File, error) {
	c, err := t.create(ctx, "open "+path, path, toRead())
	if err != nil {
		return nil, err
	}
	return &File{tree: t, path: path, created: c}, nil
}

// Stat implements smb.Tree (MS-CIFS 2.2.4.64): an open that asks for
// FILE_READ_ATTRIBUTES alone, one round trip. The close that follows it is not
// waited for.
func (t *Tree) Stat(ctx context.Context, path string) (smb.FileInfo, error) {
	c, err := t.create(ctx, "stat "+path, path, toStat())
	if err != nil {
		return smb.FileInfo{}, err
	}
	return c.info(), t.closeFID(ctx, c.fid)
}

// create opens a file, a folder or a pipe.
func (t *Tree) create(ctx context.Context, op, path string, o opening) (created, error) {
	s := t.session
	answer, err := s.conn.roundTrip(ctx, op, createRequest(s.header(t.tid), `\`+path, o))
	if err != nil {
		return created{}, err
	}
	c, err := parseCreate(answer)
	if err != nil {
		return created{}, &smb.Error{Op: op, Err: err}
	}
	s.opened(c.fid, t)
	return c, nil
}

// File is an open file. It implements smb.File.
type File struct {
	tree    *Tree
	path    string
	created created
}

// Info implements smb.File.
func (f *File) Info() smb.FileInfo { return f.created.info() }

// ReadAll implements smb.File. The reads are in flight together.
func (f *File) ReadAll(ctx context.Context) ([]byte, error) {
	s, op := f.tree.session, "read "+f.path
	size, chunk := f.created.size, int64(maxRead(s.server))
	requests := make([]request, 0, (size+chunk-1)/chunk)
	for offset := int64(0); offset < size; offset += chunk {
		count := int(min(chunk, size-offset))
		requests = append(requests, request{op: op, builder: readRequest(s.header(f.tree.tid), f.created.fid, offset, count)})
	}
	calls, err := s.conn.start(ctx, requests...)
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, size)
	for _, k := range calls {
		answer, err := k.wait(ctx)
		if err != nil {
			return data, err
		}
		count := int(min(chunk, size-int64(len(data))))
		part, err := parseRead(answer, count)
		if err != nil {
			return data, &smb.Error{Op: op, Err: err}
		}
		data = append(data, part...)
		if len(part) < count {
			return data, &smb.Error{Op: op, Err: io.ErrUnexpectedEOF}
		}
	}
	return data, nil
}

// Close implements smb.File.
func (f *File) Close(ctx context.Context) error { return f.tree.closeFID(ctx, f.created.fid) }

// closeFID sends a close and does not wait for its answer, which therefore counts
// as no round trip, however early it comes.
func (t *Tree) closeFID(ctx context.Context, fid uint16) error {
	s := t.session
	s.closed(fid)
	unwaited := smb.RoundsFrom(ctx, s.conn.rounds).Fork()
	_, err := s.conn.start(smb.ContextWithRounds(ctx, unwaited), t.closing(fid))
	return err
}

func (t *Tree) closing(fid uint16) request {
	return request{op: "close", builder: closeRequest(t.session.header(t.tid), fid)}
}
