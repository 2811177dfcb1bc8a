// Package faultproxy is a TCP proxy in front of an SMB server that splits the conversation into
// messages, and spoils one of them, or some at random. Only tests may use it.
//
// A message is a frame of the NetBIOS session service (RFC 1002 4.3) or of direct TCP
// ([MS-SMB] 2.1): four bytes of header, the last three of them the length, and a body.
// The messages of a direction are numbered from 0 over all connections of the proxy. An
// interim answer of SMB2 (STATUS_PENDING) and a keep-alive are passed on and not counted:
// whether they come depends on the server's load. An incomplete message at the end is not
// passed on.
//
// What a [Kind] does with message n:
//
//	CloseBefore     ends the connection (FIN) in place of the message
//	CloseMiddle     sends half of the message, then FIN
//	CloseAfter      sends the message, then FIN
//	ResetBefore     resets the connection (RST) in place of the message
//	ResetMiddle     sends half of the message, then RST
//	ResetAfter      sends the message, then RST; the receiver may see the RST alone
//	HangBefore      sends nothing from here on; the connection stays
//	HangMiddle      sends half of the message, and then nothing
//	HangAfter       sends the message, and then nothing
//	Trickle         sends the message a byte at a time, one each Fault.Interval
//	RandomBytes     sends random bytes in a frame of the same length
//	Truncate        cuts the body and adjusts the frame
//	TruncateSMB     cuts the body and not the frame's length, then FIN or nothing
//	LengthLonger    announces a longer body in the frame
//	LengthShorter   announces a shorter body in the frame
//	InnerLength     a wrong count, length or offset inside the SMB message
//	WrongMID        another MID (SMB2: MessageId)
//	WrongTID        another TID (SMB2: TreeId)
//	WrongUID        another UID (SMB2: SessionId)
//	WrongFID        another FID in the answer to an open; nothing else has one to change
//	WrongSignature  another signature, or one in an unsigned message
//	WrongCommand    another command
//	WrongStatus     another NT status
//	KeepAlive       sends a NetBIOS keep-alive before the message: harmless
//	Duplicate       sends the message twice
//	Reorder         sends the next message first, if it comes within 50 ms
//	Flip            flips one to eight bits of the frame, its header included
//	FlipHeader      flips one to eight bits of the SMB header
//	Insert          sends up to 64 random bytes before the frame
//	EmptyFrame      sends up to 16 frames of length 0 before the message
//	HugeFrame       announces 128 KiB to 16 MiB, sends a bit of it, and then nothing
//
// If a message is not SMB1 or SMB2 (a session response, an encrypted message), the kinds that
// change a field of the SMB message replace the body with random bytes instead. If there is
// nothing to change, as in an empty body, the message is passed on as it is and the fault has
// not fired.
//
// [StartHostile] puts such faults on messages at random. All that is random follows from
// a seed and from the places of the messages in their connections.
package faultproxy
