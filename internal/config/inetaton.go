package config

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

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
	bad := errors.New("looks like an IPv4 address and is none; write four numbers up to 255, as in 10.1.2.3")
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
