package smb2

import (
	"encoding/binary"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// presentable returns a frame as go-smb2 can take it, nothing where the frame
// holds nothing for it.
//
// An interim answer (STATUS_PENDING, [MS-SMB2] 3.3.4.2) is never signed, which
// go-smb2 does not know: where signing is required it fails the request. Yet it
// needs that answer, for the credits and for the AsyncId that the final answer
// carries in place of the tree. What it does not check is the signature of a
// packet for another session, provided that it is not the first of its chain:
// so the interim answer gets another SessionId, behind a packet that go-smb2
// drops. An interim answer is not authentic in any case: a forged one can make
// the final answer fail, and no more.
func presentable(frame []byte, chain []header, established bool, sessionID uint64) []byte {
	if len(chain) == 1 && chain[0].messageID() == unsolicited {
		return nil
	}
	if !established {
		return frame
	}
	for _, h := range chain {
		if isInterim(h) {
			binary.LittleEndian.PutUint64(h[40:48], ^sessionID)
		}
	}
	if first := chain[0]; isInterim(first) || first.messageID() == unsolicited {
		return append(droppedPacket(sessionID), frame...)
	}
	return frame
}

func isInterim(h header) bool {
	return h.status() == smb.StatusPending && h.messageID() != unsolicited
}

// droppedPacket is a header that says that another packet follows, with a
// MessageId that no request has.
func droppedPacket(sessionID uint64) []byte {
	h := make([]byte, headerSize)
	copy(h, "\xFESMB")
	binary.LittleEndian.PutUint16(h[4:6], headerSize)
	binary.LittleEndian.PutUint16(h[12:14], cmdOplockBreak)
	binary.LittleEndian.PutUint32(h[16:20], flagResponse)
	binary.LittleEndian.PutUint32(h[20:24], headerSize) // NextCommand
	binary.LittleEndian.PutUint64(h[24:32], unsolicited)
	binary.LittleEndian.PutUint64(h[40:48], sessionID)
	return h
}
