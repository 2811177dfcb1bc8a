package ntlm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// No way of printing a response shows a part of it.
func TestResponseIsMasked(t *testing.T) {
	r := V2(vectorCredentials(), vectorChallenge(), vectorNonce())
	printed := map[string]string{
		"Sprint":                            fmt.Sprint(r),
		"pointer":                           fmt.Sprint(&r),
		"%+v":                               fmt.Sprintf("%+v", r),
		"%#v":                               fmt.Sprintf("%#v", r),
		"%x":                                fmt.Sprintf("%x", r),
		"in a struct, as an exported field": fmt.Sprintf("%+v", struct{ R Response }{r}),
	}
	j, err := json.Marshal(map[string]Response{"r": r})
	if err != nil {
		t.Fatal(err)
	}
	printed["JSON"] = string(bytes.ReplaceAll(bytes.ReplaceAll(j, []byte(`\u003c`), []byte("<")), []byte(`\u003e`), []byte(">")))

	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("login", "r", r)
	printed["slog text"] = log.String()

	for how, text := range printed {
		if !strings.Contains(text, secret.Masked) {
			t.Errorf("%s: %s, want the mask", how, text)
		}
		for _, part := range []string{"68cd0ab8", "68 cd 0a b8", "104 205", "0x68, 0xcd", "aM0KuFHl"} {
			if strings.Contains(text, part) {
				t.Errorf("%s: %s shows the response", how, text)
			}
		}
	}
}
