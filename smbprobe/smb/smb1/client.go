// Package smb1 is a client of the dialect "NT LM 0.12" (MS-CIFS, MS-SMB), the
// only one that Windows NT 4.0 and 2000 speak, with NTLM but without extended
// security. It reads files and talks to pipes; it cannot write a file.
//
// Its rules protect servers of that age:
//   - it offers no dialect older than NT LM 0.12, and negotiates once;
//   - VcNumber is 1: on 0 a server drops the other sessions of our host;
//   - the one chain is session setup with tree connect, which every Windows
//     client sends;
//   - it never requests an oplock, an extended answer, or more bytes than both
//     sides' buffers hold without large reads, and never sends a plain text
//     password or an LM response;
//   - it keeps at most eight requests in flight, sixteen with those that are late, and
//     never more than MaxMpxCount.
//
// The files: message.go and encoding.go are the codec; setup.go and fileio.go the
// messages; conn.go and call.go match answers to requests; client.go, session.go,
// file.go and pipe.go are the exported types.
package smb1

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/ntlm"
)

// Options configure a connection.
type Options struct {
	OfferSMB2      bool          // offer SMB2 in the negotiate as well
	RequireSigning bool          // refuse a server that does not sign
	ServerName     string        // for the path of a tree connect: the NetBIOS name if known, else host name or address
	NetBIOSName    string        // the server's own name if known, else empty
	ClientNonce    [8]byte       // random, for NTLMv2
	MaxDelay       time.Duration // how long a request may wait for those of other branches; 0: a millisecond
	Rounds         *smb.Rounds   // counts the round trips
	Trace          smb.Trace     // may be nil
}

// Client is a connection on which NT LM 0.12 was negotiated, before the login.
type Client struct {
	conn   *conn
	opts   Options
	server negotiated
	info   smb.ServerInfo
}

// Negotiate negotiates the dialect (MS-CIFS 2.2.4.52). It takes over nc, with an
// established NetBIOS session if the port needs one, and closes it unless it returns a
// Client.
//
// The error is a *SMB2Answer if the server chose SMB2, smb.ErrNotSMB if it is not an
// SMB server, smb.ErrNotOffered if it offers nothing that this client speaks.
func Negotiate(ctx context.Context, nc net.Conn, opts Options) (*Client, error) {
	const op = "negotiate"
	c := &Client{conn: newConn(nc, opts.Rounds, opts.Trace), opts: opts}
	if opts.MaxDelay > 0 {
		c.conn.delay = opts.MaxDelay
	}
	seenAt, err := c.negotiate(ctx, op)
	if err != nil {
		c.conn.close()
		return nil, err
	}
	c.conn.setMaxInFlight(inFlight(c.server))
	c.conn.setMaxMpx(inFlightWithLate(c.server))
	c.info = smb.ServerInfo{
		NetBIOSName: c.server.serverName,
		Domain:      c.server.domain,
		Dialect:     Dialect,
		Time:        c.server.time,
		TimeSeenAt:  seenAt,
	}
	if c.info.NetBIOSName == "" {
		c.info.NetBIOSName = opts.NetBIOSName
	}
	opts.Trace.Logf("negotiated %s: security mode 0x%02X, MaxMpxCount %d, MaxBufferSize %d, capabilities 0x%08X",
		Dialect, c.server.securityMode, c.server.maxMpx, c.server.maxBufferSize, c.server.capabilities)
	return c, nil
}

// negotiate negotiates, and returns the time half way between request and answer.
func (c *Client) negotiate(ctx context.Context, op string) (seenAt time.Time, err error) {
	k, err := c.conn.roundTrip(ctx, request{op: op, builder: negotiateRequest(c.opts.OfferSMB2)})
	if err != nil {
		return time.Time{}, err
	}
	defer c.conn.release(k)
	if c.server, err = parseNegotiate(&k.answer); err != nil {
		return time.Time{}, &smb.Error{Op: op, Err: err}
	}
	return k.sent.Add(k.receivedAt.Sub(k.sent) / 2), nil
}

// Server returns what the negotiate answer reports.
func (c *Client) Server() smb.ServerInfo { return c.info }

// Close closes the connection of a client that does not log in.
func (c *Client) Close() { c.conn.close() }

// Login logs in, and connects to a share in the same round trip; Session.Connect
// returns the error of a refused share. A connection has one login: after any failure
// the connection is closed, and nothing is tried again.
//
// The error is smb.ErrGuest if the server logged us in as a guest, smb.ErrSigning if
// it does not sign and has to, else an *smb.Error with the status. It is smb.ErrNotSent
// as well if the login did not leave this computer as a whole.
func (c *Client) Login(ctx context.Context, creds smb.Credentials, share string) (*Session, error) {
	s, err := c.login(ctx, creds, share)
	if err != nil {
		c.conn.close()
		return nil, err
	}
	return s, nil
}

func (c *Client) login(ctx context.Context, creds smb.Credentials, share string) (*Session, error) {
	const op = "session setup"
	const signs = modeSigningEnabled | modeSigningRequired
	if c.opts.RequireSigning && c.server.securityMode&signs == 0 {
		return nil, &smb.Error{Op: op, Err: &smb.NotSentError{Err: fmt.Errorf("%w: it does not offer signing in its negotiate answer", smb.ErrSigning)}}
	}
	wantSigning := c.opts.RequireSigning || c.server.securityMode&modeSigningRequired != 0

	creds.Domain = c.loginDomain(creds)
	response := c.response(creds)
	path := `\\` + c.opts.ServerName + `\` + share
	login := loginRequest(c.server, response, creds.Username, creds.Domain, path, wantSigning)
	writes := c.conn.writeCount()
	k, err := c.conn.roundTrip(ctx, request{op: op, builder: login})
	if k == nil || err != nil && smb.StatusOf(err) == smb.StatusOK {
		if c.conn.writeCount() == writes {
			return nil, &smb.NotSentError{Err: err}
		}
		return nil, err
	}
	defer c.conn.release(k)
	answer := &k.answer
	a, parseErr := parseLogin(answer)
	switch {
	case err != nil && !(a.chained && a.treeRefused):
		return nil, err // refused, and the body does not matter
	case parseErr != nil:
		return nil, &smb.Error{Op: op, Err: parseErr}
	case err == nil && answer.status != smb.StatusOK: // a warning
		return nil, &smb.Error{Op: op, Status: answer.status}
	}
	c.info.OS, c.info.LANManager = a.os, a.lanManager
	if a.domain != "" {
		c.info.Domain = a.domain
	}
	s := newSession(c, answer.uid)
	if a.guest {
		c.opts.Trace.Logf("session setup: logged in as guest; logging off")
		_ = s.logoff(ctx) // the login has failed in any case
		return nil, &smb.Error{Op: op, Err: smb.ErrGuest}
	}
	if wantSigning {
		if err := c.startSigning(answer, response, a.lm); err != nil {
			return nil, &smb.Error{Op: op, Err: err}
		}
		s.info.Signed = c.conn.signer != nil
	}
	switch {
	case a.treeRefused:
		s.first = &firstTree{share: share, err: &smb.Error{Op: "tree connect " + path, Status: answer.status}}
	case a.chained:
		s.first = &firstTree{share: share, tree: s.newTree(answer.tid, share)}
		s.first.err = wrongKind("tree connect "+path, a.service)
	default:
		c.opts.Trace.Logf("session setup: the server left out the chained tree connect")
	}
	return s, nil
}

// wrongKind returns the error of a share that is no disk, as a server has it that is asked for a
// disk.
func wrongKind(op, service string) error {
	if !noDisk(service) {
		return nil
	}
	return &smb.Error{Op: op, Status: smb.StatusBadDeviceType}
}

// loginDomain returns the domain that a login names, in upper case as it goes into
// the NTLMv2 hash. NTLMv2 needs one (Q236414): without a configured domain it is the
// server's own name, which stands for its local accounts.
func (c *Client) loginDomain(creds smb.Credentials) string {
	domain := creds.Domain
	if domain == "" && !creds.NTLMv1 {
		domain = c.info.NetBIOSName
	}
	return strings.ToUpper(domain)
}

// response computes the answer to the server's challenge. Its time stamp is by
// the server's own clock, so that a wrong clock does not fail the login.
func (c *Client) response(creds smb.Credentials) ntlm.Response {
	ch := ntlm.Challenge{Nonce: c.server.challenge, Domain: c.server.domain, Server: c.info.NetBIOSName, ServerTime: time.Now()}
	if creds.NTLMv1 {
		return ntlm.V1(creds, ch)
	}
	if !c.server.time.IsZero() {
		ch.ServerTime = c.server.time.Add(time.Since(c.info.TimeSeenAt))
	}
	return ntlm.V2(creds, ch, c.opts.ClientNonce)
}

// startSigning verifies the signature of the answer to the login, and signs from
// then on (MS-CIFS 3.2.5.3). Samba without extended security requires signing in its
// negotiate answer, does not sign, and accepts unsigned requests: the session is
// then unsigned, unless the configuration requires signing.
func (c *Client) startSigning(answer *message, response ntlm.Response, lm bool) error {
	if answer.flags2&flags2Signed != 0 && !isPlaceholder(answer.raw) {
		const answerSequence, nextSequence = 1, 2
		candidates := [][]byte{response.MACResponse}
		if lm {
			candidates = append(candidates, response.OEM)
		}
		for _, r := range candidates {
			s := &signer{key: response.SessionKey[:], response: r, next: nextSequence}
			if s.verify(answer.raw, answerSequence) {
				c.conn.setSigner(s)
				c.opts.Trace.Logf("session setup: the session is signed")
				return nil
			}
		}
		return fmt.Errorf("%w: wrong signature on the answer to the login", smb.ErrSigning)
	}
	if c.opts.RequireSigning {
		return fmt.Errorf("%w: the answer to the login is not signed", smb.ErrSigning)
	}
	c.opts.Trace.Logf("session setup: the server requires signing and does not sign; the session is unsigned")
	return nil
}

// signer holds what signatures are made from (MS-CIFS 3.1.4.1): the session key and
// the response of the login that started signing, and the sequence number of
// the next request. A request and its answer take two numbers.
type signer struct {
	key      []byte
	response []byte
	next     uint32
}

// sign writes the signature into a request and returns the sequence number of its answer.
func (s *signer) sign(m []byte) (answer uint32) {
	seq := s.next
	s.next += 2
	m[10] |= flags2Signed
	mac := ntlm.Sign(s.key, s.response, m, seq)
	copy(m[signatureAt:], mac[:])
	return seq + 1
}

// verify reports whether an answer carries the right signature.
func (s *signer) verify(m []byte, seq uint32) bool {
	mac := ntlm.Sign(s.key, s.response, m, seq)
	return subtle.ConstantTimeCompare(mac[:], m[signatureAt:signatureAt+8]) == 1
}

// isPlaceholder reports whether the signature of an answer is the text that Samba
// puts there when it does not sign.
func isPlaceholder(m []byte) bool {
	return bytes.Equal(m[signatureAt:signatureAt+8], []byte("BSRSPYL "))
}
