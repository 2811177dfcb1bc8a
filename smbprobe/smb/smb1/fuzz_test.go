package smb1

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// FuzzAnswers hands bytes to every decoder of an answer.
func FuzzAnswers(f *testing.F) {
	for _, raw := range windows2000(f) {
		f.Add(raw)
	}
	for _, path := range captures(f) {
		for _, e := range recorded(f, path) {
			for _, raw := range e.answers {
				f.Add(raw)
			}
		}
	}
	extended := bytes.Clone(windows2000(f)["create"])
	copy(extended[117:], "\xff\xff") // its file number, where ByteCount would be
	f.Add(extended)
	f.Add(extended[:117])
	f.Add(extendedSecurity(windows2000(f)["negotiate"]))
	f.Add(answerRead(1, "0123456789"))
	f.Add(answerTransaction(1, 0, 4, 0, "abcd"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		parseSMB2Answer(raw)
		h, err := parseHeader(raw)
		if err != nil {
			return
		}
		m := &message{header: h, raw: raw}
		if n, err := parseNegotiate(m); err == nil && (n.maxBufferSize < minBufferSize || maxRead(n) <= 0) {
			t.Errorf("reads of %d bytes", maxRead(n))
		}
		_, _ = parseLogin(m)
		if c, err := parseCreate(m); err == nil && c.size < 0 {
			t.Errorf("size %d", c.size)
		}
		if data, err := parseRead(m, 4096); err == nil && len(data) > 4096 {
			t.Errorf("%d bytes", len(data))
		}
		tr := transaction{limit: 4280}
		if _, _ = tr.add(m); len(tr.data) > tr.limit {
			t.Errorf("%d bytes", len(tr.data))
		}
	})
}

// FuzzConversation lets a hostile server answer a whole probe: each byte string is
// cut into answers, and those are given the MID that was asked with. Nothing may
// panic, hang or stay behind.
func FuzzConversation(f *testing.F) {
	raw := windows2000(f)
	var good []byte
	for _, name := range []string{"negotiate", "session_setup", "tree_connect", "create"} {
		good = append(binary.BigEndian.AppendUint16(good, uint16(len(raw[name]))), raw[name]...)
	}
	f.Add(good)
	f.Add(append(good, append([]byte{0, 69}, answerRead(1, "0123456789")...)...))
	for _, path := range captures(f) {
		var all []byte
		for _, e := range recorded(f, path) {
			for _, raw := range e.answers {
				all = append(binary.BigEndian.AppendUint16(all, uint16(len(raw))), raw...)
			}
		}
		f.Add(all)
	}
	f.Fuzz(func(t *testing.T, answers []byte) {
		conn := peer(t, func(conn net.Conn, r asked) {
			if len(answers) < 2 {
				_ = conn.Close()
				return
			}
			n := min(int(binary.BigEndian.Uint16(answers)), len(answers)-2)
			a := bytes.Clone(answers[2 : 2+n])
			answers = answers[2+n:]
			if len(a) >= headerSize {
				binary.LittleEndian.PutUint16(a[30:], r.mid)
			}
			send(conn, a)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		client, err := Negotiate(ctx, conn, Options{OfferSMB2: true, Rounds: new(smb.Rounds), ServerName: "EXCH01"})
		if err != nil {
			return
		}
		session, err := client.Login(ctx, smb.Credentials{Username: "rasphone", Password: secret.New("x")}, "ADMIN$")
		if err != nil {
			return
		}
		defer func() { _ = session.Close(ctx) }()
		tree, err := session.Connect(ctx, "ADMIN$")
		if err != nil {
			return
		}
		file, err := tree.Open(ctx, "book")
		if err != nil || file.Info().Size > 1<<20 {
			return
		}
		if data, _ := file.ReadAll(ctx); int64(len(data)) > file.Info().Size {
			t.Errorf("%d bytes of %d", len(data), file.Info().Size)
		}
	})
}
