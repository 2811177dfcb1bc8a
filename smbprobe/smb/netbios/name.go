package netbios

import (
	"fmt"
	"slices"
	"strings"
)

// Suffixes of NetBIOS names: the 16th byte (MS-NBTE 2.2.1).
const (
	SuffixWorkstation byte = 0x00
	SuffixServer      byte = 0x20
)

// AnyServer is the called name that the server service of NT 4.0 and later accepts
// on every server.
const AnyServer = "*SMBSERVER"

// EncodedNameSize is the length of a name in first-level encoding, with an empty
// scope.
const EncodedNameSize = 34

const (
	maxName        = 15 // characters of a name, without its suffix
	defaultCalling = "RASPHONE"
)

// EncodeName returns the first-level encoding (RFC 1001 14.1) of a name of 1 to
// 15 bytes: ASCII letters in upper case, padded with spaces, the suffix behind
// it, in an empty scope. Bytes outside of ASCII are taken as they are: a name
// that came from node status is in the server's code page.
func EncodeName(name string, suffix byte) ([EncodedNameSize]byte, error) {
	if name == "" || len(name) > maxName {
		return [EncodedNameSize]byte{}, fmt.Errorf("the NetBIOS name %q has %d bytes: give one of 1 to %d", name, len(name), maxName)
	}
	var raw [16]byte
	for i := range raw {
		raw[i] = ' '
	}
	for i, c := range []byte(name) {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		raw[i] = c
	}
	raw[maxName] = suffix
	return encodeBytes(raw), nil
}

// encodeBytes encodes all 16 bytes of a name: two letters a byte, A for 0 to P
// for 15.
func encodeBytes(raw [16]byte) (b [EncodedNameSize]byte) {
	b[0] = 2 * byte(len(raw))
	for i, c := range raw {
		b[1+2*i] = 'A' + c>>4
		b[2+2*i] = 'A' + c&0x0F
	}
	return b
}

// CandidateNames returns the called names to try, in that order and each once:
// the configured one, if any; the first label of the host's name, if that can be
// a NetBIOS name; AnyServer. If all are refused, NodeStatus finds the name.
func CandidateNames(configured, host string, hostIsAddress bool) []string {
	var names []string
	if configured != "" {
		names = append(names, strings.ToUpper(configured))
	}
	if label := firstLabel(host); !hostIsAddress && isName(label) && !slices.Contains(names, label) {
		names = append(names, label)
	}
	if !slices.Contains(names, AnyServer) {
		names = append(names, AnyServer)
	}
	return names
}

// CallingName derives our calling name from our own host's name: its
// first label in upper case, at most 15 letters, digits and hyphens, or
// "RASPHONE" if none is left. It should not change, because accounts may be limited
// to workstations by name.
func CallingName(hostname string) string {
	name := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, firstLabel(hostname))
	if name == "" {
		return defaultCalling
	}
	return name[:min(len(name), maxName)]
}

func firstLabel(host string) string {
	label, _, _ := strings.Cut(host, ".")
	return strings.ToUpper(label)
}

// isName reports whether a label is 1 to 15 printable ASCII characters.
func isName(label string) bool {
	for _, c := range []byte(label) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return label != "" && len(label) <= maxName
}

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
// deregistering.
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
