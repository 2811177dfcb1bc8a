package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Bounds of a host's spelling, in bytes.
const (
	maxSpelling = 300
	maxHostName = 253 // RFC 1035 2.3.4, without the trailing dot
	maxZone     = 64
)

// endpoint is a host, or a port of a host, in the one spelling that all its
// spellings come to: endpoints are compared with ==.
type endpoint struct {
	name string     // lower case, without a trailing dot; empty where addr is valid
	addr netip.Addr // never an IPv4-mapped IPv6 address
	port uint16     // 0: none
}

func (e endpoint) onPort(port uint16) endpoint {
	e.port = port
	return e
}

// parseEndpoint reads a host as it stands in the configuration or in a request:
// a name, an address, either of them with a port, or an IPv6 address in
// brackets with or without a port. The second value is the host as it was
// spelled, without port and brackets. Nothing is resolved.
func parseEndpoint(s string) (e endpoint, host string, err error) {
	if len(s) > maxSpelling {
		return e, "", fmt.Errorf("longer than %d bytes", maxSpelling)
	}
	host, port, hasPort := s, "", false
	switch {
	case strings.HasPrefix(s, "["):
		inside, rest, ok := strings.Cut(s[1:], "]")
		if !ok || !strings.Contains(inside, ":") {
			return e, "", errors.New("brackets go around an IPv6 address, as in [2001:db8::1]:139")
		}
		host = inside
		if port, hasPort = strings.CutPrefix(rest, ":"); !hasPort && rest != "" {
			return e, "", errors.New("after the bracket comes a colon and a port, or nothing")
		}
	case strings.Count(s, ":") == 1:
		host, port, hasPort = strings.Cut(s, ":")
	}
	if hasPort {
		if e.port, err = parsePort(port); err != nil {
			return endpoint{}, "", err
		}
	}
	switch {
	case strings.Contains(host, ":"):
		e.addr, err = parseIPv6(host)
	case looksNumeric(strings.TrimSuffix(host, ".")):
		e.addr, err = parseIPv4(strings.TrimSuffix(host, "."))
	default:
		e.name, err = parseHostName(host)
	}
	if err != nil {
		return endpoint{}, "", err
	}
	if e.addr.IsUnspecified() || e.addr.IsMulticast() {
		return endpoint{}, "", errors.New("no host has this address")
	}
	return e, host, nil
}

// parsePort takes a decimal number from 1 to 65535 without leading zeros.
func parsePort(s string) (uint16, error) {
	port, err := strconv.ParseUint(s, 10, 16)
	if err != nil || s[0] == '0' {
		return 0, errors.New("the port is not a number from 1 to 65535")
	}
	return uint16(port), nil
}

// parseIPv6 takes any spelling of RFC 4291 2.2, with a zone of RFC 4007 11 or
// without. An IPv4-mapped address becomes the IPv4 address that it stands for.
func parseIPv6(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, errors.New("not an IPv6 address; with a port it is written in brackets, as in [2001:db8::1]:139")
	}
	zone := addr.Zone()
	switch {
	case zone != "" && addr.Is4In6():
		return netip.Addr{}, errors.New("an IPv4 address has no zone")
	case len(zone) > maxZone || strings.ContainsFunc(zone, func(r rune) bool { return !isNameChar(r) }):
		return netip.Addr{}, errors.New("the zone is not the name of a network interface")
	}
	return addr.Unmap(), nil
}

// parseHostName takes letters, digits, "-", "_" and "." and gives the name in
// lower case, without a trailing dot.
func parseHostName(s string) (string, error) {
	name := strings.TrimSuffix(s, ".")
	if name == "" {
		return "", errors.New("no host is named")
	}
	if len(name) > maxHostName {
		return "", fmt.Errorf("a host name has at most %d characters", maxHostName)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return !isNameChar(r) }) {
		return "", errors.New("a host name has letters, digits, -, _ and . alone")
	}
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") {
		return "", errors.New("a host name has no empty part between two dots")
	}
	return strings.ToLower(name), nil
}
