package config

import (
	"encoding/binary"
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
	maxHostPart = 63  // RFC 1035 2.3.4
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
	case isHostRange(host):
		err = errors.New("a range")
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
	if e.addr.IsUnspecified() || e.addr.IsMulticast() || e.addr == broadcast {
		return endpoint{}, "", errors.New("no host has this address")
	}
	return e, host, nil
}

// broadcast is the address of every host of a network (RFC 919).
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// parsePort takes a decimal number from 1 to 65535 without leading zeros.
func parsePort(s string) (uint16, error) {
	port, err := strconv.ParseUint(s, 10, 16)
	if err != nil || s[0] == '0' {
		return 0, errors.New("the port is not a number from 1 to 65535; write 139 or 445, or leave it out: then both are tried")
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
	for part := range strings.SplitSeq(name, ".") {
		if len(part) > maxHostPart {
			return "", fmt.Errorf("a part of a host name has at most %d characters", maxHostPart)
		}
	}
	return strings.ToLower(name), nil
}

// looksNumeric reports whether a C library may read the host as an IPv4 address:
// its last part is digits alone, or begins as a hexadecimal number does. Such
// a host is an address or an error, never a name to be resolved.
func looksNumeric(host string) bool {
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	return last != "" && strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")
}

// parseIPv4 reads what inet_aton of the C libraries does (POSIX, inet_addr):
// one to four numbers, decimal, octal after 0, hexadecimal after 0x. The last
// one fills the bytes that the others leave.
func parseIPv4(s string) (netip.Addr, error) {
	bad := errors.New("looks like an IPv4 address and is not one; write four numbers up to 255, as in 10.1.2.3")
	parts := strings.SplitN(s, ".", 5)
	if len(parts) > 4 {
		return netip.Addr{}, bad
	}
	var addr uint64
	for i, part := range parts {
		limit := uint64(0xff)
		if i == len(parts)-1 {
			limit = 1<<(8*(4-i)) - 1
		}
		n, ok := parseCNumber(part, limit)
		if !ok {
			return netip.Addr{}, bad
		}
		addr = addr*(limit+1) + n
	}
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(addr))
	return netip.AddrFrom4(b), nil
}

// checkLeadingZeros returns an error for an IPv4 address whose leading zeros, as those of
// 010.1.2.3, make it another one: a C library reads octal numbers, and the person who wrote it
// meant decimal ones. The login would go to another host.
func checkLeadingZeros(e endpoint, host string) error {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	for i, part := range parts {
		if part != "" {
			parts[i] = strings.TrimLeft(part[:len(part)-1], "0") + part[len(part)-1:]
		}
	}
	if meant, err := netip.ParseAddr(strings.Join(parts, ".")); err == nil && e.addr.Is4() && meant.Is4() && meant != e.addr {
		return fmt.Errorf("%s has leading zeros, with which many programs read it as %s; write %s", Quote(host), e.addr, meant)
	}
	return nil
}

// parseCNumber reads a number as C's strtoul with base 0 does, without sign and
// spaces. limit is at most 1<<32 - 1.
func parseCNumber(s string, limit uint64) (n uint64, ok bool) {
	base, digits := 10, s
	switch {
	case len(s) > 1 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'):
		base, digits = 16, s[2:]
	case len(s) > 1 && s[0] == '0':
		base, digits = 8, s[1:]
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return n, err == nil && n <= limit
}
