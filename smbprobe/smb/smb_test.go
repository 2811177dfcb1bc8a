package smb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestStatusFromDOS(t *testing.T) {
	for _, test := range []struct {
		class uint8
		code  uint16
		want  smb.Status
	}{
		{0, 0, smb.StatusOK},
		{1, 2, smb.StatusObjectNameNotFound},
		{1, 3, smb.StatusObjectPathNotFound},
		{1, 5, smb.StatusAccessDenied},
		{1, 32, smb.StatusSharingViolation},
		{1, 67, smb.StatusBadNetworkName},
		{1, 71, smb.StatusRequestNotAccepted},
		{1, 234, smb.StatusBufferOverflow},
		{1, 1326, smb.StatusLogonFailure},
		{2, 2, smb.StatusWrongPassword},
		{2, 6, smb.StatusBadNetworkName},
		{2, 81, smb.StatusSharingPaused},
		{2, 91, smb.StatusSMBBadUID},
		{2, 2239, smb.StatusAccountDisabled},
		{3, 23, smb.StatusCRCError},
		{3, 27, smb.StatusNonexistentSector},
		{3, 30, smb.StatusDataError},
		{3, 32, smb.StatusSharingViolation},
		{2, 9999, 0x270F0002},
		{7, 1, 0x00010007},
	} {
		got := smb.StatusFromDOS(test.class, test.code)
		if got != test.want || got != smb.StatusOK && got != smb.StatusBufferOverflow && !got.IsError() {
			t.Errorf("%d/%d: %s, error %v, expected %s", test.class, test.code, got, got.IsError(), test.want)
		}
	}
}

func TestStatus(t *testing.T) {
	for status, want := range map[smb.Status]struct {
		text    string
		isError bool
	}{
		smb.StatusOK:             {"STATUS_SUCCESS (0x00000000)", false},
		smb.StatusBufferOverflow: {"STATUS_BUFFER_OVERFLOW (0x80000005)", false},
		smb.StatusPending:        {"STATUS_PENDING (0x00000103)", false},
		smb.StatusAccessDenied:   {"STATUS_ACCESS_DENIED (0xC0000022)", true},
		smb.StatusInvalidSMB:     {"STATUS_INVALID_SMB (0x00010002)", true},
		0xDEADBEEF:               {"status 0xDEADBEEF", true},
	} {
		if status.String() != want.text || status.IsError() != want.isError {
			t.Errorf("%s, error %v; expected %+v", status, status.IsError(), want)
		}
	}
}

func TestErrors(t *testing.T) {
	refused := &smb.Error{Op: "tree connect", Status: smb.StatusAccessDenied}
	wrapped := fmt.Errorf("exch01: %w", refused)
	if smb.StatusOf(wrapped) != smb.StatusAccessDenied || smb.StatusOf(io.EOF) != smb.StatusOK {
		t.Error(smb.StatusOf(wrapped), smb.StatusOf(io.EOF))
	}
	broken := smb.Protocolf("read", "%d bytes", 7)
	if !errors.Is(broken, smb.ErrProtocol) {
		t.Error(broken)
	}
	for err, want := range map[error]string{
		refused: "tree connect: STATUS_ACCESS_DENIED (0xC0000022)",
		broken:  "read: the answer breaks the protocol: 7 bytes",
		&smb.Error{Op: "login", Status: smb.StatusLogonFailure, Err: smb.ErrGuest}: "login: the server let us in as guest only (STATUS_LOGON_FAILURE (0xC000006D))",
	} {
		if err.Error() != want {
			t.Errorf("%q, expected %q", err, want)
		}
	}
}

func TestCleanText(t *testing.T) {
	for text, want := range map[string]string{
		"EXCH01":                       "EXCH01",
		"Büro Köln":                    "Büro Köln",
		"a\x00b\x1b[31m\r\n":           "a\uFFFDb\uFFFD[31m\uFFFD\uFFFD",
		"\xff\xfe":                     "\uFFFD\uFFFD",
		"right\u202eto left":           "right\uFFFDto left",
		strings.Repeat("ä", 300):       strings.Repeat("ä", smb.MaxText),
		strings.Repeat("\xff", 100000): strings.Repeat("\uFFFD", smb.MaxText),
	} {
		got := smb.CleanText(text)
		if got != want || smb.CleanText(got) != got || !utf8.ValidString(got) {
			t.Errorf("%.40q: %.80q, expected %.80q", text, got, want)
		}
	}
}

// TestRounds: requests in flight together cost one, and branches do not count each
// other's.
func TestRounds(t *testing.T) {
	r := new(smb.Rounds)
	a, b := r.Sent(), r.Sent()
	r.Answered(a)
	c := r.Sent()
	r.Answered(b)
	if a != 1 || b != 1 || c != 2 || r.Count() != 1 {
		t.Fatal(a, b, c, r.Count())
	}
	r.Answered(c)
	ctx := &smb.RoundsContext{Context: context.Background()}
	branch := &ctx.Rounds
	r.ForkInto(branch)
	for range 3 {
		branch.Answered(branch.Sent())
	}
	r.Answered(r.Sent())
	if r.Count() != 3 || branch.Count() != 5 {
		t.Fatal(r.Count(), branch.Count())
	}
	r.Join(branch)
	if r.Count() != 5 {
		t.Fatal(r.Count())
	}
	if smb.RoundsFrom(ctx, r) != branch || smb.RoundsFrom(context.Background(), r) != r {
		t.Error("the wrong rounds")
	}
	var none smb.Trace
	none.Logf("nil drops it")
	none.Answered("nil drops it", smb.Answer{})
}

func TestRecovered(t *testing.T) {
	if err := smb.Recovered(nil); err != nil {
		t.Errorf("%v of no panic", err)
	}
	caught := func() (err error) {
		defer func() { err = fmt.Errorf("read book: %w", smb.Recovered(recover())) }()
		panic("out of range")
	}()
	p, ok := errors.AsType[*smb.PanicError](caught)
	if !ok || p.Value != "out of range" || !strings.Contains(string(p.Stack), "TestRecovered") || strings.Contains(caught.Error(), "goroutine") {
		t.Errorf("%v", caught)
	}
}
