// Package simnt simulates a Windows NT 4.0 or Windows 2000 server on the network:
// NetBIOS sessions, SMB1 in the dialect NT LM 0.12 without extended security, NTLM and
// LM logins, message signing, administrative shares with a few files behind them, and
// through package rpc the programs behind the pipes of IPC$.
//
// It follows MS-CIFS and its appendix A, which describes what Windows NT itself does, and
// refuses what an NT refuses. Its codec shares nothing with the clients of this module: a
// test of a client against its own codec proves nothing.
//
// Disks are read-only: every command that changes something is STATUS_ACCESS_DENIED. Not
// simulated are oplocks, secondary transactions, extended security, the dialects before
// NT LM 0.12, and RAP.
package simnt
