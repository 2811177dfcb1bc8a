//go:build !windows

package prober

import "syscall"

// errnoNoAddress: no local address, or no local port, is left to connect from.
const errnoNoAddress = syscall.EADDRNOTAVAIL

// The system's errors that tell how a connection failed.
var (
	errnosRefused   = []error{syscall.ECONNREFUSED}
	errnosReset     = []error{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED}
	errnosExhausted = []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		errnoNoAddress, syscall.EADDRINUSE, syscall.EAGAIN, // connect(2)
	}
)
