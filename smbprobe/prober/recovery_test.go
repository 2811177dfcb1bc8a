package prober

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func TestRecoveryTracker(t *testing.T) {
	tracker, err := newRecoveryTracker()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(1999, 5, 4, 3, 0, 0, 0, time.UTC)
	at := func(minute int) *time.Time { return new(begin.Add(time.Duration(minute)*time.Minute + time.Hour)) }
	link := func(entry, port string) smbprobe.Link {
		return smbprobe.Link{Entry: entry, Media: "serial", Device: "modem", Port: port}
	}
	healthy := func(links ...smbprobe.Link) *smbprobe.Result {
		return &smbprobe.Result{
			Target: "a", Module: "default", Share: smbprobe.ShareOK, ClockOffset: new(time.Hour),
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK, Entries: new(len(links)), Links: links},
		}
	}
	gone := func() *smbprobe.Result {
		return &smbprobe.Result{Target: "a", Module: "default", Share: smbprobe.ShareMissing, ClockOffset: new(time.Hour), Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown}}
	}
	damaged := healthy(link("ISP", "COM1"))
	damaged.Phonebook.State = smbprobe.PhonebookDamaged
	steps := []struct {
		minute int
		result *smbprobe.Result
		want   smbprobe.Result // the fields that are remembered
	}{
		{0, healthy(link("ISP", "COM1")), smbprobe.Result{}},
		{1, gone(), smbprobe.Result{FaultSeen: at(1)}},
		{2, healthy(link("ISP", "COM1")), smbprobe.Result{FaultSeen: at(1), HealthySince: at(2)}},
		{3, healthy(link("ISP", "COM2"), link("Backup", "COM1")), smbprobe.Result{FaultSeen: at(1), HealthySince: at(2), Phonebook: smbprobe.PhonebookResult{Changes: []smbprobe.PhonebookChange{
			{Entry: "Backup", Kind: smbprobe.EntryAdded, At: *at(3)}, {Entry: "ISP", Kind: smbprobe.EntryRewired, At: *at(3)},
		}}}},
		{4, damaged, smbprobe.Result{FaultSeen: at(4), PhonebookFaultSeen: at(4), Phonebook: smbprobe.PhonebookResult{Changes: []smbprobe.PhonebookChange{
			{Entry: "Backup", Kind: smbprobe.EntryAdded, At: *at(3)}, {Entry: "ISP", Kind: smbprobe.EntryRewired, At: *at(3)},
		}}}},
		{8 * 24 * 60, healthy(link("Backup", "COM1")), smbprobe.Result{FaultSeen: at(4), PhonebookFaultSeen: at(4), HealthySince: at(8 * 24 * 60), Phonebook: smbprobe.PhonebookResult{Changes: []smbprobe.PhonebookChange{
			{Entry: "ISP", Kind: smbprobe.EntryRemoved, At: *at(8 * 24 * 60)},
		}}}},
	}
	for _, s := range steps {
		tracker.update(s.result, begin.Add(time.Duration(s.minute)*time.Minute))
		got := smbprobe.Result{
			FaultSeen: s.result.FaultSeen, PhonebookFaultSeen: s.result.PhonebookFaultSeen, HealthySince: s.result.HealthySince,
			Phonebook: smbprobe.PhonebookResult{Changes: s.result.Phonebook.Changes},
		}
		if diff := cmp.Diff(s.want, got); diff != "" {
			t.Errorf("minute %d (-want +got):\n%s", s.minute, diff)
		}
		if w := s.result.WatchedSince; w == nil || !w.Equal(*at(0)) {
			t.Errorf("minute %d: watched since %v", s.minute, w)
		}
	}
	unclear := gone()
	unclear.ClockOffset = nil
	tracker.update(unclear, begin)
	if unclear.WatchedSince != nil || unclear.FaultSeen != nil {
		t.Error("times without the server's clock")
	}
}

func TestServicesInState(t *testing.T) {
	tracker, err := newRecoveryTracker()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(1999, 5, 4, 3, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		minute int
		state  smbprobe.ServiceState
		want   *time.Duration
	}{
		{0, smbprobe.ServiceStartPending, new(time.Duration(0))},
		{6, smbprobe.ServiceStartPending, new(6 * time.Minute)},
		{7, "", nil},
		{8, smbprobe.ServiceStartPending, new(8 * time.Minute)},
		{9, smbprobe.ServiceRunning, new(time.Duration(0))},
	} {
		r := &smbprobe.Result{Target: "a", Services: []smbprobe.ServiceResult{{Name: "MSExchangeIMC", State: step.state}}}
		tracker.update(r, begin.Add(time.Duration(step.minute)*time.Minute))
		if diff := cmp.Diff(step.want, r.Services[0].InStateFor); diff != "" {
			t.Errorf("minute %d (-want +got):\n%s", step.minute, diff)
		}
	}
}
