package lockout

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	fileVersion = 1
	maxFileSize = 8 << 20 // bytes; 10,000 targets that fail take 2 MB
	saltSize    = 16
)

// fileRecord is the file: JSON, with times in milliseconds since 1970 and lengths in
// milliseconds.
type fileRecord struct {
	Version     int               `json:"version"`
	Salt        salt              `json:"salt"`
	Authorities []authorityRecord `json:"authorities"`
}

// authorityRecord is an authority with one user, domain and password.
type authorityRecord struct {
	ID         mac            `json:"id"`
	Check      check          `json:"check"`
	Logins     []loginRecord  `json:"logins,omitempty"`
	Hold       holdRecord     `json:"hold,omitzero"`
	Pending    bool           `json:"pending,omitempty"`     // the hold is not over until a login is accepted
	AcceptedBy mac            `json:"accepted_by,omitzero"`  // the target that accepted last
	AcceptedAt int64          `json:"accepted_at,omitempty"` // and when
	Targets    []targetRecord `json:"targets,omitempty"`     // those that are held, or failed last
}

// loginRecord is a login that counts.
type loginRecord struct {
	ID     loginID     `json:"id"`
	Target mac         `json:"target"`
	Domain mac         `json:"domain,omitzero"`
	State  recordState `json:"state"`
	Sent   int64       `json:"sent"`
	End    int64       `json:"end"` // of a login under way: when it will have ended at the latest
	Exempt bool        `json:"exempt,omitempty"`
}

// holdRecord is a hold; zero if there was none.
type holdRecord struct {
	Until   int64 `json:"until"`
	Length  int64 `json:"length"`
	Doubled int64 `json:"doubled,omitempty"` // the length that the next wrong password doubles
}

// targetRecord is a target that is held, or whose last login failed.
type targetRecord struct {
	ID      mac        `json:"id"`
	Hold    holdRecord `json:"hold,omitzero"`
	Refused bool       `json:"refused,omitempty"`
	InDoubt bool       `json:"in_doubt,omitempty"`

	// Refusals in a row, whatever the password was, and the time of the last.
	Refusals  int   `json:"refusals,omitempty"`
	RefusedAt int64 `json:"refused_at,omitempty"`
}

type (
	mac     [16]byte // HMAC-SHA256 of a name under the salt, truncated
	loginID [8]byte  // random
	salt    [saltSize]byte
	check   [2]byte // of the slow hash of the credentials
)

// recordState is a loginState as the file spells it.
type recordState string

// recordStates are the spellings of the states, by loginState.
var recordStates = [...]recordState{loginUnderWay: "under_way", loginInDoubt: "in_doubt", loginRefused: "refused"}

// mac returns the name that the file has for something. The parts are not ambiguous: no
// configured name has a NUL in it, and the kinds have different numbers of parts.
func (s salt) mac(kind string, parts ...string) (m mac) {
	h := hmac.New(sha256.New, s[:])
	_, _ = io.WriteString(h, kind)
	for _, part := range parts {
		_, _ = h.Write([]byte{0})
		_, _ = io.WriteString(h, part)
	}
	copy(m[:], h.Sum(nil))
	return m
}

// decode reads the file's content.
func decode(content []byte) (*fileRecord, error) {
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	r := new(fileRecord)
	if err := d.Decode(r); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	if r.Version != fileVersion {
		return nil, fmt.Errorf("version %d, want %d", r.Version, fileVersion)
	}
	if r.Salt == (salt{}) {
		return nil, errors.New("no salt")
	}
	type key struct {
		id    mac
		check check
	}
	seen := make(map[key]bool, len(r.Authorities))
	for _, a := range r.Authorities {
		if k := (key{a.ID, a.Check}); a.ID == (mac{}) || seen[k] {
			return nil, fmt.Errorf("authority %x: no id, or twice", a.ID)
		} else {
			seen[k] = true
		}
		if err := a.validate(); err != nil {
			return nil, fmt.Errorf("authority %x: %w", a.ID, err)
		}
	}
	return r, nil
}

func (a *authorityRecord) validate() error {
	logins := make(map[loginID]bool, len(a.Logins))
	for _, l := range a.Logins {
		if logins[l.ID] || l.Target == (mac{}) {
			return fmt.Errorf("login %x: no target, or twice", l.ID)
		}
		logins[l.ID] = true
		if _, err := l.State.state(); err != nil {
			return fmt.Errorf("login %x: %w", l.ID, err)
		}
	}
	targets := make(map[mac]bool, len(a.Targets))
	for _, t := range a.Targets {
		if targets[t.ID] || t.ID == (mac{}) {
			return fmt.Errorf("target %x: no id, or twice", t.ID)
		}
		targets[t.ID] = true
	}
	return nil
}

func (r *fileRecord) encode() ([]byte, error) {
	content, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(content) >= maxFileSize {
		return nil, errTooLarge
	}
	return append(content, '\n'), nil
}

func (s recordState) state() (loginState, error) {
	for i, spelling := range recordStates {
		if s == spelling {
			return loginState(i), nil
		}
	}
	return 0, fmt.Errorf("unknown state %q", string(s))
}

// lastEvent returns the latest time in a record, in milliseconds since 1970.
func (a *authorityRecord) lastEvent() int64 {
	last := max(a.Hold.Until, a.AcceptedAt)
	for _, l := range a.Logins {
		last = max(last, l.End)
	}
	for _, t := range a.Targets {
		last = max(last, t.Hold.Until, t.RefusedAt)
	}
	return last
}

// instant is a moment on both clocks: now, which time is measured with, and the wall
// clock, which the file refers to.
type instant struct {
	now, wall time.Time
}

// toFile returns what the file has for a time.
func (i instant) toFile(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return i.toWall(t).UnixMilli()
}

func (i instant) toWall(t time.Time) time.Time { return i.wall.Add(t.Sub(i.now)) }

// fromFile returns the time that the file has, at most latest. Times that no clock had
// are cut off.
func (i instant) fromFile(ms int64, latest time.Time) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	const longAgo = int64(1000 * time.Hour / time.Millisecond)
	wall := i.wall.UnixMilli()
	ms = min(max(ms, wall-longAgo), wall+longAgo)
	t := i.now.Add(time.UnixMilli(ms).Sub(i.wall))
	if t.After(latest) {
		return latest
	}
	return t
}

func (m mac) MarshalText() ([]byte, error)      { return marshalHex(m[:]) }
func (m *mac) UnmarshalText(b []byte) error     { return unmarshalHex(m[:], b) }
func (m loginID) MarshalText() ([]byte, error)  { return marshalHex(m[:]) }
func (m *loginID) UnmarshalText(b []byte) error { return unmarshalHex(m[:], b) }
func (m salt) MarshalText() ([]byte, error)     { return marshalHex(m[:]) }
func (m *salt) UnmarshalText(b []byte) error    { return unmarshalHex(m[:], b) }
func (m check) MarshalText() ([]byte, error)    { return marshalHex(m[:]) }
func (m *check) UnmarshalText(b []byte) error   { return unmarshalHex(m[:], b) }

func marshalHex(b []byte) ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// unmarshalHex wants exactly the bytes that fit.
func unmarshalHex(to, text []byte) error {
	if len(text) != hex.EncodedLen(len(to)) {
		return fmt.Errorf("%d hexadecimal digits, want %d", len(text), hex.EncodedLen(len(to)))
	}
	_, err := hex.Decode(to, text)
	return err
}
