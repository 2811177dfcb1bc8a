package prober_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestEventlogWithoutShare: the log is read also where the share cannot be opened.
func TestEventlogWithoutShare(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.WriteEvents(failuresAgo(5*time.Minute, 7)...)
		s := direct(samba.Addr(), withEventlog)
		for _, step := range []struct {
			name   string
			change func()
			want   outcome
		}{
			{"denied", samba.DenyShare, share(smbprobe.ShareAccessDenied, smb.StatusAccessDenied)},
			{"removed", samba.RemoveShare, share(smbprobe.ShareMissing, smb.StatusBadNetworkName)},
			{"restored", samba.RestoreShare, allWell()},
		} {
			step.change()
			r := probeOnce(t, s)
			wantOutcome(t, step.name, step.want, r)
			wantFailures(t, step.name, [3]int{7, 7, 7}, r)
			wantLog(t, step.name, r, samba)
		}
	})
}

// TestShareWithoutEventlog: share and phone book are reported also where the log
// cannot be read, and nothing is made up for the log.
func TestShareWithoutEventlog(t *testing.T) {
	t.Parallel()
	const statusObjectPathSyntaxBad = smb.Status(0xC0000039) // what Samba says of a log that it has not
	for _, test := range []struct {
		name   string
		extra  []string
		module string
		status smb.Status
	}{
		{"no such log", nil, "eventlog: {enabled: true, log: NoSuch}", statusObjectPathSyntaxBad},
		{"no logs", []string{"eventlog list ="}, withEventlog, statusObjectPathSyntaxBad},
		{"service off", []string{"rpc start on demand helpers = no"}, withEventlog, smb.StatusObjectNameNotFound},
	} {
		for name, o := range logServers() {
			t.Run(test.name+", "+name, func(t *testing.T) {
				t.Parallel()
				o.Extra = test.extra
				samba := smbtest.StartSamba(t, o)
				samba.WriteEvents(failuresAgo(5*time.Minute, 7)...)
				r := probeOnce(t, direct(samba.Addr(), test.module))
				wantOutcome(t, test.name, allWell(), r)
				no, why := false, r.Eventlog.Error
				if diff := cmp.Diff(smbprobe.EventlogResult{Readable: &no, Status: test.status, Error: why}, r.Eventlog); diff != "" || why == "" {
					t.Errorf("event log (-want +got), reason %q:\n%s", why, diff)
				}
			})
		}
	}
}
