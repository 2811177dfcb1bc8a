package rpc

import (
	"encoding/binary"
	"testing"
)

// FuzzPipe: whatever messages a client writes, a pipe answers with whole fragments or
// is closed, and keeps a bounded number of bytes. The input is messages, each with
// its length in two bytes before it.
func FuzzPipe(f *testing.F) {
	pipes := []string{"eventlog", "winreg", "svcctl", "srvsvc"}
	for n, uuid := range []string{
		"82273fdc-e32a-18c3-3f78-827929dc23ea", "338cd001-2244-31f1-aaaa-900038001003",
		"367abb81-9844-35f1-ad32-98f038001003", "4b324fc8-1670-01d3-1278-5a47bf6ee188",
	} {
		var messages []byte
		for _, v := range vectors(f)[uuid] {
			message := v.stub
			if v.name != "BIND" {
				message = requestMessage(flagsWhole, 1, v.opnum, v.stub)
			}
			messages = binary.LittleEndian.AppendUint16(messages, uint16(len(message)))
			messages = append(messages, message...)
		}
		f.Add(byte(n), messages)
	}
	f.Fuzz(func(t *testing.T, which byte, messages []byte) {
		s := newServer()
		p := open(t, s, pipes[int(which)%len(pipes)], administrator())
		defer p.Close()
		var h handle
		for len(messages) >= 2 {
			n := min(int(binary.LittleEndian.Uint16(messages)), len(messages)-2)
			message := append([]byte(nil), messages[2:2+n]...)
			messages = messages[2+n:]
			if len(message) >= requestSize+handleSize && message[requestSize+4] == 0xa1 {
				copy(message[requestSize:], h[:]) // the place of a handle in the recorded requests
			}
			status := p.Write(message)
			if (status == statusPipeBroken) && !p.Broken() || status != 0 && status != statusPipeBroken && status != statusPipeBusy {
				t.Fatalf("status %08X, broken %v", status, p.Broken())
			}
			if p.unread > maxUnread+2*maxRead || len(p.handles) > maxHandles {
				t.Fatalf("%d bytes, %d handles kept", p.unread, len(p.handles))
			}
			for answer, ok := p.Read(); ok; answer, ok = p.Read() {
				if len(answer) < headerSize || len(answer) > fragmentNT4 || int(binary.LittleEndian.Uint16(answer[8:])) != len(answer) {
					t.Fatalf("a fragment %x", answer)
				}
				if len(answer) == responseSize+handleSize+4 {
					h = handle(answer[responseSize:])
				}
			}
		}
		if s.Log("Application").Count() != 3 {
			t.Fatal("the log changed")
		}
	})
}
