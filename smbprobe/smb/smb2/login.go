// Package smb2 speaks SMB 2.0.2 to 3.1.1 ([MS-SMB2]) through
// hirochachacha/go-smb2 and protects the process from that library.
//
// go-smb2 decodes what it receives in a goroutine of its own and trusts it: one
// frame of two bytes ends the process, and no recover of the caller runs. Every
// byte therefore passes a guard, a net.Conn around the real one, that hands on
// whole packets that it has checked and understood, and nothing else. A packet
// that fails a check ends the connection, and the guard keeps the reason.
//
// The guard keeps what go-smb2 drops: the status of a refused login, whether the
// file or its folder is missing, size and time of an opened file, the server's
// clock and names.
//
// It verifies signatures itself. From the credentials and the response to the
// challenge, which go-smb2 has just sent, it computes the signing key that the
// library keeps to itself. So a signature that does not verify is reported at
// once and before anything is learnt from the answer, and an answer that go-smb2
// could not take can be replaced and signed again: an error status with a
// malformed body then fails one call and not the connection.
//
// # Limits
//
//   - Encryption (SMB 3) is refused, as smb.ErrEncryptionRequired: the guard could
//     not see into the frames. A server that merely prefers encryption asks for it
//     with the same flags and is refused as well.
//   - A server whose NTLM challenge does not grant both NTLMSSP_REQUEST_TARGET
//     and NTLMSSP_NEGOTIATE_TARGET_INFO ([MS-NLMP] 2.2.2.5) is smb.ErrNotOffered:
//     go-smb2 computes no NTLMv2 response without the target information.
//     Windows and Samba grant both.
//   - A server that speaks SMB 3.1.1 with AES-256 as its only cipher is
//     smb.ErrNotOffered: go-smb2 insists on AES-128 in the negotiation.
package smb2

import (
	"context"
	"errors"
	"net"
	"strings"

	gosmb2 "github.com/hirochachacha/go-smb2"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Options of a connection.
type Options struct {
	// RequireSigning refuses a server that does not sign (smb.ErrSigning).
	// Without it, signing is required if the server requires it.
	RequireSigning bool
	// Rounds counts the round trips that were waited for; nil counts none.
	Rounds *smb.Rounds
	// Trace takes a line for each thing that happened. Lines may come from
	// several goroutines if the session is used from several.
	Trace smb.Trace
	// OnNegotiate is called with what the server has told about itself: as soon
	// as its NEGOTIATE answer arrives (dialect, clock), and again when its
	// challenge has told more. It is called from another goroutine, but never
	// after Negotiate has returned, and must not block. Nil is allowed.
	OnNegotiate func(smb.ServerInfo)
}

// Client is a connection on which SMB2 was negotiated and the server has sent its
// challenge, before the response to it is sent. Nothing that the server could count as a
// login has left this computer.
type Client struct {
	guard *guard
	nc    net.Conn
	creds smb.Credentials

	done    chan struct{} // closed when go-smb2's login has ended, with what follows
	session *gosmb2.Session
	err     error
}

// Negotiate negotiates SMB 2.0.2 to 3.1.1 on a connection ([MS-SMB2] 3.2.4.2) and asks
// for the challenge of a login with NTLMv2. If the transport needs a NetBIOS session, it
// must be established. The connection belongs to Negotiate from the call on: it is closed
// unless a Client is returned, whose Login or Close must be called then.
//
// A server that answers in no dialect of SMB2 is smb.ErrNotSMB, or smb.ErrNotOffered if it
// is an SMB server; one that does not sign is smb.ErrSigning; a refusal is *smb.Error with
// the status. Every call of this package can end with the end of ctx, a lost connection
// (smb.ErrConnectionLost) or a broken answer (smb.ErrProtocol).
//
// Credentials.NTLMv1 has no meaning in these dialects.
func Negotiate(ctx context.Context, nc net.Conn, creds smb.Credentials, opts Options) (*Client, error) {
	g := newGuard(nc, creds, opts)
	if creds.Username == "" {
		g.giveUp(errClosed)
		return nil, &smb.Error{Op: opLogin, Err: errors.New("no user name is configured; anonymous logins are not made")}
	}
	dialer := gosmb2.Dialer{
		Negotiator: gosmb2.Negotiator{RequireMessageSigning: opts.RequireSigning},
		Initiator: &gosmb2.NTLMInitiator{
			User:     creds.Username,
			Password: creds.Password.Reveal(),
			Domain:   creds.Domain,
		},
	}
	c := &Client{guard: g, nc: nc, creds: creds, done: make(chan struct{})}
	release := g.bind(ctx)
	go func() {
		defer close(c.done)
		c.err = protect(func() (err error) {
			c.session, err = dialer.DialContext(g.life, g)
			return err
		})
	}()
	select {
	case <-g.response.ready:
	case <-c.done:
	}
	release()
	if info := g.server(); info.Dialect != "" {
		g.trace.Logf("%s: %s", opNegotiate, info.Dialect)
	}
	select {
	case <-c.done:
		return nil, c.fail()
	default:
		return c, nil
	}
}

// Server returns what the server has told about itself.
func (c *Client) Server() smb.ServerInfo { return c.guard.server() }

// Close closes the connection of a client that does not log in.
func (c *Client) Close() {
	c.guard.giveUp(errClosed)
	<-c.done
	<-c.guard.readDone
	<-c.guard.response.ended
}

// Login sends the response to the challenge, once, and returns the session. The connection
// is closed when Login fails or the session ends.
//
// A nil error means that the server has accepted the login. A refusal is *smb.Error with
// the status; a guest's session is smb.ErrGuest; a session that must be encrypted is
// smb.ErrEncryptionRequired, with the password accepted. The error is smb.ErrNotSent as
// well if the response did not leave this computer as a whole.
func (c *Client) Login(ctx context.Context) (*Session, error) {
	g := c.guard
	if err := ctx.Err(); err != nil {
		g.fail(err)
		c.Close()
		return nil, &smb.Error{Op: opLogin, Err: notSent(err)}
	}
	release := g.bind(ctx)
	close(g.response.permitted)
	<-c.done
	release()
	if c.err != nil {
		return nil, c.fail()
	}
	g.trace.Logf(`%s: logged in as %s\%s%s`, opLogin, c.creds.Domain, c.creds.Username, signedText(g.server().Signed))
	return &Session{g: g, s: c.session.WithContext(g.life), host: uncHost(c.nc)}, nil
}

// fail closes the connection after go-smb2's login has failed, and returns why it did.
func (c *Client) fail() error {
	g := c.guard
	err := g.explainLogin(c.err)
	g.trace.Logf("%v", err)
	g.giveUp(errClosed)
	<-g.readDone
	if !g.response.wasSent() {
		return notSent(err)
	}
	return err
}

// Operations, for errors and traces.
const (
	opNegotiate = "negotiate"
	opLogin     = "session setup"
	opLogoff    = "logoff"
)

func signedText(signed bool) string {
	if signed {
		return ", signed"
	}
	return ", not signed"
}

// explainLogin turns an error of go-smb2's login into one of this package. The status of a
// refused login is the guard's: go-smb2 drops it.
func (g *guard) explainLogin(err error) error {
	g.mu.Lock()
	status, dialect := g.talk.loginStatus, g.talk.info.Dialect
	g.mu.Unlock()
	if status != smb.StatusOK {
		return &smb.Error{Op: opLogin, Status: status}
	}
	if dialect != "" {
		return g.explain(opLogin, err)
	}
	err = g.explain(opNegotiate, err)
	if smb.StatusOf(err) == smb.StatusNotSupported {
		return &smb.Error{Op: opNegotiate, Status: smb.StatusNotSupported, Err: smb.ErrNotOffered}
	}
	return err
}

// uncHost is the server's part of a UNC path: its address without a port, with
// the colons of IPv6 replaced as Windows does it.
func uncHost(nc net.Conn) string {
	addr := nc.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(addr); err == nil {
		addr = host
	}
	return strings.NewReplacer(":", "-", "%", "s").Replace(addr)
}
