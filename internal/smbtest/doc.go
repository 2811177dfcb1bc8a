// Package smbtest starts what a probe is tested against: a private Samba, the
// SMB server of impacket, and a packet capture of what is said to them. Package
// peer below it holds scripted servers for the states that no real server gets
// into. Tests alone may import it.
//
// Nothing here skips: where a program is missing the test fails, and says which
// Debian package has it.
package smbtest
