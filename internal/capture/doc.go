// Package capture writes the SMB conversation of a probe to a pcap file that Wireshark
// opens, without the bytes from which a reader of the file could find out the password.
//
// The file is made from the bytes that the exporter's own connections send and receive, so
// that it needs neither a raw socket nor root. Addresses, ports, payloads and times are those
// of the connections. The IP and TCP headers are made up, because the operating system does
// not show the real ones: every message begins a new segment, has the time when its last byte
// was read or was about to be written, and is acknowledged at once. The file has a reset only
// if the peer sent one, and a FIN only if either end closed the connection. It has no
// connections that were not established.
//
// # What is blanked
//
// Bytes are replaced by zeros; lengths stay as they are. With the response to a challenge, a
// reader could try passwords offline, as fast as a computer can. The same goes for anything
// else that is keyed with a key derived from the password, if its plain text is known, as it
// is from the capture. So these are blanked:
//
//   - the password fields of SMB1 session setup requests (MS-CIFS 2.2.4.53.1) and tree
//     connect requests (MS-CIFS 2.2.4.55.1), also in a chain;
//   - in the security blobs of SMB1 (MS-SMB 2.2.4.6) and SMB2 (MS-SMB2 2.2.5, 2.2.6) session
//     setups: of an NTLM AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3) everything but its fixed part
//     and the names of domain, user and workstation, that is, the LM and NT responses with
//     their AV pairs, the encrypted session key and the MIC; the mechListMIC of SPNEGO
//     (RFC 4178 4.2.2) in both directions; and the whole blob if it is not NTLM;
//   - the signature of every SMB1 message (MS-CIFS 2.2.3.1) and SMB2 message (MS-SMB2 2.2.1),
//     whether or not its flags claim one: a server that signs without the flag is one that a
//     user may want to report;
//   - the signature and the payload of encrypted SMB3 messages (MS-SMB2 2.2.41), because much
//     of their plain text can be guessed, and compressed messages (MS-SMB2 2.2.42), which the
//     exporter does not ask for;
//   - everything that the exporter sends and that is not understood, such as an incomplete
//     message: it may hold a response. What a server sends and that is not SMB stays until
//     its first SMB message, because a server that does not speak SMB has no key, and is
//     blanked from then on;
//   - frames of more than 1 MiB, but for their 4-byte header.
//
// The server's challenge stays: without a response it is of no use. So do the names of
// accounts, computers and shares, the phone book with its telephone numbers, and the event
// records: whoever passes on a capture passes on these too.
package capture
