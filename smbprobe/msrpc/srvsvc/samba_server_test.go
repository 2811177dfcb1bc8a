package srvsvc

import (
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
)

func TestAskSamba(t *testing.T) {
	for _, d := range rpctest.Dialects() {
		t.Run(d.Name, func(t *testing.T) {
			samba := smbtest.StartSamba(t, d.Options)
			ctx, pipe, rounds := d.OpenPipe(t, samba, PipeName)
			var conn *Conn
			var err error
			d.Costs(t, rounds, "Open", 1, func() { conn, err = Open(ctx, pipe, samba.NetBIOSName()) })
			if err != nil {
				t.Fatal(err)
			}
			for name, there := range map[string]bool{"ADMIN$": true, "admin$": true, "C$": true, "D$": false} {
				d.Costs(t, rounds, "Share", 1, func() {
					share, found, err := conn.Share(ctx, name)
					if err != nil || found != there || there != (share.Name != "") {
						t.Errorf("%s: %+v, found %v, %v; expected %v", name, share, found, err, there)
					}
				})
			}
			d.Costs(t, rounds, "Server", 1, func() {
				server, err := conn.Server(ctx)
				if err != nil || server.Name != samba.NetBIOSName() ||
					server.Type == 0 || server.Type&(TypeDomainController|TypeBackupDomainController) != 0 {
					t.Errorf("%+v, %v", server, err)
				}
			})
			d.Costs(t, rounds, "TimeOfDay", 1, func() {
				before := time.Now().Add(-time.Second) // Samba knows whole seconds
				clock, err := conn.TimeOfDay(ctx)
				if err != nil || clock.Time.Before(before) || clock.Time.After(time.Now()) {
					t.Errorf("%+v, %v; before the call it was %s", clock, err, before)
				}
			})
			if err := pipe.Close(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}
