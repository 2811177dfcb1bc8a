package smbtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Capture is a packet capture of one TCP port on the loopback interface.
type Capture struct {
	t       testing.TB
	port    uint16
	dumpcap *exec.Cmd
	said    chan string  // output of dumpcap, once it has ended
	marker  *net.UDPConn // to itself: its packet is the last in the capture
	raw     string       // with the marker
	file    string       // empty until Stop
}

// StartCapture captures the traffic of a TCP port until Stop or the end of the test. It returns
// when the capture has started.
func StartCapture(t testing.TB, port uint16) *Capture {
	t.Helper()
	dumpcap := needProgram(t, "dumpcap", "tshark")
	c := &Capture{t: t, port: port, said: make(chan string, 1), raw: filepath.Join(t.TempDir(), "raw.pcap")}
	var err error
	c.marker, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatalf("opening the port that marks the end of a capture: %v", err)
	}
	t.Cleanup(func() { _ = c.marker.Close() })
	filter := fmt.Sprintf("tcp port %d or udp port %d", port, c.marker.LocalAddr().(*net.UDPAddr).Port)
	c.dumpcap = exec.Command(dumpcap, "-q", "-P", "-i", "lo", "-f", filter, "-w", c.raw)
	stderr, err := c.dumpcap.StderrPipe()
	if err != nil {
		t.Fatalf("starting dumpcap: %v", err)
	}
	if err := c.dumpcap.Start(); err != nil {
		t.Fatalf("starting dumpcap: %v", err)
	}
	running := make(chan bool, 1)
	go c.listen(stderr, running)
	t.Cleanup(c.end)
	if !<-running {
		t.Fatalf("dumpcap may not capture; run the test as root, or give the capability: "+
			"setcap cap_net_raw,cap_net_admin=ep %s\n%s", dumpcap, c.output())
	}
	return c
}

// listen reads the output of dumpcap until it ends. dumpcap captures once it has printed the name
// of its file.
func (c *Capture) listen(stderr io.Reader, running chan<- bool) {
	var all strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		fmt.Fprintln(&all, lines.Text())
		if strings.HasPrefix(lines.Text(), "File:") {
			running <- true
		}
	}
	close(running)
	_ = c.dumpcap.Wait() // its output says more than its exit status
	c.said <- all.String()
}

// output waits for the end of dumpcap and returns its output.
func (c *Capture) output() string {
	text := <-c.said
	c.said <- text
	return text
}

func (c *Capture) end() {
	_ = c.dumpcap.Process.Kill() // it may have ended
	c.output()
}

// Stop ends the capture, which has everything that was sent before the call, and returns the path
// of a pcap file that exists until the end of the test.
func (c *Capture) Stop() string {
	c.t.Helper()
	if c.file != "" {
		return c.file
	}
	mark := []byte("end of " + c.raw)
	if _, err := c.marker.WriteTo(mark, c.marker.LocalAddr()); err != nil {
		c.t.Fatalf("marking the end of a capture: %v", err)
	}
	complete := waitUntil(startTimeout, func() bool {
		content, err := os.ReadFile(c.raw)
		return err == nil && bytes.Contains(content, mark)
	})
	if !complete {
		c.t.Fatalf("the end of the capture does not arrive in %s", c.raw)
	}
	if err := c.dumpcap.Process.Signal(os.Interrupt); err != nil {
		c.t.Fatalf("stopping dumpcap: %v", err)
	}
	c.output()
	file := strings.TrimSuffix(c.raw, "raw.pcap") + "capture.pcap"
	Tshark(c.t, c.raw, c.port, "-Y", "tcp", "-F", "pcap", "-w", file)
	c.file = file
	return c.file
}

// Tshark stops the capture and runs tshark over it, see the function Tshark.
func (c *Capture) Tshark(args ...string) string {
	c.t.Helper()
	return Tshark(c.t, c.Stop(), c.port, args...)
}

// Tshark runs tshark on a capture file, with the traffic of the port decoded as NetBIOS sessions
// and so as SMB, and returns its output.
func Tshark(t testing.TB, file string, port uint16, args ...string) string {
	t.Helper()
	tshark := needProgram(t, "tshark", "tshark")
	args = append([]string{"-n", "-r", file, "-d", fmt.Sprintf("tcp.port==%d,nbss", port)}, args...)
	cmd := exec.CommandContext(t.Context(), tshark, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
