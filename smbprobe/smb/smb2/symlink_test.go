package smb2

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// symlinkBody is an error answer with a Symbolic Link Error Response ([MS-SMB2]
// 2.2.2.2.1), relative, to this target.
func symlinkBody(target string) []byte {
	name := encodeName(target)
	data := make([]byte, 28, 28+len(name))
	binary.LittleEndian.PutUint32(data[0:], uint32(24+len(name)))
	binary.LittleEndian.PutUint32(data[4:], 0x4C4D5953)
	binary.LittleEndian.PutUint32(data[8:], 0xA000000C)
	binary.LittleEndian.PutUint16(data[12:], uint16(12+len(name)))
	binary.LittleEndian.PutUint16(data[18:], uint16(len(name))) // SubstituteNameLength
	binary.LittleEndian.PutUint32(data[24:], 1)                 // relative
	data = append(data, name...)
	body := sized(9, 8)
	binary.LittleEndian.PutUint32(body[4:], uint32(len(data)))
	return append(body, data...)
}

// fileAllInfo is the answer to a query for FileAllInformation ([MS-FSCC] 2.4.2).
func fileAllInfo(size uint64, modified uint64) []byte {
	info := make([]byte, 100)
	binary.LittleEndian.PutUint64(info[16:], modified)
	binary.LittleEndian.PutUint32(info[32:], 0x20)
	binary.LittleEndian.PutUint64(info[48:], size)
	body := sized(9, 8)
	body[2] = headerSize + 8
	binary.LittleEndian.PutUint32(body[4:], uint32(len(info)))
	return append(body, info...)
}

// TestSymbolicLink follows a link, and tells size and time of what it leads to
// rather than of the link.
func TestSymbolicLink(t *testing.T) {
	tests := []struct {
		target   string
		modified uint64
		want     smb.FileInfo
		status   smb.Status
	}{
		{"target.pbk", filetimeEpoch + 10_000_000, smb.FileInfo{Size: 5, Modified: time.Unix(1, 0).UTC()}, smb.StatusOK},
		{"target.pbk", 0, smb.FileInfo{Size: 5}, smb.StatusOK},
		{"missing.pbk", 0, smb.FileInfo{}, smb.StatusObjectNameNotFound},
		{"link.pbk", 0, smb.FileInfo{}, smb.StatusOK}, // leads to itself
	}
	for _, tt := range tests {
		nc := startPeer(t, func(request header) ([]byte, bool) {
			_, r, _ := parseRequest(request)
			switch {
			case r.command == cmdCreate && r.name == "link.pbk":
				return framed(packet(request, statusStoppedOnSymlink, symlinkBody(tt.target))), true
			case r.command == cmdCreate && r.name == "target.pbk":
				return framed(packet(request, smb.StatusOK, sized(89, 88))), true
			case r.command == cmdCreate:
				return framed(packet(request, smb.StatusObjectNameNotFound, errorBody())), true
			case r.command == cmdQueryInfo:
				return framed(packet(request, smb.StatusOK, fileAllInfo(5, tt.modified))), true
			}
			return framed(honestAnswer(request)), true
		})
		s := mustLogin(t, nc, testCreds(), Options{})
		file, err := mustConnect(t, s, "ADMIN$").Open(testContext(t), "link.pbk")
		if got := smb.StatusOf(err); got != tt.status {
			t.Errorf("%s: status %v, want %v", tt.target, got, tt.status)
		}
		if (tt.want == smb.FileInfo{}) != (err != nil) {
			t.Errorf("%s: Open: %v", tt.target, err)
		}
		if err != nil {
			continue
		}
		if diff := cmp.Diff(tt.want, file.Info()); diff != "" {
			t.Errorf("%s at %d (-want +got):\n%s", tt.target, tt.modified, diff)
		}
	}
}

// TestBrokenSymbolicLink describes links that go-smb2 would fail or panic on. The
// open fails, and the connection stays.
func TestBrokenSymbolicLink(t *testing.T) {
	const at = 8 // the description's place in the body
	for name, edit := range map[string]func(body []byte){
		"too short":             func(b []byte) { binary.LittleEndian.PutUint32(b[4:], 27) },
		"another tag":           func(b []byte) { b[at+4]++ },
		"not a symbolic link":   func(b []byte) { b[at+8]++ },
		"its length":            func(b []byte) { b[at+0]++ },
		"reparse data":          func(b []byte) { b[at+12]++ },
		"unparsed path":         func(b []byte) { b[at+14] = 2 * byte(len("link.pbk")+1) },
		"odd offset":            func(b []byte) { b[at+16] = 1 },
		"substitute name":       func(b []byte) { b[at+18] += 2 },
		"print name":            func(b []byte) { binary.LittleEndian.PutUint16(b[at+20:], 0xFFFE) },
		"print name, sum wraps": func(b []byte) { binary.LittleEndian.PutUint32(b[at+20:], 0xFFFEFFFE) },
	} {
		nc := startPeer(t, func(request header) ([]byte, bool) {
			if request.command() != cmdCreate {
				return framed(honestAnswer(request)), true
			}
			body := symlinkBody("target.pbk")
			edit(body)
			return framed(packet(request, statusStoppedOnSymlink, body)), true
		})
		s := mustLogin(t, nc, testCreds(), Options{})
		_, err := mustConnect(t, s, "ADMIN$").Open(testContext(t), "link.pbk")
		if !errors.Is(err, smb.ErrProtocol) || isPanic(err) {
			t.Errorf("%s: Open: %v", name, err)
		}
		mustConnect(t, s, "IPC$")
	}
}

func TestSymlinkInContext(t *testing.T) {
	plain := symlinkBody("target.pbk")
	data := plain[8:]
	body := sized(9, 8)
	body[2] = 1
	binary.LittleEndian.PutUint32(body[4:], uint32(8+len(data)))
	body = binary.LittleEndian.AppendUint32(body, uint32(len(data)))
	body = append(binary.LittleEndian.AppendUint32(body, 0), data...)
	if !wellFormedError(body) || !wellFormedLink(body, "link.pbk") {
		t.Error("a link in an error context is not well formed")
	}
	if !wellFormedError(plain) || !wellFormedLink(plain, "link.pbk") {
		t.Error("a link is not well formed")
	}
}
