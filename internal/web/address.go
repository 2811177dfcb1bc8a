package web

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// address is where Prometheus reaches the exporter.
type address struct {
	scheme string // "http" or "https"; empty: not known
	host   string // host, or host:port
	path   string // what stands before "/probe"; empty or beginning with /, not ending with it
}

// CheckExternalAddress returns an error if New would refuse an external address.
func CheckExternalAddress(s string) error {
	_, err := parseExternalAddress(s)
	return err
}

// parseExternalAddress takes "host", "host:port", or an http or https URL of one
// with or without a path. The empty string gives the zero address.
func parseExternalAddress(s string) (address, error) {
	if s == "" {
		return address{}, nil
	}
	a := address{host: s}
	if strings.Contains(s, "@") { // the value is not shown: it may have a password
		return address{}, errors.New("external address: write host:port, or an http or https URL, without user and password")
	}
	if strings.Contains(s, "://") {
		u, err := url.Parse(s)
		if err != nil {
			return address{}, fmt.Errorf("external address %q is not a URL: write host:port, or an http or https URL", s)
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
			return address{}, fmt.Errorf("external address %q: write host:port, or an http or https URL with nothing after its path", u.Redacted())
		}
		a = address{scheme: u.Scheme, host: u.Host, path: strings.TrimRight(u.EscapedPath(), "/")}
	}
	if err := checkHostPort(a.host); err != nil {
		return address{}, fmt.Errorf("external address %q: %w", s, err)
	}
	return a, nil
}

// ExternalURL returns the URL of the exporter's pages, without a final slash, as far as the
// external address tells: empty if there is none, and http if it has no scheme.
func (s *Server) ExternalURL() string {
	a := s.external
	if a.host == "" {
		return ""
	}
	if a.scheme == "" {
		a.scheme = "http"
	}
	return a.scheme + "://" + a.host + a.path
}

// maxHostPort bounds a host with its port: a DNS name has 253 characters at most.
const maxHostPort = 253 + len(":65535")

// checkHostPort checks a host name or address, IPv6 in brackets, with or without
// a port. A Host header is such a text, from whoever sent the request.
func checkHostPort(s string) error {
	if len(s) > maxHostPort {
		return fmt.Errorf("longer than %d characters", maxHostPort)
	}
	host := s
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		var port string
		var err error
		if host, port, err = net.SplitHostPort(s); err != nil {
			return fmt.Errorf("%q is not host:port", s)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("%q has no port from 1 to 65535", s)
		}
		if s[0] == '[' {
			host = s[:i]
		}
	}
	if inner, bracketed := strings.CutPrefix(host, "["); bracketed {
		inner, closed := strings.CutSuffix(inner, "]")
		if a, err := netip.ParseAddr(inner); !closed || err != nil || !a.Is6() || a.Zone() != "" {
			return fmt.Errorf("%q is not an IPv6 address in brackets", s)
		}
		return nil
	}
	if host == "" || strings.ContainsFunc(host, notInHostName) {
		return fmt.Errorf("%q is not a host name or address", s)
	}
	return nil
}

func notInHostName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_')
}
