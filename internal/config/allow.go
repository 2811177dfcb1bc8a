package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// The rules of the allow-list. It decides who gets a login, so they are few, and the
// tests go through them one by one.
//
//  1. Only the hosts under targets are allowed: a name or an address, with a port
//     or without.
//  2. Names are compared as text, without regard to case and to a trailing dot.
//     No name is ever resolved here: a name that is not listed is not allowed,
//     whatever it resolves to. The name to resolve is the configuration's spelling.
//  3. Addresses are compared as addresses, whatever their spelling: dotted
//     quad, IPv4-mapped IPv6, the short, octal and hexadecimal forms of
//     inet_aton, and every form of IPv6. What looks like an IPv4 address and is not
//     one is an error, never a name. A name and an address are never the same.
//  4. An address with a zone is that address with that zone.
//  5. A host without a port allows the ports 445 and 139; a host with a port
//     allows that port.
//  6. A host that is listed with a port has that port to itself: the same host
//     without a port allows what is left.
//  7. A request without a port is for a host that is listed without one.
type allowList struct {
	hosts  map[endpoint]*rule
	ported map[endpoint]string // a host without its port to the first spelling with one, for errors
}

// rule is a host under targets.
type rule struct {
	name    string // as it is spelled
	host    string // name without port and brackets
	auth    smbprobe.Auth
	modules []smbprobe.Module // the first is used if a request names none
	line    int
}

func (r *rule) moduleNames() string {
	var names []string
	for _, m := range r.modules {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

const (
	portDirect  = 445 // SMB over TCP
	portNetBIOS = 139 // NetBIOS session service
)

// bothPorts returns the ports of a rule without one, in the order in which they are tried.
func bothPorts() []uint16 { return []uint16{portDirect, portNetBIOS} }

func newAllowList() allowList {
	return allowList{map[endpoint]*rule{}, map[endpoint]string{}}
}

// addHost adds a host, or returns the rule that has it already.
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

// decide returns the rule for a port of a host (rule 6); nil: not allowed.
func (l allowList) decide(e endpoint) *rule {
	if r := l.hosts[e]; r != nil {
		return r
	}
	if e.port != portDirect && e.port != portNetBIOS {
		return nil
	}
	return l.hosts[e.onPort(0)]
}

// find returns the rule and the ports for a request; no ports: not allowed.
func (l allowList) find(ask endpoint) (r *rule, ports []uint16) {
	if ask.port != 0 {
		if r = l.decide(ask); r != nil {
			ports = []uint16{ask.port}
		}
		return r, ports
	}
	if r = l.hosts[ask]; r == nil {
		return nil, nil
	}
	return r, slices.DeleteFunc(bothPorts(), func(port uint16) bool {
		return l.decide(ask.onPort(port)) != r
	})
}

// Target returns the target of a request, by the rules at the top of this file.
// The module is the one named, which must be one of the target's own, or for an empty
// name the target's first. Errors wrap ErrBadTarget, ErrNotAllowed, ErrUnknownModule or
// ErrModuleNotAllowed. The target's slices are the configuration's own: not to be changed.
//
// Target.Name is the same for every spelling of the same request, and differs if ports
// differ: the spelling under targets; and the port, if the request has one and the spelling
// does not.
func (c *Config) Target(name, module string) (smbprobe.Target, error) {
	ask, _, err := parseEndpoint(name)
	if err != nil {
		return smbprobe.Target{}, &badTargetError{badHost(name, err)}
	}
	r, ports := c.allowed.find(ask)
	if len(ports) == 0 {
		if spelled := c.allowed.ported[ask.onPort(0)]; spelled != "" {
			return smbprobe.Target{}, fmt.Errorf("%s: %w; %s is", Quote(name), ErrNotAllowed, Quote(spelled))
		}
		return smbprobe.Target{}, fmt.Errorf("%s: %w; it is not under targets", Quote(name), ErrNotAllowed)
	}
	m := r.modules[0]
	if module != "" {
		if _, ok := c.modules[module]; !ok {
			return smbprobe.Target{}, fmt.Errorf("%s: %w; %s", Quote(module), ErrUnknownModule, didYouMean(module, names(c.modules)))
		}
		i := slices.IndexFunc(r.modules, func(m smbprobe.Module) bool { return m.Name == module })
		if i < 0 {
			return smbprobe.Target{}, fmt.Errorf("%s: %w; %s has %s", Quote(module), ErrModuleNotAllowed, r.name, r.moduleNames())
		}
		m = r.modules[i]
	}
	t := smbprobe.Target{Entry: r.name, Addr: ask.addr, Ports: ports, Auth: r.auth, Module: m, Modules: r.modules, Allows: c.allows(r.auth.Name, m)}
	t.Name, t.Host = spell(ask, r, c.allowed.hosts[ask] == r)
	if !ask.addr.IsValid() {
		t.LookupName = lookupName(r.host)
	}
	return t, nil
}

// lookupName returns what to resolve for a name of the configuration.
func lookupName(host string) string {
	if !strings.Contains(host, ".") {
		return host
	}
	return strings.TrimSuffix(host, ".") + "."
}

// spell returns the name of a target and its host. listed: the host of the request is
// under targets with the request's port, or without one as the request is.
func spell(ask endpoint, r *rule, listed bool) (name, host string) {
	name, host = r.host, r.host
	if ask.addr.IsValid() {
		host = ask.addr.String()
	}
	switch {
	case listed:
		name = r.name
	case ask.port != 0:
		name = net.JoinHostPort(name, strconv.Itoa(int(ask.port)))
	}
	return name, host
}

// allows returns Target.Allows for an account and a module: it reports whether the
// configuration gives an address to that account, and lets a login to it be as the module has
// it. A host that must sign is not logged in to without signing because another one says so.
func (c *Config) allows(auth string, module smbprobe.Module) func(netip.AddrPort) bool {
	alike := func(m smbprobe.Module) bool {
		return m.Transport == module.Transport && m.Dialect == module.Dialect && m.RequireSigning == module.RequireSigning && m.Share == module.Share
	}
	return func(to netip.AddrPort) bool {
		addr := to.Addr()
		if to.Port() == 0 || addr.Is4In6() && addr.Zone() != "" {
			return false
		}
		r := c.allowed.decide(endpoint{addr: addr.Unmap(), port: to.Port()})
		return r != nil && r.auth.Name == auth && slices.ContainsFunc(r.modules, alike)
	}
}
