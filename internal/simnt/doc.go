// Package simnt simulates a Windows NT 4.0 or Windows 2000 server on the network:
// NetBIOS sessions, SMB1 in the dialect NT LM 0.12 without extended security, NTLM and
// LM logins, message signing, administrative shares with a few files behind them, and
// through package rpc the programs behind the pipes of IPC$.
//
// It follows MS-CIFS and its appendix A, which notes what Windows NT itself does, and
// refuses what an NT refuses. Its codec is its own and shares nothing with the clients of
// this module: a client that is tested against its own codec proves nothing.
//
// What it leaves out is refused: writing to disks, locks, oplocks, secondary transactions,
// extended security, the dialects before NT LM 0.12, RAP.
package simnt
