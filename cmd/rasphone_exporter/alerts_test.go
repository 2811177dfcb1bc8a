package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// notices are the receiver and the alert of each server of the fleet that has a fault: one
// alert for one fault.
func notices() map[string]string {
	return map[string]string{
		"account-locked":  "mail RasphoneLoginFailing",
		"book-damaged":    "pager RasphonePhonebookDamaged",
		"book-denied":     "pager RasphonePhonebookNotReadable",
		"book-elsewhere":  "mail RasphonePhonebookElsewhere",
		"book-locked":     "mail RasphonePhonebookNotReadable",
		"book-missing":    "pager RasphonePhonebookMissing",
		"card-removed":    "pager RasphoneDialupFailing",
		"share-elsewhere": "pager RasphonePhonebookMissing",
		"book-empty":      "pager RasphoneCause",
		"ras-folder-gone": "pager RasphonePhonebookMissing",
		"book-not-seen":   "mail RasphonePhonebookMissing",
		"imc-password":    "pager RasphoneCause",
		"no-mail-service": "mail RasphoneCause",
		"clock-off":       "mail RasphoneClockOff",
		"dial-denied":     "pager RasphoneDialupAccessDenied",
		"domain-too-long": "pager RasphoneCause",
		"entry-renamed":   "pager RasphoneDialedEntryNotUsable",
		"guest-only":      "mail RasphoneLoginFailing",
		"hung":            "pager RasphoneTargetNotAnswering",
		"line-busy":       "pager RasphoneDialupFailing",
		"log-full":        "mail RasphoneEventlogFull",
		"mail-stopped":    "pager RasphoneServiceNotRunning",
		"name-too-long":   "pager RasphoneDialedEntryNotUsable",
		"no-admin":        "mail RasphoneShareNotAccessible",
		"no-resources":    "pager RasphoneShareNotAccessible",
		"old-pack":        "pager RasphoneDialupFailing",
		"password-wrong":  "mail RasphoneLoginFailing",
		"plugplay-off":    "pager RasphoneCause",
		"port-locked":     "pager RasphoneCause",
		"ras-missing":     "pager RasphonePhonebookMissing",
		"server-full":     "mail RasphoneShareNotAccessible",
		"server-paused":   "mail RasphoneShareNotAccessible",
		"server-stopped":  "pager RasphoneTargetNotAnswering",
		"w2k-stopped":     "pager RasphoneTargetNotAnswering",
		"services-gone":   "pager RasphoneCause",
		"share-by-hand":   "mail RasphoneShareGoneAfterRestart",
		"share-disabled":  "pager RasphoneShareMissing",
		"share-gone":      "pager RasphoneShareMissing",
		"share-removed":   "pager RasphoneShareMissing",
		"shares-lost":     "pager RasphoneShareMissing",
	}
}

// healthyServers are the others, of which there is no alert.
func healthyServers() []string {
	return []string{"book-edited", "healthy", "healthy-signing", "healthy-w2k", "log-overwritten", "share-flaps"}
}

// TestEveryFaultIsOnePage follows the way from a server's fault to the receiver of its page,
// with the programs that are on it: simulated servers, the exporter, the shipped rules in
// promtool, which makes the hours pass at once, Alertmanager with the shipped configuration.
// The queries of the dashboards have to find something on the way.
func TestEveryFaultIsOnePage(t *testing.T) {
	m := startFixable(t)
	checkServers(t, m)
	var faults []string
	for name, n := range notices() {
		faults = append(faults, name+".demo "+n)
	}
	const gone, absent = "healthy.demo pager RasphoneShareMissing", "pager RasphoneExporterAbsent"

	line := newTimeline()
	line.add(scrape(t, m.exporter, hungServer), 2*scrapeInterval)             // the next probe finds logins held back
	withFaults := line.add(scrape(t, m.exporter, hungServer), 76*time.Minute) // each of these faults has its alert within an hour
	m.fix(t)
	m.host(t, "healthy.demo").RemoveShare("ADMIN$")
	last := scrape(t, m.exporter, "")
	withOneFault := line.add(last, 96*time.Minute) // RasphoneDialupFailing ends an hour after the last failure
	withoutExporter := line.add(down(last), 30*time.Minute)
	queries := dashboardQueries(t)
	e := line.evaluate(t, expressions(queries), []time.Duration{
		withFaults, withFaults + scrapeInterval, withFaults + 2*scrapeInterval, withOneFault, withoutExporter,
	})
	checkQueries(t, e, queries)

	mails := startMailServer(t)
	a := &alerting{alertmanager: startAlertmanager(t, hurriedAlertmanager(t, mails.address()))}
	a.replay(t, e, 0, withFaults, faults)
	a.want(t, "with every fault", faults)
	awaitLetters(t, mails, faults)
	a.replay(t, e, withFaults, withOneFault, append(faults, gone))
	a.want(t, "with every fault but one fixed", []string{gone})
	a.replay(t, e, withOneFault, withoutExporter, []string{gone, absent})
	a.want(t, "without the exporter", []string{absent})
}

// checkServers checks that the table above has every server of the fleet.
func checkServers(t *testing.T, m *fixable) {
	t.Helper()
	var servers []string
	for _, s := range m.servers {
		servers = append(servers, strings.TrimSuffix(s.Name, ".demo"))
	}
	table := slices.Concat(slices.Collect(maps.Keys(notices())), healthyServers())
	if diff := cmp.Diff(table, servers, sorted()); diff != "" {
		t.Errorf("servers (-expected here +in the fleet): %s", diff)
	}
}

// alerting is an Alertmanager that is given alerts as Prometheus gives them.
type alerting struct {
	alertmanager string
	firing       map[string]firedAlert
}

// replay gives Alertmanager the alerts of a span of time, one set after another. It may notify
// of some alone, at no time of others.
func (a *alerting) replay(t *testing.T, e *evaluation, from, to time.Duration, allowed []string) {
	t.Helper()
	for at := from; at <= to; at += scrapeInterval {
		now := e.firing[at]
		if slices.Equal(slices.Sorted(maps.Keys(now)), slices.Sorted(maps.Keys(a.firing))) {
			continue
		}
		var alerts []amAlert
		for _, f := range now {
			alerts = append(alerts, amAlert{Labels: f.labels, Annotations: f.annotations})
		}
		ended := time.Now()
		for name, f := range a.firing {
			if _, there := now[name]; !there {
				alerts = append(alerts, amAlert{Labels: f.labels, Annotations: f.annotations, EndsAt: &ended})
			}
		}
		postAlerts(t, a.alertmanager, alerts)
		a.firing = now
		awaitEqual(t, fmt.Sprintf("after %s, Alertmanager notifies also of", at), nil, func() []string {
			return slices.DeleteFunc(amAlerts(t, a.alertmanager), func(n string) bool { return slices.Contains(allowed, n) })
		})
	}
}

// want waits until Alertmanager notifies of some alerts and of no others.
func (a *alerting) want(t *testing.T, when string, notices []string) {
	t.Helper()
	awaitEqual(t, when+", Alertmanager notifies of", slices.Sorted(slices.Values(notices)), func() []string { return amAlerts(t, a.alertmanager) })
}

// awaitLetters waits for the mail about each server, with everything that a mail has to contain.
func awaitLetters(t *testing.T, mails *mailServer, notices []string) {
	t.Helper()
	var want []string
	for _, n := range notices {
		if instance, alert, isMail := strings.Cut(n, " mail "); isMail {
			want = append(want, instance+" "+alert)
		}
	}
	awaitEqual(t, "mails", want, func() []string {
		var got []string
		for _, n := range want {
			instance, alert, _ := strings.Cut(n, " ")
			if slices.ContainsFunc(mails.letters(t), func(l letter) bool { return l.isAbout(instance, alert) }) {
				got = append(got, n)
			}
		}
		return got
	})
}

// isAbout reports whether a mail names server, alert, description, runbook and dashboard.
func (l letter) isAbout(instance, alert string) bool {
	if !strings.HasPrefix(l.subject, instance+": ") {
		return false
	}
	for _, part := range []string{l.text, l.html} {
		for _, text := range []string{instance + ": ", alert + ", warning, since ", "/runbooks/", ".md", "/d/rasphone-server?var-job=", "var-instance=" + instance} {
			if !strings.Contains(part, text) {
				return false
			}
		}
	}
	return true
}
