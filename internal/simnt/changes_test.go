package simnt

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// TestChangesRefused: every command that would change something is refused like a file is to
// a caller without the right to change it, and a malformed one as malformed.
func TestChangesRefused(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	w.session("C$")
	fid, r := w.create(`\WINNT\win.ini`, accessRead)
	w.must("open", r)
	for command, change := range changes {
		for _, count := range change.wordCounts {
			words := make([]byte, 2*count)
			if count >= 2 {
				words[0] = cmdNone
			}
			name := []byte("\x04\x00\\\x00x\x00\x00\x00")
			if change.fidAt != noFID {
				binary.LittleEndian.PutUint16(words[change.fidAt:], 0x4242)
				if command != cmdLockingAndX {
					w.want("a file that is not open", statusInvalidHandle, w.ask(command, words, nil))
				}
				binary.LittleEndian.PutUint16(words[change.fidAt:], fid)
			}
			if r := w.ask(command, words, name); r.status != statusAccessDenied || r.command != command || r.wordCount() != 0 {
				t.Errorf("command 0x%02X: status 0x%08X with %d words, want STATUS_ACCESS_DENIED", command, r.status, r.wordCount())
			}
			if r := w.ask(command, append(slices.Clone(words), 0, 0, 0, 0, 0, 0), name); r.status != statusInvalidSMB {
				t.Errorf("command 0x%02X with %d words: status 0x%08X, want STATUS_INVALID_SMB", command, count+3, r.status)
			}
		}
	}

	openAndX := func(access, open uint16) []byte {
		words := make([]byte, 30)
		words[0] = cmdNone
		binary.LittleEndian.PutUint16(words[6:], access)
		binary.LittleEndian.PutUint16(words[16:], open)
		return words
	}
	ntTransact := func(function byte) []byte {
		words := make([]byte, 38)
		words[36] = function
		return words
	}
	for _, tt := range []struct {
		name    string
		command byte
		words   []byte
		want    uint32
	}{
		{"old open to read", cmdOpen, []byte{0x40, 0, 0, 0}, statusBadCommand},
		{"old open to write", cmdOpen, []byte{0x41, 0, 0, 0}, statusAccessDenied},
		{"OPEN_ANDX to read", cmdOpenAndX, openAndX(0, 1), statusBadCommand},
		{"OPEN_ANDX to execute", cmdOpenAndX, openAndX(3, 1), statusBadCommand},
		{"OPEN_ANDX to read and write", cmdOpenAndX, openAndX(2, 1), statusAccessDenied},
		{"OPEN_ANDX that makes a file", cmdOpenAndX, openAndX(0, 0x11), statusAccessDenied},
		{"OPEN_ANDX that truncates", cmdOpenAndX, openAndX(0, 2), statusAccessDenied},
		{"NT_TRANSACT_CREATE", cmdNTTransact, ntTransact(1), statusAccessDenied},
		{"NT_TRANSACT_SET_SECURITY_DESC", cmdNTTransact, ntTransact(3), statusAccessDenied},
		{"NT_TRANSACT_RENAME", cmdNTTransact, ntTransact(5), statusAccessDenied},
		{"NT_TRANSACT_QUERY_SECURITY_DESC", cmdNTTransact, ntTransact(6), statusNotSupported},
		{"NT_TRANSACT cut short", cmdNTTransact, make([]byte, 36), statusInvalidSMB},
		{"flush", cmdFlush, []byte{byte(fid), byte(fid >> 8)}, statusOK},
		{"flush everything", cmdFlush, []byte{0xFF, 0xFF}, statusOK},
		{"flush what is not open", cmdFlush, []byte{0x42, 0x42}, statusInvalidHandle},
		{"unknown command", 0xFE, nil, statusBadCommand},
	} {
		w.want(tt.name, tt.want, w.ask(tt.command, tt.words, nil))
	}
}

// TestDispositions: what an open answers that would make or empty a file.
func TestDispositions(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	w.session("C$")
	const supersede, open, create, openIf, overwrite, overwriteIf = 0, 1, 2, 3, 4, 5
	for _, tt := range []struct {
		disposition             byte
		exists, missing, noPath uint32
	}{
		{supersede, statusAccessDenied, statusAccessDenied, statusObjectPathNotFound},
		{open, statusOK, statusObjectNameNotFound, statusObjectPathNotFound},
		{create, statusObjectNameCollision, statusAccessDenied, statusObjectPathNotFound},
		{openIf, statusOK, statusAccessDenied, statusObjectPathNotFound},
		{overwrite, statusAccessDenied, statusObjectNameNotFound, statusObjectPathNotFound},
		{overwriteIf, statusAccessDenied, statusAccessDenied, statusObjectPathNotFound},
	} {
		for name, want := range map[string]uint32{`\WINNT\win.ini`: tt.exists, `\WINNT\new.ini`: tt.missing, `\NEW\new.ini`: tt.noPath} {
			m := w.createMessage(name, accessRead, 7)
			const dispositionAt = 68
			m[dispositionAt] = tt.disposition
			w.send(m)
			w.want(fmt.Sprintf("disposition %d of %s", tt.disposition, name), want, w.receive())
		}
	}
}

// TestTransactionChangesRefused does the same with the subcommands of TRANSACTION2.
func TestTransactionChangesRefused(t *testing.T) {
	t.Parallel()
	w := startWire(t, Options{})
	w.session("C$")
	fid, r := w.create(`\WINNT\win.ini`, accessRead)
	w.must("open", r)
	open := func(access, mode byte) []byte {
		parameters := make([]byte, 30)
		parameters[2], parameters[12] = access, mode
		return parameters
	}
	for _, tt := range []struct {
		name       string
		subcommand byte
		parameters []byte
		want       uint32
	}{
		{"SET_FS_INFORMATION", setFS, []byte{0, 0, 0, 0}, statusAccessDenied},
		{"SET_PATH_INFORMATION", setPathInfo, []byte{1, 1, 0, 0, 0, 0, '\\', 0, 'x', 0, 0, 0}, statusAccessDenied},
		{"SET_FILE_INFORMATION", setFileInfo, []byte{byte(fid), byte(fid >> 8), 1, 1, 0, 0}, statusAccessDenied},
		{"SET_FILE_INFORMATION of what is not open", setFileInfo, []byte{0x42, 0x42, 1, 1, 0, 0}, statusInvalidHandle},
		{"SET_FILE_INFORMATION cut short", setFileInfo, []byte{byte(fid)}, statusInvalidSMB},
		{"CREATE_DIRECTORY", makeDirectory, []byte{0, 0, 0, 0, 'x', 0, 0, 0}, statusAccessDenied},
		{"OPEN2 to read", open2, open(0, 1), statusNotImplemented},
		{"OPEN2 to write", open2, open(1, 1), statusAccessDenied},
		{"OPEN2 that makes a file", open2, open(0, 0x10), statusAccessDenied},
		{"OPEN2 cut short", open2, open(0, 1)[:20], statusInvalidSMB},
		{"FSCTL", 0x0009, []byte{0, 0, 0, 0}, statusNotImplemented},
	} {
		words := &writer{}
		for _, v := range []uint16{uint16(len(tt.parameters)), 0, 10, 100, 0, 0, 0, 0, 0, uint16(len(tt.parameters)), 68, 0, 0, 1, uint16(tt.subcommand)} {
			words.u16(v)
		}
		w.want(tt.name, tt.want, w.ask(cmdTransaction2, words.b, append([]byte{0, 0, 0}, tt.parameters...)))
	}
}
