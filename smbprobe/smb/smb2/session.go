package smb2

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
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
	closes sync.WaitGroup // closes of files, which Close waits for
}

var _ smb.Session = (*Session)(nil)

// Server returns what the server told about itself during the login.
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
		s.g.trace.Logf("%v", err)
	}
	return err
}

// Connect connects a share ([MS-SMB2] 3.2.4.2.4), one round trip. A share that
// must be encrypted is smb.ErrEncryptionRequired; the session stays usable.
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
	s.g.trace.Logf("%s: connected", op)
	return &Tree{s: s, fs: fs.WithContext(s.g.life)}, nil
}

// Close logs off, which makes the server close files and disconnect trees
// ([MS-SMB2] 3.3.5.6): one round trip, after the answers to the closes that were
// sent before. On a connection that has failed, or whose context has ended,
// nothing is sent. Either way nothing of the session is left when Close returns;
// calls that are still under way fail.
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
	if p, ok := errors.AsType[*smb.PanicError](s.g.failed()); ok {
		return &smb.Error{Op: opLogoff, Err: p}
	}
	return err
}

// closeLater sends the close of a file; Close waits for the answer.
func (s *Session) closeLater(op string, file *gosmb2.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.g.failed() != nil {
		return // the end of the session closes the file
	}
	s.closes.Go(func() {
		// A refused close has no consequence, and call has traced it.
		err := recovered(func() error { return s.call(s.g.life, op, file.Close) })
		if p, ok := err.(*smb.PanicError); ok {
			s.g.panicked(p)
			s.g.giveUp(p)
		}
	})
}

func newPanicError(value any) *smb.PanicError {
	return &smb.PanicError{Value: value, Stack: debug.Stack()}
}

// recovered runs call and returns its error, or *smb.PanicError.
func recovered(call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
	}()
	return call()
}

// protect calls into go-smb2. A panic in this goroutine becomes an error: the
// library panics on answers that it does not expect.
func protect(call func() error) error {
	err := recovered(call)
	if p, ok := err.(*smb.PanicError); ok {
		return fmt.Errorf("%w: go-smb2 could not read it: %w", smb.ErrProtocol, p)
	}
	return err
}

// explain turns an error of go-smb2 into one of this package. What the server has
// answered comes first, then the reason why the connection ended, then go-smb2's
// text.
func (g *guard) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	if status, ok := statusOf(err); ok {
		if reason := guardStatuses[status]; reason != nil {
			return &smb.Error{Op: op, Err: reason}
		}
		return &smb.Error{Op: op, Status: status}
	}
	// A server may close the connection right after a broken answer.
	failure := g.failed()
	if failure == nil || errors.Is(failure, smb.ErrConnectionLost) {
		if reason := brokenAnswer(err); reason != nil {
			g.fail(reason)
			return &smb.Error{Op: op, Err: reason}
		}
	}
	if failure != nil {
		err = failure
	}
	return &smb.Error{Op: op, Err: err}
}

// statusOf returns the status that an error of go-smb2 stands for. The library
// has dropped it in three cases.
func statusOf(err error) (smb.Status, bool) {
	if response, ok := errors.AsType[*gosmb2.ResponseError](err); ok {
		return smb.Status(response.Code), true
	}
	switch {
	case errors.Is(err, os.ErrPermission):
		return smb.StatusAccessDenied, true
	case errors.Is(err, os.ErrNotExist):
		return smb.StatusObjectNameNotFound, true // or the folder's: see Tree.Open
	}
	return smb.StatusOK, false
}

// brokenAnswer returns what was wrong with an answer that go-smb2 refused, nil if
// err is about something else.
func brokenAnswer(err error) error {
	if _, ok := errors.AsType[*smb.PanicError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*gosmb2.InvalidResponseError](err); ok {
		return fmt.Errorf("%w: %w", smb.ErrProtocol, err)
	}
	return nil
}
