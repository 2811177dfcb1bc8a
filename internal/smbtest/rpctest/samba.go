// Package rpctest is shared by the tests of the RPC interfaces: a scripted server behind a pipe,
// recorded requests, and access to the pipes of Samba. Only tests may import it.
package rpctest

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb1"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb2"
)

const patience = 60 * time.Second

// Dialect is a dialect to reach Samba in, with the cost of a call.
type Dialect struct {
	Name    string
	Options smbtest.SambaOptions
	login   func(ctx context.Context, conn net.Conn, samba *smbtest.Samba, rounds *smb.Rounds) (smb.Session, error)
	rounds  int // round trips of a call
}

// Dialects are SMB1, whose pipes need one round trip for a call, and SMB3, where it is two.
func Dialects() []Dialect {
	return []Dialect{
		{"smb1", smbtest.SambaOptions{}, loginSMB1, 1},
		{"smb3", smbtest.SambaOptions{MinProtocol: "SMB2_02", MaxProtocol: "SMB3_11"}, loginSMB3, 2},
	}
}

func loginSMB1(ctx context.Context, conn net.Conn, samba *smbtest.Samba, rounds *smb.Rounds) (smb.Session, error) {
	client, err := smb1.Negotiate(ctx, conn, smb1.Options{Rounds: rounds, ServerName: samba.NetBIOSName()})
	if err != nil {
		return nil, err
	}
	return client.Login(ctx, samba.Credentials(), "IPC$")
}

func loginSMB3(ctx context.Context, conn net.Conn, samba *smbtest.Samba, rounds *smb.Rounds) (smb.Session, error) {
	client, err := smb2.Negotiate(ctx, conn, samba.Credentials(), smb2.Options{Rounds: rounds})
	if err != nil {
		return nil, err
	}
	return client.Login(ctx)
}

// OpenPipe logs in to Samba, and opens the pipe. The session ends with the test.
func (d Dialect) OpenPipe(t testing.TB, samba *smbtest.Samba, name string) (context.Context, smb.Pipe, *smb.Rounds) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", samba.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	rounds := new(smb.Rounds)
	session, err := d.login(ctx, conn, samba, rounds)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := session.Close(ctx); err != nil {
			t.Errorf("ending the session: %v", err)
		}
	})
	tree, err := session.Connect(ctx, "IPC$")
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := tree.OpenPipe(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, pipe, rounds
}

// Costs checks the round trips of a number of calls in this dialect.
func (d Dialect) Costs(t testing.TB, rounds *smb.Rounds, what string, calls int, run func()) {
	t.Helper()
	before := rounds.Count()
	run()
	if n := rounds.Count() - before; n != calls*d.rounds {
		t.Errorf("%s costs %d round trips, expected %d", what, n, calls*d.rounds)
	}
}
