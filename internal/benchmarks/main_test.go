package benchmarks

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

// serversVariable makes the test binary a process of simulated servers: what they take is
// not counted as the exporter's.
const serversVariable = "RASPHONE_BENCHMARK_SERVERS"

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(serversVariable)); err == nil {
		if err := serve(n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// The account of all simulated servers.
const (
	scaleAccounts = 20 // so many more, username with a number: an account logs in to three servers at a time

	username = "rasphone"
	password = "correct horse"
)

// serve runs servers until standard input ends. It writes a line with the address of each.
func serve(n int) error {
	var hosts []*simnt.Host
	var serving sync.WaitGroup
	defer func() {
		for _, h := range hosts {
			_ = h.Close()
		}
		serving.Wait()
	}()
	for i := range n {
		h, err := newHost(i)
		if err != nil {
			return err
		}
		hosts = append(hosts, h)
		l, err := net.Listen("tcp4", ":0") // all of 127.0.0.0/8: each address stands for a server
		if err != nil {
			return err
		}
		serving.Go(func() { _ = h.Serve(l) }) // until Close
		fmt.Println(l.Addr().(*net.TCPAddr).Port)
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

const (
	logRecords   = 1000 // of some 200 bytes each
	logFailures  = 100  // the newest, in the window of 24 hours
	phonebookLen = 2500 // bytes
)

// newHost returns a Windows NT 4.0 with a healthy phone book, the services that a probe
// asks for, and a full event log.
func newHost(number int) (*simnt.Host, error) {
	h, err := simnt.New(simnt.Options{Name: fmt.Sprintf("EXCH%d", number), Domain: "CORP", ServicePack: 6, NetBIOSOnly: true})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	h.AddAccount(username, password, simnt.Account{Administrator: true})
	for i := range scaleAccounts {
		h.AddAccount(fmt.Sprint(username, i), password, simnt.Account{Administrator: true})
	}
	h.WriteFile(`C:\WINNT\System32\Ras\rasphone.pbk`, phonebook(), now.AddDate(0, -1, 0))
	for _, name := range []string{"MSExchangeIMC", "RasMan", "LanmanServer", "PlugPlay"} {
		h.System().SetService(rpc.Service{Name: name, Display: name, State: 4, Start: 2})
	}
	h.System().Registry().SetText(`SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "SystemRoot", `C:\WINNT`)
	log := h.System().Log("Application")
	log.SetLimits(512<<10, 604800)
	for i := range logRecords {
		left := logRecords - i
		e := rpc.Event{
			At: now.Add(-30*time.Hour - time.Duration(left)*time.Minute), ID: 0x400004C5, Type: 4, Source: "MSExchangeIS Private", Computer: "EXCH",
			Strings: []string{"27", strings.Repeat("x", 10)},
		}
		if left <= logFailures {
			e.At = now.Add(-time.Duration(left) * 10 * time.Minute)
			e.ID, e.Type, e.Source, e.Strings = 0xC000100A, 1, "MSExchangeIMC", []string{"Internet", "633"}
		}
		log.Add(e)
	}
	return h, nil
}

// phonebook returns a phone book of phonebookLen bytes with healthy entries.
func phonebook() []byte {
	var b strings.Builder
	for n := 1; b.Len() < phonebookLen; n++ {
		name := "Internet"
		if n > 1 {
			name = fmt.Sprintf("Office %d", n)
		}
		fmt.Fprintf(&b, "[%s]\r\nDescription=\r\nAutoLogon=0\r\nDialParamsUID=%d\r\nUsePwForNetwork=0\r\nBaseProtocol=1\r\nAuthentication=-1\r\n"+
			"ExcludedProtocols=3\r\nLcpExtensions=1\r\nDataEncryption=0\r\nSwCompression=0\r\nUseCountryAndAreaCodes=0\r\nRedialAttempts=0\r\nRedialSeconds=15\r\n\r\n"+
			"MEDIA=serial\r\nPort=COM%d\r\nDevice=Standard 28800 bps Modem\r\nConnectBPS=57600\r\n\r\n"+
			"DEVICE=modem\r\nPhoneNumber=555-0100\r\nHwFlowControl=1\r\nProtocol=1\r\nCompression=1\r\nSpeaker=1\r\n\r\n", name, 418700+n, n)
	}
	return []byte(b.String())
}

// startServers starts simulated servers in a process of their own, and returns the port of
// each. They end with the test.
func startServers(tb testing.TB, n int) []netip.AddrPort {
	tb.Helper()
	servers := exec.Command(os.Args[0])
	servers.Env = append(os.Environ(), fmt.Sprintf("%s=%d", serversVariable, n))
	servers.Stderr = os.Stderr
	in, err := servers.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := servers.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := servers.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		if err := servers.Wait(); err != nil {
			tb.Errorf("simulated servers: %v", err)
		}
	})
	var addrs []netip.AddrPort
	for lines := bufio.NewScanner(out); len(addrs) < n; {
		if !lines.Scan() {
			tb.Fatalf("the simulated servers ended after %d of %d", len(addrs), n)
		}
		port, err := strconv.ParseUint(lines.Text(), 10, 16)
		if err != nil {
			tb.Fatal(err)
		}
		addrs = append(addrs, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)))
	}
	return addrs
}
