package example_test

import (
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type compose struct {
	Services map[string]*composeService
	Volumes  map[string]any
}

type composeService struct {
	Build struct {
		Context string
	}
	Image           string
	Command         []string
	Environment     map[string]string
	Ports           []string
	Volumes         []string
	ReadOnly        bool     `yaml:"read_only"`
	CapDrop         []string `yaml:"cap_drop"`
	SecurityOpt     []string `yaml:"security_opt"`
	Restart         string
	StopGracePeriod string `yaml:"stop_grace_period"`
	MemLimit        string `yaml:"mem_limit"`
	Ulimits         map[string]int
	DependsOn       []string `yaml:"depends_on"`
}

// containerPort is the port that a service listens on, inside.
func (s *composeService) containerPort() string {
	return s.Ports[0][strings.LastIndex(s.Ports[0], ":")+1:]
}

// outside finds the file or folder here that a path inside of a service's container is.
func (s *composeService) outside(path string) (string, bool) {
	for _, v := range s.Volumes {
		parts := strings.Split(v, ":")
		if rest, ok := strings.CutPrefix(path, parts[1]+"/"); ok && strings.HasPrefix(parts[0], ".") {
			return filepath.Join(parts[0], rest), true
		}
	}
	return "", false
}

func readCompose(t *testing.T) compose {
	t.Helper()
	var c compose
	decode(t, "compose.yaml", &c)
	return c
}

func TestComposeIsHardened(t *testing.T) {
	for name, s := range readCompose(t).Services {
		if !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s: capabilities %v, %v", name, s.CapDrop, s.SecurityOpt)
		}
		if len(s.Ports) != 1 || !strings.HasPrefix(s.Ports[0], "127.0.0.1:") {
			t.Errorf("%s: ports %v, expected one on the loopback address", name, s.Ports)
		}
		if _, tag, _ := strings.Cut(s.Image, ":"); s.Build.Context == "" && (tag == "" || tag == "latest") {
			t.Errorf("%s: image %s has no fixed version", name, s.Image)
		}
	}
}

// TestComposeKeepsTheLockoutFile: on a volume, at the place that the image names.
func TestComposeKeepsTheLockoutFile(t *testing.T) {
	s := readCompose(t).Services["exporter"]
	dockerfile := string(read(t, filepath.Join(s.Build.Context, "Dockerfile")))
	_, rest, _ := strings.Cut(dockerfile, "\nENV STATE_DIRECTORY=")
	folder, _, _ := strings.Cut(rest, "\n")
	if !slices.Contains(s.Volumes, "exporter:"+folder) || !strings.Contains(dockerfile, "--chown=65534:65534 /state "+folder+"\n") {
		t.Errorf("volumes %q, and the image keeps its state in %q", s.Volumes, folder)
	}
	if core, ok := s.Ulimits["core"]; !ok || core != 0 {
		t.Errorf("core files of %d bytes", core)
	}
	belowLimit(t, s.Environment["GOMEMLIMIT"], s.MemLimit)
}

func TestComposeMountsWhatIsThere(t *testing.T) {
	c := readCompose(t)
	if _, err := os.Stat(filepath.Join(c.Services["exporter"].Build.Context, "Dockerfile")); err != nil {
		t.Error(err)
	}
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			source, rest, _ := strings.Cut(v, ":")
			if !strings.HasPrefix(source, ".") {
				if _, ok := c.Volumes[source]; !ok {
					t.Errorf("%s: no volume %s", name, source)
				}
				continue
			}
			if info, err := os.Stat(source); err != nil || !info.IsDir() || !strings.HasSuffix(rest, ":ro") {
				t.Errorf("%s: %s is no folder, or is mounted to be written: %v", name, v, err)
			}
		}
	}
}

func TestComposeNamesFilesThatAreMounted(t *testing.T) {
	c := readCompose(t)
	grafana := c.Services["grafana"]
	paths := map[string]*composeService{
		grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]: grafana,
	}
	for _, name := range []string{"prometheus", "alertmanager"} {
		_, path, _ := strings.Cut(c.Services[name].Command[0], "--config.file=")
		paths[path] = c.Services[name]
	}
	var providers struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name           string
			Folder         string
			FolderUID      string `yaml:"folderUid"`
			Type           string
			AllowUIUpdates bool `yaml:"allowUiUpdates"`
			Options        struct{ Path string }
		}
	}
	decode(t, "grafana/dashboards/rasphone.yaml", &providers)
	paths[providers.Providers[0].Options.Path+"/server.json"] = grafana
	if len(paths) != 4 {
		t.Fatalf("%d paths", len(paths))
	}
	for path, s := range paths {
		file, ok := s.outside(path)
		if info, err := os.Stat(file); !ok || err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %q here, which is no file: %v", path, file, err)
		}
	}
}

// TestComposeAddresses: each address that one service has for another names a service, and
// the port that it listens on.
func TestComposeAddresses(t *testing.T) {
	c := readCompose(t)
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			IsDefault                    bool           `yaml:"isDefault"`
			Editable                     bool           `yaml:"editable"`
			JSONData                     map[string]any `yaml:"jsonData"`
		}
	}
	decode(t, "grafana/datasources/prometheus.yaml", &sources)
	var addresses []string
	for _, s := range sources.Datasources {
		addresses = append(addresses, host(t, s.URL))
	}
	type static []struct{ Targets []string }
	var prometheus struct {
		Alerting struct {
			Alertmanagers []struct {
				Static static `yaml:"static_configs"`
			}
		}
		Scrapes []struct {
			Job    string                 `yaml:"job_name"`
			Static static                 `yaml:"static_configs"`
			HTTP   []struct{ URL string } `yaml:"http_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(read(t, "prometheus/prometheus.yml"), &prometheus); err != nil {
		t.Fatal(err)
	}
	add := func(s static) {
		for _, group := range s {
			addresses = append(addresses, group.Targets...)
		}
	}
	for _, a := range prometheus.Alerting.Alertmanagers {
		add(a.Static)
	}
	for _, s := range prometheus.Scrapes {
		add(s.Static)
		for _, sd := range s.HTTP {
			addresses = append(addresses, host(t, sd.URL))
		}
	}
	if len(addresses) != 6 {
		t.Errorf("%d addresses: %q", len(addresses), addresses)
	}
	for _, address := range addresses {
		name, port, err := net.SplitHostPort(address)
		if name == "localhost" {
			name = "prometheus" // which watches itself
		}
		if s := c.Services[name]; err != nil || s == nil || s.containerPort() != port {
			t.Errorf("%s: no such service, or another port: %v", address, err)
		}
	}
}

func host(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// TestComposeLinks: the links that Prometheus, Alertmanager and alerts have lead to the ports
// that the services publish.
func TestComposeLinks(t *testing.T) {
	c := readCompose(t)
	links := map[string]string{
		"prometheus":   option(c.Services["prometheus"], "--web.external-url="),
		"alertmanager": option(c.Services["alertmanager"], "--web.external-url="),
		"exporter":     option(c.Services["exporter"], "--web.external-address="),
		"grafana":      c.Services["grafana"].Environment["GF_SERVER_ROOT_URL"],
	}
	for name, link := range links {
		published, _, _ := strings.Cut(strings.TrimPrefix(c.Services[name].Ports[0], "127.0.0.1:"), ":")
		if got := host(t, link); got != "localhost:"+published {
			t.Errorf("%s: links lead to %q, and it is at localhost:%s", name, link, published)
		}
	}
	grafana := strings.TrimSuffix(links["grafana"], "/")
	if !strings.Contains(string(read(t, "../rules/alerts.yml")), "dashboard_url: "+grafana+"/d/") {
		t.Errorf("alerts do not link to Grafana at %s", grafana)
	}
}

// option returns the value of an option of a service's command.
func option(s *composeService, name string) string {
	for _, argument := range s.Command {
		if value, found := strings.CutPrefix(argument, name); found {
			return value
		}
	}
	return ""
}

// TestComposePrometheus: promtool takes the configuration and, where the container has
// them, the rules.
func TestComposePrometheus(t *testing.T) {
	text := string(read(t, "prometheus/prometheus.yml"))
	for _, inside := range []string{"/etc/prometheus-rules/*.yml", "/etc/prometheus/watchdog.yml"} {
		rules, ok := readCompose(t).Services["prometheus"].outside(inside)
		if !ok {
			t.Fatalf("%s is not mounted", inside)
		}
		rules, err := filepath.Abs(rules)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, inside) {
			t.Fatalf("no %s in prometheus.yml", inside)
		}
		text = strings.Replace(text, inside, rules, 1)
	}
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "promtool", "check", "config", file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "3 rule files found") {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
