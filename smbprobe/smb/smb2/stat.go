package smb2

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Stat asks for size and time of a file or a folder ([MS-SMB2] 2.2.13:
// FILE_READ_ATTRIBUTES alone, without an oplock, which conflicts with no open of
// others whatever is shared). It costs two round trips, because go-smb2 waits for the
// close, and one more for each symbolic link on the way and, on a connection that is
// encrypted, to tell a missing file from a missing folder.
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
		// The file was opened and its close was refused: go-smb2 would try that again
		// from the finalizer's goroutine, where nothing recovers from its panics and
		// nothing ends its wait. On a connection that has ended it does neither.
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
	t.s.g.trace.Log(fmt.Sprintf("%s: %d bytes", op, info.Size))
	return info, nil
}
