package prober

import (
	"slices"
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
		up     *time.Duration // since the server was started
		want   *time.Duration
	}{
		{0, smbprobe.ServiceStartPending, nil, new(time.Duration(0))},
		{6, smbprobe.ServiceStartPending, nil, new(6 * time.Minute)},
		{7, "", nil, nil},
		{8, smbprobe.ServiceStartPending, new(time.Hour), new(8 * time.Minute)},
		{9, smbprobe.ServiceStartPending, new(time.Minute), new(time.Duration(0))},
		{10, smbprobe.ServiceStartPending, new(2 * time.Minute), new(time.Minute)},
		{11, smbprobe.ServiceRunning, nil, new(time.Duration(0))},
	} {
		r := &smbprobe.Result{Target: "a", Host: smbprobe.HostResult{Started: step.up}, Services: []smbprobe.ServiceResult{{Name: "MSExchangeIMC", State: step.state}}}
		tracker.update(r, begin.Add(time.Duration(step.minute)*time.Minute))
		if diff := cmp.Diff(step.want, r.Services[0].InStateFor); diff != "" {
			t.Errorf("minute %d (-want +got):\n%s", step.minute, diff)
		}
	}
}

// TestPhonebookChanges: an entry of a phone book that was missing was not there, and one that
// comes back with another port or modem was changed.
func TestPhonebookChanges(t *testing.T) {
	tracker, err := newRecoveryTracker()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(1999, 5, 4, 3, 0, 0, 0, time.UTC)
	with := func(port, modem string) smbprobe.PhonebookResult {
		return smbprobe.PhonebookResult{
			State: smbprobe.PhonebookOK, Entries: new(1),
			Links:  []smbprobe.Link{{Entry: "ISP", Media: "serial", Device: "modem", Port: port}},
			Modems: map[string][]string{"ISP": {modem}},
		}
	}
	const added, removed, rewired = smbprobe.EntryAdded, smbprobe.EntryRemoved, smbprobe.EntryRewired
	for minute, step := range []struct {
		phonebook smbprobe.PhonebookResult
		want      []smbprobe.PhonebookChangeKind // of this probe
	}{
		{smbprobe.PhonebookResult{State: smbprobe.PhonebookMissing}, nil},
		{with("COM1", "Standard"), []smbprobe.PhonebookChangeKind{added}},
		{with("COM1", "Standard"), nil},
		{with("COM1", "Sportster"), []smbprobe.PhonebookChangeKind{rewired}},
		{smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown}, nil},
		{smbprobe.PhonebookResult{State: smbprobe.PhonebookLocked}, nil},
		{smbprobe.PhonebookResult{State: smbprobe.PhonebookFolderMissing}, []smbprobe.PhonebookChangeKind{removed}},
		{with("COM1", "Sportster"), []smbprobe.PhonebookChangeKind{added}},
		{smbprobe.PhonebookResult{State: smbprobe.PhonebookOK, Entries: new(0)}, []smbprobe.PhonebookChangeKind{removed}},
		{with("COM2", "Sportster"), []smbprobe.PhonebookChangeKind{added, rewired}},
	} {
		r := &smbprobe.Result{Target: "a", Share: smbprobe.ShareOK, ClockOffset: new(time.Duration(0)), Phonebook: step.phonebook}
		now := begin.Add(time.Duration(minute) * time.Minute)
		tracker.update(r, now)
		var got []smbprobe.PhonebookChangeKind
		for _, c := range r.Phonebook.Changes {
			if c.At.Equal(now) {
				got = append(got, c.Kind)
			}
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("minute %d (-want +got):\n%s", minute, diff)
		}
	}
	names := tracker.appendEntryNames([]string{"dialed"}, &smbprobe.Result{Target: "a"})
	if diff := cmp.Diff([]string{"dialed", "ISP"}, slices.Compact(names)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
