package smb2

import "github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"

// response is the one request of a connection that a server can count as a login: the
// SESSION_SETUP with the response to its challenge ([MS-SMB2] 3.2.4.2.3). It waits until
// Client.Login permits it.
type response struct {
	ready     chan struct{} // closed when the response could be sent
	permitted chan struct{} // closed when it may be
	ended     chan struct{} // closed when it was sent, or will not be
	sent      bool          // the server may have all of it; valid once ended is closed
}

func newResponse() *response {
	return &response{ready: make(chan struct{}), permitted: make(chan struct{}), ended: make(chan struct{})}
}

// isResponse reports whether a request is the response to a challenge.
func isResponse(frame []byte) bool {
	_, r, ok := parseRequest(frame)
	return ok && r.command == cmdSessionSetup && r.sessionID != 0
}

// sendResponse waits until the response may be sent, and sends it. A server cannot check
// one that has not arrived as a whole.
func (g *guard) sendResponse(frame []byte) error {
	r := g.response
	defer close(r.ended)
	close(r.ready)
	select {
	case <-r.permitted:
	case <-g.life.Done():
	}
	if g.life.Err() != nil {
		return errClosed
	}
	r.sent = true // if writing panics, it is not known how much was sent
	n, err := g.writeFrame(frame)
	r.sent = err == nil || n == len(frame)
	return err
}

// wasSent waits until the fate of the response is known, and reports whether the server
// may have it.
func (r *response) wasSent() bool {
	select {
	case <-r.ready:
		<-r.ended
		return r.sent
	default:
		return false // go-smb2 did not get as far
	}
}

// checkChallenge checks the session of a challenge, before the response.
func (c *conversation) checkChallenge(h header) error {
	switch {
	case h.sessionID() == 0: // the response would not be recognized
		return violation("a challenge without a SessionId")
	case c.signer != nil:
		return violation("a second challenge")
	}
	return nil
}

// notSent marks an error of a login that the server cannot have counted.
func notSent(err error) error { return &smb.NotSentError{Err: err} }
