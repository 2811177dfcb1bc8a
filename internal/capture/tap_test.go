package capture

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"testing"
)

// tap records what is sent over connections below the capture.
type tap struct {
	mu      sync.Mutex
	streams []*strings.Builder // of each connection both directions
}

func (p *tap) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	sent, received := new(strings.Builder), new(strings.Builder)
	p.streams = append(p.streams, sent, received)
	return &tappedConn{conn, p, sent, received}, nil
}

type tappedConn struct {
	net.Conn
	tap            *tap
	sent, received *strings.Builder
}

func (c *tappedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.received.Write(b[:n])
	return n, err
}

func (c *tappedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.sent.Write(b[:n])
	return n, err
}

// secrets are the values that depend on the password.
type secrets struct {
	responses  []string // of logins without what the server's challenge has as well; session keys and MICs with them
	signatures []string // of messages
	sealed     []string // cipher texts
}

// secrets extracts the secrets of all streams, without the code that is tested: by the places
// where the clients of this project put them.
func (p *tap) secrets(t *testing.T) secrets {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var all secrets
	for _, stream := range p.streams {
		for rest := stream.String(); len(rest) >= 4; {
			n := 4 + int(binary.BigEndian.Uint32([]byte(rest))&0xFFFFFF)
			if n > len(rest) {
				t.Fatalf("a frame of %d bytes, and %d are left", n, len(rest))
			}
			all.add(rest[4:n])
			rest = rest[n:]
		}
	}
	return all
}

func (s *secrets) add(m string) {
	le16 := func(at int) int { return int(binary.LittleEndian.Uint16([]byte(m[at:]))) }
	keep := func(to *[]string, secret string) {
		if strings.Trim(secret, "\x00") != "" {
			*to = append(*to, secret)
		}
	}
	// An NTLMv2 response is a proof of 16 bytes and, after the time at 24, the client's
	// challenge. The names after that are not secret.
	keepResponse := func(response string) {
		if len(response) > 24 {
			keep(&s.responses, response[32:40])
			response = response[:16]
		}
		keep(&s.responses, response)
	}
	switch {
	case strings.HasPrefix(m, "\xffSMB"):
		keep(&s.signatures, m[14:22])
		if m[4] == 0x73 && m[32] == 13 {
			keepResponse(m[61 : 61+le16(47)])
			keepResponse(m[61+le16(47) : 61+le16(47)+le16(49)])
		}
	case strings.HasPrefix(m, "\xfeSMB"):
		keep(&s.signatures, m[48:64])
		_, token, isLogin := strings.Cut(m, "NTLMSSP\x00\x03\x00\x00\x00")
		if !isLogin {
			// The token that ends a login: its last 16 bytes are
			// a mechListMIC, which begins with a version.
			if le16(12) == 1 && strings.Contains(m, "\xa3\x12\x04\x10") {
				keep(&s.responses, m[len(m)-12:])
			}
			return
		}
		keep(&s.responses, m[len(m)-12:])
		base := len(m) - len(token) - 12
		for _, field := range []int{12, 20, 52} {
			begin := base + le16(base+field+4)
			keepResponse(m[begin : begin+le16(base+field)])
		}
		keep(&s.responses, m[base+72:base+88])
	case strings.HasPrefix(m, "\xfdSMB"):
		keep(&s.signatures, m[4:20])
		keep(&s.sealed, m[52:])
	}
}

// checkAbsent checks that no 8 bytes of secrets are in a file.
func checkAbsent(t *testing.T, file, what string, secrets []string) {
	t.Helper()
	for _, s := range secrets {
		for at := 0; at+8 <= len(s); at++ {
			if part := s[at : at+8]; strings.Trim(part, "\x00") != "" && strings.Contains(file, part) {
				t.Errorf("%s: bytes %d to %d of % X are in the file", what, at, at+8, s)
				break
			}
		}
	}
}
