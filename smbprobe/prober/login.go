package prober

import (
	"context"
	"errors"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/lockout"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb1"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb2"
)

// client is a connection that has come as far as the login.
type client interface {
	Server() smb.ServerInfo
	login(context.Context) (smb.Session, error)
	Close() // closes the connection, unless a session has it
}

// openSession finds the dialect and logs in. It takes over the link. If it returns no
// session, the result has the reason; the error is nil if no login was sent.
func (r *run) openSession(ctx context.Context, l *link) (smb.Session, error) {
	var c client
	err := r.log.step(smbprobe.StepNegotiate, func() (err error) {
		c, err = r.negotiateUnlessHTTP(ctx, l)
		return err
	})
	if err != nil {
		return nil, r.recordShareError(r.negotiateState(err), err)
	}
	var session smb.Session
	defer func() {
		if session == nil { // after a panic as well
			c.Close()
		}
	}()
	r.recordServerInfo(c.Server())
	release, err := r.acquireLogin(ctx)
	if err != nil {
		return nil, nil
	}
	outcome := lockout.Outcome{Result: lockout.InDoubt}
	defer func() { release(outcome) }()
	err = r.log.step(smbprobe.StepLogin, func() (err error) {
		session, err = c.login(ctx)
		return err
	})
	outcome.Domain = c.Server().Domain
	if err == nil {
		outcome.Result, outcome.State = lockout.Accepted, string(smbprobe.ShareOK)
		return session, nil
	}
	state, refused := loginState(err)
	r.result.LoginRefused = refused
	outcome.Result, outcome.State, outcome.Status = loginResult(err), string(state), uint32(smb.StatusOf(err))
	r.loginInDoubt = outcome.Result != lockout.NotSent
	return nil, r.recordShareError(state, err)
}

// negotiateState returns the state of the share after a failed negotiation, which in SMB2
// goes on to the challenge: a server that announced itself refused to send one.
func (r *run) negotiateState(err error) smbprobe.ShareState {
	if r.result.Server == nil {
		return negotiateState(err)
	}
	state, _ := loginState(err)
	return state
}

// firstShare returns the share that is connected in the same round trip as the login:
// the one that the longer branch of the probe needs.
func (r *run) firstShare() string {
	if usesRPC(r.target.Module) {
		return pipeShare
	}
	return r.target.Module.Share
}

// smb1Client and smb2Client are the clients of the two dialects. Their logins return a
// nil interface with an error, never one that holds a nil pointer.
type (
	smb1Client struct {
		*smb1.Client
		run *run
	}
	smb2Client struct {
		*smb2.Client
		run *run
	}
)

func (c smb1Client) login(ctx context.Context) (smb.Session, error) {
	s, err := c.Login(ctx, c.run.target.Auth.Credentials, c.run.firstShare())
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (c smb2Client) login(ctx context.Context) (smb.Session, error) {
	s, err := c.Login(ctx)
	if err == nil || errors.Is(err, smb.ErrEncryptionRequired) { // which the server demands of an accepted login
		c.run.prober.smb2.add(c.run.target)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// negotiateSMB2 negotiates SMB2 on a link.
func (r *run) negotiateSMB2(ctx context.Context, l *link) (client, error) {
	c, err := smb2.Negotiate(ctx, l.conn, r.target.Auth.Credentials, smb2.Options{
		RequireSigning: r.target.Module.RequireSigning,
		Rounds:         r.rounds,
		Trace:          r.trace,
		OnNegotiate:    r.recordServerInfo,
	})
	if err != nil {
		return nil, err
	}
	return smb2Client{c, r}, nil
}

// negotiate decides the dialect and comes as far as the login. One SMB1 negotiate that
// offers SMB2 as well decides it in one round trip: SMB1 continues on that connection, SMB2
// needs a new one.
func (r *run) negotiate(ctx context.Context, l *link) (client, error) {
	dialect := r.target.Module.Dialect
	if dialect == smbprobe.DialectAuto && r.prober.smb2.has(r.target) {
		r.log.logf("the target has accepted a login over SMB2 before: SMB1 is not offered any more")
		dialect = smbprobe.DialectSMB2
	}
	if dialect == smbprobe.DialectSMB2 {
		return r.negotiateSMB2(ctx, l)
	}
	name := l.serverName()
	c, err := smb1.Negotiate(ctx, l.conn, smb1.Options{
		OfferSMB2:      dialect == smbprobe.DialectAuto,
		RequireSigning: r.target.Module.RequireSigning,
		ServerName:     firstText(name, r.target.Host),
		NetBIOSName:    name,
		ClientNonce:    clientNonce(),
		MaxDelay:       r.prober.maxDelay,
		Rounds:         r.rounds,
		Trace:          r.trace,
	})
	if err == nil {
		return smb1Client{c, r}, nil
	}
	if answer, ok := errors.AsType[*smb1.SMB2Answer](err); ok && dialect == smbprobe.DialectAuto {
		r.log.logf("%v: a new connection for it", answer)
		if l, err = r.redial(ctx, l); err != nil {
			return nil, err
		}
		return r.negotiateSMB2(ctx, l)
	}
	return nil, err
}

// firstText returns the first of two texts that is not empty.
func firstText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
