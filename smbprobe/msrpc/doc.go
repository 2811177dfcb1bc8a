// Package msrpc calls procedures of a Windows server over a named pipe:
// connection-oriented DCE/RPC 5.0 (C706 chapter 12, MS-RPCE 2.2.2) with one
// presentation context, NDR 2.0, and no security of its own, because the SMB
// session has logged in already. The interfaces are packages of their own; how
// their parameters are written is package ndr.
package msrpc
