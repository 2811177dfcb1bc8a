package smb2

import (
	"context"
	"sync"

	gosmb2 "github.com/hirochachacha/go-smb2"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Session is one login on one connection; it implements smb.Session. A call
// whose context ends before its answer is here ends the connection, and with it
// every other call: what the server was doing is then unknown.
type Session struct {
	g    *guard
	s    *gosmb2.Session
	host string // in UNC paths

	mu     sync.Mutex
	closed bool
	closes sync.WaitGroup // closes of files that nobody waits for
}

var _ smb.Session = (*Session)(nil)

// Server returns what the server told of itself when we logged in.
func (s *Session) Server() smb.ServerInfo { return s.g.server() }

// call runs one call into go-smb2, and no longer than ctx.
func (s *Session) call(ctx context.Context, op string, f func() error) error {
	if err := ctx.Err(); err != nil {
		return &smb.Error{Op: op, Err: err}
	}
	if err := s.g.failed(); err != nil {
		return &smb.Error{Op: op, Err: err}
	}
	release := s.g.bind(ctx)
	err := protect(f)
	release()
	err = s.g.explain(op, err)
	if err != nil {
		s.g.trace.Log(err.Error())
	}
	return err
}

// Connect connects a share ([MS-SMB2] 3.2.4.2.4), one round trip.
func (s *Session) Connect(ctx context.Context, share string) (smb.Tree, error) {
	op := "tree connect " + share
	var fs *gosmb2.Share
	err := s.call(ctx, op, func() (err error) {
		fs, err = s.s.Mount(`\\` + s.host + `\` + share)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.g.trace.Log(op + ": connected")
	return &Tree{s: s, fs: fs.WithContext(s.g.life)}, nil
}

// Close logs off, which makes the server close files and disconnect trees
// ([MS-SMB2] 3.3.5.6): one round trip, after the answers to the closes that were
// sent before. A connection that has failed, or whose context has ended, gets no
// word. Either way nothing of the session is left when Close returns; calls that
// are still under way fail.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return nil
	}

	var err error
	release := s.g.bind(ctx)
	s.closes.Wait()
	release()
	if s.g.failed() == nil {
		err = s.call(ctx, opLogoff, s.s.Logoff)
	}
	s.g.giveUp(errClosed)
	<-s.g.readDone
	return err
}

// closeLater sends the close of a file and lets Close wait for the answer.
func (s *Session) closeLater(op string, file *gosmb2.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.g.failed() != nil {
		return // the end of the session closes the file
	}
	s.closes.Go(func() {
		// A refused close changes nothing for anybody; call has traced it.
		_ = s.call(s.g.life, op, file.Close)
	})
}
