package prober_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// handleCounter counts the handles that calls open and close. It is a fault of rpc.System that
// never occurs.
type handleCounter struct {
	mu   sync.Mutex
	open map[string]int // by pipe
}

func (c *handleCounter) count(pipe string, opnum uint16) uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch fmt.Sprint(pipe, " ", opnum) {
	case "eventlog 7", "svcctl 16": // ElfrOpenELW, ROpenServiceW
		c.open[pipe]++
	case "eventlog 2", "svcctl 0": // ElfrCloseEL, RCloseServiceHandle
		c.open[pipe]--
	}
	return 0
}

func (c *handleCounter) now() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return map[string]int{"eventlog": c.open["eventlog"], "svcctl": c.open["svcctl"]}
}

// TestKeptHandles: between probes a kept session has neither a log nor a service open, and it
// closes them one after another on each pipe.
func TestKeptHandles(t *testing.T) {
	t.Parallel()
	var names []string
	host := newNT(t, simnt.Options{ServicePack: 6})
	for i := range 9 {
		names = append(names, fmt.Sprint("Service", i))
		host.System().SetService(rpc.Service{Name: names[i], State: 4, Start: 2})
	}
	log := host.System().Log("Application")
	log.SetLimits(64<<10, 0) // new records overwrite the oldest ones
	add := func() {
		for range 40 {
			log.Add(rpc.Event{At: time.Now(), ID: 1221, Type: 4, Source: "MSExchangeIS", Strings: []string{strings.Repeat("x", 200)}})
		}
	}
	for range 5 {
		add()
	}
	k := newKeeper(t, site{hosts: []string{serveNT(t, host).String()}, module: []string{
		"transport: netbios", keptSession, withEventlog, fmt.Sprintf("server: {registry: false, services: [%s]}", strings.Join(names, ", ")),
	}})
	k.probe(allWell())
	handles := handleCounter{open: map[string]int{}}
	host.System().SetFault(handles.count)
	for i := range prober.MaxQuick {
		if i%2 == 1 {
			add()
		}
		k.probe(allWell())
		if now := handles.now(); now["eventlog"] != 0 || now["svcctl"] != 0 {
			t.Fatalf("after probe %d: %v handles open", i+1, now)
		}
	}
	if s := host.Statistics(); s.Logins != 1 {
		t.Errorf("%d logins, want one", s.Logins)
	}
}
