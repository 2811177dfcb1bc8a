package smb2

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func seedFrames(f *testing.F) [][]byte {
	f.Helper()
	return [][]byte{
		answerTo(cmdNegotiate, 0, negotiateBody(dialect302)),
		answerTo(cmdNegotiate, 0, body311(1, contextPreauth, 6)),
		answerTo(cmdSessionSetup, smb.StatusMoreProcessingRequired, setupBody(0, spnegoChallenge())),
		answerTo(cmdSessionSetup, 0, setupBody(0, nil)),
		answerTo(cmdTreeConnect, 0, treeBody()),
		answerTo(cmdTreeConnect, smb.StatusAccessDenied, errorBody()),
		answerTo(cmdCreate, 0, sized(89, 88)),
		answerTo(cmdRead, 0, with(sized(17, 20), func(b []byte) { b[2], b[4] = 80, 4 })),
		append(with(answerTo(cmdLogoff, 0, sized(4, 8)), func(b []byte) { b[20] = 72 }), answerTo(cmdLogoff, 0, sized(4, 4))...),
		{1, 2},
		append([]byte("\xFDSMB"), make([]byte, 112)...),
	}
}

// FuzzCheckFrame: whatever comes in is accepted or smb.ErrProtocol, and what is
// accepted can be taken apart without a byte left.
func FuzzCheckFrame(f *testing.F) {
	for _, frame := range seedFrames(f) {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		if err := checkFrame(frame); err != nil {
			if !errors.Is(err, smb.ErrProtocol) {
				t.Errorf("%v is not an ErrProtocol", err)
			}
			return
		}
		chain, err := splitChain(frame)
		if err != nil {
			t.Fatalf("splitChain: %v", err)
		}
		length := 0
		for _, h := range chain {
			length += len(h)
		}
		if length != len(frame) {
			t.Errorf("a frame of %d bytes has packets of %d", len(frame), length)
		}
	})
}

// FuzzConversation answers one request of a session with any bytes, as they are
// or made to fit the request, and signed if wanted. go-smb2 must not panic, in
// whatever goroutine: the process would end. The session must end as well.
func FuzzConversation(f *testing.F) {
	for at := range uint8(fuzzedRequests) {
		for _, frame := range seedFrames(f) {
			for how := range uint8(4) {
				f.Add(at, how, frame)
			}
		}
	}
	f.Fuzz(func(t *testing.T, at, how uint8, frame []byte) {
		if len(frame) > maxFrame {
			return
		}
		fit, signing := how&1 != 0, how&2 != 0
		p := &keyedPeer{dialect: dialect311}
		count := uint8(0)
		nc := startPeer(t, func(request header) ([]byte, bool) {
			answer := p.answer(t, request)
			last := count == at%fuzzedRequests
			count++
			if last {
				answer = bytes.Clone(frame)
			}
			if last && fit && len(answer) >= headerSize {
				copy(answer[12:14], request[12:14]) // Command
				copy(answer[24:32], request[24:32]) // MessageId
				copy(answer[36:40], request[36:40]) // TreeId
				binary.LittleEndian.PutUint64(answer[40:], testSession)
				answer[16] |= byte(flagResponse)
			}
			if signing && len(answer) >= headerSize {
				answer = p.sign(answer)
			}
			return framed(answer), !last
		})
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		s, err := login(ctx, nc, testCreds(), Options{})
		if err == nil {
			err = useSession(ctx, s)
			_ = s.Close(ctx) // the peer has gone
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a server that has gone was waited for: %v", err)
		}
	})
}

// fuzzedRequests is how many requests a session makes up to the end of useSession.
const fuzzedRequests = 11

// useSession reads a file and talks to a pipe.
func useSession(ctx context.Context, s *Session) error {
	tree, err := s.Connect(ctx, "ADMIN$")
	if err != nil {
		return err
	}
	file, err := tree.Open(ctx, "hello.txt")
	if err != nil {
		return err
	}
	if _, err := file.ReadAll(ctx); err != nil {
		return err
	}
	if _, err := tree.Stat(ctx, "hello.txt"); err != nil {
		return err
	}
	pipe, err := tree.OpenPipe(ctx, "hello")
	if err != nil {
		return err
	}
	_, err = pipe.Transact(ctx, []byte("hello"), 64)
	return err
}

// FuzzChallenge: whatever a server calls itself is clean and short.
func FuzzChallenge(f *testing.F) {
	f.Add(spnegoChallenge())
	f.Add(ntlmChallenge())
	f.Add(ntlmChallenge()[:50])
	f.Fuzz(func(t *testing.T, token []byte) {
		c, err := parseChallenge(token)
		if err != nil && !errors.Is(err, smb.ErrProtocol) && !errors.Is(err, smb.ErrNotOffered) {
			t.Errorf("%v is not an error of the server's", err)
		}
		for _, text := range []string{c.os, c.netbiosName, c.domain} {
			if text != smb.CleanText(text) {
				t.Errorf("%q is not clean", text)
			}
		}
	})
}
