// Package smb says what a probe needs of an SMB server, whatever dialect it
// speaks: a session, a tree, a file, a pipe, status codes with names, and one
// error type. Package smb1 and package smb2 are the two dialects.
package smb

import (
	"context"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// Credentials are what one login takes.
type Credentials struct {
	Username string
	Domain   string // NT domain or computer name, may be empty
	Password secret.Secret
	NTLMv1   bool // send the NTLMv1 response instead of NTLMv2 (NT 4.0 before SP4)
}

// ServerInfo is what a server tells of itself. Texts went through CleanText;
// an empty text or a zero time is unknown.
type ServerInfo struct {
	OS          string // "Windows NT 4.0"
	LANManager  string // "NT LAN Manager 4.0"
	NetBIOSName string // the server's own name
	Domain      string // domain or workgroup that the server belongs to
	Dialect     string // "NT LM 0.12", "SMB 3.1.1"

	Time       time.Time // the server's clock in its negotiate answer (UTC)
	TimeSeenAt time.Time // our clock, half way between that request and its answer
	Signed     bool      // the session is signed
}

// Session is one login on one connection. Its methods may be called from
// several goroutines; requests are in flight together where the server allows
// it. Every method gives up when its context ends.
type Session interface {
	Server() ServerInfo
	// Connect opens a tree, the share's bare name given ("ADMIN$"). A tree
	// that the login already opened costs no round trip.
	Connect(ctx context.Context, share string) (Tree, error)
	// Close closes files, disconnects trees, logs off (all in one flight), and
	// closes the connection. It returns when nothing of the session is left,
	// and not later than ctx allows. A connection that failed before is closed
	// without a word to the server.
	Close(ctx context.Context) error
}

// Tree is a connected share.
type Tree interface {
	// Open opens a file for reading, sharing it with everybody. The path is
	// relative to the share, with backslashes.
	Open(ctx context.Context, path string) (File, error)
	// Stat asks for size and time of a file or a folder, and reads nothing: it works
	// for a file that another program holds exclusively, and where the account may
	// see the file and not read it. The path is as for Open, and so are the errors.
	Stat(ctx context.Context, path string) (FileInfo, error)
	// OpenPipe opens a named pipe in message mode ("eventlog"); for IPC$.
	OpenPipe(ctx context.Context, name string) (Pipe, error)
}

// File is a file opened for reading.
type File interface {
	Info() FileInfo
	// ReadAll reads Info().Size bytes, which the caller has bounded. A file
	// that ends earlier is io.ErrUnexpectedEOF, with what was read.
	ReadAll(ctx context.Context) ([]byte, error)
	// Close sends the close; it does not wait for its answer.
	Close(ctx context.Context) error
}

// FileInfo comes with the answer to an open.
type FileInfo struct {
	Size      int64
	Modified  time.Time // last write, UTC; zero where the server sent none
	Directory bool
}

// Pipe is a named pipe in message mode. One call at a time.
type Pipe interface {
	// Transact writes one message and reads the whole message that answers it,
	// at most limit bytes; a longer one is an error.
	Transact(ctx context.Context, message []byte, limit int) ([]byte, error)
	// Read reads the next whole message, at most limit bytes.
	Read(ctx context.Context, limit int) ([]byte, error)
	Close(ctx context.Context) error
}

// ReadAheader is a Pipe on which several reads may be in flight.
type ReadAheader interface {
	// ReadMessages reads the next n whole messages, each of at most limit bytes,
	// in their order. It waits indefinitely for a message that does not come.
	ReadMessages(ctx context.Context, n, limit int) ([][]byte, error)
}

// Trace takes one line of a probe's trace; nil drops it. Lines never hold a
// password or a response computed from one.
type Trace func(line string)

// Log hands a line to the trace.
func (t Trace) Log(line string) {
	if t != nil {
		t(line)
	}
}
