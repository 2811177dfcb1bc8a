package smb2

import (
	"context"
	"os"
	"runtime"
	"strings"
	"time"

	gosmb2 "github.com/hirochachacha/go-smb2"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Tree is a connected share; it implements smb.Tree.
type Tree struct {
	s  *Session
	fs *gosmb2.Share
}

var _ smb.Tree = (*Tree)(nil)

// Open opens a file for reading ([MS-SMB2] 2.2.13: GENERIC_READ, shared with
// readers and writers, which is as far as go-smb2 goes). It costs one round
// trip, and one more for each symbolic link on the way, of which go-smb2 follows
// up to eight within the share. Behind a link it costs one more for size and
// time, or two more to tell a missing file from a missing folder.
func (t *Tree) Open(ctx context.Context, path string) (smb.File, error) {
	path = strings.TrimLeft(path, `\`)
	op := "open " + path
	file, err := t.open(ctx, op, path, os.O_RDONLY)
	seen := t.s.g.takeOpened(path)
	if err != nil {
		return nil, t.refused(ctx, op, path, seen, err)
	}
	f := &File{handle: handle{s: t.s, f: file, op: "close " + path}, path: path, info: seen.info}
	if !seen.ok {
		if f.info, err = t.stat(ctx, op, file); err != nil {
			return nil, err
		}
	}
	if f.info.Size < 0 {
		return nil, smb.Protocolf(op, "a file of %d bytes", f.info.Size)
	}
	t.s.g.trace.Logf("%s: %d bytes", op, f.info.Size)
	return f, nil
}

// OpenPipe opens a named pipe ([MS-SMB2] 2.2.13) to read and write, one round
// trip. Pipes of IPC$ are in message mode.
func (t *Tree) OpenPipe(ctx context.Context, name string) (smb.Pipe, error) {
	full := `\PIPE\` + name
	op := "open " + full
	file, err := t.open(ctx, op, name, os.O_RDWR)
	t.s.g.takeOpened(name) // a pipe has no size
	if err != nil {
		return nil, err
	}
	t.s.g.trace.Logf("%s: opened", op)
	return &Pipe{handle: handle{s: t.s, f: file, op: "close " + full}, name: full}, nil
}

func (t *Tree) open(ctx context.Context, op, path string, flag int) (*gosmb2.File, error) {
	var file *gosmb2.File
	err := t.s.call(ctx, op, func() (err error) {
		file, err = t.fs.OpenFile(path, flag, 0o666)
		return err
	})
	if err != nil {
		return nil, err
	}
	// go-smb2 would close a forgotten file from the finalizer's goroutine, where
	// nothing recovers from its panics. The end of the session closes it as well.
	runtime.SetFinalizer(file, nil)
	return file, nil
}

// stat asks for size and time of a file behind a symbolic link, of which the
// guard does not know which CREATE opened it.
func (t *Tree) stat(ctx context.Context, op string, file *gosmb2.File) (smb.FileInfo, error) {
	var fi os.FileInfo
	err := t.s.call(ctx, op, func() (err error) {
		fi, err = file.Stat()
		return err
	})
	if err != nil {
		return smb.FileInfo{}, err
	}
	return fileInfo(fi), nil
}

// fileInfo translates what go-smb2 returns for a file.
func fileInfo(fi os.FileInfo) smb.FileInfo {
	info := smb.FileInfo{Size: fi.Size(), Modified: fi.ModTime().UTC(), Directory: fi.IsDir()}
	if info.Modified.Equal(wrappedZero()) {
		info.Modified = fromFiletime(0)
	}
	return info
}

// Stat asks for size and time of a file or a folder ([MS-SMB2] 2.2.13:
// FILE_READ_ATTRIBUTES alone, without an oplock, which conflicts with no open of
// others whatever is shared). It costs two round trips, because go-smb2 waits for the
// close, one more for each symbolic link on the way, and one more to tell a missing
// file from a missing folder behind a link.
func (t *Tree) Stat(ctx context.Context, path string) (smb.FileInfo, error) {
	path = strings.TrimLeft(path, `\`)
	op := "stat " + path
	var fi os.FileInfo
	err := t.s.call(ctx, op, func() (err error) {
		fi, err = t.fs.Stat(path)
		return err
	})
	seen := t.s.g.takeOpened(path)
	switch {
	case err != nil && seen.ok:
		// The file was opened and its close was refused: go-smb2 would repeat the
		// close in the finalizer's goroutine, where nothing recovers from its panics
		// and nothing ends its wait. On a connection that has ended it does neither.
		t.s.g.giveUp(err)
		return smb.FileInfo{}, err
	case err != nil:
		return smb.FileInfo{}, t.refused(ctx, op, path, seen, err)
	}
	info := seen.info
	if !seen.ok {
		info = fileInfo(fi)
	}
	if info.Size < 0 {
		return smb.FileInfo{}, smb.Protocolf(op, "a file of %d bytes", info.Size)
	}
	t.s.g.trace.Logf("%s: %d bytes", op, info.Size)
	return info, nil
}

// wrappedZero is what go-smb2 makes of the FILETIME 0, which means that the
// server keeps no such time: the product overflows.
func wrappedZero() time.Time {
	ns := int64(-filetimeEpoch)
	ns *= 100
	return time.Unix(0, ns)
}

// refused returns why an open failed, with the status that the server gave:
// go-smb2 makes one error of a missing file and a missing folder.
func (t *Tree) refused(ctx context.Context, op, path string, seen opened, err error) error {
	switch {
	case smb.StatusOf(err) != smb.StatusObjectNameNotFound, seen.status == smb.StatusObjectNameNotFound:
		return err
	case seen.status == smb.StatusObjectPathNotFound:
		return &smb.Error{Op: op, Status: seen.status}
	}
	return t.whatIsMissing(ctx, op, path, err)
}

// whatIsMissing looks for the folder of a file that is missing behind a symbolic
// link.
func (t *Tree) whatIsMissing(ctx context.Context, op, path string, missing error) error {
	cut := strings.LastIndexByte(path, '\\')
	if cut <= 0 {
		return missing
	}
	folder := path[:cut]
	err := t.s.call(ctx, "look for "+folder, func() error {
		_, err := t.fs.Stat(folder)
		return err
	})
	if smb.StatusOf(err) == smb.StatusObjectNameNotFound {
		return &smb.Error{Op: op, Status: smb.StatusObjectPathNotFound}
	}
	return missing
}
