package rpc

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// started and now are by the clock of the tests' server, which stands.
func started() time.Time { return time.Date(1999, 3, 1, 8, 0, 0, 0, time.UTC) }
func now() time.Time     { return started().Add(36*time.Hour + 250*time.Millisecond) }

// newServer makes a server with something in each of its parts.
func newServer() *System {
	s := NewSystem(Options{
		Name: "EXCH1", Domain: "EXCHDOM", Comment: "Mail", Major: 4, Server: true,
		Now: func() time.Time { return now().In(time.FixedZone("PST", -8*3600)) }, Started: started(),
	})
	s.SetShares(func() []Share {
		return []Share{{"ADMIN$", 0x80000000, "Remote Admin", `C:\WINNT`}, {"IPC$", 0x80000003, "Remote IPC", ""}, {"mail", 0, "", `D:\mail`}}
	})
	s.SetService(Service{Name: "MSExchangeIMC", Display: "Microsoft Exchange Internet Mail Service", State: 4, Start: 2, Account: `EXCHDOM\service`})
	s.SetService(Service{Name: "RasMan", Display: "Remote Access Connection Manager", State: 1, Start: 3, ExitCode: 1077})
	s.Registry().SetNumber(keyLanman, "AutoShareServer", 0)
	s.Registry().SetText(keyWindowsNT, "CSDVersion", "Service Pack 6")
	s.Registry().SetTexts(keyLanman, "NullSessionPipes", []string{"srvsvc", "browser"})
	for n := range 3 {
		s.Log("Application").Add(dialFailure(now().Add(time.Duration(n-3) * time.Minute)))
	}
	return s
}

func dialFailure(at time.Time) Event {
	return Event{
		At: at, ID: 0x8000100A, Type: 2, Category: 3, Source: "MSExchangeIMC", Computer: "EXCH1",
		Strings: []string{"ISP", "5", "Access denied"},
	}
}

func administrator() Access { return Access{User: "admin", Administrator: true} }

// adapter is a Pipe as the clients want it.
type adapter struct{ pipe *Pipe }

func (a adapter) Transact(ctx context.Context, message []byte, limit int) ([]byte, error) {
	if status := a.pipe.Write(message); status != 0 {
		return nil, errors.New("write to the pipe: " + hex.EncodeToString(binary.BigEndian.AppendUint32(nil, status)))
	}
	return a.Read(ctx, limit)
}

func (a adapter) Read(_ context.Context, limit int) ([]byte, error) {
	message, ok := a.pipe.Read()
	if !ok || len(message) > limit {
		return nil, errors.New("nothing to read, or too long")
	}
	return message, nil
}

func (a adapter) Close(context.Context) error {
	a.pipe.Close()
	return nil
}

// open opens a pipe.
func open(t testing.TB, s *System, name string, a Access) *Pipe {
	t.Helper()
	p, status := s.Open(name, a)
	if status != 0 {
		t.Fatalf("open %s: %08X", name, status)
	}
	return p
}

// bound opens a pipe and binds it to the interface that belongs to it.
func bound(t testing.TB, s *System, name string, a Access) *Pipe {
	t.Helper()
	p := open(t, s, name, a)
	if ack := exchange(t, p, bindMessage(p.program.iface)); ack[2] != kindBindAck {
		t.Fatalf("bind: %x", ack)
	}
	return p
}

func bindMessage(iface syntax) []byte {
	b := newPDU(kindBind, flagsWhole, 1, 72)
	b = append(b, 0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0)
	transfer := ndr
	return append(append(b, iface[:]...), transfer[:]...)
}

// exchange writes a message and reads the only one that answers it.
func exchange(t testing.TB, p *Pipe, message []byte) []byte {
	t.Helper()
	if status := p.Write(message); status != 0 {
		t.Fatalf("write: %08X", status)
	}
	answer, ok := p.Read()
	if !ok {
		t.Fatal("no answer")
	}
	if more, ok := p.Read(); ok {
		t.Fatalf("one more answer: %x", more)
	}
	return answer
}

func requestMessage(flags uint8, callID uint32, opnum uint16, stub []byte) []byte {
	b := newPDU(kindRequest, flags, callID, requestSize+len(stub))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(stub)))
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, opnum)
	return append(b, stub...)
}

// ask runs a call and returns the stub of its answer, or the code of a fault.
func ask(t testing.TB, p *Pipe, opnum uint16, stub []byte) (answer []byte, fault uint32) {
	t.Helper()
	if status := p.Write(requestMessage(flagsWhole, 7, opnum, stub)); status != 0 {
		t.Fatalf("write: %08X", status)
	}
	for {
		b, ok := p.Read()
		if !ok {
			t.Fatal("no answer, or one without an end")
		}
		if b[2] == kindFault {
			return nil, binary.LittleEndian.Uint32(b[24:])
		}
		answer = append(answer, b[responseSize:]...)
		if b[3]&flagLast != 0 {
			return answer, 0
		}
	}
}

// openHandle runs a call that opens something.
func openHandle(t testing.TB, p *Pipe, opnum uint16, stub []byte) handle {
	t.Helper()
	answer, fault := ask(t, p, opnum, stub)
	if fault != 0 || len(answer) != handleSize+4 || last(answer) != 0 {
		t.Fatalf("call %d: %x, fault %08X", opnum, answer, fault)
	}
	return handle(answer)
}

// last returns the number at the end of an answer: its status.
func last(answer []byte) uint32 {
	if len(answer) < 4 {
		return 0xFFFFFFFF
	}
	return binary.LittleEndian.Uint32(answer[len(answer)-4:])
}

// vector is a recorded request.
type vector struct {
	name  string
	opnum uint16
	stub  []byte
}

// vectors returns the recorded requests to each interface, by its UUID.
func vectors(t testing.TB) map[string][]vector {
	t.Helper()
	file, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]vector)
	iface := ""
	for line := range strings.Lines(string(file)) {
		fields := strings.Fields(line)
		switch {
		case fields[0] == "BIND":
			iface = fields[1]
			found[iface] = append(found[iface], vector{"BIND", 0, fromHex(t, fields[2])})
		case len(fields) == 5 && fields[1] == "opnum":
			opnum, stub := parseNumber(t, fields[2]), fromHex(t, fields[4])
			found[iface] = append(found[iface], vector{fields[0], opnum, stub})
		}
	}
	if len(found) != 4 {
		t.Fatalf("requests to %d interfaces, expected 4", len(found))
	}
	return found
}

// recorded returns the stub of a recorded request, with a handle in the place of its own.
func recorded(t testing.TB, name string, h handle) []byte {
	t.Helper()
	for _, requests := range vectors(t) {
		for _, v := range requests {
			if v.name == name {
				if h != (handle{}) {
					copy(v.stub, h[:])
				}
				return v.stub
			}
		}
	}
	t.Fatalf("no recorded %s", name)
	return nil
}

func fromHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parseNumber(t testing.TB, text string) uint16 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(n)
}
