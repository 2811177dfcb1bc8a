// Package netbios is what SMB over TCP port 139 needs of NetBIOS (RFC 1001,
// RFC 1002): the session request before the first SMB message, the frames that
// messages travel in, and the node status query that tells a server's name.
// Frames on port 445 are the same but for a length of 24 bits (MS-SMB 2.1).
package netbios
