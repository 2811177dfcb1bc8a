package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestOneCauseIsOnePage gives alerts that fire together to a real Alertmanager with the shipped
// configuration, and checks of which it notifies. Each case is a server.
func TestOneCauseIsOnePage(t *testing.T) {
	// An alert is written "name severity label=value...".
	const (
		dialDenied  = "RasphoneDialupAccessDenied critical"
		dialFailing = "RasphoneDialupFailing warning"
		entry       = "RasphoneDialedEntryNotUsable critical entry=Internet"
		elsewhere   = "RasphonePhonebookElsewhere warning"
		bookMissing = "RasphonePhonebookMissing critical"
		bookDamaged = "RasphonePhonebookDamaged critical"
		bookDenied  = "RasphonePhonebookNotReadable critical"
		bookLocked  = "RasphonePhonebookNotReadable warning"
		gone        = "RasphoneShareGoneAfterRestart warning"
		missing     = "RasphoneShareMissing critical"
		noLog       = "RasphoneEventlogNotReadable warning"
		fullLog     = "RasphoneEventlogFull warning"
		noWindow    = "RasphoneWindowNotCovered warning"
		clock       = "RasphoneClockOff warning"
		login       = "RasphoneLoginFailing warning"
		down        = "RasphoneTargetNotAnswering critical"
		notProbed   = "RasphoneNotProbed critical"
		unscraped   = "RasphoneScrapeFailing critical"
		slow        = "RasphoneProbeNearTimeout warning"
		mailStopped = "RasphoneServiceNotRunning critical service=MSExchangeIMC"
		rasStopped  = "RasphoneServiceNotRunning warning service=RasMan"
		plugStopped = "RasphoneServiceNotRunning warning service=PlugPlay"
		lanman      = "RasphoneServiceNotRunning warning service=LanmanServer"
		smallMail   = "RasphoneServiceNotRunning critical service=msexchangeimc"
		smallPlug   = "RasphoneServiceNotRunning warning service=plugplay"
		smallLanman = "RasphoneServiceNotRunning warning service=lanmanserver"
		paused      = "RasphoneShareNotAccessible warning state=server_paused"
		denied      = "RasphoneShareNotAccessible warning state=access_denied"
		exhausted   = "RasphoneShareNotAccessible critical state=server_out_of_resources"
		servicesExe = "RasphoneCause critical cause=services_exe_not_answering"
		noRasMan    = "RasphoneCause critical cause=rasman_cannot_start"
		notInBook   = "RasphoneCause critical cause=entry_not_in_book"
		cardKey     = "RasphoneCause warning cause=dialup_network_card_key_stale"
		portLocked  = "RasphoneCause critical cause=port_taken"
		notOK       = "RasphoneNotOK warning"
	)
	all := []string{
		dialDenied, dialFailing, entry, elsewhere, bookMissing, bookLocked, gone, missing, noLog, fullLog, noWindow,
		clock, login, slow, mailStopped, rasStopped, paused, servicesExe, portLocked, notOK,
	}
	cases := []struct {
		name   string
		firing []string
		want   []string // "receiver name"
	}{
		{"not-answering", append(all, down), []string{"pager RasphoneTargetNotAnswering"}},
		{"not-answering-or-probed", []string{down, notProbed}, []string{"pager RasphoneTargetNotAnswering"}},
		{"book-changes", []string{bookMissing, bookDamaged, bookDenied, bookLocked}, []string{"pager RasphonePhonebookMissing"}},
		{"book-damaged-locked", []string{bookDamaged, bookLocked}, []string{"pager RasphonePhonebookDamaged"}},
		{"scrape-failing", append(all, down, unscraped), []string{"pager RasphoneScrapeFailing"}},
		{"share-missing", []string{missing, gone, bookMissing, elsewhere, entry, dialDenied, denied}, []string{"pager RasphoneShareMissing"}},
		{"share-missing-busy", []string{missing, dialFailing}, []string{"mail RasphoneDialupFailing", "pager RasphoneShareMissing"}},
		{"book-missing", []string{bookMissing, entry, dialDenied, dialFailing, notInBook}, []string{"pager RasphonePhonebookMissing"}},
		{"book-denied", []string{bookDenied, bookLocked, entry, dialDenied, dialFailing}, []string{"pager RasphonePhonebookNotReadable"}},
		{"book-missing-services", []string{bookMissing, servicesExe, noLog}, []string{"pager RasphoneCause", "pager RasphonePhonebookMissing"}},
		// A warning does not suppress a page.
		{"book-elsewhere", []string{elsewhere, dialDenied, dialFailing}, []string{"mail RasphoneDialupFailing", "mail RasphonePhonebookElsewhere", "pager RasphoneDialupAccessDenied"}},
		{"book-locked-calls", []string{bookLocked, dialFailing}, []string{"mail RasphonePhonebookNotReadable"}},
		{"book-locked", []string{bookLocked, entry}, []string{"mail RasphonePhonebookNotReadable", "pager RasphoneDialedEntryNotUsable"}},
		{"login", []string{login, missing, noLog, slow}, []string{"mail RasphoneLoginFailing", "pager RasphoneShareMissing"}},
		{"login-clock", []string{login, clock}, []string{"mail RasphoneClockOff", "mail RasphoneLoginFailing"}},
		{"entry", []string{entry, notInBook, dialFailing}, []string{"pager RasphoneDialedEntryNotUsable"}},
		{"entry-of-event", []string{notInBook, dialFailing}, []string{"pager RasphoneCause"}},
		{"port-locked", []string{portLocked, dialFailing, rasStopped}, []string{"mail RasphoneServiceNotRunning", "pager RasphoneCause"}},
		{"card-key", []string{cardKey, dialFailing}, []string{"mail RasphoneDialupFailing"}},
		{"plugplay", []string{noRasMan, plugStopped, rasStopped, dialFailing}, []string{"pager RasphoneCause"}},
		{"services", []string{servicesExe, noLog, noWindow, rasStopped}, []string{"pager RasphoneCause"}},
		{"mail-stopped", []string{mailStopped, rasStopped, dialDenied, dialFailing}, []string{"mail RasphoneServiceNotRunning", "pager RasphoneServiceNotRunning"}},
		// Windows ignores the case of these names.
		{"mail-stopped-small", []string{smallMail, dialDenied, dialFailing}, []string{"pager RasphoneServiceNotRunning"}},
		{"plugplay-small", []string{noRasMan, smallPlug, dialFailing}, []string{"pager RasphoneCause"}},
		{"paused-small", []string{paused, smallLanman}, []string{"mail RasphoneShareNotAccessible"}},
		// Two servers of one name.
		{"other-site", []string{down + " site=berlin", missing}, []string{"pager RasphoneShareMissing", "pager RasphoneTargetNotAnswering"}},
		{"ras-stopped", []string{rasStopped, dialDenied, dialFailing}, []string{"mail RasphoneServiceNotRunning", "pager RasphoneDialupAccessDenied"}},
		{"exhausted", []string{exhausted, lanman, dialDenied, bookMissing, noLog}, []string{"pager RasphoneShareNotAccessible"}},
		{"paused", []string{paused, lanman, bookLocked}, []string{"mail RasphoneShareNotAccessible"}},
		{"paused-dial", []string{paused, dialDenied}, []string{"mail RasphoneShareNotAccessible", "pager RasphoneDialupAccessDenied"}},
		{"no-administrator", []string{denied, noLog, dialDenied}, []string{"mail RasphoneShareNotAccessible", "pager RasphoneDialupAccessDenied"}},
		{"log-full", []string{fullLog, noWindow}, []string{"mail RasphoneEventlogFull"}},
		{"log-not-readable", []string{noLog, fullLog, noWindow}, []string{"mail RasphoneEventlogNotReadable"}},
		{"not-ok", []string{notOK}, []string{"mail RasphoneNotOK"}},
		{"not-ok-slow", []string{notOK, slow}, []string{"mail RasphoneProbeNearTimeout"}},
		{"not-ok-calls", []string{notOK, dialDenied}, []string{"pager RasphoneDialupAccessDenied"}},
		{"independent", []string{dialDenied, clock}, []string{"mail RasphoneClockOff", "pager RasphoneDialupAccessDenied"}},
	}

	alertmanager := startAlertmanager(t, hurriedAlertmanager(t, startMailServer(t).address()))
	var alerts []amAlert
	var want []string
	for _, c := range cases {
		for _, a := range c.firing {
			alerts = append(alerts, amAlert{Labels: alertLabels(c.name, a)})
		}
		for _, w := range c.want {
			want = append(want, c.name+" "+w)
		}
	}
	slices.Sort(want)
	postAlerts(t, alertmanager, alerts)
	awaitEqual(t, "notified of", want, func() []string { return amAlerts(t, alertmanager) })

	// Without the exporter, there is no other notification, of any server.
	postAlerts(t, alertmanager, []amAlert{{Labels: alertLabels("", "RasphoneExporterAbsent critical")}})
	awaitEqual(t, "without the exporter, notified of", []string{"pager RasphoneExporterAbsent"},
		func() []string { return amAlerts(t, alertmanager) })
}

// alertLabels returns the labels of an alert that is written "name severity label=value...".
func alertLabels(instance, alert string) map[string]string {
	fields := strings.Fields(alert)
	labels := map[string]string{"alertname": fields[0], "severity": fields[1], "component": "rasphone"}
	if instance != "" {
		labels["instance"], labels["site"] = instance, "munich"
	}
	for _, f := range fields[2:] {
		name, value, _ := strings.Cut(f, "=")
		labels[name] = value
	}
	return labels
}

// patience ends what hangs. Nothing that works comes near it, on a busy machine either.
const patience = 2 * time.Minute

// awaitEqual asks until the answer is the one wanted.
func awaitEqual(t *testing.T, what string, want []string, ask func() []string) {
	t.Helper()
	timeout := time.After(patience)
	for {
		diff := cmp.Diff(want, ask(), cmpopts.EquateEmpty())
		if diff == "" {
			return
		}
		select {
		case <-timeout:
			t.Fatalf("%s (-want +got): %s", what, diff)
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
