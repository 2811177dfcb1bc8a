package example_test

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
)

// The fields of Kubernetes' objects that the manifests use, and no other.

type object[Spec any] struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   metadata
	Spec       Spec
}

type metadata struct {
	Name   string
	Labels map[string]string
}

type deployment struct {
	Replicas int
	Strategy struct{ Type string }
	Selector struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	}
	Template struct {
		Metadata metadata
		Spec     pod
	}
}

type pod struct {
	AutomountServiceAccountToken  *bool              `yaml:"automountServiceAccountToken"`
	EnableServiceLinks            *bool              `yaml:"enableServiceLinks"`
	TerminationGracePeriodSeconds int                `yaml:"terminationGracePeriodSeconds"`
	SecurityContext               podSecurityContext `yaml:"securityContext"`
	Containers                    []container
	Volumes                       []struct {
		Name      string
		Projected struct {
			DefaultMode int `yaml:"defaultMode"`
			Sources     []struct {
				ConfigMap metadata `yaml:"configMap"`
				Secret    metadata
			}
		}
		PersistentVolumeClaim struct {
			ClaimName string `yaml:"claimName"`
		} `yaml:"persistentVolumeClaim"`
	}
}

type podSecurityContext struct {
	RunAsNonRoot   bool `yaml:"runAsNonRoot"`
	RunAsUser      int  `yaml:"runAsUser"`
	RunAsGroup     int  `yaml:"runAsGroup"`
	FSGroup        int  `yaml:"fsGroup"`
	SeccompProfile struct {
		Type string
	} `yaml:"seccompProfile"`
}

type container struct {
	Name  string
	Image string
	Args  []string
	Env   []struct{ Name, Value string }
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	SecurityContext containerSecurityContext `yaml:"securityContext"`
	LivenessProbe   probe                    `yaml:"livenessProbe"`
	ReadinessProbe  probe                    `yaml:"readinessProbe"`
	Resources       struct{ Requests, Limits map[string]string }
	VolumeMounts    []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type containerSecurityContext struct {
	AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
	Privileged               bool
	ReadOnlyRootFilesystem   bool `yaml:"readOnlyRootFilesystem"`
	Capabilities             struct{ Drop []string }
}

type probe struct {
	HTTPGet        struct{ Path, Port string } `yaml:"httpGet"`
	TimeoutSeconds int                         `yaml:"timeoutSeconds"`
}

type claim struct {
	AccessModes []string `yaml:"accessModes"`
	Resources   struct{ Requests map[string]string }
}

type networkPolicy struct {
	PodSelector podSelector `yaml:"podSelector"`
	PolicyTypes []string    `yaml:"policyTypes"`
	Ingress     []struct {
		From []struct {
			PodSelector podSelector `yaml:"podSelector"`
		}
		Ports []policyPort
	}
	Egress []struct {
		To []struct {
			IPBlock struct{ CIDR string } `yaml:"ipBlock"`
		}
		Ports []policyPort
	}
}

type podSelector struct {
	MatchLabels map[string]string `yaml:"matchLabels"`
}

type policyPort struct{ Protocol, Port string }

type service struct {
	Selector map[string]string
	Ports    []struct {
		Name       string
		Port       int
		TargetPort string `yaml:"targetPort"`
	}
}

type scrapeConfig struct {
	ScrapeInterval string `yaml:"scrapeInterval"`
	ScrapeTimeout  string `yaml:"scrapeTimeout"`
	HTTPSDConfigs  []struct {
		URL             string
		RefreshInterval string `yaml:"refreshInterval"`
	} `yaml:"httpSDConfigs"`
	StaticConfigs []struct{ Targets []string } `yaml:"staticConfigs"`
}

func readDeployment(t *testing.T) object[deployment] {
	t.Helper()
	var d object[deployment]
	decode(t, "kubernetes/deployment.yaml", &d)
	return d
}

func TestDeploymentIsHardened(t *testing.T) {
	spec := readDeployment(t).Spec.Template.Spec
	want := podSecurityContext{RunAsNonRoot: true, RunAsUser: 65534, RunAsGroup: 65534, FSGroup: 65534}
	want.SeccompProfile.Type = "RuntimeDefault"
	if diff := cmp.Diff(want, spec.SecurityContext); diff != "" {
		t.Error(diff)
	}
	no := false
	wantContainer := containerSecurityContext{AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: true}
	wantContainer.Capabilities.Drop = []string{"ALL"}
	for _, c := range spec.Containers {
		if diff := cmp.Diff(wantContainer, c.SecurityContext); diff != "" || c.Resources.Limits["memory"] == "" {
			t.Errorf("%s: memory limit %q\n%s", c.Name, c.Resources.Limits["memory"], diff)
		}
	}
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		t.Error("the account's token is mounted")
	}
	if mode := spec.Volumes[0].Projected.DefaultMode; mode != 0o440 {
		t.Errorf("mode of the password files: %o", mode)
	}
}

// TestDeploymentKeepsTheLockoutFile: on a volume that outlives the pod.
func TestDeploymentKeepsTheLockoutFile(t *testing.T) {
	spec := readDeployment(t).Spec.Template.Spec
	c := spec.Containers[0]
	env := map[string]string{}
	for _, e := range c.Env {
		env[e.Name] = e.Value
	}
	var pvc object[claim]
	decode(t, "kubernetes/persistentvolumeclaim.yaml", &pvc)
	mount, volume := c.VolumeMounts[1], spec.Volumes[1]
	if mount.ReadOnly || mount.Name != volume.Name || mount.MountPath != env["STATE_DIRECTORY"] || volume.PersistentVolumeClaim.ClaimName != pvc.Metadata.Name {
		t.Errorf("%v is mounted from %v, which is %s; STATE_DIRECTORY is %s", mount, volume, pvc.Metadata.Name, env["STATE_DIRECTORY"])
	}
	belowLimit(t, env["GOMEMLIMIT"], c.Resources.Limits["memory"])
}

// TestNetworkPolicy: it is for the Deployment's pods, and lets through what they need.
func TestNetworkPolicy(t *testing.T) {
	pod := readDeployment(t).Spec.Template
	var p object[networkPolicy]
	decode(t, "kubernetes/networkpolicy.yaml", &p)
	if diff := cmp.Diff(pod.Metadata.Labels, p.Spec.PodSelector.MatchLabels); diff != "" {
		t.Error(diff)
	}
	var in, out []policyPort
	for _, rule := range p.Spec.Ingress {
		if len(rule.From) == 0 {
			t.Error("everyone may come in")
		}
		in = append(in, rule.Ports...)
	}
	for _, rule := range p.Spec.Egress {
		out = append(out, rule.Ports...)
	}
	wantOut := []policyPort{{"UDP", "53"}, {"TCP", "53"}, {"TCP", "139"}, {"TCP", "445"}, {"UDP", "137"}}
	if diff := cmp.Diff(wantOut, out); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]policyPort{{"TCP", pod.Spec.Containers[0].Ports[0].Name}}, in); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(p.Spec.PolicyTypes, []string{"Ingress", "Egress"}) {
		t.Error(p.Spec.PolicyTypes)
	}
}

// TestKubernetesNames: what one object calls another by is that one's name.
func TestKubernetesNames(t *testing.T) {
	d := readDeployment(t)
	var s object[service]
	decode(t, "kubernetes/service.yaml", &s)
	pod := d.Spec.Template
	for _, selector := range []map[string]string{d.Spec.Selector.MatchLabels, s.Spec.Selector} {
		if diff := cmp.Diff(selector, pod.Metadata.Labels); diff != "" {
			t.Error(diff)
		}
	}
	port := pod.Spec.Containers[0].Ports[0]
	names := []string{s.Spec.Ports[0].TargetPort, pod.Spec.Containers[0].LivenessProbe.HTTPGet.Port, pod.Spec.Containers[0].ReadinessProbe.HTTPGet.Port}
	if diff := cmp.Diff([]string{port.Name, port.Name, port.Name}, names); diff != "" || port.ContainerPort != exporterPort {
		t.Errorf("port %d\n%s", port.ContainerPort, diff)
	}

	var k struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Namespace  string
		Resources  []string
		ConfigMaps []struct {
			Name  string
			Files []string
		} `yaml:"configMapGenerator"`
		Images []struct {
			Name    string
			NewName string `yaml:"newName"`
			NewTag  string `yaml:"newTag"`
		}
	}
	decode(t, "kubernetes/kustomization.yaml", &k)
	if sources := pod.Spec.Volumes[0].Projected.Sources; sources[0].ConfigMap.Name != k.ConfigMaps[0].Name || k.ConfigMaps[0].Files[0] != "rasphone.yml" {
		t.Errorf("%v is mounted, and %v made", sources, k.ConfigMaps)
	}
	if k.Images[0].Name != pod.Spec.Containers[0].Image {
		t.Errorf("the image's name is %s", pod.Spec.Containers[0].Image)
	}
	files, err := filepath.Glob("kubernetes/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	there := []string{"kustomization.yaml"}
	there = append(there, k.Resources...)
	for i, f := range files {
		files[i] = filepath.Base(f)
	}
	slices.Sort(there)
	if diff := cmp.Diff(files, there); diff != "" {
		t.Errorf("files there, and listed: %s", diff)
	}

	var probes, own object[scrapeConfig]
	decode(t, "kubernetes/scrapeconfig.yaml", &probes, &own)
	address := s.Metadata.Name + "." + k.Namespace + ".svc:" + strconv.Itoa(s.Spec.Ports[0].Port)
	want := (&url.URL{Scheme: "http", Host: address, Path: "/sd"}).String()
	if probes.Spec.HTTPSDConfigs[0].URL != want || own.Spec.StaticConfigs[0].Targets[0] != address {
		t.Errorf("%v and %v, expected %s", probes.Spec, own.Spec, want)
	}
}

// TestKubernetesConfiguration: the exporter takes the configuration of the ConfigMap.
func TestKubernetesConfiguration(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string][]byte{"rasphone.yml": read(t, "kubernetes/rasphone.yml"), "exch01.password": []byte("secret")} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(filepath.Join(folder, "rasphone.yml"), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if warnings := c.Warnings(); len(warnings) > 0 || len(c.Hosts()) != 1 {
		t.Error(warnings, c.Hosts())
	}
}
