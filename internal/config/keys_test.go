package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shapeKeys walks the shape of the file, and gives the path of each key to its
// value as the file would spell it.
func shapeKeys(path string, v reflect.Value, keys map[string]string) {
	if v.CanAddr() {
		if _, ok := v.Addr().Interface().(leaf); ok {
			keys[path] = spelled(v.Interface())
			return
		}
	}
	switch v.Kind() {
	case reflect.Map:
		name := ".<name>"
		if v.Type().Elem() == reflect.TypeFor[text]() {
			name = ".<label>"
		}
		shapeKeys(path+name, reflect.New(v.Type().Elem()).Elem(), keys)
	case reflect.Slice:
		if list, ok := v.Interface().([]text); ok {
			keys[path] = spelled(list)
			return
		}
		shapeKeys(path+"[]", reflect.New(v.Type().Elem()).Elem(), keys)
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(v.Type()) {
			if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "-" {
				shapeKeys(strings.TrimPrefix(path+"."+name, "."), v.FieldByIndex(f.Index), keys)
			}
		}
	}
}

func spelled(v any) string {
	switch v := v.(type) {
	case text:
		if v.given && v.value == "" {
			return `""`
		}
		return v.value
	case boolean:
		return v.value
	case number:
		return v.value
	case []text:
		if v == nil {
			return ""
		}
		values := make([]string, len(v))
		for i, t := range v {
			values[i] = t.value
		}
		return "[" + strings.Join(values, ", ") + "]"
	}
	return ""
}

func TestKeys(t *testing.T) {
	want := map[string]string{}
	shapeKeys("", reflect.New(reflect.TypeFor[fileConfig]()).Elem(), want)
	// What a configuration that sets nothing comes to.
	c := parse(t, "auths: {a: {username: u, password: hunter2}}\ntargets: [{hosts: [h], auth: a}]")
	module := c.file.Modules[DefaultModule]
	defaults := map[string]string{}
	shapeKeys("modules.<name>", reflect.ValueOf(&module).Elem(), defaults)
	for path, value := range defaults {
		if _, ok := want[path]; !ok {
			t.Errorf("%s is not in the shape of the file", path)
		}
		want[path] = value
	}
	want["auths.<name>.ntlm"] = c.file.Auths["a"].NTLM.value
	want["targets[].modules"] = spelled(c.file.Targets[0].Modules)

	got := map[string]string{}
	for _, k := range Keys() {
		if _, ok := got[k.Path]; ok {
			t.Errorf("%s is there twice", k.Path)
		}
		got[k.Path] = k.Default
		if k.Meaning == "" {
			t.Errorf("%s has no meaning", k.Path)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
