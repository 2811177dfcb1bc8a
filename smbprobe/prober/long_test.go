//go:build long

package prober_test

import (
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

// TestLongEventlog is TestEventlogCounts for a log that is larger than any on Windows NT. It
// takes minutes, most of them in Samba.
func TestLongEventlog(t *testing.T) {
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.SetLogSize(512 << 20)
		short := countTwice(t, samba, 10, 1)
		samba.ClearLog()
		if long := countTwice(t, samba, 100_000, 5); long != short {
			t.Errorf("%d requests for the second probe of 100,000 records, %d of 10", long, short)
		}
	})
}

// TestLongFaultMatrix is TestFaultMatrix with every kind of fault at every message.
func TestLongFaultMatrix(t *testing.T) { testFaultMatrix(t, 1) }

// TestLongHostile is TestHostile with 3,000 sessions over SMB1 and as many over SMB2.
func TestLongHostile(t *testing.T) { testHostile(t, 1500) }

// TestLongLoginMixtures is TestLoginMixtures with many more of them.
func TestLongLoginMixtures(t *testing.T) { testLoginMixtures(t, 200) }
