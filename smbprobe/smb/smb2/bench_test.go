package smb2

import (
	"net"
	"testing"
)

// BenchmarkLogin negotiates, logs in, connects a share and logs off, as each probe does.
func BenchmarkLogin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				request, err := readTestFrame(theirs)
				if err != nil {
					return
				}
				if _, err := theirs.Write(framed(honestAnswer(request))); err != nil {
					return
				}
			}
		}()
		s, err := login(b.Context(), ours, testCreds(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Connect(b.Context(), "ADMIN$"); err != nil {
			b.Fatal(err)
		}
		_ = s.Close(b.Context()) // this peer disconnects no tree
		_ = theirs.Close()
		<-done
	}
}
