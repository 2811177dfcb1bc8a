//go:build soak

package fleet

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/faultproxy"
)

const (
	hazardSeed  = 1996
	hazardShare = 5    // every fifth server is behind a proxy that spoils messages
	hazardOdds  = 0.01 // of each message there
	hazardTurn  = 250 * time.Millisecond
)

// hazard is what goes wrong: hosts change phase, and proxies spoil messages.
type hazard struct {
	network *Network
	proxies map[netip.AddrPort]string // of a server's port: where its proxy listens
	active  atomic.Bool
}

func newHazard(t *testing.T, n *Network) *hazard {
	t.Helper()
	h := &hazard{network: n, proxies: map[netip.AddrPort]string{}}
	count := 0
	for port, at := range n.listeners {
		if count++; count%hazardShare != 0 {
			continue
		}
		p := faultproxy.StartHostile(t, at, faultproxy.Hostility{Seed: hazardSeed + uint64(count), Probability: hazardOdds, BothWays: true})
		h.proxies[port] = p.Addr().String()
	}
	return h
}

// Dial is the network's, through a proxy where there is one and trouble is on.
func (h *hazard) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if to, err := netip.ParseAddrPort(address); err == nil && h.active.Load() && network == "tcp" {
		if at, ok := h.proxies[to]; ok {
			return new(net.Dialer).DialContext(ctx, network, at)
		}
	}
	return h.network.Dial(ctx, network, address)
}

// run changes the phase of a server at a time until ctx ends: half of the times it answers.
func (h *hazard) run(ctx context.Context, servers []Server) {
	random := rand.New(rand.NewPCG(hazardSeed, 0))
	h.active.Store(true)
	ticker := time.NewTicker(hazardTurn)
	defer ticker.Stop()
	phases := []simnt.Phase{simnt.PhaseAnswering, simnt.PhaseAnswering, simnt.PhaseHung, simnt.PhaseRefusing}
	for {
		select {
		case <-ticker.C:
			s := servers[random.IntN(len(servers)/10)] // a tenth of them, so that others stay well
			if s.Module != moduleImpatient {
				s.Host.SetPhase(phases[random.IntN(len(phases))])
			}
		case <-ctx.Done():
			return
		}
	}
}

// end lets every server answer again that did so at first.
func (h *hazard) end(servers []Server) {
	h.active.Store(false)
	for _, s := range servers {
		if s.Module != moduleImpatient {
			s.Host.SetPhase(simnt.PhaseAnswering)
		}
	}
}
