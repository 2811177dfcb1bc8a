package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"log"
	"log/slog"
	"strings"
	"testing"
	texttemplate "text/template"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const password = "hunter2-äß"

// forms are the spellings that printing a string can give it.
func forms() []string {
	return []string{
		password,
		"hunter2", // of any form that escapes the other letters
		fmt.Sprintf("%x", password), fmt.Sprintf("%X", password), fmt.Sprintf("% x", password), fmt.Sprintf("%#x", password),
		fmt.Sprint([]byte(password)), fmt.Sprintf("%o", []byte(password)), fmt.Sprintf("%b", []byte(password)),
		"aHVudGVyMi", // base64
	}
}

func check(t *testing.T, how, out string) {
	t.Helper()
	if out == "" {
		t.Errorf("%s: no output", how)
	}
	for _, form := range forms() {
		if strings.Contains(out, form) {
			t.Errorf("%s has the password in it, as %q: %s", how, form, out)
		}
	}
}

type exported struct{ Password Secret }

type unexported struct{ password Secret }

type embedded struct{ Secret }

type pointers struct {
	Password *Secret
	password *Secret
}

type deep struct {
	Outer  exported
	outer  *unexported
	secret any
}

// values has a secret in everything that can hold one.
func values() map[string]any {
	s := New(password)
	return map[string]any{
		"value": s, "pointer": &s, "exported field": exported{s}, "unexported field": unexported{s}, "embedded": embedded{s},
		"pointer to exported": &exported{s}, "pointer to unexported": &unexported{s}, "pointer fields": pointers{&s, &s},
		"deep": deep{exported{s}, &unexported{s}, s}, "slice": []Secret{s}, "slice of pointers": []*Secret{&s}, "array": [1]Secret{s},
		"map": map[string]Secret{"k": s}, "map of structs": map[string]unexported{"k": {s}},
		"any": []any{s, &s}, "function": func() Secret { return s },
	}
}

func TestFmt(t *testing.T) {
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%+q", "%x", "%X", "% x", "%#x", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%p", "%T", "%w", "%z", "%100v", "%.3s", "%-5d", "no verb", "%d %!", "%[2]v"}
	for name, v := range values() {
		for _, verb := range verbs {
			check(t, name+" "+verb, fmt.Sprintf(verb, v))
		}
		check(t, name+" Sprint", fmt.Sprint(v))
		check(t, name+" Sprintln", fmt.Sprintln(v))
		check(t, name+" as width", fmt.Sprintf("%*d", v, 1))
		check(t, name+" Errorf", fmt.Errorf("login with %v: %w", v, errors.ErrUnsupported).Error())
		check(t, name+" Append", string(fmt.Append(nil, v)))
		var out bytes.Buffer
		log.New(&out, "", 0).Printf("%+v", v)
		check(t, name+" log", out.String())
	}
}

// Where fmt may call methods, it prints the mask and not an address.
func TestFmtMask(t *testing.T) {
	s := New(password)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, s); got != Masked {
			t.Errorf("%s: %s", verb, got)
		}
		if got := fmt.Sprintf(verb, &s); got != Masked {
			t.Errorf("%s of a pointer: %s", verb, got)
		}
	}
	if s.String() != Masked || s.GoString() != Masked {
		t.Errorf("String %s, GoString %s", s.String(), s.GoString())
	}
}

func TestSlog(t *testing.T) {
	for name, v := range values() {
		var text, jsonOut bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("login", "auth", v, slog.Group("g", "v", v))
		slog.New(slog.NewJSONHandler(&jsonOut, nil)).With("w", v).Info("login", "auth", v)
		check(t, name+" text", text.String())
		check(t, name+" JSON", jsonOut.String())
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("login", "auth", New(password))
	if !strings.Contains(out.String(), `auth=`+Masked) && !strings.Contains(out.String(), `auth="`+Masked+`"`) {
		t.Errorf("no mask: %s", out.String())
	}
}

func TestMarshalers(t *testing.T) {
	for _, name := range []string{
		"value", "pointer", "exported field", "unexported field", "embedded", "pointer to exported", "pointer fields", "slice", "slice of pointers", "array", "map", "any",
	} {
		v := values()[name]
		out, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Errorf("%s JSON: %v", name, err)
		}
		check(t, name+" JSON", string(out))
		out, err = yaml.Marshal(v)
		if err != nil {
			t.Errorf("%s YAML: %v", name, err)
		}
		check(t, name+" YAML", string(out))
	}
	s := New(password)
	want := map[string]string{"json": `"\u003csecret\u003e"`, "yaml": "<secret>\n", "xml": "<Secret>&lt;secret&gt;</Secret>", "text": Masked}
	got := map[string]string{}
	for kind, marshal := range map[string]func(any) ([]byte, error){
		"json": json.Marshal, "yaml": yaml.Marshal, "xml": xml.Marshal,
		"text": func(v any) ([]byte, error) { return v.(Secret).MarshalText() },
	} {
		out, err := marshal(s)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		got[kind] = string(out)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTemplates(t *testing.T) {
	const source = `{{.}} {{printf "%s %v %q %x" . . . .}} {{print .}} {{println .}} {{html .}} {{js .}} {{urlquery .}}`
	for name, v := range values() {
		if name == "function" {
			continue // templates do not print functions
		}
		var out bytes.Buffer
		if err := texttemplate.Must(texttemplate.New("").Parse(source)).Execute(&out, v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		check(t, name+" text/template", out.String())
		out.Reset()
		page := `<p title="{{.}}">{{.}}</p><script>var x = {{.}};</script><a href="/?q={{.}}">`
		err := htmltemplate.Must(htmltemplate.New("").Parse(page)).Execute(&out, v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		check(t, name+" html/template", out.String())
	}
}

func TestCmpDiff(t *testing.T) {
	if diff := cmp.Diff(exported{New(password)}, exported{New("other")}); diff == "" {
		t.Error("no difference")
	} else {
		check(t, "cmp", diff)
	}
	if diff := cmp.Diff(exported{New(password)}, exported{New(password)}); diff != "" {
		t.Error("the same password differs")
	}
}

func TestSecret(t *testing.T) {
	var zero Secret
	if zero.Reveal() != "" || !zero.IsZero() || !New("").IsZero() {
		t.Error("the zero secret is not empty")
	}
	if fmt.Sprint(zero) != Masked {
		t.Error("the zero secret shows that it is empty")
	}
	s := New(password)
	if s.Reveal() != password || s.IsZero() {
		t.Error("the password is lost")
	}
	for _, tt := range []struct {
		a, b Secret
		want bool
	}{
		{s, New(password), true}, {s, New("hunter2"), false}, {s, zero, false}, {zero, New(""), true}, {New("a"), New("b"), false},
	} {
		if tt.a.Equal(tt.b) != tt.want || tt.b.Equal(tt.a) != tt.want {
			t.Errorf("Equal is not %v", tt.want)
		}
	}
}
