package web

import (
	"errors"
	"net/http"
	"time"
)

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
