package smb1

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/ntlm"
)

// Options say how to speak with a server.
type Options struct {
	OfferSMB2      bool        // offer SMB2 in the negotiate as well
	RequireSigning bool        // refuse a server that does not sign
	ServerName     string      // for the path of a tree connect: the NetBIOS name where known, else host name or address
	NetBIOSName    string      // the server's own name where it is known, else empty
	ClientNonce    [8]byte     // random, for NTLMv2
	Rounds         *smb.Rounds // counts the round trips
	Trace          smb.Trace   // may be nil
}

// Client is a connection on which NT LM 0.12 was negotiated, and nobody has
// logged in yet.
type Client struct {
	conn   *conn
	opts   Options
	server negotiated
	info   smb.ServerInfo
}

// Negotiate asks a server for its dialect (MS-CIFS 2.2.4.52). It takes over nc, on which
// a NetBIOS session stands where the port wants one, and closes it unless it
// returns a Client.
//
// The error is a *SMB2Answer where the server took SMB2, smb.ErrNotSMB where it
// is no SMB server, smb.ErrNotOffered where it has nothing that we speak.
func Negotiate(ctx context.Context, nc net.Conn, opts Options) (*Client, error) {
	const op = "negotiate"
	c := &Client{conn: newConn(nc, opts.Rounds, opts.Trace), opts: opts}
	k, err := c.negotiate(ctx, op)
	if err != nil {
		c.conn.close()
		return nil, err
	}
	c.conn.setMaxInFlight(inFlight(c.server))
	c.info = smb.ServerInfo{
		NetBIOSName: c.server.serverName,
		Domain:      c.server.domain,
		Dialect:     Dialect,
		Time:        c.server.time,
		TimeSeenAt:  k.sent.Add(k.receivedAt.Sub(k.sent) / 2),
	}
	if c.info.NetBIOSName == "" {
		c.info.NetBIOSName = opts.NetBIOSName
	}
	opts.Trace.Log(fmt.Sprintf("negotiated %s: security mode 0x%02X, MaxMpxCount %d, MaxBufferSize %d, capabilities 0x%08X",
		Dialect, c.server.securityMode, c.server.maxMpx, c.server.maxBufferSize, c.server.capabilities))
	return c, nil
}

func (c *Client) negotiate(ctx context.Context, op string) (*call, error) {
	calls, err := c.conn.start(ctx, request{op: op, builder: negotiateRequest(c.opts.OfferSMB2)})
	if err != nil {
		return nil, err
	}
	answer, err := calls[0].wait(ctx)
	if err != nil {
		return nil, err
	}
	if c.server, err = parseNegotiate(answer); err != nil {
		return nil, &smb.Error{Op: op, Err: err}
	}
	return calls[0], nil
}

// Server returns what the negotiate told.
func (c *Client) Server() smb.ServerInfo { return c.info }

// Close closes the connection of a client that does not log in.
func (c *Client) Close() { c.conn.close() }

// Login logs in, and connects to a share in the same round trip; that the share
// was refused shows when Session.Connect is called. There is one login on a
// connection: whatever fails, the connection is closed, and nothing is tried
// again.
//
// The error is smb.ErrGuest where the server made us a guest, smb.ErrSigning where
// it does not sign though it must, else an *smb.Error with the status.
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
		return nil, &smb.Error{Op: op, Err: fmt.Errorf("%w: its negotiate answer says that signing is off", smb.ErrSigning)}
	}
	wantSigning := c.opts.RequireSigning || c.server.securityMode&modeSigningRequired != 0

	creds.Domain = c.loginDomain(creds)
	response := c.response(creds)
	path := `\\` + c.opts.ServerName + `\` + share
	answer, err := c.conn.roundTrip(ctx, op, loginRequest(c.server, response, creds.Username, creds.Domain, path, wantSigning))
	if answer == nil {
		return nil, err
	}
	a, parseErr := parseLogin(answer)
	switch {
	case err != nil && !(a.chained && a.treeRefused):
		return nil, err // refused, whatever stands in the answer's body
	case parseErr != nil:
		return nil, &smb.Error{Op: op, Err: parseErr}
	}
	c.info.OS, c.info.LANManager = a.os, a.lanManager
	if a.domain != "" {
		c.info.Domain = a.domain
	}
	s := newSession(c, answer.uid)
	if a.guest {
		c.opts.Trace.Log("session setup: logged in as guest; logging off")
		_ = s.logoff(ctx) // it is refused whatever comes of it
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
	default:
		c.opts.Trace.Log("session setup: the server left out the chained tree connect")
	}
	return s, nil
}

// loginDomain returns the domain that a login names, in upper case as it goes into
// the NTLMv2 hash. NTLMv2 wants one (Q236414): the server's own name stands for
// its local accounts where the configuration has none.
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

// startSigning looks whether the answer to the login is signed, and signs from
// then on (MS-CIFS 3.2.5.3). Samba without extended security says that signing
// is required, does not sign, and takes unsigned requests: so does the
// session then, unless the configuration requires signing.
func (c *Client) startSigning(answer *message, response ntlm.Response, lm bool) error {
	if answer.flags2&flags2Signed != 0 && !samePlaceholder(answer.raw) {
		const answerSequence, nextSequence = 1, 2
		candidates := [][]byte{response.MACResponse}
		if lm {
			candidates = append(candidates, response.OEM)
		}
		for _, r := range candidates {
			s := &signer{key: response.SessionKey[:], response: r, next: nextSequence}
			if s.verify(answer.raw, answerSequence) {
				c.conn.setSigner(s)
				c.opts.Trace.Log("session setup: the session is signed")
				return nil
			}
		}
		return fmt.Errorf("%w: wrong signature on the answer to the login", smb.ErrSigning)
	}
	if c.opts.RequireSigning {
		return fmt.Errorf("%w: the answer to the login is not signed", smb.ErrSigning)
	}
	c.opts.Trace.Log("session setup: the server requires signing and does not sign; going on unsigned")
	return nil
}
