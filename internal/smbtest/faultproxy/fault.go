package faultproxy

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Direction is the direction of a message.
type Direction int

// The directions.
const (
	FromServer Direction = iota
	FromClient
)

func (d Direction) String() string {
	if d == FromClient {
		return "from the client"
	}
	return "from the server"
}

// Fault selects the message to spoil, and how. The zero value spoils none and counts the
// server's messages.
type Fault struct {
	Kind   Kind
	At     int       // the number of the message in its direction, from 0 over the life of the proxy
	Toward Direction // whose messages are counted and spoiled
	Repeat bool      // also each message after it
	Seed   uint64    // of what is random

	// Interval is the time between two bytes of Trickle; 0 is a second.
	Interval time.Duration
}

func (f Fault) kind(p Place, _ *rand.Rand) Kind {
	if p.Direction == f.Toward && (p.Number == f.At || f.Repeat && p.Number > f.At) {
		return f.Kind
	}
	return None
}

// Place is the position of a message in the traffic.
type Place struct {
	Direction  Direction
	Number     int // in its direction, over all connections, from 0
	Connection int // from 0, in the order in which they were accepted
	Index      int // in its direction, in its connection, from 0
}

func (p Place) String() string {
	return fmt.Sprintf("message %d %s: connection %d, message %d", p.Number, p.Direction, p.Connection, p.Index)
}

// random returns the random numbers for a message: the same for a place in a conversation, in
// whatever order the connections got there.
func (p Place) random(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(p.Connection)<<32|uint64(p.Index)<<1|uint64(p.Direction)))
}

// rule decides which messages are spoiled.
type rule interface {
	kind(Place, *rand.Rand) Kind
}

// Kind is a way to spoil a message; the package documentation describes each.
type Kind int

// The kinds. None leaves every message as it is.
const (
	None Kind = iota
	CloseBefore
	CloseMiddle
	CloseAfter
	ResetBefore
	ResetMiddle
	ResetAfter
	HangBefore
	HangMiddle
	HangAfter
	Trickle
	RandomBytes
	Truncate
	TruncateSMB
	LengthLonger
	LengthShorter
	InnerLength
	WrongMID
	WrongTID
	WrongUID
	WrongFID
	WrongSignature
	WrongCommand
	WrongStatus
	KeepAlive
	Duplicate
	Reorder
	Flip
	FlipHeader
	Insert
	EmptyFrame
	HugeFrame
)

// Kinds returns every kind but None, in the order of the documentation.
func Kinds() []Kind {
	var all []Kind
	for k := CloseBefore; k <= HugeFrame; k++ {
		all = append(all, k)
	}
	return all
}

// Harmless reports whether the receiver must not be affected.
func (k Kind) Harmless() bool { return k == None || k == KeepAlive }

// String returns the name of the kind as it is written in the source.
func (k Kind) String() string {
	names := [...]string{
		None: "None", CloseBefore: "CloseBefore", CloseMiddle: "CloseMiddle", CloseAfter: "CloseAfter",
		ResetBefore: "ResetBefore", ResetMiddle: "ResetMiddle", ResetAfter: "ResetAfter",
		HangBefore: "HangBefore", HangMiddle: "HangMiddle", HangAfter: "HangAfter", Trickle: "Trickle",
		RandomBytes: "RandomBytes", Truncate: "Truncate", TruncateSMB: "TruncateSMB",
		LengthLonger: "LengthLonger", LengthShorter: "LengthShorter", InnerLength: "InnerLength",
		WrongMID: "WrongMID", WrongTID: "WrongTID", WrongUID: "WrongUID", WrongFID: "WrongFID",
		WrongSignature: "WrongSignature", WrongCommand: "WrongCommand", WrongStatus: "WrongStatus",
		KeepAlive: "KeepAlive", Duplicate: "Duplicate", Reorder: "Reorder",
		Flip: "Flip", FlipHeader: "FlipHeader", Insert: "Insert", EmptyFrame: "EmptyFrame", HugeFrame: "HugeFrame",
	}
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return names[k]
}
