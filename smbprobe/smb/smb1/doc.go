// Package smb1 is a client of the dialect "NT LM 0.12" (MS-CIFS, MS-SMB), the
// only one that Windows NT 4.0 and 2000 speak, with NTLM but without extended
// security. It reads files and talks to pipes; it cannot write a file.
//
// What it keeps to so that no server of that age is hurt:
//   - it offers no dialect older than NT LM 0.12, and negotiates once;
//   - VcNumber is 1: on 0 a server drops the other sessions of our host;
//   - the one chain is session setup with tree connect, which every Windows
//     client sends;
//   - it never asks for an oplock, an extended answer, or more bytes than both
//     sides' buffers hold, and never sends a plain text password or an LM
//     response;
//   - it keeps at most MaxMpxCount requests in flight.
//
// The files: header.go, builder.go, blocks.go and text.go are the codec;
// negotiate.go, login.go, create.go, read.go and transact.go the messages;
// conn.go matches answers to requests; signing.go signs; client.go, session.go,
// file.go and pipe.go are what the probe sees.
package smb1
