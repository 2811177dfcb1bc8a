package main

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// mailServer is an SMTP server that accepts every mail.
type mailServer struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex
	raw   []string
	conns []net.Conn
}

// startMailServer listens on loopback until the test ends.
func startMailServer(t *testing.T) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mailServer{listener: listener}
	s.serving.Go(s.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		s.mu.Lock()
		for _, c := range s.conns {
			_ = c.Close()
		}
		s.mu.Unlock()
		s.serving.Wait()
	})
	return s
}

func (s *mailServer) address() string { return s.listener.Addr().String() }

func (s *mailServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		s.mu.Unlock()
		s.serving.Go(func() { s.serve(textproto.NewConn(conn)) })
	}
}

// serve is the part of SMTP (RFC 5321) that Alertmanager needs.
func (s *mailServer) serve(c *textproto.Conn) {
	defer func() { _ = c.Close() }()
	answer := "220 mail.example"
	for c.PrintfLine("%s", answer) == nil {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
		case "DATA":
			if c.PrintfLine("354 go on") != nil {
				return
			}
			text, err := c.ReadDotBytes()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.raw = append(s.raw, string(text))
			s.mu.Unlock()
			answer = "250 taken"
		case "QUIT":
			_ = c.PrintfLine("221 bye")
			return
		default:
			answer = "250 mail.example"
		}
	}
}

// letter is a mail, decoded.
type letter struct{ subject, text, html string }

// letters returns the mails that arrived up to now.
func (s *mailServer) letters(t *testing.T) []letter {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []letter
	for _, raw := range s.raw {
		l, err := decodeLetter(raw)
		if err != nil {
			t.Fatalf("%v in the mail\n%s", err, raw)
		}
		all = append(all, l)
	}
	return all
}

func decodeLetter(raw string) (letter, error) {
	message, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return letter{}, err
	}
	var l letter
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return l, err
	}
	_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return l, err
	}
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return l, err
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return l, err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.html = string(body)
		} else {
			l.text = string(body)
		}
	}
}
