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

// phaseLimit is for everything that has to arrive, or to end; it takes half a minute on a
// machine with nothing else to do.
const phaseLimit = 3 * time.Minute

// notices are what the receivers are told of each server of the fleet that has a fault: one
// alert for one fault.
func notices() map[string]string {
	return map[string]string{
		"account-locked":  "mail RasphoneLoginFailing",
		"book-damaged":    "pager RasphonePhonebookDamaged",
		"book-denied":     "pager RasphonePhonebookNotReadable",
		"book-elsewhere":  "mail RasphonePhonebookElsewhere",
		"book-locked":     "mail RasphonePhonebookNotReadable",
		"book-missing":    "pager RasphonePhonebookMissing",
		"card-removed":    "mail RasphoneDialupFailing",
		"clock-off":       "mail RasphoneClockOff",
		"dial-denied":     "pager RasphoneDialupAccessDenied",
		"domain-too-long": "pager RasphoneCause",
		"entry-renamed":   "pager RasphoneDialedEntryNotUsable",
		"guest-only":      "mail RasphoneLoginFailing",
		"hung":            "pager RasphoneTargetNotAnswering",
		"line-busy":       "mail RasphoneDialupFailing",
		"log-full":        "mail RasphoneEventlogFull",
		"mail-stopped":    "pager RasphoneServiceNotRunning",
		"name-too-long":   "pager RasphoneDialedEntryNotUsable",
		"no-admin":        "mail RasphoneShareNotAccessible",
		"no-resources":    "pager RasphoneShareNotAccessible",
		"old-pack":        "mail RasphoneDialupFailing",
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

// healthyServers are the others: nobody hears of them.
func healthyServers() []string {
	return []string{"book-edited", "healthy", "healthy-signing", "healthy-w2k", "log-overwritten", "share-flaps"}
}

// TestEveryFaultIsOnePage runs the way from a server's fault to the receiver of its page, with
// the programs that are on it: simulated servers, the exporter, Prometheus with the shipped rules,
// Alertmanager with the shipped configuration. Afterwards Prometheus is asked what the
// dashboards ask.
func TestEveryFaultIsOnePage(t *testing.T) {
	begun := time.Now()
	m := startMendable(t)
	checkServers(t, m)
	received, webhooks := receive(t)
	mails := startMailServer(t)
	s := &stack{received: received}
	s.alertmanager = startAlertmanager(t, hurriedAlertmanager(t, webhooks, mails.address()))
	s.prometheus = startPrometheus(t, fmt.Sprintf(`global: {scrape_interval: %s, scrape_timeout: %[1]s, evaluation_interval: 1s}
rule_files: [%q]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs:
  - job_name: servers
    http_sd_configs: [{url: "%s/sd", refresh_interval: 1s}]
  - job_name: exporter
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{targets: [%q]}]
`, scrapeInterval, hurriedRules(t), strings.TrimPrefix(s.alertmanager, "http://"), m.url, strings.TrimPrefix(m.url, "http://")))
	s.awaitQuiet(t)

	m.listAll(t)
	var faults []string
	for name, n := range notices() {
		faults = append(faults, name+".demo "+n)
	}
	slices.Sort(faults)
	s.await(t, "with every fault", faults, faults)
	awaitLetters(t, mails, faults)

	// One fault comes while all others go.
	m.mend(t)
	const gone = "healthy.demo pager RasphoneShareMissing"
	m.host(t, "healthy.demo").RemoveShare("ADMIN$")
	ever := append(faults, gone)
	s.await(t, "with every fault mended", []string{gone}, ever)
	askDashboards(t, s.prometheus, begun)

	// The exporter's end is one page, not one for each server.
	m.stop()
	const absent = "pager RasphoneExporterAbsent"
	s.await(t, "without the exporter", []string{gone, absent}, append(ever, absent))
	if active := amAlerts(t, s.alertmanager); !slices.Equal(active, []string{absent}) {
		t.Errorf("without the exporter, Alertmanager notifies of %q", active)
	}
}

// checkServers: the table above has every server of the fleet.
func checkServers(t *testing.T, m *mendable) {
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

// stack is what stands between the exporter and the receivers.
type stack struct {
	prometheus, alertmanager string
	received                 *notified
}

// awaitQuiet waits until Prometheus has found exporter and Alertmanager. Its discovery takes five
// seconds, which nothing shortens, and so long the exporter is absent: that does not count.
func (s *stack) awaitQuiet(t *testing.T) {
	t.Helper()
	awaitQuery(t, s.prometheus, "count(rasphone_exporter_build_info)", "1")
	awaitEqual(t, "Alertmanagers that Prometheus knows", phaseLimit, []string{s.alertmanager + "/api/v2/alerts"}, func() []string {
		var answer struct {
			Data struct{ ActiveAlertmanagers []struct{ URL string } }
		}
		askJSON(t, s.prometheus+"/api/v1/alertmanagers", &answer)
		var urls []string
		for _, a := range answer.Data.ActiveAlertmanagers {
			urls = append(urls, a.URL)
		}
		return urls
	})
	awaitEqual(t, "before any fault, Prometheus or Alertmanager has", phaseLimit, nil, func() []string {
		return append(s.alerts(t, "pending", "firing"), amAlerts(t, s.alertmanager)...)
	})
	s.received.forget()
}

// await waits until the notices that were sent and are not over are the ones wanted, nothing
// is pending and Alertmanager has nothing else to tell; then nothing else may have been sent in between.
func (s *stack) await(t *testing.T, when string, firing, ever []string) {
	t.Helper()
	awaitEqual(t, when+", Prometheus is about to fire, or a receiver holds", phaseLimit, slices.Sorted(slices.Values(firing)), func() []string {
		_, got := s.received.get()
		return append(s.alerts(t, "pending"), got...)
	})
	var others []string
	for _, name := range amAlerts(t, s.alertmanager) {
		if !slices.Contains(firing, name) {
			others = append(others, name)
		}
	}
	if others != nil {
		t.Errorf("%s, Alertmanager notifies of %q as well", when, others)
	}
	sent, _ := s.received.get()
	if diff := cmp.Diff(ever, sent, sorted()); diff != "" {
		t.Errorf("%s, sent up to now (-want +got): %s", when, diff)
	}
}

// alerts returns the alerts that Prometheus has in one of the states.
func (s *stack) alerts(t *testing.T, states ...string) (all []string) {
	t.Helper()
	var answer struct {
		Data struct {
			Alerts []struct {
				Labels map[string]string
				State  string
			}
		}
	}
	askJSON(t, s.prometheus+"/api/v1/alerts", &answer)
	for _, a := range answer.Data.Alerts {
		if slices.Contains(states, a.State) {
			all = append(all, notice(a.Labels["instance"], a.State, a.Labels["alertname"]))
		}
	}
	return all
}

// awaitLetters waits for the mail about each server, and holds it against what a mail has to say.
func awaitLetters(t *testing.T, mails *mailServer, notices []string) {
	t.Helper()
	var want []string
	for _, n := range notices {
		if instance, alert, isMail := strings.Cut(n, " mail "); isMail {
			want = append(want, instance+" "+alert)
		}
	}
	awaitEqual(t, "mails", phaseLimit, want, func() []string {
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
		for _, text := range []string{instance + ": ", alert + ", warning, since ", "/runbooks/", ".md", "/d/rasphone-server?var-instance=" + instance} {
			if !strings.Contains(part, text) {
				return false
			}
		}
	}
	return true
}
