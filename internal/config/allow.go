package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// The rules of the allow-list. It decides to whom a password is shown, so they
// are few, and the tests go through them one by one.
//
//  1. Only what stands under targets is allowed: a host (a name or an address),
//     a host with a port, or an address in a listed range.
//  2. Names are compared as text, without regard to case and to a trailing dot.
//     No name is ever resolved here: a name that is not listed is not allowed,
//     wherever it would lead.
//  3. Addresses are compared as addresses, whatever their spelling: dotted
//     quad, IPv4-mapped IPv6, the short, octal and hexadecimal forms of
//     inet_aton, and every form of IPv6. What looks like an IPv4 address and is
//     none is an error, never a name. A name and an address are never the same.
//  4. An address with a zone is that address with that zone, and in no range.
//  5. A host or range without a port allows the ports 445 and 139; a host with
//     a port allows that port.
//  6. For each port of a host one rule decides, the most exact: host with port,
//     host, longest range.
//  7. Asked for without a port, a host that is listed without one, or else its
//     longest range, answers; of the ports 445 and 139 it is tried on those that
//     rule 6 does not give to another rule.
type allowList struct {
	hosts  map[endpoint]*rule
	ranges map[netip.Prefix]*rule
	ported map[endpoint]string // a host without its port to the first spelling with one, for errors
}

// rule is a host or a range under targets.
type rule struct {
	name   string // as it is spelled
	host   string // of a host: name without port and brackets
	auth   smbprobe.Auth
	module string
	line   int
}

const (
	portDirect  = 445 // SMB over TCP
	portNetBIOS = 139 // NetBIOS session service
)

// bothPorts are the ports of a rule without one, in the order in which they are tried.
func bothPorts() []uint16 { return []uint16{portDirect, portNetBIOS} }

func newAllowList() allowList {
	return allowList{map[endpoint]*rule{}, map[netip.Prefix]*rule{}, map[endpoint]string{}}
}

// addHost adds a host, or gives the rule that has it already.
func (l allowList) addHost(e endpoint, r rule) (first *rule) {
	if first := l.hosts[e]; first != nil {
		return first
	}
	l.hosts[e] = &r
	if e.port != 0 && l.ported[e.onPort(0)] == "" {
		l.ported[e.onPort(0)] = r.name
	}
	return nil
}

// addRange adds a range, or gives the rule that has it already.
func (l allowList) addRange(p netip.Prefix, r rule) (first *rule) {
	if first := l.ranges[p]; first != nil {
		return first
	}
	l.ranges[p] = &r
	return nil
}

// longestRange finds the longest range that an address is in; nil for a name.
func (l allowList) longestRange(addr netip.Addr) *rule {
	if !addr.IsValid() || addr.Zone() != "" {
		return nil
	}
	for bits := addr.BitLen(); bits >= 0; bits-- {
		if r := l.ranges[netip.PrefixFrom(addr, bits).Masked()]; r != nil {
			return r
		}
	}
	return nil
}

// decide finds the one rule for a port of a host (rule 6); nil: not allowed.
func (l allowList) decide(e endpoint) *rule {
	if r := l.hosts[e]; r != nil {
		return r
	}
	if e.port != portDirect && e.port != portNetBIOS {
		return nil
	}
	return l.portless(e)
}

// portless finds the rule for a host whatever its port: the listed host, or
// the longest range.
func (l allowList) portless(e endpoint) *rule {
	if r := l.hosts[e.onPort(0)]; r != nil {
		return r
	}
	return l.longestRange(e.addr)
}

// find finds the rule and the ports for what was asked for; no ports: not allowed.
func (l allowList) find(ask endpoint) (r *rule, ports []uint16) {
	if ask.port != 0 {
		if r = l.decide(ask); r != nil {
			ports = []uint16{ask.port}
		}
		return r, ports
	}
	if r = l.portless(ask); r == nil {
		return nil, nil
	}
	return r, slices.DeleteFunc(bothPorts(), func(port uint16) bool {
		return l.decide(ask.onPort(port)) != r
	})
}

// Target gives what a request asks for, by the rules at the top of this file.
// The module is the one named, or for an empty name the one of the target's
// group. Errors wrap ErrBadTarget, ErrNotAllowed or ErrUnknownModule. The
// target's slices are the configuration's own: not to be changed.
//
// Target.Name is the same for every spelling of the same request, and differs
// where ports differ: the spelling under targets, or the address of a range's
// member; and the port, where one was asked for and the spelling has none.
func (c *Config) Target(name, module string) (smbprobe.Target, error) {
	ask, _, err := parseEndpoint(name)
	if err != nil {
		return smbprobe.Target{}, fmt.Errorf("%.80q: %w: %w", name, ErrBadTarget, err)
	}
	r, ports := c.allowed.find(ask)
	if len(ports) == 0 {
		if spelled := c.allowed.ported[ask.onPort(0)]; spelled != "" {
			return smbprobe.Target{}, fmt.Errorf("%q: %w; %q is", name, ErrNotAllowed, spelled)
		}
		return smbprobe.Target{}, fmt.Errorf("%q: %w; it is not under targets", name, ErrNotAllowed)
	}
	if module == "" {
		module = r.module
	}
	m, ok := c.modules[module]
	if !ok {
		return smbprobe.Target{}, fmt.Errorf("%.80q: %w; there are %s", module, ErrUnknownModule, names(c.modules))
	}
	t := smbprobe.Target{Addr: ask.addr, Ports: ports, Auth: r.auth, Module: m, Allows: c.allowed.allows(r.auth.Name)}
	t.Name, t.Host = spell(ask, r, c.allowed.hosts[ask] == r)
	return t, nil
}

// spell gives the name of a target and its host. listed says that what was
// asked for stands under targets just so, with its port or without.
func spell(ask endpoint, r *rule, listed bool) (name, host string) {
	name, host = r.host, r.host
	if ask.addr.IsValid() {
		host = ask.addr.String()
	}
	if name == "" { // a range
		name = host
	}
	switch {
	case listed:
		name = r.name
	case ask.port != 0:
		name = net.JoinHostPort(name, strconv.Itoa(int(ask.port)))
	}
	return name, host
}

// allows makes Target.Allows for an account: the addresses that the
// configuration gives to that account.
func (l allowList) allows(auth string) func(netip.AddrPort) bool {
	return func(to netip.AddrPort) bool {
		addr := to.Addr()
		if to.Port() == 0 || addr.Is4In6() && addr.Zone() != "" {
			return false
		}
		r := l.decide(endpoint{addr: addr.Unmap(), port: to.Port()})
		return r != nil && r.auth.Name == auth
	}
}
