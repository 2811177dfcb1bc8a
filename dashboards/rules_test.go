package dashboards_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const (
	rulesFolder  = "rules"
	runbookURL   = "https://github.com/rasphone-exporter/rasphone_exporter/blob/main/dashboards/runbooks/"
	dashboardURL = "https://grafana.example/d/"
)

// Values that an alert takes from its series.
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
			Name  string `yaml:"name"`
			Rules []rule `yaml:"rules"`
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

// runPromtool runs promtool in the rules' folder, and returns its output.
func runPromtool(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "promtool", args...)
	c.Dir = rulesFolder
	output, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %s: %v (Debian's package prometheus has it)\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	output := runPromtool(t, "check", "rules", "--lint=all", "--lint-fatal", "recording.yml", "alerts.yml")
	if n := strings.Count(output, "SUCCESS"); n != 2 {
		t.Errorf("promtool accepts %d files, want 2:\n%s", n, output)
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

// announced is the name, severity and runbook of an alert.
type announced struct{ Alert, Severity, Runbook string }

func TestEveryAlertWithItsSeverityAndRunbook(t *testing.T) {
	want := []announced{
		{"RasphoneCause", severityOfLabel, causeOfLabel},
		{"RasphoneClockOff", "warning", "clock_off"},
		{"RasphoneConfigReloadFailed", "warning", "config_reload_failed"},
		{"RasphoneDialedEntryNotUsable", "critical", "entry_unusable"},
		{"RasphoneDialedEntryNotUsable", "warning", "entry_unusable"},
		{"RasphoneDialupAccessDenied", "critical", "dialup_access_denied"},
		{"RasphoneDialupFailing", "critical", "dialup_failing"},
		{"RasphoneDialupFailing", "warning", "dialup_failing"},
		{"RasphoneEventlogFull", "warning", "event_log_full"},
		{"RasphoneEventlogNotReadable", "warning", "event_log_not_readable"},
		{"RasphoneExporterAbsent", "critical", "exporter_absent"},
		{"RasphoneLoginFailing", "warning", "account_refused"},
		{"RasphonePhonebookDamaged", "critical", "phonebook_damaged"},
		{"RasphonePhonebookDamaged", "warning", "phonebook_damaged"},
		{"RasphonePhonebookElsewhere", "critical", "phonebook_elsewhere"},
		{"RasphonePhonebookElsewhere", "warning", "phonebook_elsewhere"},
		{"RasphonePhonebookMissing", "critical", "phonebook_missing"},
		{"RasphonePhonebookMissing", "warning", "phonebook_missing"},
		{"RasphonePhonebookNotReadable", "critical", "phonebook_access_denied"},
		{"RasphonePhonebookNotReadable", "warning", "phonebook_locked"},
		{"RasphoneProbeNearTimeout", "warning", "probe_near_timeout"},
		{"RasphoneScrapeFailing", "critical", "scrape_failing"},
		{"RasphoneServiceNotRunning", "critical", "service_not_running"},
		{"RasphoneServiceNotRunning", "warning", "service_not_running"},
		{"RasphoneShareGoneAfterRestart", "warning", "admin_share_not_automatic"},
		{"RasphoneShareMissing", "critical", "admin_share_missing"},
		{"RasphoneShareNotAccessible", "critical", "server_out_of_resources"},
		{"RasphoneShareNotAccessible", "warning", "account_not_administrator"},
		{"RasphoneTargetNotAnswering", "critical", "target_not_answering"},
		{"RasphoneWindowNotCovered", "warning", "window_not_covered"},
	}
	var got []announced
	for _, r := range readRules(t, "alerts.yml") {
		page := strings.TrimSuffix(strings.TrimPrefix(r.Annotations["runbook_url"], runbookURL), ".md")
		got = append(got, announced{r.Alert, r.Labels["severity"], page})
	}
	slices.SortFunc(got, func(a, b announced) int {
		return strings.Compare(a.Alert+" "+a.Severity, b.Alert+" "+b.Severity)
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

// runbookSeverities returns the severities of a runbook's head.
func runbookSeverities(t *testing.T, texts map[string]string, page string) []string {
	t.Helper()
	text, ok := texts[page+".md"]
	if !ok {
		t.Errorf("no runbook %s.md", page)
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
	texts := readRunbooks(t)
	for _, r := range readRules(t, "alerts.yml") {
		if r.Alert == "RasphoneCause" {
			continue // has a test of its causes
		}
		page := strings.TrimSuffix(strings.TrimPrefix(r.Annotations["runbook_url"], runbookURL), ".md")
		severities := runbookSeverities(t, texts, page)
		if !slices.Contains(severities, r.Labels["severity"]) {
			t.Errorf("%s is %s, its runbook %s says %v", r.Alert, r.Labels["severity"], page, severities)
		}
	}
}

func TestAlertsHaveAllAnnotations(t *testing.T) {
	link := regexp.MustCompile(`https://github\.com/[^\s{]+/runbooks/(\w+)\.md`)
	texts := readRunbooks(t)
	for _, r := range readRules(t, "alerts.yml") {
		want := []string{"dashboard_url", "description", "runbook_url", "summary"}
		var got []string
		for name, text := range r.Annotations {
			if strings.TrimSpace(text) != "" {
				got = append(got, name)
			}
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				if _, ok := texts[m[1]+".md"]; !ok {
					t.Errorf("%s: %s has a link to the runbook %s, which does not exist", r.Alert, name, m[1])
				}
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: annotations (-want +got):\n%s", r.Alert, diff)
		}
		if r.For == "" || r.Labels["component"] != "rasphone" || len(r.Labels) != 2 {
			t.Errorf("%s: for %q, labels %v: want for, severity and component: rasphone", r.Alert, r.For, r.Labels)
		}
		if strings.Contains(r.Annotations["summary"], "{{") {
			t.Errorf("%s: the summary is %q, want a constant", r.Alert, r.Annotations["summary"])
		}
		if !strings.HasPrefix(r.Annotations["dashboard_url"], dashboardURL) {
			t.Errorf("%s: dashboard_url is %q, want %s...", r.Alert, r.Annotations["dashboard_url"], dashboardURL)
		}
	}
}

func TestEveryAlertIsSeenToFireAndNotToFire(t *testing.T) {
	type seen struct{ Fires, Rests bool }
	type key struct{ Alert, Severity string }
	fires, rests := make(map[key]bool), make(map[string]bool)
	for _, f := range unitTests(t) {
		var file struct {
			RuleFiles          []string `yaml:"rule_files"`
			EvaluationInterval string   `yaml:"evaluation_interval"`
			GroupEvalOrder     []string `yaml:"group_eval_order"`
			Tests              []struct {
				Name           string `yaml:"name"`
				Interval       string `yaml:"interval"`
				InputSeries    any    `yaml:"input_series"`
				PromQLExprTest any    `yaml:"promql_expr_test"`
				AlertRuleTest  []struct {
					EvalTime  string `yaml:"eval_time"`
					Alertname string `yaml:"alertname"`
					ExpAlerts []struct {
						ExpLabels      map[string]string `yaml:"exp_labels"`
						ExpAnnotations map[string]string `yaml:"exp_annotations"`
					} `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			} `yaml:"tests"`
		}
		readYAML(t, f, &file)
		for _, test := range file.Tests {
			for _, a := range test.AlertRuleTest {
				for _, e := range a.ExpAlerts {
					fires[key{a.Alertname, e.ExpLabels["severity"]}] = true
				}
				if len(a.ExpAlerts) == 0 {
					rests[a.Alertname] = true
				}
			}
		}
	}
	for _, r := range readRules(t, "alerts.yml") {
		severities := []string{r.Labels["severity"]}
		if severities[0] == severityOfLabel {
			severities = []string{"critical", "warning"}
		}
		for _, s := range severities {
			if diff := cmp.Diff(seen{true, true}, seen{fires[key{r.Alert, s}], rests[r.Alert]}); diff != "" {
				t.Errorf("unit tests of %s, %s (-want +got):\n%s", r.Alert, s, diff)
			}
		}
	}
}
