// Package smb defines what a probe needs of an SMB server in any dialect: a
// session, a tree, a file, a pipe, status codes with names, and one error type.
// Packages smb1 and smb2 implement the two dialects.
package smb

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// Credentials are what one login takes.
type Credentials struct {
	Username string
	Domain   string // NT domain or computer name, may be empty
	Password secret.Secret
	NTLMv1   bool // send the NTLMv1 response instead of NTLMv2 (NT 4.0 before SP4)
}

// ServerInfo is what a server reports about itself. Texts went through CleanText;
// an empty text or a zero time is unknown.
type ServerInfo struct {
	OS          string // "Windows NT 4.0"
	LANManager  string // "NT LAN Manager 4.0"
	NetBIOSName string // the server's own name
	Domain      string // domain or workgroup that the server belongs to
	Dialect     string // "NT LM 0.12", "SMB 3.1.1"

	Time       time.Time // the server's clock in its negotiate answer (UTC)
	TimeSeenAt time.Time // our clock, halfway between that request and its answer
	Signed     bool      // the session is signed
}

// Session is one login on one connection. Its methods may be called from
// several goroutines; requests are in flight together if the server allows
// it. Every method returns when its context ends.
type Session interface {
	Server() ServerInfo
	// Connect opens a tree by the share's bare name ("ADMIN$"). A tree that the
	// login already opened costs no round trip.
	Connect(ctx context.Context, share string) (Tree, error)
	// Close closes files, disconnects trees, logs off (all in one flight), and
	// closes the connection. It returns when nothing of the session is left,
	// and not later than ctx allows. On a connection that has failed it sends
	// nothing.
	Close(ctx context.Context) error
}

// Tree is a connected share.
type Tree interface {
	// Open opens a file for reading, and lets others read, write and delete it.
	// The path is relative to the share, with backslashes.
	Open(ctx context.Context, path string) (File, error)
	// Stat returns size and time of a file or a folder. It works for a file that
	// another program holds exclusively, and for one that the account may see but
	// not read. Path and errors are those of Open.
	Stat(ctx context.Context, path string) (FileInfo, error)
	// OpenPipe opens a named pipe in message mode ("eventlog"); for IPC$.
	OpenPipe(ctx context.Context, name string) (Pipe, error)
}

// File is a file opened for reading.
type File interface {
	Info() FileInfo
	// ReadAll reads Info().Size bytes; the caller checks that size first. A file
	// that ends earlier is io.ErrUnexpectedEOF, with the bytes before its end.
	ReadAll(ctx context.Context) ([]byte, error)
	// Close sends the close; it does not wait for its answer.
	Close(ctx context.Context) error
}

// FileInfo comes with the answer to an open.
type FileInfo struct {
	Size      int64
	Modified  time.Time // last write, UTC; zero if the server sent none
	Directory bool
}

// Pipe is a named pipe in message mode. One call at a time. What a call returns is valid
// until the next one.
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
	// ReadMessages reads n messages of at most limit bytes, all reads in flight
	// together. It waits until ctx ends for a message that does not come. The
	// messages may be out of order, and one may be only a part of a message if the
	// server returned less than was asked for: the caller checks both.
	ReadMessages(ctx context.Context, n, limit int) ([][]byte, error)
}

// CallLimiter is a Pipe whose calls can have a time limit of their own.
type CallLimiter interface {
	// LimitCalls limits how long each further request may wait for its answer. One that is
	// not answered in time ends the session with a *TimeLimitError. 0: the context alone
	// limits it.
	LimitCalls(limit time.Duration)
}

// MaxText is the number of characters that CleanText keeps.
const MaxText = 256

// CleanText makes a text from a server fit for a label, a page or a terminal: valid
// UTF-8, control and formatting characters replaced by U+FFFD, at most MaxText
// characters.
func CleanText(s string) string {
	if len(s) <= MaxText && isPrintableASCII(s) {
		return s
	}
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == MaxText {
			break
		}
		n++
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// MaxReads returns how many reads size bytes may take, if answers are shorter than requested:
// an average of 64 bytes, and some more for short ones.
func MaxReads(size int64) int { return int(size/64) + 16 }
