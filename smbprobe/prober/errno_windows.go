package prober

import "syscall"

// The system's errors that tell how a connection failed: Windows Sockets has numbers of
// its own for them (Windows Sockets error codes).
var (
	errnosRefused   = []error{syscall.Errno(10061)}                                                      // WSAECONNREFUSED
	errnosReset     = []error{syscall.WSAECONNRESET, syscall.WSAECONNABORTED, syscall.ERROR_BROKEN_PIPE} // by the peer, or locally
	errnosExhausted = []error{syscall.Errno(10024), syscall.Errno(10049), syscall.Errno(10055)}          // WSAEMFILE, WSAEADDRNOTAVAIL, WSAENOBUFS
)
