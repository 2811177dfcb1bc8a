package fleet

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// TestStatesHold: each server has its expected state, also days later.
func TestStatesHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servers, err := Fleet(time.Now)
		if err != nil {
			t.Fatal(err)
		}
		network, c := listenInMemory(t, servers), parse(t, servers)
		prober, err := prober.New(prober.Options{Resolver: network, Dial: network.Dial})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		for _, after := range []time.Duration{0, time.Minute, 17 * time.Minute, 7*time.Hour + 4*time.Minute, 25 * time.Hour, 50 * time.Hour} {
			stepUntil(servers, begun.Add(after))
			for i, r := range probeAll(t, c, prober, servers) {
				if after == 0 || !servers[i].Changes {
					check(t, fmt.Sprintf("after %s", after), servers[i], r)
				}
			}
		}
	})
}

// TestChanges: the share comes and goes, and the phone book changes at each turn.
func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, err := Fleet(time.Now)
		if err != nil {
			t.Fatal(err)
		}
		network, c := listenInMemory(t, all), parse(t, all)
		prober, err := prober.New(prober.Options{Resolver: network, Dial: network.Dial})
		if err != nil {
			t.Fatal(err)
		}
		var servers []Server
		for _, s := range all {
			if s.later != nil {
				servers = append(servers, s)
			}
		}
		var got []string
		for range 7 {
			line := time.Now().Format("4m")
			for _, r := range probeAll(t, c, prober, servers) {
				entries := "-"
				if n := r.Phonebook.Entries; n != nil {
					entries = fmt.Sprint(*n)
				}
				line += fmt.Sprintf(" %s %s", r.Share, entries)
			}
			got = append(got, line)
			stepUntil(servers, time.Now().Add(time.Minute))
		}
		want := []string{
			"0m ok 2 ok 2",
			"1m ok 2 ok 2",
			"2m ok 2 ok 2",
			"3m share_missing - ok 2",
			"4m share_missing - ok 1",
			"5m share_missing - ok 1",
			"6m ok 2 ok 2",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestFleet: the names are NetBIOS names, and names and addresses are unique.
func TestFleet(t *testing.T) {
	servers, err := Fleet(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range servers {
		name, ok := strings.CutSuffix(s.Name, suffix)
		if !ok || len(name) > 15 || strings.ToLower(name) != name || seen[name] || seen[s.addr.String()] || s.Summary == "" || s.Labels["site"] == "" {
			t.Errorf("%q at %s: %q %v", s.Name, s.addr, s.Summary, s.Labels)
		}
		seen[name], seen[s.addr.String()] = true, true
	}
	c := parse(t, servers)
	if hosts := c.Hosts(); len(hosts) != len(servers) {
		t.Errorf("%d hosts of %d", len(hosts), len(servers))
	}
	if warnings := c.Warnings(); len(warnings) > 0 {
		t.Error(warnings)
	}
}

func TestCopies(t *testing.T) {
	most := MaxServers / len(kinds)
	for _, test := range []struct {
		copies int
		ok     bool
	}{{0, false}, {1, true}, {3, true}, {most, true}, {most + 1, false}} {
		servers, err := Copies(time.Now, test.copies)
		if (err == nil) != test.ok || test.ok && len(servers) != test.copies*len(kinds) {
			t.Errorf("%d copies: %d servers, %v", test.copies, len(servers), err)
		}
		names, addrs := map[string]bool{}, map[string]bool{}
		for _, s := range servers {
			names[s.Name], addrs[s.addr.String()] = true, true
		}
		if len(names) != len(servers) || len(addrs) != len(servers) {
			t.Errorf("%d copies: %d names, %d addresses", test.copies, len(names), len(addrs))
		}
	}
}
