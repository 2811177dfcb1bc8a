package eventlog

import (
	"bytes"
	"context"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// changed is a pipe whose n-th message goes through change.
type changed struct {
	*server
	n      int
	change func(message []byte) []byte
}

func (c *changed) Transact(ctx context.Context, message []byte, limit int) ([]byte, error) {
	return c.changedAnswer(c.server.Transact(ctx, message, limit))
}

func (c *changed) Read(ctx context.Context, limit int) ([]byte, error) {
	return c.changedAnswer(c.server.Read(ctx, limit))
}

func (c *changed) changedAnswer(message []byte, err error) ([]byte, error) {
	if err == nil && c.rounds == c.n+1 {
		message = c.change(bytes.Clone(message))
	}
	return message, err
}

// TestConversationDamaged cuts every answer of a good conversation at every byte,
// and changes every byte of it that holds no record: nothing of that brings a
// wrong list without an error.
func TestConversationDamaged(t *testing.T) {
	for name, samba := range map[string]bool{"Windows": false, "Samba": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := events(5, 12)
			start := func() *server {
				s := newServer(log)
				s.samba, s.fragment = samba, 2300
				return s
			}
			whole := start()
			if got, _, err := readAll(t, whole); err != nil || !cmp.Equal(got, newest(log)) {
				t.Fatalf("%d records, %v", len(got), err)
			}
			want := newest(log)
			for n := range whole.rounds {
				size := 0
				run := func(what string, at int, change func([]byte) []byte) {
					got, end, err := readAll(t, &changed{start(), n, func(message []byte) []byte {
						size = len(message)
						return change(message)
					}})
					if err == nil && (!end.Reached || !reflect.DeepEqual(got, want)) { // much faster than cmp.Equal
						t.Errorf("message %d %s byte %d: %d records, %+v, no error", n, what, at, len(got), end)
					}
				}
				run("whole, to learn its size", 0, func(message []byte) []byte { return message })
				for at := range size {
					const used, end, step = 1900, 40, 16 // what follows the records is zero
					if at > used && at < size-end && at%step != 0 {
						continue
					}
					run("cut before", at, func(message []byte) []byte { return message[:at] })
					// The records are in the first 1,800 bytes of a long answer; their
					// own damage is another test's.
					// What a server says of its bounds is nowhere else to be checked against.
					if size > 200 && at >= 28 && at < 1800+28 || size == 32 && at >= 24 && at < 28 {
						continue
					}
					run("changed at", at, func(message []byte) []byte { message[at] ^= 0x05; return message })
				}
			}
		})
	}
}

// FuzzConversation gives the answers that the fuzzer makes up: split says how
// long each message is.
func FuzzConversation(f *testing.F) {
	f.Add(bindAck(), uint16(56))
	f.Add(append(bindAck(), response(3, 2, 24, append(make([]byte, 23), 0))...), uint16(56))
	f.Fuzz(func(t *testing.T, b []byte, split uint16) {
		got, end, err := readAll(t, &answers{b: b, split: int(max(1, split))})
		if err == nil && !end.Reached {
			t.Fatalf("%d records, %+v, no error", len(got), end)
		}
		for i := 1; i < len(got); i++ {
			if got[i].Number >= got[i-1].Number {
				t.Fatalf("record %d after %d", got[i].Number, got[i-1].Number)
			}
		}
	})
}

// answers is a pipe that cuts its messages off one piece of data.
type answers struct {
	b     []byte
	split int
}

func (a *answers) Transact(ctx context.Context, _ []byte, limit int) ([]byte, error) {
	return a.Read(ctx, limit)
}

func (a *answers) Read(_ context.Context, limit int) ([]byte, error) {
	n := min(a.split, len(a.b))
	if n == 0 || n > limit {
		return nil, &smb.Error{Op: "read", Status: smb.StatusPipeBroken}
	}
	message := a.b[:n]
	a.b = a.b[n:]
	return message, nil
}

func (a *answers) Close(context.Context) error { return nil }
