package web

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

var errCrossSite = errors.New("a page of another site sent this request through a browser")

// checkSite refuses requests that a browser marks as another site's (Fetch Metadata,
// https://www.w3.org/TR/fetch-metadata/): one for /probe is a GET, and yet costs a login.
func checkSite(r *http.Request) error {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return errCrossSite
	}
	return nil
}

// stateChanging makes a handler of one that changes something. Its Host has to be one that
// only this exporter has: a page of another site whose name was made to resolve to the
// exporter's address (DNS rebinding) has the same origin in a browser's eyes.
// That the origin is the same has been checked for all methods that are not safe.
func (s *Server) stateChanging(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.isOwnHost(r.Host) {
			http.Error(w, "the Host of this request is not an address, localhost, the name of this machine or that of --web.external-address", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

// isOwnHost reports whether a Host header is an address, localhost, the name of this
// machine, or that of the external address; whatever the port.
func (s *Server) isOwnHost(host string) bool {
	host = hostOnly(host)
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	short, _, _ := strings.Cut(s.options.Hostname, ".")
	for _, own := range []string{"localhost", s.options.Hostname, short, hostOnly(s.external.host)} {
		if own != "" && strings.EqualFold(host, own) {
			return true
		}
	}
	return false
}

// hostOnly returns a host without its port, and an IPv6 address without its brackets.
func hostOnly(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		return strings.TrimSuffix(inner, "]")
	}
	return host
}
