package smb2

import (
	"errors"
	"fmt"
	"os"

	gosmb2 "github.com/hirochachacha/go-smb2"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// errPanic marks what protect caught.
var errPanic = errors.New("go-smb2 panicked")

// protect calls into go-smb2 and turns a panic in this goroutine into an error.
// The library panics on answers that it does not expect.
func protect(call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %w: %v", smb.ErrProtocol, errPanic, p)
		}
	}()
	return call()
}

// explain turns an error of go-smb2 into ours. What the server has answered
// comes first, then the reason why the connection ended, then what go-smb2 says.
func (g *guard) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	if status, ok := statusOf(err); ok {
		return &smb.Error{Op: op, Status: status}
	}
	// A server may close the connection right after a broken answer.
	failure := g.failed()
	if failure == nil || errors.Is(failure, smb.ErrConnectionLost) {
		if reason := g.brokenAnswer(err); reason != nil {
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

// brokenAnswer returns what was wrong with an answer that go-smb2 refused, nil
// where err says nothing of the kind. The guard has checked all else that go-smb2
// calls an invalid response, so on a connection that is not encrypted it was the
// signature.
func (g *guard) brokenAnswer(err error) error {
	if errors.Is(err, errPanic) {
		return err
	}
	if _, ok := errors.AsType[*gosmb2.InvalidResponseError](err); !ok {
		return nil
	}
	g.mu.Lock()
	plain := g.talk.established && !g.talk.encrypted
	g.mu.Unlock()
	if plain {
		return fmt.Errorf("%w: %w", smb.ErrSigning, err)
	}
	return fmt.Errorf("%w: %w", smb.ErrProtocol, err)
}
