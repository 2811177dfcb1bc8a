// Package smb2 speaks SMB 2.0.2 to 3.1.1 ([MS-SMB2]) through
// hirochachacha/go-smb2 and keeps that library from harm.
//
// go-smb2 decodes what it receives in a goroutine of its own and trusts it: one
// frame of two bytes ends the process, and no recover of ours would run. Every
// byte therefore passes a guard, a net.Conn around the real one, that hands on
// whole frames that it has checked and understood, and nothing else. A frame
// that fails a check ends the connection, and the guard remembers why.
//
// The guard also knows what go-smb2 forgets: the status behind a refused login,
// whether it was the file or its folder that is missing, size and time of an
// opened file, the server's clock and names.
//
// What the guard cannot see into is an encrypted frame (SMB 3). Its length is
// checked, and the AEAD keeps everybody out who does not hold the session key.
// The key derives from the password: a server that does not know it, and has no
// domain controller that does, cannot make such a frame. A genuine member of
// the account's domain can, and could still stop the process with a NextCommand
// that lies inside an encrypted frame.
package smb2
