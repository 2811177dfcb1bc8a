package main

import (
	"context"
	"errors"
)

var errInterrupted = errors.New("interrupted")

// interruptible returns what read does, or errInterrupted once ctx ends: a read of a terminal
// or a pipe cannot be ended, and goes on in the background until the process ends.
func interruptible[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type outcome struct {
		value    T
		err      error
		panicked any
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			o.panicked = recover()
			done <- o
		}()
		o.value, o.err = read()
	}()
	select {
	case o := <-done:
		if o.panicked != nil {
			panic(o.panicked)
		}
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, errInterrupted
	}
}
