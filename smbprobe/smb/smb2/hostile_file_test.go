package smb2

import (
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// fileAnswer is what honestAnswer's server says of its only file, "hello", which
// is a pipe as well.
func fileAnswer(request header) []byte {
	content := "hello"
	_, r, _ := parseRequest(request)
	switch r.command {
	case cmdCreate:
		return packet(request, smb.StatusOK, with(sized(89, 88), func(b []byte) { b[48] = byte(len(content)) }))
	case cmdRead:
		data := content[:min(len(content), int(r.length))]
		return packet(request, smb.StatusOK, append(with(sized(17, 16), func(b []byte) {
			b[2], b[4] = headerSize+16, byte(len(data))
		}), data...))
	case cmdWrite:
		return packet(request, smb.StatusOK, with(sized(17, 16), func(b []byte) { binary.LittleEndian.PutUint32(b[4:], r.length) }))
	case cmdClose:
		return packet(request, smb.StatusOK, sized(60, 60))
	}
	return honestAnswer(request)
}

// TestHostileFile changes the answer to one command and says how the reading of a
// file, or else of a pipe, ends.
func TestHostileFile(t *testing.T) {
	edited := func(edit func(answer []byte)) func(header) []byte {
		return func(request header) []byte {
			answer := fileAnswer(request)
			edit(answer)
			return framed(answer)
		}
	}
	status := func(status smb.Status, body []byte) func(header) []byte {
		return func(request header) []byte { return framed(packet(request, status, body)) }
	}
	interim := func(change func(final []byte)) func(header) []byte {
		return func(request header) []byte {
			first := packet(request, smb.StatusPending, errorBody())
			first[16] |= byte(flagAsync)
			binary.LittleEndian.PutUint64(first[32:], 0x1122334455667788)
			final := fileAnswer(request)
			final[16] |= byte(flagAsync)
			copy(final[32:40], first[32:40])
			change(final)
			return append(framed(first), framed(final)...)
		}
	}
	tests := []struct {
		name    string
		command uint16
		answer  func(request header) []byte
		want    error // nil: it ends well, unless there is a status
		status  smb.Status
	}{
		{"honest", cmdRead, edited(func([]byte) {}), nil, 0},
		{"another tree", cmdRead, edited(func(b []byte) { b[36]++ }), smb.ErrProtocol, 0},
		{"more than asked for", cmdRead, func(request header) []byte {
			body := with(sized(17, 16+chunkSize+1), func(b []byte) { b[2] = headerSize + 16; binary.LittleEndian.PutUint32(b[4:], chunkSize+1) })
			return framed(packet(request, smb.StatusOK, body))
		}, smb.ErrProtocol, 0},
		{"disk error", cmdRead, status(smb.StatusCRCError, errorBody()), nil, smb.StatusCRCError},
		{"pending, then data", cmdRead, interim(func([]byte) {}), nil, 0},
		{"pending, then another AsyncId", cmdRead, interim(func(b []byte) { b[32]++ }), smb.ErrProtocol, 0},
		{"no less than nothing", cmdCreate, edited(func(b []byte) { b[headerSize+55] = 0x80 }), smb.ErrProtocol, 0},
		{"locked", cmdCreate, status(smb.StatusSharingViolation, errorBody()), nil, smb.StatusSharingViolation},
		{"data that do not fit", cmdRead, status(smb.StatusBufferOverflow, nil), nil, smb.StatusBufferOverflow},
		{"written less", cmdWrite, edited(func(b []byte) { b[headerSize+4]-- }), smb.ErrProtocol, 0},
		{"written more", cmdWrite, edited(func(b []byte) { b[headerSize+4]++ }), smb.ErrProtocol, 0},
		{"written nothing", cmdWrite, edited(func(b []byte) { b[headerSize+4] = 0 }), smb.ErrProtocol, 0},
		{"close refused", cmdClose, status(smb.StatusFileClosed, errorBody()), nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			nc := startPeer(t, func(request header) ([]byte, bool) {
				if request.command() == tt.command {
					return tt.answer(request), true
				}
				return framed(fileAnswer(request)), true
			})
			s := mustLogin(t, nc, testCreds(), Options{})
			data, err := readFileThenPipe(t, s)
			if smb.StatusOf(err) != tt.status || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v, %v", err, tt.want, tt.status)
			}
			if tt.want == nil && tt.status == smb.StatusOK && (err != nil || data != "hello, hello") {
				t.Errorf("read %q, %v", data, err)
			}
		})
	}
}

// TestShortAnswers reads a file whose server answers with few bytes at a time.
func TestShortAnswers(t *testing.T) {
	const size = 2000
	for _, tt := range []struct {
		each int
		want error
	}{{64, nil}, {100, nil}, {1, smb.ErrProtocol}, {40, smb.ErrProtocol}} {
		t.Run(strconv.Itoa(tt.each), func(t *testing.T) {
			var reads atomic.Int64
			nc := startPeer(t, func(request header) ([]byte, bool) {
				answer := fileAnswer(request)
				switch request.command() {
				case cmdCreate:
					binary.LittleEndian.PutUint64(answer[headerSize+48:], size)
				case cmdRead:
					reads.Add(1)
					_, r, _ := parseRequest(request)
					n := min(tt.each, int(r.length))
					answer = packet(request, smb.StatusOK, append(with(sized(17, 16), func(b []byte) {
						b[2], b[4] = headerSize+16, byte(n)
					}), make([]byte, n)...))
				}
				return framed(answer), true
			})
			file, err := mustConnect(t, mustLogin(t, nc, testCreds(), Options{}), "ADMIN$").Open(testContext(t), "hello.txt")
			if err != nil {
				t.Fatal(err)
			}
			data, err := file.ReadAll(testContext(t))
			if !errors.Is(err, tt.want) || err == nil && len(data) != size || reads.Load() > int64(smb.MaxReads(size)) {
				t.Errorf("%d bytes in %d reads, %v; want %v", len(data), reads.Load(), err, tt.want)
			}
		})
	}
}

func readFileThenPipe(t *testing.T, s *Session) (string, error) {
	t.Helper()
	ctx := testContext(t)
	tree := mustConnect(t, s, "ADMIN$")
	file, err := tree.Open(ctx, "hello.txt")
	if err != nil {
		return "", err
	}
	first, err := file.ReadAll(ctx)
	if err != nil {
		return "", err
	}
	for range 2 { // the second does nothing
		if err := file.Close(ctx); err != nil {
			return "", err
		}
	}
	pipe, err := tree.OpenPipe(ctx, "hello")
	if err != nil {
		return "", err
	}
	second, err := pipe.Transact(ctx, []byte("who is there"), 64)
	return string(first) + ", " + string(second), err
}

// TestPipeEnd reads from a pipe that has nothing to say.
func TestPipeEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(request header) []byte
		status smb.Status
		want   error
	}{
		"end of file": {func(h header) []byte { return packet(h, smb.StatusEndOfFile, errorBody()) }, smb.StatusEndOfFile, nil},
		"broken":      {func(h header) []byte { return packet(h, smb.StatusPipeBroken, errorBody()) }, smb.StatusPipeBroken, nil},
		"empty":       {func(h header) []byte { return packet(h, smb.StatusOK, sized(17, 16)) }, smb.StatusOK, smb.ErrProtocol},
	} {
		nc := startPeer(t, func(request header) ([]byte, bool) {
			if request.command() == cmdRead {
				return framed(tt.answer(request)), true
			}
			return framed(fileAnswer(request)), true
		})
		s := mustLogin(t, nc, testCreds(), Options{})
		pipe, err := mustConnect(t, s, "IPC$").OpenPipe(testContext(t), "hello")
		if err != nil {
			t.Fatalf("%s: OpenPipe: %v", name, err)
		}
		message, err := pipe.Read(testContext(t), 64)
		if err == nil || smb.StatusOf(err) != tt.status || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %q, %v; want %v, %v", name, message, err, tt.status, tt.want)
		}
	}
}

// TestFileEndsAtOnce says that a file has five bytes, and that there are none.
func TestFileEndsAtOnce(t *testing.T) {
	nc := startPeer(t, func(request header) ([]byte, bool) {
		if request.command() == cmdRead {
			return framed(packet(request, smb.StatusEndOfFile, errorBody())), true
		}
		return framed(fileAnswer(request)), true
	})
	s := mustLogin(t, nc, testCreds(), Options{})
	file, err := mustConnect(t, s, "ADMIN$").Open(testContext(t), "hello.txt")
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if data, err := file.ReadAll(testContext(t)); !errors.Is(err, io.ErrUnexpectedEOF) || len(data) != 0 {
		t.Errorf("ReadAll: %q, %v", data, err)
	}
}
