package prober_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	scrapers    = 2 // probe at once
	matrixProbe = 12
	answerTime  = 50 * time.Millisecond // of a server that answers
)

// ending is what becomes of a login, in the terms of package lockout.
type ending int

const (
	endsRefused    ending = iota
	endsInDoubt           // as restricted: held for 15 minutes
	endsGuest             // the same, and not counted
	endsUnchecked         // the server did not check the password: nothing is held
	endsAccepted          // nothing is held
	endsIncomplete        // the server does not have all of the login: nothing is held
)

// matrixKind is a kind of login that fails, or that goes on to fail later.
type matrixKind struct {
	name string
	ends ending
	loginFault
	signed bool // the server signs in SMB1
}

// answered returns a fault that makes another answer of the right one.
func answered(change func(message []byte) (frame []byte, end error)) loginFault {
	return loginFault{answer: func(c *wire, message []byte) ([]byte, error) {
		c.sleep(answerTime)
		return change(slices.Clone(message))
	}}
}

// framedAs is answered for a change of the message in its frame.
func framedAs(change func(message []byte) []byte) loginFault {
	return answered(func(m []byte) ([]byte, error) { return framed(change(m)), nil })
}

// silentAfter returns a fault that sends something in place of the answer, and then nothing.
func silentAfter(bytes func(message []byte) []byte) loginFault {
	return loginFault{answer: func(c *wire, message []byte) ([]byte, error) {
		frame := bytes(message)
		if len(frame) == 0 {
			return nil, c.hang()
		}
		return frame, nil // the server has nothing more to say
	}}
}

func reset() error { return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET} }

// isSMB2 reports whether a message is one of SMB2.
func isSMB2(message []byte) bool { return message[0] == 0xFE }

// matrixKinds are the kinds: by the answer's status, by what is wrong with the answer, by
// when the connection ends, and by what happens on our side.
func matrixKinds() []matrixKind {
	var kinds []matrixKind
	for status, ends := range map[smb.Status]ending{
		smb.StatusLogonFailure:          endsRefused,
		smb.StatusWrongPassword:         endsRefused,
		smb.StatusNoSuchUser:            endsRefused,
		smb.StatusAccountLockedOut:      endsInDoubt,
		smb.StatusPasswordExpired:       endsInDoubt,
		smb.StatusAccountDisabled:       endsInDoubt,
		smb.StatusLogonTypeNotGranted:   endsInDoubt,
		smb.StatusAccessDenied:          endsInDoubt,
		smb.StatusNoLogonServers:        endsInDoubt, // a controller may have counted it
		0xC0ABCDEF:                      endsInDoubt,
		0x80ABCDEF:                      endsInDoubt, // a warning
		smb.StatusInvalidSMB:            endsInDoubt,
		smb.StatusTrustedDomainFailure:  endsUnchecked,
		smb.StatusTooManySessions:       endsUnchecked,
		smb.StatusInsuffServerResources: endsUnchecked,
	} {
		kinds = append(kinds, matrixKind{name: status.String(), ends: ends, loginFault: framedAs(func(m []byte) []byte { return withStatus(m, uint32(status)) })})
	}
	half := func(m []byte) []byte { return framed(m)[:4+len(m)/2] }
	return append(kinds, []matrixKind{
		{name: "guest", ends: endsGuest, loginFault: framedAs(asGuest)},
		{name: "late", ends: endsInDoubt, loginFault: loginFault{answer: func(c *wire, m []byte) ([]byte, error) {
			if !c.sleep(12 * time.Second) {
				return nil, net.ErrClosed
			}
			return framed(m), nil
		}}},
		{name: "none", ends: endsInDoubt, loginFault: silentAfter(func([]byte) []byte { return nil })},
		{name: "only a keep-alive", ends: endsInDoubt, loginFault: silentAfter(func([]byte) []byte { return []byte{0x85, 0, 0, 0} })},
		{name: "half, and then nothing", ends: endsInDoubt, loginFault: silentAfter(half)},
		{name: "a byte each second", ends: endsInDoubt, loginFault: loginFault{answer: trickle}},
		{name: "closed before the answer", ends: endsInDoubt, loginFault: answered(func([]byte) ([]byte, error) { return nil, net.ErrClosed })},
		{name: "reset before the answer", ends: endsInDoubt, loginFault: answered(func([]byte) ([]byte, error) { return nil, reset() })},
		{name: "half, and then closed", ends: endsInDoubt, loginFault: answered(func(m []byte) ([]byte, error) { return half(m), net.ErrClosed })},
		{name: "reset after the answer", ends: endsAccepted, loginFault: answered(func(m []byte) ([]byte, error) { return framed(m), reset() })},
		{name: "refused, and then reset", ends: endsRefused, loginFault: answered(func(m []byte) ([]byte, error) {
			return framed(withStatus(m, uint32(smb.StatusLogonFailure))), reset()
		})},
		{name: "random bytes", ends: endsInDoubt, loginFault: framedAs(func(m []byte) []byte { return noise(7, len(m)) })},
		{name: "random bytes after the header", ends: endsInDoubt, loginFault: framedAs(func(m []byte) []byte { return append(m[:32], noise(7, len(m)-32)...) })},
		{name: "an empty frame", ends: endsInDoubt, loginFault: framedAs(func([]byte) []byte { return nil })},
		{name: "accepted, without a body", ends: endsInDoubt, loginFault: framedAs(withoutBody)},
		{name: "cut short", ends: endsInDoubt, loginFault: framedAs(func(m []byte) []byte { return m[:len(m)/2] })},
		{name: "a frame of 16 MiB", ends: endsInDoubt, loginFault: answered(func([]byte) ([]byte, error) { return []byte{0, 0xFF, 0xFF, 0xFF}, nil })},
		{name: "another message ID", ends: endsInDoubt, loginFault: framedAs(func(m []byte) []byte {
			if isSMB2(m) {
				m[24]++
			} else {
				m[30]++
			}
			return m
		})},
		{name: "another command", ends: endsInDoubt, loginFault: framedAs(func(m []byte) []byte {
			if isSMB2(m) {
				m[12]++
			} else {
				m[4]++
			}
			return m
		})},
		{name: "the other dialect", ends: endsInDoubt, loginFault: framedAs(func(m []byte) []byte { m[0] ^= 0xFE ^ 0xFF; return m })},
		{name: "encrypted", ends: endsInDoubt, loginFault: framedAs(func(m []byte) []byte { m[0] = 0xFD; return m })},
		{name: "a wrong signature", ends: endsInDoubt, loginFault: framedAs(withWrongSignature), signed: true},
		{name: "another challenge", ends: endsInDoubt, loginFault: framedAs(func(m []byte) []byte {
			if isSMB2(m) {
				binary.LittleEndian.PutUint32(m[8:], uint32(smb.StatusMoreProcessingRequired))
				return m
			}
			return withStatus(m, uint32(smb.StatusMoreProcessingRequired))
		})},
		{name: "a panic while the answer is read", ends: endsInDoubt, loginFault: answered(func([]byte) ([]byte, error) { panic("broken by the test") })},
		{name: "a panic after the login was written", ends: endsInDoubt, loginFault: loginFault{write: func(c *wire, b []byte) (int, error) {
			_, _ = c.writeLogin(b)
			panic("broken by the test")
		}, answer: func(c *wire, _ []byte) ([]byte, error) { return nil, c.hang() }}},
		{name: "an error after the login was written", ends: endsInDoubt, loginFault: loginFault{write: func(c *wire, b []byte) (int, error) {
			n, _ := c.writeLogin(b)
			return n, reset()
		}, answer: func(c *wire, _ []byte) ([]byte, error) { return nil, c.hang() }}},
		{name: "canceled after the login was written", ends: endsInDoubt, loginFault: loginFault{write: func(c *wire, b []byte) (int, error) {
			n, err := c.writeLogin(b)
			c.sleep(answerTime)
			c.cancel()
			return n, err
		}, answer: func(c *wire, _ []byte) ([]byte, error) { return nil, c.hang() }}},
		{name: "half of the login was written", ends: endsIncomplete, loginFault: loginFault{write: func(c *wire, b []byte) (int, error) {
			n, _ := c.Conn.Write(b[:len(b)/2])
			return n, reset()
		}}},
		{name: "the login could not be written", ends: endsIncomplete, loginFault: loginFault{write: func(*wire, []byte) (int, error) { return 0, reset() }}},
	}...)
}

// trickle sends the answer a byte each second, slower than a probe has time for.
func trickle(c *wire, m []byte) ([]byte, error) {
	frame := framed(m)
	for range 4 {
		if !c.sleep(time.Second) {
			return nil, net.ErrClosed
		}
	}
	return frame[:4], c.hang()
}

// asGuest makes the answer that of a guest's session.
func asGuest(m []byte) []byte {
	if isSMB2(m) {
		m[66] |= 0x01 // SessionFlags, [MS-SMB2] 2.2.6
	} else {
		m[37] |= 0x01 // Action, MS-CIFS 2.2.4.53.2
	}
	return m
}

// withoutBody leaves the header, with its status, and a body of length 0 if there must be one.
func withoutBody(m []byte) []byte {
	if isSMB2(m) {
		return m[:64]
	}
	return append(m[:32], 0, 0, 0)
}

func withWrongSignature(m []byte) []byte {
	if isSMB2(m) {
		m[16] |= 0x08 // SMB2_FLAGS_SIGNED
		m[48]++
	} else {
		m[14]++
	}
	return m
}

// TestLoginMatrix: two scrapers probe a server twelve times each, a minute apart, and no login
// of theirs ends well, in each way that there is. The logins that reach the wire are as many
// as the rules of package lockout allow. With ever more time in between, there are never five
// failures that a controller would count together.
func TestLoginMatrix(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"smb1", "smb2"} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			for _, kind := range matrixKinds() {
				for _, accepted := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s, accepted before %t", kind.name, accepted), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { runMatrixCell(t, dialect, kind, accepted) })
					})
				}
			}
		})
	}
}

func runMatrixCell(t *testing.T, dialect string, kind matrixKind, accepted bool) {
	signing := simnt.SigningOff
	if kind.signed {
		signing = simnt.SigningRequired
	}
	m := startMemory(t, dialect, signing)
	p := newProber(t, prober.Options{Dial: m.dial})
	target := site{hosts: []string{"10.1.2.3:445"}, module: []string{"timeout: 10s", "transport: direct", "dialect: " + dialect}}.target(t)
	if accepted {
		if r := p.Probe(t.Context(), target); !r.Share.Definite() || len(m.sent()) != 1 {
			t.Fatalf("a login without a fault: share %s (%s), %d logins", r.Share, r.ShareError, len(m.sent()))
		}
	}
	m.fault = func(string) loginFault { return kind.loginFault }
	before := len(m.sent())
	for range matrixProbe {
		probeAtOnce(t, p, target, scrapers)
		time.Sleep(time.Minute)
	}
	least, most := matrixLogins(kind.ends, accepted)
	if got := len(m.sent()) - before; got < least || got > most {
		t.Errorf("%d logins in %d probes, want %d to %d", got, matrixProbe*scrapers, least, most)
	}
	for wait := 3 * time.Minute; wait < 4*time.Hour; wait *= 2 {
		for range 3 {
			probeAtOnce(t, p, target, scrapers)
			time.Sleep(wait)
		}
	}
	if kind.ends <= endsInDoubt {
		wantNoLockout(t, m.sent()[before:])
	}
	m.fault = nil
	time.Sleep(4*time.Hour + 2*time.Minute)
	if r := p.Probe(t.Context(), target); !r.Share.Definite() || r.LoginHeldBack {
		t.Errorf("without faults, after the longest hold: share %s (%s), held back %t", r.Share, r.ShareError, r.LoginHeldBack)
	}
}

// matrixLogins returns how many logins the rules allow in matrixProbe minutes.
func matrixLogins(ends ending, accepted bool) (least, most int) {
	switch {
	case ends == endsIncomplete:
		return 0, 0
	case ends == endsUnchecked, ends == endsAccepted:
		return scrapers * matrixProbe, 1000
	case accepted:
		return scrapers, scrapers // both at once; the target is held by then
	}
	return 1, 1 // one at a time
}

// startMemory starts a server that speaks one dialect.
func startMemory(t *testing.T, dialect string, signing simnt.Signing) *memory {
	t.Helper()
	m := &memory{}
	if dialect == "smb2" {
		m.serve = func(_ string, conn net.Conn) { serveSMB2(conn) }
	} else {
		nt := startMemoryNT(t, simnt.Options{ServicePack: 6, Signing: signing})
		m.serve = func(_ string, conn net.Conn) { nt.serve(conn) }
	}
	t.Cleanup(m.serving.Wait)
	return m
}

// probeAtOnce probes as so many scrapers do that share no results.
func probeAtOnce(t *testing.T, p *prober.Prober, target smbprobe.Target, scrapers int) {
	t.Helper()
	var probing sync.WaitGroup
	for range scrapers {
		probing.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			p.Probe(context.WithValue(ctx, cancelKey{}, cancel), target)
		})
	}
	probing.Wait()
}

// wantNoLockout checks that a controller, whose count is zero after 30 minutes without a
// failure, never counts five.
func wantNoLockout(t *testing.T, failed []sentLogin) {
	t.Helper()
	count, last := 0, time.Time{}
	for _, login := range failed {
		if login.at.Sub(last) > 30*time.Minute {
			count = 0
		}
		last = login.at
		if count++; count == lockAfter {
			t.Errorf("the controller counted %d at %s, of %v", count, login.at, failed)
		}
	}
}
