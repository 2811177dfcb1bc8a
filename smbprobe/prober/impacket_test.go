package prober_test

import (
	"os"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestImpacket: a server that runs only the first command of a chain, allows one
// request at a time, and speaks OEM strings, through all that a probe does.
func TestImpacket(t *testing.T) {
	t.Parallel()
	server := smbtest.StartImpacket(t, smbtest.ImpacketOptions{})
	p, target := newProber(t, prober.Options{}), direct(server.Addr()).target(t)
	r := probe(t, p, target)
	wantOutcome(t, "at first", allWell(), r)
	if r.Phonebook.Size == nil || *r.Phonebook.Size != int64(len(smbtest.Phonebook())) || r.Phonebook.Modified == nil {
		t.Errorf("phone book %+v", r.Phonebook)
	}
	server.WritePhonebook(bookOf(200_000)) // many reads, one at a time
	wantOutcome(t, "large", allWell(), probe(t, p, target))
	if err := os.Remove(server.PhonebookPath()); err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, "missing", book(smbprobe.PhonebookMissing), probe(t, p, target))

	other := direct(server.Addr(), "share: NONE$").target(t)
	if r := probe(t, p, other); r.Share != smbprobe.ShareMissing {
		t.Errorf("another share: %s, want %s", r.Share, smbprobe.ShareMissing)
	}
	wrong := direct(server.Addr())
	wrong.password = "wrong"
	wantOutcome(t, "wrong password", share(smbprobe.ShareLoginFailed, smb.StatusLogonFailure), probeOnce(t, wrong))

	for _, event := range server.Events() {
		if event.Event == "login" && event.VcNumber == 0 {
			t.Error("a login with VcNumber 0, which drops the other sessions of our host")
		}
	}
}
