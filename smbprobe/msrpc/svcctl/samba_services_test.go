package svcctl

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestReadFromSamba(t *testing.T) {
	for _, d := range rpctest.Dialects() {
		t.Run(d.Name, func(t *testing.T) {
			samba := smbtest.StartSamba(t, d.Options)
			ctx, pipe, rounds := d.OpenPipe(t, samba, PipeName)
			var manager *Manager
			var err error
			d.Costs(t, rounds, "Open", 2, func() { manager, err = Open(ctx, pipe, samba.NetBIOSName()) })
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"MSExchangeIMC", "RasMan"} {
				d.Costs(t, rounds, name, 1, func() {
					if _, err := manager.OpenService(ctx, name, QueryConfig|QueryStatus); !errors.Is(err, msrpc.ErrorServiceDoesNotExist) {
						t.Errorf("%s, which is not installed: %v", name, err)
					}
				})
			}
			for _, want := range []struct {
				name   string
				status Status
				config Config
			}{
				{"RemoteRegistry", Status{State: Running}, Config{Start: StartManual, Account: "LocalSystem"}},
				{"NETLOGON", Status{State: Stopped}, Config{Start: StartDisabled, Account: "LocalSystem"}},
				{"Spooler", Status{State: Running}, Config{Start: StartManual, Account: "LocalSystem"}},
				{"WINS", Status{State: Stopped, Win32ExitCode: 1077}, Config{Start: StartDisabled, Account: "LocalSystem"}},
			} {
				service, err := manager.OpenService(ctx, want.name, QueryConfig|QueryStatus)
				if err != nil {
					t.Fatal(err)
				}
				checkSamba(ctx, t, d, rounds, service, want.status, want.config)
			}
			if err := pipe.Close(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

// checkSamba expects a service of Samba to be so.
func checkSamba(ctx context.Context, t *testing.T, d rpctest.Dialect, rounds *smb.Rounds, service *Service, want Status, wantConfig Config) {
	t.Helper()
	d.Costs(t, rounds, "Status", 1, func() {
		status, err := service.Status(ctx)
		if diff := cmp.Diff(want, status); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", service.name, err, diff)
		}
	})
	d.Costs(t, rounds, "Config", 1, func() {
		config, err := service.Config(ctx)
		if diff := cmp.Diff(wantConfig, config); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", service.name, err, diff)
		}
	})
}
