package faultproxy

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// Hostility says how often a hostile proxy spoils a message.
type Hostility struct {
	Seed        uint64
	Probability float64 // of each message, 0 to 1
	BothWays    bool    // the messages of the client as well
}

// hostileKinds flip, change, cut, repeat and reorder, and leave the connection open
// where they do not cut.
func hostileKinds() []Kind {
	return []Kind{Flip, FlipHeader, InnerLength, Truncate, CloseMiddle, Duplicate, Reorder}
}

// hostilePatience is short: a message is reordered with one that is on its way.
const hostilePatience = time.Millisecond

func (h Hostility) kind(p Place, random *rand.Rand) Kind {
	if p.Direction == FromClient && !h.BothWays || random.Float64() >= h.Probability {
		return None
	}
	kinds := hostileKinds()
	return kinds[random.IntN(len(kinds))]
}

// StartHostile starts a proxy that spoils messages at random: flips bits, lies about
// lengths, cuts, repeats and reorders. The end of the test closes it.
func StartHostile(t testing.TB, server netip.AddrPort, h Hostility) *Proxy {
	t.Helper()
	p, err := ListenHostile(server, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// ListenHostile is StartHostile without a test. The caller closes the proxy.
func ListenHostile(server netip.AddrPort, h Hostility) (*Proxy, error) {
	return listen(&Proxy{server: server, rule: h, seed: h.Seed, patience: hostilePatience})
}
