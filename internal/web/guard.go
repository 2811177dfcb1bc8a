package web

import (
	"errors"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// secureHeaders sets on every answer what keeps a browser from running or framing it. The
// pages set a policy that also allows their own style.
func secureHeaders(next http.Handler) http.Handler {
	set := map[string][]string{ // shared by all answers, which only replace them; canonical keys
		"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
		"X-Content-Type-Options":  {"nosniff"},
		"X-Frame-Options":         {"DENY"},
		"Referrer-Policy":         {"no-referrer"},
		"Cache-Control":           {"no-store"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), set)
		next.ServeHTTP(w, r)
	})
}

var errCrossSite = errors.New("a page of another site sent this request through a browser")

// checkSite refuses requests that a browser marks as another site's: one for /probe is a
// GET, and yet costs a login. Fetch Metadata (https://www.w3.org/TR/fetch-metadata/) is sent
// to HTTPS and to localhost alone; without it the Origin of a script's request tells.
func (s *Server) checkSite(r *http.Request) error {
	sites := r.Header.Values("Sec-Fetch-Site")
	for _, site := range sites {
		if strings.EqualFold(site, "cross-site") {
			return errCrossSite
		}
	}
	origin := r.Header.Get("Origin")
	if len(sites) > 0 || origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err == nil && u.Host != "" {
		for _, own := range []string{r.Host, s.external.host} {
			if strings.EqualFold(hostOnly(u.Host), hostOnly(own)) { // another port is the same site
				return nil
			}
		}
	}
	return errCrossSite
}

// crossOriginProtection refuses what a page of another origin sends with a method that is
// not safe. A proxy may replace the Host, and so the external address is an own origin too.
func (s *Server) crossOriginProtection() (*http.CrossOriginProtection, error) {
	protection := http.NewCrossOriginProtection()
	if s.external.host == "" {
		return protection, nil
	}
	schemes := []string{s.external.scheme}
	if s.external.scheme == "" {
		schemes = []string{"http", "https"}
	}
	for _, scheme := range schemes {
		if err := protection.AddTrustedOrigin(scheme + "://" + s.external.host); err != nil {
			return nil, err
		}
	}
	return protection, nil
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

const (
	// sendTime is how long an answer may take to be sent, from when it can be known.
	sendTime = 30 * time.Second
	// maxBody bounds what a request may send: no path takes more than a short form.
	maxBody = 4 << 10
	// maxRenders is how many pages are made, and sent, at a time: one of a large
	// configuration is a megabyte.
	maxRenders = 8
)

// gate bounds how many requests a handler has at a time.
type gate chan struct{}

func newGate(places int) gate { return make(gate, places) }

// limit makes a handler of one that may have so many requests at a time; the others wait as
// long as their clients do. What was written has been sent, or nearly: a slow client keeps
// its place, for sendTime at most.
func (g gate) limit(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case g <- struct{}{}:
		case <-r.Context().Done():
			return // the client is gone
		}
		defer func() { <-g }()
		if r.Context().Err() == nil {
			next(w, r)
		}
	})
}

// limitTransfer bounds what a request may send, and for how long its answer may be read.
func (s *Server) limitTransfer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead
		if safe && r.ContentLength != 0 || r.ContentLength > maxBody {
			// Nor is its body waited for afterwards.
			s.setDeadline(http.NewResponseController(w).SetReadDeadline, time.Now())
			w.Header().Set("Connection", "close")
			s.allowTime(w, 0)
			http.Error(w, "the request has a body that no path takes", http.StatusBadRequest)
			return
		}
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		s.allowTime(w, 0)
		next.ServeHTTP(w, r)
	})
}

// allowTime gives an answer sendTime after it can be known, which takes so long from now.
func (s *Server) allowTime(w http.ResponseWriter, known time.Duration) {
	s.setDeadline(http.NewResponseController(w).SetWriteDeadline, time.Now().Add(known+sendTime))
}

func (s *Server) setDeadline(set func(time.Time) error, at time.Time) {
	// Without a connection, as in the demo's own requests, there is nothing to limit.
	if err := set(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.options.Logger.Debug("a deadline could not be set", "err", err)
	}
}
