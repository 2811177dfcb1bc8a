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

// openSession finds the dialect and logs in. It takes over the link. If it returns no
// session, the result has the reason; the error is nil if no login was sent.
func (r *run) openSession(ctx context.Context, l *link) (smb.Session, error) {
	var client *smb1.Client // nil: SMB2
	err := r.log.step(smbprobe.StepNegotiate, func() (err error) {
		client, l, err = r.negotiate(ctx, l)
		return err
	})
	if err != nil {
		return nil, r.recordShareError(negotiateState(err), err)
	}
	if client != nil {
		r.recordServerInfo(client.Server())
	}

	release, err := r.acquireLogin(ctx)
	if err != nil {
		if client != nil {
			client.Close()
		} else {
			_ = l.conn.Close()
		}
		return nil, nil
	}
	outcome := lockout.Outcome{Result: lockout.InDoubt}
	defer func() { release(outcome) }() // after a panic as well
	var session smb.Session
	err = r.log.step(smbprobe.StepLogin, func() (err error) {
		if client != nil {
			session, err = r.loginSMB1(ctx, client)
		} else {
			session, err = r.loginSMB2(ctx, l)
		}
		return err
	})
	if err == nil {
		outcome = lockout.Outcome{Result: lockout.Accepted, Domain: session.Server().Domain, State: string(smbprobe.ShareOK)}
		return session, nil
	}
	sent := r.result.Server != nil // SMB2 negotiates in the same step, before the login
	state, refused := loginState(err)
	if !sent {
		state, refused = negotiateState(err), false
	}
	r.result.LoginRefused = refused
	outcome = lockout.Outcome{Result: loginResult(err, sent), State: string(state), Status: uint32(smb.StatusOf(err))}
	if s := r.result.Server; s != nil {
		outcome.Domain = s.Domain
	}
	r.loginInDoubt = outcome.Result != lockout.NotSent
	return nil, r.recordShareError(state, err)
}

// firstShare returns the share that is connected in the same round trip as the login:
// the one that the longer branch of the probe needs.
func (r *run) firstShare() string {
	if usesRPC(r.target.Module) {
		return pipeShare
	}
	return r.target.Module.Share
}

// loginSMB1 and loginSMB2 return a nil interface with an error, never one that holds a
// nil pointer.
func (r *run) loginSMB1(ctx context.Context, client *smb1.Client) (smb.Session, error) {
	s, err := client.Login(ctx, r.target.Auth.Credentials, r.firstShare())
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (r *run) loginSMB2(ctx context.Context, l *link) (smb.Session, error) {
	s, err := smb2.Login(ctx, l.conn, r.target.Auth.Credentials, smb2.Options{
		RequireSigning: r.target.Module.RequireSigning,
		Rounds:         r.rounds,
		Trace:          r.trace,
		OnNegotiate:    r.recordServerInfo,
	})
	if err != nil {
		return nil, err
	}
	r.prober.smb2.add(r.target)
	return s, nil
}

// negotiate decides the dialect. One SMB1 negotiate that offers SMB2 as well decides
// it in one round trip: SMB1 continues on that connection, SMB2 needs a new one. A nil
// client means SMB2, on the returned link.
func (r *run) negotiate(ctx context.Context, l *link) (*smb1.Client, *link, error) {
	dialect := r.target.Module.Dialect
	if dialect == smbprobe.DialectAuto && r.prober.smb2.has(r.target) {
		r.log.logf("the target has accepted a login over SMB2 before: SMB1 is not offered any more")
		dialect = smbprobe.DialectSMB2
	}
	if dialect == smbprobe.DialectSMB2 {
		return nil, l, nil
	}
	name := l.serverName()
	client, err := smb1.Negotiate(ctx, l.conn, smb1.Options{
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
		return client, l, nil
	}
	if answer, ok := errors.AsType[*smb1.SMB2Answer](err); ok && dialect == smbprobe.DialectAuto {
		r.log.logf("%v: a new connection for it", answer)
		l, err = r.redial(ctx, l)
		return nil, l, err
	}
	return nil, nil, err
}

// firstText returns the first of two texts that is not empty.
func firstText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
