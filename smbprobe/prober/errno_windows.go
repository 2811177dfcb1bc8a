package prober

import "syscall"

// errnoNoAddress is WSAEADDRNOTAVAIL.
const errnoNoAddress = syscall.Errno(10049)

// The system's errors that tell how a connection failed: Windows Sockets has numbers of
// its own for them (Windows Sockets error codes).
var (
	errnosRefused   = []error{syscall.Errno(10061)}                                                      // WSAECONNREFUSED
	errnosReset     = []error{syscall.WSAECONNRESET, syscall.WSAECONNABORTED, syscall.ERROR_BROKEN_PIPE} // by the peer, or locally
	errnosExhausted = []error{
		syscall.Errno(10024), syscall.Errno(10055), // WSAEMFILE, WSAENOBUFS
		errnoNoAddress, syscall.Errno(10048), // WSAEADDRINUSE: no local port is left
	}
)
