package dashboards_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	rulesFolder = "rules"
	runbookURL  = "https://github.com/rasphone-exporter/rasphone_exporter/blob/main/dashboards/runbooks/"
)

// Values that an alert takes from the series that it rests on.
const (
	severityOfLabel = "{{ $labels.severity }}"
	causeOfLabel    = "{{ $labels.cause }}"
)

type rule struct {
	Record        string            `yaml:"record"`
	Alert         string            `yaml:"alert"`
	Expr          string            `yaml:"expr"`
	For           string            `yaml:"for"`
	KeepFiringFor string            `yaml:"keep_firing_for"`
	Labels        map[string]string `yaml:"labels"`
	Annotations   map[string]string `yaml:"annotations"`
}

// readYAML reads a file of the rules' folder; a key that is not in v is an error.
func readYAML(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(rulesFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// readRules returns the rules of a file, in their order.
func readRules(t *testing.T, name string) []rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name     string `yaml:"name"`
			Interval string `yaml:"interval"`
			Rules    []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	readYAML(t, name, &file)
	var rules []rule
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	if len(rules) == 0 {
		t.Fatalf("no rules in %s", name)
	}
	return rules
}

// unitTests returns the names of the files with promtool's unit tests, below the rules' folder.
func unitTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(rulesFolder, "tests", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("unit tests of the rules: %v, %v", files, err)
	}
	for i, f := range files {
		files[i] = filepath.Join("tests", filepath.Base(f))
	}
	return files
}

// runPromtool runs promtool in the rules' folder, and returns what it says.
func runPromtool(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), *promtool, args...)
	c.Dir = rulesFolder
	said, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %s: %v (Debian's package prometheus has it)\n%s", strings.Join(args, " "), err, said)
	}
	return string(said)
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	said := runPromtool(t, "check", "rules", "--lint=all", "--lint-fatal", "recording.yml", "alerts.yml")
	if n := strings.Count(said, "SUCCESS"); n != 2 {
		t.Errorf("promtool is content with %d files, want 2:\n%s", n, said)
	}
}

func TestPromtoolUnitTests(t *testing.T) {
	for _, f := range unitTests(t) {
		t.Run(filepath.Base(f), func(t *testing.T) {
			t.Parallel()
			runPromtool(t, "test", "rules", f)
		})
	}
}

// announced is what is written down of an alert: name, severity, runbook.
type announced struct{ Alert, Severity, Runbook string }

func TestEveryAlertWithItsSeverityAndRunbook(t *testing.T) {
	want := []announced{
		{"RasphoneCause", severityOfLabel, causeOfLabel},
		{"RasphoneClockOff", "warning", "clock_off"},
		{"RasphoneConfigReloadFailed", "warning", "config_reload_failed"},
		{"RasphoneDialedEntryNotUsable", severityOfLabel, "entry_unusable"},
		{"RasphoneDialupAccessDenied", "critical", "dialup_access_denied"},
		{"RasphoneDialupFailing", severityOfLabel, "dialup_failing"},
		{"RasphoneEventlogFull", severityOfLabel, "event_log_full"},
		{"RasphoneEventlogNotReadable", severityOfLabel, "event_log_not_readable"},
		{"RasphoneExporterAbsent", "critical", "exporter_absent"},
		{"RasphoneFleetLoginFailing", "critical", "account_refused"},
		{"RasphoneLoginFailing", "warning", "account_refused"},
		{"RasphoneNotOK", "warning", "not_ok"},
		{"RasphoneNotProbed", "critical", "scrape_failing"},
		{"RasphoneNothingProbed", "critical", "scrape_failing"},
		{"RasphonePhonebookDamaged", severityOfLabel, "phonebook_damaged"},
		{"RasphonePhonebookElsewhere", severityOfLabel, "phonebook_elsewhere"},
		{"RasphonePhonebookMissing", severityOfLabel, "phonebook_missing"},
		{"RasphonePhonebookNotReadable", "critical", "phonebook_access_denied"},
		{"RasphonePhonebookNotReadable", "warning", "phonebook_locked"},
		{"RasphoneProbeNearTimeout", "warning", "probe_near_timeout"},
		{"RasphoneResultsOld", "critical", "scrape_failing"},
		{"RasphoneResultsOld", "warning", "clock_off"},
		{"RasphoneScrapeFailing", "critical", "scrape_failing"},
		{"RasphoneServiceNotRunning", "critical", "service_not_running"},
		{"RasphoneServiceNotRunning", "warning", "service_not_running"},
		{"RasphoneShareGoneAfterRestart", "warning", "admin_share_not_automatic"},
		{"RasphoneShareMissing", "critical", "admin_share_missing"},
		{"RasphoneShareNotAccessible", "critical", "server_out_of_resources"},
		{"RasphoneShareNotAccessible", "warning", "account_not_administrator"},
		{"RasphoneSiteDark", "critical", "exporter_absent"},
		{"RasphoneTargetNotAnswering", "critical", "target_not_answering"},
		{"RasphoneWindowNotCovered", "warning", "window_not_covered"},
	}
	var got []announced
	for _, r := range readRules(t, "alerts.yml") {
		got = append(got, announced{r.Alert, r.Labels["severity"], r.runbook()})
	}
	slices.SortFunc(got, func(a, b announced) int {
		return strings.Compare(a.Alert+" "+a.Severity, b.Alert+" "+b.Severity)
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-wanted +there):\n%s", diff)
	}
}

// runbook returns the page of an alert that brings none of its cause.
func (r *rule) runbook() string {
	m := regexp.MustCompile(`^\{\{ \$page := (?:"(\w+)"|(\$labels\.cause)) \}\}`).FindStringSubmatch(r.Annotations["runbook_url"])
	switch {
	case m == nil:
		return "none"
	case m[2] != "":
		return causeOfLabel
	}
	return m[1]
}

// runbookSeverities returns the severities in a runbook's second line.
func runbookSeverities(t *testing.T, page string) []string {
	t.Helper()
	text, ok := readRunbooks(t)[page+".md"]
	if !ok {
		t.Errorf("there is no runbook %s.md", page)
		return nil
	}
	m := regexp.MustCompile(`(?m)^Severity: ([a-z, ]+)\. `).FindStringSubmatch(text)
	if m == nil {
		t.Errorf("the runbook %s.md has no line of severity", page)
		return nil
	}
	return strings.Split(m[1], ", ")
}

func TestRunbooksHaveTheSeverityOfTheirAlert(t *testing.T) {
	for _, r := range readRules(t, "alerts.yml") {
		if strings.Contains(r.Labels["severity"], "{{") {
			continue // the cause's, with the runbook of the cause
		}
		if r.Alert == "RasphoneFleetLoginFailing" {
			continue // graver than the cause is for one server
		}
		if severities := runbookSeverities(t, r.runbook()); !slices.Contains(severities, r.Labels["severity"]) {
			t.Errorf("%s is %s, its runbook %s says %v", r.Alert, r.Labels["severity"], r.runbook(), severities)
		}
	}
}

// actions are the parts of a template that are no text.
var actions = regexp.MustCompile(`\{\{-?.*?-?\}\}`)

func TestAlertsHaveAllAnnotations(t *testing.T) {
	var grafana []string
	for _, r := range readRules(t, "alerts.yml") {
		want := []string{"dashboard_url", "description", "runbook_url", "summary"}
		text := strings.Contains(r.Annotations["summary"], "rasphone_text:info")
		if strings.Contains(r.Annotations["dashboard_url"], "instance") {
			want = append(want, "exporter_url")
		}
		if text {
			want = append(want, "fix")
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(r.Annotations))); diff != "" {
			t.Errorf("%s: annotations (-wanted +there):\n%s", r.Alert, diff)
		}
		if r.Labels["component"] != "rasphone" || len(r.Labels) != 2 {
			t.Errorf("%s: labels %v: want severity and component: rasphone", r.Alert, r.Labels)
		}
		if s := strings.TrimSpace(actions.ReplaceAllString(r.Annotations["summary"], "")); len(s) < 15 && r.Alert != "RasphoneCause" {
			t.Errorf("%s: without its cause's text the summary is %q", r.Alert, s)
		}
		if !strings.Contains(r.Annotations["runbook_url"], runbookURL+"{{ $page }}.md") {
			t.Errorf("%s: without an exporter's URL there is no link to the runbook: %s", r.Alert, r.Annotations["runbook_url"])
		}
		base, _, ok := strings.Cut(r.Annotations["dashboard_url"], "/d/rasphone-")
		if !ok {
			t.Errorf("%s: dashboard_url is %q", r.Alert, r.Annotations["dashboard_url"])
		}
		grafana = append(grafana, base)
	}
	if grafana = slices.Compact(grafana); len(grafana) != 1 {
		t.Errorf("dashboard_url has the addresses %q, want one: make rules GRAFANA=URL", grafana)
	}
}

// TestWaitsOutliveARestart: Prometheus restores a "for" at its restart if it is at least
// --rules.alert.for-grace-period, ten minutes. Of a shorter one the alert would wait again,
// for longer than Alertmanager remembers it, four minutes, and end and page again.
func TestWaitsOutliveARestart(t *testing.T) {
	for _, r := range readRules(t, "alerts.yml") {
		selects := strings.HasPrefix(r.Expr, "instance_fault:rasphone_fault:page{")
		if selects != (r.For == "") {
			t.Errorf("%s: for %q; faults wait in recording.yml, what is not one needs a wait", r.Alert, r.For)
		}
		if r.For == "" {
			continue
		}
		wait, err := model.ParseDuration(r.For)
		if err != nil {
			t.Fatal(err)
		}
		if wait := time.Duration(wait); wait > time.Minute && wait < 10*time.Minute {
			t.Errorf("%s waits for %s, which Prometheus forgets at its restart", r.Alert, wait)
		}
	}
}

func TestMakeRulesSetsTheAddressOfGrafana(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(rulesFolder, "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "alerts.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "make", "--no-print-directory", "-C", "..", "rules", "GRAFANA=https://grafana.corp.example/sub/", "RULE_FILES="+file)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("make rules: %v\n%s", err, output)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(string(text), "dashboard_url: http://localhost:3000/d/", "dashboard_url: https://grafana.corp.example/sub/d/")
	if diff := cmp.Diff(want, string(got)); diff != "" || want == string(text) {
		t.Errorf("make rules (-want +got):\n%s", diff)
	}
}

// TestQueriesInAnnotationsIdentifyTheServer: two servers of one name at two sites are two, and
// no alert queries anything if so many fire that it would take too long.
func TestQueriesInAnnotationsIdentifyTheServer(t *testing.T) {
	query := regexp.MustCompile("(with (?:and \\$value \\()?)query \\(printf `([^`]+)`([^)]*)\\)")
	for _, r := range readRules(t, "alerts.yml") {
		perServer := strings.Contains(r.Annotations["dashboard_url"], "instance")
		for name, text := range r.Annotations {
			found := query.FindAllStringSubmatch(text, -1)
			if len(found) != strings.Count(text, "query (") {
				t.Errorf("%s: %s has a query that this test does not know", r.Alert, name)
			}
			for _, m := range found {
				if perServer && m[1] != "with and $value (" {
					t.Errorf("%s: %s has a query for each of any number of servers: %s", r.Alert, name, m[0])
				}
				if strings.HasPrefix(m[2], "site:") {
					continue
				}
				for _, label := range []string{"instance", "job", "site"} {
					if !strings.Contains(m[2], label+"=%q") || !strings.Contains(m[3], "$labels."+label) {
						t.Errorf("%s: %s asks for a server without its %s: %s", r.Alert, name, label, m[0])
					}
				}
			}
		}
	}
}

func TestEveryAlertIsSeenToFire(t *testing.T) {
	fires := make(map[string]bool)
	for _, f := range scenarioFiles {
		for _, s := range f.scenarios {
			for _, x := range s.fires {
				fields := strings.Fields(x.alert)
				fires[fields[0]+" "+fields[1]] = true
			}
		}
	}
	// Their causes are warnings alone.
	rare := []string{"RasphoneEventlogFull critical", "RasphoneEventlogNotReadable critical"}
	for _, r := range readRules(t, "alerts.yml") {
		severities := []string{r.Labels["severity"]}
		if severities[0] == severityOfLabel {
			severities = []string{"critical", "warning"}
		}
		for _, s := range severities {
			if name := r.Alert + " " + s; !fires[name] && !slices.Contains(rare, name) {
				t.Errorf("%s fires in no scenario", name)
			}
		}
	}
}

func TestRulesNameMetricsThatExist(t *testing.T) {
	known := make(map[string]bool)
	for _, m := range collector.Metrics() {
		known[m.Name] = true
	}
	recording, alerts := readRules(t, "recording.yml"), readRules(t, "alerts.yml")
	uses := make(map[string]bool)
	for _, r := range slices.Concat(recording, alerts) {
		known[r.Record] = true
	}
	name := regexp.MustCompile(`[\w:]*\b(?:rasphone|probe)[_:][\w:]+`)
	for _, r := range slices.Concat(recording, alerts) {
		used := func(n string) {
			if r.Record != n {
				uses[n] = true
			}
		}
		for _, text := range r.Annotations {
			for _, n := range name.FindAllString(text, -1) {
				used(n)
			}
		}
		for _, n := range name.FindAllString(r.Expr, -1) {
			used(n)
			if !known[n] {
				t.Errorf("%s%s rests on %s, which neither the exporter nor a rule makes", r.Record, r.Alert, n)
			}
		}
	}
	forOthers := []string{ // dashboards and users
		"instance:rasphone_available:ratio30d", "instance:rasphone_verdict:since", "instance_cause:rasphone_diagnosis:since", "site:rasphone_verdict:count",
	}
	for _, r := range recording {
		if !uses[r.Record] && !slices.Contains(forOthers, r.Record) {
			t.Errorf("nothing uses %s", r.Record)
		}
	}
}

func TestRulesNameStatesThatExist(t *testing.T) {
	known := make(map[string]bool)
	for _, s := range smbprobe.ShareStates() {
		known[string(s)] = true
	}
	for _, s := range smbprobe.PhonebookStates() {
		known[string(s)] = true
	}
	state := regexp.MustCompile(`\bstate(?:=~|!~|!=|=)\\?"([^"\\]+)`)
	named := 0
	for _, r := range slices.Concat(readRules(t, "recording.yml"), readRules(t, "alerts.yml")) {
		for _, m := range state.FindAllStringSubmatch(r.Expr+r.Annotations["description"], -1) {
			for s := range strings.SplitSeq(m[1], "|") {
				named++
				if !known[s] {
					t.Errorf("%s%s rests on the state %s, which does not exist", r.Record, r.Alert, s)
				}
			}
		}
	}
	if named == 0 {
		t.Error("no state was found in any rule")
	}
}
