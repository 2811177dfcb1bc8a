// Package smbtest starts servers to test against: a private Samba, the SMB server of impacket,
// and a packet capture of their traffic. Its subpackages have scripted servers for states that
// no real server gets into, and a proxy that injects faults. Only tests may import it.
//
// No test is skipped: if a program is missing, the test fails with the name of the Debian
// package that has it.
package smbtest
