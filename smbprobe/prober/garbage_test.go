package prober_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"slices"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// maxGarbageMemory is far more than a probe needs, and less than a frame of 16 MiB.
const maxGarbageMemory = 8 << 20

// probeGarbage probes a server that breaks the protocol, and checks what must hold whatever
// it sends.
func probeGarbage(t *testing.T, s site, shareIsOpen bool) {
	t.Helper()
	p, target := newProber(t, prober.Options{}), s.target(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := probe(t, p, target)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > maxGarbageMemory {
		t.Errorf("the probe allocated %d bytes, more than %d", took, maxGarbageMemory)
	}
	if shareIsOpen {
		wantOutcome(t, "garbage", book(smbprobe.PhonebookUnknown), r)
		return
	}
	broken := []smbprobe.ShareState{smbprobe.ShareProtocolError, smbprobe.ShareNotSMB, smbprobe.ShareConnectionLost}
	if !slices.Contains(broken, r.Share) || r.Success {
		t.Errorf("share %s, success %t; want one of %v, and no success", r.Share, r.Success, broken)
	}
}

// TestGarbage: an answer at any step is replaced by garbage.
func TestGarbage(t *testing.T) {
	kinds := map[string]peer.Fault{
		"random bytes": {Kind: peer.RandomBytes}, "SMB2 stub": {Kind: peer.SMB2Stub}, "16 MiB": {Kind: peer.HugeFrame},
		"truncated": {Kind: peer.Truncate}, "closed mid-frame": {Kind: peer.CloseMidFrame}, "wrong MID": {Kind: peer.WrongMID},
	}
	steps := []peer.Step{peer.StepAccept, peer.StepSessionRequest, peer.StepNegotiate, peer.StepSessionSetup,
		peer.StepTreeConnect, peer.StepOpen, peer.StepRead}
	for kind, fault := range kinds {
		for i, step := range steps {
			needsAnswer := fault.Kind == peer.Truncate || fault.Kind == peer.CloseMidFrame || fault.Kind == peer.WrongMID
			if needsAnswer && i < 2 {
				continue // there is no answer to spoil yet
			}
			t.Run(fmt.Sprintf("%s, %s", step, kind), func(t *testing.T) {
				fault := fault
				fault.Seed = uint64(i)
				script := peer.Healthy(smbtest.Phonebook())
				script.NetBIOS = &peer.NetBIOS{}
				if step == peer.StepTreeConnect {
					script.ChainCutShort, fault.After = true, 1
				}
				script.Faults = map[peer.Step]peer.Fault{step: fault}
				server := peer.Start(t, script)
				s := site{hosts: []string{server.Addr().String()}, module: []string{"transport: netbios"}}
				probeGarbage(t, s, step == peer.StepOpen || step == peer.StepRead)
				server.Finished()
			})
		}
	}
}

// TestGarbageAtLogoff does not change the result.
func TestGarbageAtLogoff(t *testing.T) {
	t.Parallel()
	for _, kind := range []peer.FaultKind{peer.RandomBytes, peer.SMB2Stub, peer.HugeFrame, peer.Truncate, peer.WrongMID, peer.Close, peer.Reset} {
		script := peer.Healthy(smbtest.Phonebook())
		script.Faults = map[peer.Step]peer.Fault{peer.StepLogoff: {Kind: kind}}
		server := peer.Start(t, script)
		wantOutcome(t, fmt.Sprint("fault ", kind), allWell(), probeOnce(t, direct(server.Addr())))
		server.Finished()
	}
}

// TestGarbageInSMB2: an answer of an SMB2 server is replaced by garbage.
func TestGarbageInSMB2(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11"})
	changed := func(at int, value uint32) func([]byte) []byte {
		return func(answer []byte) []byte {
			answer = slices.Clone(answer)
			binary.LittleEndian.PutUint32(answer[at:], value)
			return framed(answer)
		}
	}
	kinds := map[string]func(answer []byte) []byte{
		"random bytes":              func([]byte) []byte { return noise(1, 512) },
		"random bytes, framed":      func([]byte) []byte { return framed(noise(2, 512)) },
		"random bytes, with header": func(answer []byte) []byte { return framed(append(slices.Clone(answer[:64]), noise(3, 512)...)) },
		"two bytes":                 func([]byte) []byte { return framed([]byte{0xFE, 'S'}) },
		"only the header":           func(answer []byte) []byte { return framed(answer[:64]) },
		"half":                      func(answer []byte) []byte { return framed(answer[:len(answer)/2]) },
		"16 MiB":                    func([]byte) []byte { return []byte{0, 0xFF, 0xFF, 0xFF} },
		"NextCommand beyond it":     changed(20, 0xFFF8),
		"NextCommand is huge":       changed(20, 0xFFFFFFF8),
		"NextCommand into itself":   changed(20, 8),
		"another MessageId":         changed(24, 0x7777),
		"another command":           changed(12, 0x0011),
	}
	for kind, change := range kinds {
		for n := range 6 {
			t.Run(fmt.Sprintf("answer %d, %s", n, kind), func(t *testing.T) {
				server := spoil(t, samba.Addr(), func(i int, answer []byte) ([]byte, bool) {
					if i != n {
						return framed(answer), true
					}
					return change(answer), true
				})
				probeGarbage(t, direct(server.addr, "dialect: smb2"), n >= 4)
			})
		}
	}
}

// TestSMB2GarbageInAnswerToSMB1: the negotiate offers SMB2, and the answer begins like SMB2
// but is not a message of it.
func TestSMB2GarbageInAnswerToSMB1(t *testing.T) {
	for name, answer := range map[string][]byte{
		"two bytes":         framed([]byte{0xFE, 'S'}),
		"header cut short":  framed([]byte("\xFESMB\x40\x00")),
		"random after mark": framed(append([]byte("\xFESMB"), noise(4, 20)...)),
		"16 MiB":            append([]byte{0, 0xFF, 0xFF, 0xFF}, "\xFESMB"...),
	} {
		t.Run(name, func(t *testing.T) {
			addr := serve(t, func(c net.Conn) {
				if _, err := readMessage(c); err == nil {
					_, _ = c.Write(answer) // the client may be gone
				}
			})
			probeGarbage(t, direct(addr), false)
		})
	}
}
