package smb1

import (
	"context"
	"io"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// File is an open file. It implements smb.File.
type File struct {
	tree    *Tree
	path    string
	created created
}

// Info implements smb.File.
func (f *File) Info() smb.FileInfo { return f.created.info() }

// ReadAll implements smb.File. The reads are in flight together. A server may
// return less than was asked for (MS-CIFS 2.2.4.42.2): the gaps are read again, until
// nothing is missing or the file ends. The number of requests is bounded.
func (f *File) ReadAll(ctx context.Context) ([]byte, error) {
	r := fileReader{
		file:      f,
		data:      make([]byte, f.created.size),
		end:       f.created.size,
		readSize:  int64(maxRead(f.tree.session.server)),
		readsLeft: smb.MaxReads(f.created.size),
	}
	missing := []span{{0, f.created.size}}
	for len(missing) > 0 {
		var err error
		if missing, err = r.read(ctx, missing); err != nil {
			return r.data[:min(r.end, missing[0].start)], err
		}
	}
	if r.end < f.created.size {
		return r.data[:r.end], &smb.Error{Op: "read " + f.path, Err: io.ErrUnexpectedEOF}
	}
	return r.data, nil
}

// span is a part of a file: from start up to, but not including, end.
type span struct{ start, end int64 }

// fileReader reads a file in rounds of requests that are in flight together.
type fileReader struct {
	file      *File
	data      []byte // the whole file; what is missing is zero
	end       int64  // where the file ends: the size at its open, or less if it shrank
	readSize  int64  // the most that one read asks for
	readsLeft int
}

// read asks for what is missing, and returns what is missing then. With an error
// the first of the spans returned begins where the data read so far ends.
func (r *fileReader) read(ctx context.Context, missing []span) ([]span, error) {
	s, op := r.file.tree.session, "read "+r.file.path
	var reads []span
	var requests []request
	for _, m := range missing {
		for ; m.start < min(m.end, r.end); m.start += r.readSize {
			part := span{m.start, min(m.start+r.readSize, m.end, r.end)}
			reads = append(reads, part)
			requests = append(requests, request{op: op, builder: readRequest(s.header(r.file.tree.tid), r.file.created.fid, part.start, int(part.end-part.start))})
		}
	}
	if r.readsLeft -= len(reads); r.readsLeft < 0 {
		return missing, smb.Protocolf(op, "too many short answers: %d of %d bytes in %d reads", missing[0].start, len(r.data), smb.MaxReads(int64(len(r.data))))
	}
	calls, err := s.conn.start(ctx, requests...)
	if err != nil {
		return missing, err
	}
	var gaps []span
	var longest int64
	for i, k := range calls {
		n, err := r.receive(ctx, k, reads[i])
		if err != nil {
			return append(gaps, reads[i]), err
		}
		longest = max(longest, n)
		gap := span{reads[i].start + n, reads[i].end}
		switch {
		case n == 0:
			r.end = min(r.end, gap.start)
		case gap.start < gap.end:
			gaps = append(gaps, gap)
		}
	}
	r.readSize = min(r.readSize, max(longest, minBufferSize-readOverhead))
	return gaps, nil
}

// receive waits for the answer to a read, and returns how many bytes it brought: none at
// the end of the file.
func (r *fileReader) receive(ctx context.Context, k *call, part span) (n int64, err error) {
	c := r.file.tree.session.conn
	err = c.wait(ctx, k)
	defer c.release(k)
	switch {
	case smb.StatusOf(err) == smb.StatusEndOfFile:
		return 0, nil
	case err != nil:
		return 0, err
	}
	data, err := parseRead(&k.answer, int(part.end-part.start))
	if err != nil {
		return 0, &smb.Error{Op: k.op, Err: err}
	}
	return int64(copy(r.data[part.start:], data)), nil
}

// Close implements smb.File.
func (f *File) Close(ctx context.Context) error { return f.tree.closeFID(ctx, f.created.fid) }
