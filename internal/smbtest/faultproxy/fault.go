package faultproxy

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Direction is where a message comes from.
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

// Fault says which message is spoiled, and how. The zero value spoils none and counts
// the messages of the server.
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

// Place is where in all that was said a message stands.
type Place struct {
	Direction  Direction
	Number     int // in its direction, over all connections, from 0
	Connection int // from 0, in the order in which they were accepted
	Index      int // in its direction, in its connection, from 0
}

func (p Place) String() string {
	return fmt.Sprintf("message %d %s: connection %d, message %d", p.Number, p.Direction, p.Connection, p.Index)
}

// random returns what decides about a message: the same for a place in a conversation,
// in whatever order the connections came to it.
func (p Place) random(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(p.Connection)<<32|uint64(p.Index)<<1|uint64(p.Direction)))
}

// rule decides which messages are spoiled.
type rule interface {
	kind(Place, *rand.Rand) Kind
}
