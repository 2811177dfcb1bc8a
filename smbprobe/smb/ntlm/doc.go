// Package ntlm computes the responses of a login without extended security, as
// SESSION_SETUP_ANDX carries them (MS-CIFS 2.2.4.53.1, MS-NLMP 3.3), and the
// signature of SMB1 messages (MS-CIFS 3.1.4.1). Everything in it is pure: no
// I/O, no clock, no random numbers.
//
// Whoever reads a response off the network can try passwords on it without
// asking the server again. See V1 and V2 for how far that goes.
package ntlm
