package prober

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// dnsAnswer is how a DNS server answers a query of one type.
type dnsAnswer struct {
	code      dnsmessage.RCode
	addresses []string
	canonical string // the name has a CNAME record with this
}

// serveDNS answers the queries of one connection, which are framed as over TCP (RFC 1035
// 4.2.2).
func serveDNS(conn net.Conn, answers map[dnsmessage.Type]dnsAnswer) error {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return nil
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return err
		}
		var m dnsmessage.Message
		if err := m.Unpack(query); err != nil {
			return err
		}
		question := m.Questions[0]
		answer := answers[question.Type]
		m = dnsmessage.Message{
			Header:    dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true, RCode: answer.code},
			Questions: m.Questions,
		}
		header := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET}
		if answer.canonical != "" {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(answer.canonical)}})
		}
		for _, text := range answer.addresses {
			addr := netip.MustParseAddr(text)
			var body dnsmessage.ResourceBody
			if addr.Is4() {
				body = &dnsmessage.AResource{A: addr.As4()}
			} else {
				body = &dnsmessage.AAAAResource{AAAA: addr.As16()}
			}
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: body})
		}
		packet, err := m.Pack()
		if err != nil {
			return err
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)); err != nil {
			return err
		}
	}
}

// TestResolver: only the answer of the DNS server that a name does not exist, or has no
// address, is name_not_resolved.
func TestResolver(t *testing.T) {
	const name = "exch01.corp.example."
	var (
		none    = dnsAnswer{}
		missing = dnsAnswer{code: dnsmessage.RCodeNameError}
		failed  = dnsAnswer{code: dnsmessage.RCodeServerFailure}
		v4      = dnsAnswer{addresses: []string{"10.1.2.3"}}
		v6      = dnsAnswer{addresses: []string{"2001:db8::1"}}
		loop    = dnsAnswer{canonical: name}
	)
	for _, tt := range []struct {
		name    string
		a, aaaa dnsAnswer
		want    string // addresses, or a state
	}{
		{"both", v4, v6, "10.1.2.3 2001:db8::1"},
		{"IPv6 only", none, v6, "2001:db8::1"},
		{"IPv6 only, and no such name for IPv4", missing, v6, "2001:db8::1"},
		{"a server that fails for IPv6", v4, failed, "10.1.2.3"},
		{"no such name", missing, missing, "name_not_resolved"},
		{"no address", none, none, "name_not_resolved"},
		{"an alias of itself", loop, loop, "name_not_resolved"},
		{"failed", failed, failed, "not_probed"},
		{"failed for IPv4, no address for IPv6", failed, none, "not_probed"},
		{"no address for IPv4, failed for IPv6", none, failed, "not_probed"},
		{"refused", dnsAnswer{code: dnsmessage.RCodeRefused}, none, "not_probed"},
		{"refused for IPv6", none, dnsAnswer{code: dnsmessage.RCodeRefused}, "not_probed"},
		{"not implemented for IPv6", none, dnsAnswer{code: dnsmessage.RCodeNotImplemented}, "not_probed"},
		{"no usable address", dnsAnswer{addresses: []string{"0.0.0.0", "224.0.0.1", "255.255.255.255"}}, none, "name_not_resolved"},
		{"one usable address", dnsAnswer{addresses: []string{"0.0.0.0", "10.1.2.3"}}, none, "10.1.2.3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resolver := systemResolver{preferGo: true, dial: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					if err := serveDNS(server, map[dnsmessage.Type]dnsAnswer{dnsmessage.TypeA: tt.a, dnsmessage.TypeAAAA: tt.aaaa}); err != nil {
						t.Errorf("DNS server: %v", err)
					}
				}()
				return client, nil
			}}
			addrs, err := lookup(t.Context(), resolver, smbprobe.Target{Host: "exch01.corp.example", LookupName: name})
			got := strings.Trim(fmt.Sprint(addrs), "[]")
			if err != nil {
				got = string(failureState(err))
			}
			if got != tt.want {
				t.Errorf("%s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

// TestResolverShortage: what this computer lacks is recognized in a failed lookup as well.
func TestResolverShortage(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.EADDRNOTAVAIL} {
		resolver := systemResolver{preferGo: true, dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "udp", Err: errno}
		}}
		_, err := lookup(t.Context(), resolver, smbprobe.Target{Host: "exch01.corp.example", LookupName: "exch01.corp.example."})
		if diff := cmp.Diff(smbprobe.ShareNotProbed, failureState(err)); diff != "" || !isLocalShortage(err) {
			t.Errorf("%v: %v, local shortage %v, state (-want +got):\n%s", errno, err, isLocalShortage(err), diff)
		}
	}
}
