package prober_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestEveryState brings about every state of share and phone book, on a real server if one
// gets into it.
func TestEveryState(t *testing.T) {
	t.Parallel()
	var shares []smbprobe.ShareState
	for want, run := range shareStates() {
		shares = append(shares, want)
		t.Run(string(want), func(t *testing.T) {
			t.Parallel()
			r := run(t)
			if r.Share != want {
				t.Errorf("share %s, want %s", r.Share, want)
			}
			if r.Success != want.Definite() || (r.ShareError == "") != (want == smbprobe.ShareOK) {
				t.Errorf("success %t, error %q", r.Success, r.ShareError)
			}
			if want != smbprobe.ShareOK && r.Phonebook.State != smbprobe.PhonebookUnknown {
				t.Errorf("phone book %s, but the share was not opened", r.Phonebook.State)
			}
		})
	}
	for _, state := range smbprobe.ShareStates() {
		if !slices.Contains(shares, state) && state != smbprobe.ShareEncryptionRequired { // tested with package smb2
			t.Errorf("no case for the share's state %s", state)
		}
	}

	var books []smbprobe.PhonebookState
	for want, run := range bookStates() {
		books = append(books, want)
		t.Run("phone book "+string(want), func(t *testing.T) {
			t.Parallel()
			if r := run(t); r.Share != smbprobe.ShareOK || r.Phonebook.State != want {
				t.Errorf("share %s, phone book %s, want ok and %s", r.Share, r.Phonebook.State, want)
			}
		})
	}
	for _, state := range smbprobe.PhonebookStates() {
		if !slices.Contains(books, state) {
			t.Errorf("no case for the phone book's state %s", state)
		}
	}
}

// run probes one server that is in a state.
type run func(*testing.T) *smbprobe.Result

// onSamba returns a probe of Samba after a change.
func onSamba(o smbtest.SambaOptions, change func(*testing.T, *smbtest.Samba), module ...string) run {
	return func(t *testing.T) *smbprobe.Result {
		samba := smbtest.StartSamba(t, o)
		change(t, samba)
		return probeOnce(t, direct(samba.Addr(), module...))
	}
}

// onPeer returns a probe of a scripted server after a change of its script.
func onPeer(change func(*peer.Script), module ...string) run {
	return func(t *testing.T) *smbprobe.Result {
		script := peer.Healthy(smbtest.Phonebook())
		change(&script)
		return probeOnce(t, direct(peer.Start(t, script).Addr(), module...))
	}
}

func unchanged(*testing.T, *smbtest.Samba) {}

func shareStates() map[smbprobe.ShareState]run {
	type samba = smbtest.SambaOptions
	return map[smbprobe.ShareState]run{
		smbprobe.ShareOK:              onSamba(samba{}, unchanged),
		smbprobe.ShareNameNotResolved: probeUnknownName,
		smbprobe.ShareHostUnreachable: func(t *testing.T) *smbprobe.Result {
			target := site{hosts: []string{ntAddress}}.target(t)
			target.Addr = netip.MustParseAddr("255.255.255.255") // no connection can go to the broadcast address
			return probe(t, newProber(t, prober.Options{}), target)
		},
		smbprobe.SharePortClosed: func(t *testing.T) *smbprobe.Result { return probeOnce(t, direct(closedPort(t))) },
		smbprobe.ShareSessionRefused: func(t *testing.T) *smbprobe.Result {
			server := smbtest.StartSamba(t, samba{HostsDeny: "ALL"})
			return probeOnce(t, site{hosts: []string{server.Addr().String()}, module: []string{"transport: netbios"}})
		},
		smbprobe.ShareTimeout: func(t *testing.T) *smbprobe.Result {
			return probeOnce(t, direct(peer.Silent(t).Addr(), "timeout: 1s"))
		},
		smbprobe.ShareNotSMB: func(t *testing.T) *smbprobe.Result {
			return probeOnce(t, direct(serve(t, func(c net.Conn) { fmt.Fprint(c, "SSH-2.0-OpenSSH_9.2\r\n") })))
		},
		smbprobe.ShareSigningRefused: onSamba(samba{SigningMandatory: true}, unchanged, "signing: required"),
		smbprobe.ShareLoginFailed:    onSamba(samba{}, func(_ *testing.T, s *smbtest.Samba) { s.SetPassword("another") }),
		smbprobe.ShareAccountRestricted: onPeer(func(s *peer.Script) {
			s.Login.Status = peer.Status(smb.StatusAccountLockedOut)
		}),
		smbprobe.ShareGuestOnly: func(t *testing.T) *smbprobe.Result {
			s := direct(smbtest.StartSamba(t, samba{MapToGuest: "Bad User"}).Addr())
			s.username = "nosuch"
			return probeOnce(t, s)
		},
		smbprobe.ShareAccessDenied: onSamba(samba{}, func(_ *testing.T, s *smbtest.Samba) { s.DenyShare() }),
		smbprobe.ShareMissing:      onSamba(samba{OmitShares: []string{"ADMIN$"}}, unchanged),
		smbprobe.ShareServerFull: onPeer(func(s *peer.Script) {
			s.Shares["ADMIN$"] = peer.Status(smb.StatusRequestNotAccepted)
		}),
		smbprobe.ShareOutOfResources: func(t *testing.T) *smbprobe.Result {
			server := smbtest.StartSamba(t, samba{})
			server.LimitShare(1)
			defer lockFile(t, server.Port(), "NT1")()
			return probeOnce(t, direct(server.Addr()))
		},
		smbprobe.ShareServerPaused: onPeer(func(s *peer.Script) { s.Login.Status = peer.Status(smb.StatusSharingPaused) }),
		smbprobe.ShareConnectionLost: onPeer(func(s *peer.Script) {
			s.Faults = map[peer.Step]peer.Fault{peer.StepSessionSetup: {Kind: peer.Close}}
		}),
		smbprobe.ShareProtocolError: onPeer(func(s *peer.Script) {
			s.Faults = map[peer.Step]peer.Fault{peer.StepSessionSetup: {Kind: peer.Truncate}}
		}),
		smbprobe.ShareNotProbed: probeBehindHungLogins,
	}
}

// emptyAllUsers creates the folders in which Windows 2000 and later would have a phone book.
func emptyAllUsers(t *testing.T, s *smbtest.Samba) {
	t.Helper()
	for _, folder := range []string{"Documents and Settings/All Users/Application Data", "ProgramData"} {
		writeUnder(t, filepath.Dir(s.Root()), folder+"/desktop.ini", nil)
	}
}

func bookStates() map[smbprobe.PhonebookState]run {
	type samba = smbtest.SambaOptions
	return map[smbprobe.PhonebookState]run{
		smbprobe.PhonebookOK: onSamba(samba{}, unchanged),
		smbprobe.PhonebookMissing: onSamba(samba{}, func(t *testing.T, s *smbtest.Samba) {
			emptyAllUsers(t, s)
			remove(t, s.PhonebookPath())
		}),
		smbprobe.PhonebookFolderMissing: onSamba(samba{}, func(t *testing.T, s *smbtest.Samba) {
			emptyAllUsers(t, s)
			if err := os.RemoveAll(filepath.Dir(s.PhonebookPath())); err != nil {
				t.Fatal(err)
			}
		}),
		smbprobe.PhonebookElsewhere: onSamba(samba{}, func(t *testing.T, s *smbtest.Samba) {
			remove(t, s.PhonebookPath())
			writeUnder(t, filepath.Dir(s.Root()), "Documents and Settings/All Users/Application Data/Microsoft/Network/Connections/PBK/rasphone.pbk", smbtest.Phonebook())
		}),
		smbprobe.PhonebookAccessDenied: onSamba(samba{ExtraShare: []string{"admin users =", "force user = nobody"}}, func(t *testing.T, s *smbtest.Samba) {
			if err := os.Chmod(s.PhonebookPath(), 0o600); err != nil {
				t.Fatal(err)
			}
		}),
		smbprobe.PhonebookLocked: func(t *testing.T) *smbprobe.Result {
			server := smbtest.StartSamba(t, samba{ExtraShare: []string{"oplocks = no"}})
			defer lockFile(t, server.Port(), "NT1")()
			return probeOnce(t, direct(server.Addr()))
		},
		smbprobe.PhonebookTooLarge: onSamba(samba{}, func(_ *testing.T, s *smbtest.Samba) { s.WritePhonebook(bookOf(1025)) },
			"phonebook: {max_size: 1KiB}"),
		smbprobe.PhonebookDamaged: onSamba(samba{}, func(_ *testing.T, s *smbtest.Samba) { s.WritePhonebook(make([]byte, 1024)) }),
		smbprobe.PhonebookDiskError: onPeer(func(s *peer.Script) {
			s.Files[peer.PhonebookPath] = peer.File{OpenStatus: peer.Status(smb.StatusFileCorruptError)}
		}),
		smbprobe.PhonebookUnknown: onPeer(func(s *peer.Script) {
			s.Files[peer.PhonebookPath] = peer.File{OpenStatus: peer.Status(smb.StatusUnsuccessful)}
		}),
	}
}

func probeUnknownName(t *testing.T) *smbprobe.Result {
	names := lookup(func(context.Context, string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "exch01.corp.example", IsNotFound: true}
	})
	p := newProber(t, prober.Options{Resolver: names, Dial: new(network).dial})
	return probe(t, p, site{hosts: []string{"exch01.corp.example"}}.target(t))
}

// lookup is a resolver.
type lookup func(ctx context.Context, host string) ([]netip.Addr, error)

func (l lookup) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	return l(ctx, host)
}

// probeBehindHungLogins probes a server while three others do not answer their
// logins with the same account.
func probeBehindHungLogins(t *testing.T) *smbprobe.Result {
	script := peer.Healthy(smbtest.Phonebook())
	script.Faults = map[peer.Step]peer.Fault{peer.StepSessionSetup: {Kind: peer.Hang}}
	p := newProber(t, prober.Options{})
	// Credentials that were accepted once may be in use three times at once.
	wantOutcome(t, "first", allWell(), probe(t, p, direct(peer.Start(t, peer.Healthy(smbtest.Phonebook())).Addr()).target(t)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan *smbprobe.Result)
	for range 3 {
		server := peer.Start(t, script)
		target := direct(server.Addr()).target(t)
		go func() { ended <- p.Probe(ctx, target) }()
		for len(server.Connections()) == 0 || len(server.Connections()[0].Logins) == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	waiting := direct(peer.Start(t, peer.Healthy(smbtest.Phonebook())).Addr()).target(t)
	r := probeLonger(t, p, waiting, func(r *smbprobe.Result) bool { return r.Share != smbprobe.ShareTimeout })
	cancel()
	for range 3 {
		<-ended
	}
	if r.LoginHeldBack {
		t.Error("a login that waited for others is reported as held back")
	}
	return r
}

// TestUnreachable: the errors of a network, or of this host, without a route.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	for _, errno := range []syscall.Errno{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EPERM} {
		p := newProber(t, prober.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
		}})
		r := probe(t, p, site{hosts: []string{"10.1.2.3"}}.target(t))
		wantOutcome(t, errno.Error(), share(smbprobe.ShareHostUnreachable, smb.StatusOK), r)
	}
}
