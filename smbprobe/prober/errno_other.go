//go:build !windows

package prober

import "syscall"

// The system's errors that tell how a connection failed.
var (
	errnosRefused   = []error{syscall.ECONNREFUSED}
	errnosReset     = []error{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED}
	errnosExhausted = []error{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM}
)
