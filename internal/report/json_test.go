package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const schemaFile = "probe.schema.json"

// TestJSON holds the JSON of every case against its golden file and the schema.
func TestJSON(t *testing.T) {
	schema := compileSchema(t)
	for name, r := range cases() {
		t.Run(name, func(t *testing.T) {
			text := jsonOf(t, r)
			golden(t, "probe_"+name+".json", text)
			if err := validate(t, schema, text); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("all, in their order", func(t *testing.T) {
		text := jsonOf(t, unreachable(), healthy())
		var got []Probe
		if err := json.Unmarshal([]byte(text), &got); err != nil || validate(t, schema, text) != nil {
			t.Fatal(err, text)
		}
		if len(got) != 2 || got[0].Target != "exch02:139" || got[1].Target != "exch01" {
			t.Error(text)
		}
	})
}

// TestSchemaRefuses: what the schema does not describe does not pass.
func TestSchemaRefuses(t *testing.T) {
	schema := compileSchema(t)
	sound := jsonOf(t, shareRemoved())
	for name, change := range map[string][2]string{
		"unknown key":   {`"target":`, `"surprise": 1, "target":`},
		"unknown state": {`"share_missing"`, `"share_lost"`},
		"time":          {`"1999-03-01T12:00:00Z"`, `"yesterday"`},
		"kind of step":  {`"kind": "fix"`, `"kind": "mend"`},
		"missing key":   {`"verdict": "CRITICAL",`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(sound, change[0], change[1], 1)
			if changed == sound {
				t.Fatalf("no %q in\n%s", change[0], sound)
			}
			if err := validate(t, schema, changed); err == nil {
				t.Error("passes")
			}
		})
	}
}

// TestSchemaAndStructs: the schema describes every key of the structs, and no other.
func TestSchemaAndStructs(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Type                 string                     `json:"type"`
		Description          string                     `json:"description"`
		AdditionalProperties *bool                      `json:"additionalProperties"`
		Required             []string                   `json:"required"`
		Properties           map[string]json.RawMessage `json:"properties"`
	}
	var schema struct {
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	described := 0
	for name, form := range map[string]any{
		"probe": Probe{}, "step": Step{}, "server": Server{}, "share": Share{}, "phonebook": Phonebook{}, "entry": Entry{},
		"finding": LintFinding{}, "count": LintCount{}, "dialed_entry": DialedEntry{}, "eventlog": Eventlog{}, "window": Window{},
		"failure_count": FailureCount{}, "last_failure": LastFailure{}, "companion": Companion{}, "host": Host{}, "service": Service{},
		"registry": Registry{}, "registry_number": RegistryNumber{}, "registry_text": RegistryText{}, "network_card": NetworkCard{},
		"cause": Cause{}, "remedy_step": RemedyStep{}, "registry_change": RegistryChange{}, "ruled_out": RuledOut{},
	} {
		described++
		o := schema.Defs[name]
		var keys, always []string
		for field := range reflect.TypeOf(form).Fields() {
			key, option, optional := strings.Cut(field.Tag.Get("json"), ",")
			if keys = append(keys, key); !optional {
				always = append(always, key)
			} else if option != "omitzero" && option != "omitempty" {
				t.Errorf("%s.%s: %q", name, key, option)
			}
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(keys)), slices.Sorted(maps.Keys(o.Properties))); diff != "" {
			t.Errorf("%s (-structs +schema):\n%s", name, diff)
		}
		slices.Sort(always)
		slices.Sort(o.Required)
		if diff := cmp.Diff(always, o.Required); diff != "" {
			t.Errorf("%s: keys that are always there (-structs +schema):\n%s", name, diff)
		}
		if o.AdditionalProperties == nil || *o.AdditionalProperties || o.Type != "object" || o.Description == "" {
			t.Errorf("%s lets other keys pass, or says nothing of itself", name)
		}
		for key, property := range o.Properties {
			var p struct {
				Description string `json:"description"`
				Ref         string `json:"$ref"`
			}
			if err := json.Unmarshal(property, &p); err != nil || p.Description == "" && p.Ref == "" {
				t.Errorf("%s.%s is not described (%v)", name, key, err)
			}
		}
	}
	if described != len(schema.Defs) {
		t.Errorf("the schema has %d objects, and %d structs are held against it", len(schema.Defs), described)
	}
}

// TestSchemaStates: the schema knows every state.
func TestSchemaStates(t *testing.T) {
	schema := compileSchema(t)
	for _, state := range smbprobe.ShareStates() {
		r := unreachable()
		r.Share = state
		if err := validate(t, schema, jsonOf(t, r)); err != nil {
			t.Error(state, err)
		}
	}
	for _, state := range smbprobe.PhonebookStates() {
		r := healthy()
		r.Phonebook.State = state
		if err := validate(t, schema, jsonOf(t, r)); err != nil {
			t.Error(state, err)
		}
	}
}

func jsonOf(t *testing.T, results ...*smbprobe.Result) string {
	t.Helper()
	var all []*Probe
	for _, r := range results {
		all = append(all, NewProbe(r))
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, all); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}
