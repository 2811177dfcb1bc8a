package netbios

// Name is an entry of a server's name table (RFC 1002 4.2.18).
type Name struct {
	Name   string // as the server sent it, without padding: bytes in its code page, clean before printing
	Suffix byte

	Group         bool // shared by several hosts, not this server's own
	Deregistering bool
	Conflict      bool // another host claims the name as well
	Active        bool
}

// Flags of a name (RFC 1002 4.2.18).
const (
	flagGroup         = 0x8000
	flagDeregistering = 0x1000
	flagConflict      = 0x0800
	flagActive        = 0x0400
)

// own reports whether the name is in use by this server alone.
func (n Name) own() bool {
	return !n.Group && n.Active && !n.Deregistering && !n.Conflict
}

// ServerName returns the name that the server service listens on: the first one
// that is the server's own, has the suffix 0x20, and is neither in conflict nor
// on its way out.
func ServerName(names []Name) (string, bool) {
	for _, n := range names {
		if n.own() && n.Suffix == SuffixServer && n.Name != "" {
			return n.Name, true
		}
	}
	return "", false
}

// ConflictName returns the first computer name (suffix 0x00 or 0x20, no group)
// that another host on the network claims as well.
func ConflictName(names []Name) (string, bool) {
	for _, n := range names {
		computer := n.Suffix == SuffixServer || n.Suffix == SuffixWorkstation
		if computer && n.Conflict && !n.Group {
			return n.Name, true
		}
	}
	return "", false
}
