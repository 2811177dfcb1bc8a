package peer

import "slices"

// Connection is what a peer received on one connection.
type Connection struct {
	Commands    []Step   // every command, those of a chain one after another
	Frames      int      // requests: a chain is one
	CalledNames []string // without padding and suffix
	CallingName string
	Dialects    []string
	Logins      []Attempt
	Shares      []string // paths of tree connects
	Paths       []string // of opens
	MaxInFlight int      // most requests that waited for their answers at one time
	Malformed   []string // what could not be decoded
	Ended       bool     // the connection is closed
}

// Attempt is one SESSION_SETUP_ANDX.
type Attempt struct {
	Username, Domain       string
	LMResponse, NTResponse []byte
	Flags2                 uint16
	VcNumber               uint16
	MaxMpxCount            uint16
	MaxBufferSize          uint16
	Capabilities           uint32
}

func (c *Connection) clone() Connection {
	d := *c
	d.Commands = slices.Clone(c.Commands)
	d.CalledNames = slices.Clone(c.CalledNames)
	d.Dialects = slices.Clone(c.Dialects)
	d.Logins = slices.Clone(c.Logins)
	d.Shares = slices.Clone(c.Shares)
	d.Paths = slices.Clone(c.Paths)
	d.Malformed = slices.Clone(c.Malformed)
	return d
}
