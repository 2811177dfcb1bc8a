package simnt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// probe probes a host as the exporter does.
func probe(t testing.TB, addr netip.AddrPort, ntlm string, module ...string) *smbprobe.Result {
	t.Helper()
	text := fmt.Sprintf("auths:\n  corp: {username: %q, domain: %q, password: %q, ntlm: %q}\nmodules:\n  default:\n    timeout: 20s\n",
		username, domain, password, ntlm)
	for _, line := range module {
		text += "    " + line + "\n"
	}
	text += fmt.Sprintf("targets:\n  - auth: corp\n    hosts: [%q]\n", addr)
	c, err := config.Parse("rasphone.yml", []byte(text), nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	target, err := c.Target(addr.String(), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := prober.New(prober.Options{Dial: dialSplitting})
	if err != nil {
		t.Fatal(err)
	}
	r := p.Probe(t.Context(), target)
	t.Logf("share %s (%s), phone book %s (%s)\n%s", r.Share, r.ShareError, r.Phonebook.State, r.Phonebook.Error, strings.Join(r.Trace.Lines(), "\n"))
	return r
}

// dialSplitting makes connections that send each message in a packet of its own. tshark keeps
// what it knows of a request by its packet, and reports several in one as malformed.
func dialSplitting(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return splittingConn{conn}, nil
}

type splittingConn struct{ net.Conn }

func (c splittingConn) Write(b []byte) (written int, err error) {
	for len(b) > 0 && err == nil {
		size := len(b)
		if size >= 4 {
			size = min(size, 4+int(binary.BigEndian.Uint32(b)&0x1FFFF)) // RFC 1002 4.3.1
		}
		var n int
		n, err = c.Conn.Write(b[:size])
		written, b = written+n, b[size:]
	}
	return written, err
}

// verdict is what a probe says of a host that is well but for its dial-up connection.
type verdict struct {
	Success   bool
	Share     smbprobe.ShareState
	Phonebook smbprobe.PhonebookState
	Entries   int
	Failures  int // in the last hour
	Records   int
	LogSize   bool // known
	Pack      string
	Running   []string // services
	OS        string
	Signed    bool
}

func verdictOf(r *smbprobe.Result) verdict {
	v := verdict{Success: r.Success, Share: r.Share, Phonebook: r.Phonebook.State, LogSize: r.Eventlog.Size != nil}
	if r.Phonebook.Entries != nil {
		v.Entries = *r.Phonebook.Entries
	}
	for _, window := range r.Eventlog.Windows {
		if window.Duration == time.Hour && window.Failures != nil {
			v.Failures = *window.Failures
		}
	}
	if r.Eventlog.Records != nil {
		v.Records = *r.Eventlog.Records
	}
	if r.Registry.ServicePack != nil {
		v.Pack = r.Registry.ServicePack.Value
	}
	for _, s := range r.Services {
		if s.State == smbprobe.ServiceRunning {
			v.Running = append(v.Running, s.Name)
		}
	}
	if r.Server != nil {
		v.OS, v.Signed = r.Server.OS, r.Server.Signed
	}
	return v
}

// TestProbe lets the exporter's own probe loose on hosts of every kind.
func TestProbe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options simnt.Options
		ntlm    string
		module  []string
		signed  bool
	}{
		{"NTLMv2", simnt.Options{ServicePack: 6}, "v2", []string{"transport: direct"}, false},
		{"NTLMv1", simnt.Options{}, "v1", []string{"transport: direct"}, false},
		{"NetBIOS", simnt.Options{ServicePack: 6, NetBIOSOnly: true}, "v2", []string{"transport: netbios"}, false},
		{"signing required, NTLMv2", simnt.Options{ServicePack: 6, Signing: simnt.SigningRequired}, "v2", []string{"transport: direct"}, true},
		{"signing required, NTLMv1", simnt.Options{ServicePack: 3, Signing: simnt.SigningRequired}, "v1", []string{"transport: direct"}, true},
		{"signing enabled, the client wants it", simnt.Options{ServicePack: 6, Signing: simnt.SigningEnabled}, "v2", []string{"transport: direct", "signing: required"}, true},
		{"signing enabled", simnt.Options{ServicePack: 6, Signing: simnt.SigningEnabled}, "v2", []string{"transport: direct"}, false},
		{"DOS errors", simnt.Options{ServicePack: 6, DOSErrors: true}, "v2", []string{"transport: direct"}, false},
		{"OEM", simnt.Options{ServicePack: 6, OEM: true}, "v2", []string{"transport: direct"}, false},
		{"two requests at once", simnt.Options{ServicePack: 6, MaxMpxCount: 2}, "v2", []string{"transport: direct"}, false},
		{"Windows 2000", simnt.Options{OS: simnt.Windows2000}, "v2", []string{"transport: direct"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, addr := start(t, tt.options)
			addEvents(h, 30, time.Now().Add(-10*time.Minute))
			r := probe(t, addr, tt.ntlm, tt.module...)
			want := verdict{
				Success: true, Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookOK, Entries: 1, Failures: 30, Records: 30, LogSize: true,
				Running: []string{"MSExchangeIMC", "RasMan"}, OS: "Windows NT 4.0", Signed: tt.signed,
			}
			if tt.options.OS == simnt.Windows2000 {
				want.OS = "Windows 5.0"
			}
			if n := tt.options.ServicePack; n > 0 {
				want.Pack = fmt.Sprintf("Service Pack %d", n)
			}
			if diff := cmp.Diff(want, verdictOf(r)); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			s := h.Statistics()
			if s.Logins != 1 || s.LoginsRefused != 0 || s.Dropped != 0 || s.Connections != 1 {
				t.Errorf("%+v, want one connection with one login that went well", s)
			}
			if most := int(tt.options.MaxMpxCount); most > 0 && s.MaxInFlight != most {
				t.Errorf("%d requests in flight at once, want %d", s.MaxInFlight, most)
			}
		})
	}
}

// TestProbeShortAnswers: however short answers and fragments are, within reason, a probe
// reads everything.
func TestProbeShortAnswers(t *testing.T) {
	t.Parallel()
	book := []byte("[ISP]\r\nMEDIA=serial\r\nPort=COM1\r\nDEVICE=modem\r\nPhoneNumber=1\r\n")
	book = append(book, bytes.Repeat([]byte("X=\r\n"), (1<<17-len(book))/4)...)
	for _, o := range []simnt.Options{
		{MaxFileRead: 64, MaxPipeRead: 100, RPCFragmentSize: 1432},
		{MaxFileRead: 61439, MaxPipeRead: 4279, RPCFragmentSize: 4281, RPCLongFragments: true},
		{MaxFileRead: 4293, MaxPipeRead: 4281, RPCFragmentSize: 5680, RPCLongFragments: true, SmallReads: true},
		{MaxFileRead: 512, MaxPipeRead: 5679, RPCFragmentSize: 65535, RPCLongFragments: true, MaxMpxCount: 1, MaxBufferSize: 1024},
		{MaxFileRead: 100, MaxPipeRead: 90, RPCFragmentSize: 2048, SmallReads: true, DOSErrors: true, OEM: true},
		{MaxPipeRead: 1432, RPCFragmentSize: 65535, SmallReads: true, Signing: simnt.SigningRequired, MaxBufferSize: 16644},
	} {
		t.Run(fmt.Sprintf("%d, %d, %d", o.MaxFileRead, o.MaxPipeRead, o.RPCFragmentSize), func(t *testing.T) {
			t.Parallel()
			o.ServicePack = 6
			h, addr := start(t, o)
			addEvents(h, 300, time.Now().Add(-10*time.Minute))
			h.WriteFile(`C:\WINNT\System32\Ras\rasphone.pbk`, book, time.Now())
			r := probe(t, addr, "v2", "transport: direct")
			if v := verdictOf(r); !v.Success || v.Phonebook != smbprobe.PhonebookOK || v.Records != 300 || v.Failures != 300 {
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestProbeOddRecords: a record that is not one at all is counted, and does not hide the
// others. It may have been a failure to dial, so that how many there were is not known.
func TestProbeOddRecords(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(record []byte){
		"zeros":       func(record []byte) { clear(record) },
		"no length":   func(record []byte) { clear(record[:4]) },
		"no lengths":  func(record []byte) { clear(record[:4]); clear(record[len(record)-4:]) },
		"no frame":    func(record []byte) { clear(record[:8]); clear(record[len(record)-4:]) },
		"a wild text": rpc.DamageStrings,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, addr := start(t, simnt.Options{ServicePack: 6})
			at := time.Now().Add(-10 * time.Minute)
			addEvents(h, 10, at)
			log := h.System().Log("Application")
			log.AddChanged(rpc.Event{At: at, ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Computer: "EXCH1", Strings: []string{"ISP", "5"}}, change)
			addEvents(h, 10, at)
			r := probe(t, addr, "v2", "transport: direct")
			if !r.Success || *r.Eventlog.Records != 21 || r.Eventlog.Unreadable != 1 {
				t.Errorf("success %t, %d records, %d unreadable", r.Success, *r.Eventlog.Records, r.Eventlog.Unreadable)
			}
			for _, w := range r.Eventlog.Windows {
				if w.Failures != nil {
					t.Errorf("%s: %d failures", w.Label, *w.Failures)
				}
			}
		})
	}
}
