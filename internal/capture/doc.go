// Package capture writes the SMB conversation of a probe to a pcap file that
// Wireshark opens, without what would let a reader of the file find out the
// password.
//
// The file is made from the bytes that our own connections carry, so it takes no
// raw socket and no root. Addresses, ports, payloads and times are those of the
// connections; the IP and TCP headers round them are made up, as the operating
// system does not show the real ones: every message begins a new segment, has the
// time when its last byte was read or was about to be written, and is acknowledged
// at once. A reset stands in the file only where the peer sent one, and a FIN where
// the peer or we ended the connection. A connection that was not established is not
// in the file.
//
// # What is blanked
//
// Bytes are replaced by zeros, lengths stay. Whoever holds the answer to a challenge
// can try passwords against it on a machine of his own, as fast as it computes. The
// same goes for everything else that is keyed with what is derived from the
// password, as soon as the text that was keyed is known: and the capture shows it.
// So these are blanked:
//
//   - the password fields of SMB1 session setup (MS-CIFS 2.2.4.53.1) and tree
//     connect requests (MS-CIFS 2.2.4.55.1), also inside of a chain;
//   - in the security blobs of SMB1 (MS-SMB 2.2.4.6) and SMB2 (MS-SMB2 2.2.5, 2.2.6)
//     session setups: of an NTLM AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3) everything
//     but its fixed part and the names of domain, user and workstation, which takes
//     the LM and NT responses with their AV pairs, the encrypted session key and the
//     MIC; the mechListMIC of SPNEGO (RFC 4178 4.2.2) in both directions; and the
//     whole blob where it is anything else than NTLM, bare or in SPNEGO;
//   - the signature of every SMB1 message (MS-CIFS 2.2.3.1) and every SMB2 message
//     (MS-SMB2 2.2.1), whether or not its flags say that it is signed: a server
//     that signs and does not say so is one of those that captures are made of;
//   - the signature and the payload of encrypted SMB3 messages (MS-SMB2 2.2.41): the
//     cipher is keyed in the same way, and much of its plain text can be guessed;
//     and compressed SMB3 messages (MS-SMB2 2.2.42), which are not asked for;
//   - what we send that is not understood, a message cut short included: it might
//     hold a response. What a server sends that is no SMB stays as it is until it has
//     sent its first SMB message, as a server that is none has no key, and is blanked
//     from then on;
//   - frames of more than 1 MiB, but for their 4-byte header.
//
// The server's challenge stays: alone it gives nothing away. So do the names of
// accounts, computers and shares, the phone book with its telephone numbers, and the
// event records: whoever passes a capture on passes these on.
package capture
