package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The errors of the exporter-toolkit for its configuration have no types: their words decide.
// Those of its YAML decoder quote values, which may be passwords.
var (
	yamlErrorLine = regexp.MustCompile(`^(?:yaml: )?\s*line (\d+): (.*)$`)
	unknownField  = regexp.MustCompile(`^field (\w+) not found in type `)
	keyTwice      = regexp.MustCompile(`^(?:field|key) .* already set in `)
	wrongKind     = regexp.MustCompile(`^cannot unmarshal !!(\w+)`)
)

// explainWebConfig returns the error of a web configuration, a line for each mistake, without
// the words of a programmer and without values.
func explainWebConfig(file string, err error) error {
	text := err.Error()
	if strings.HasPrefix(text, "crypto/bcrypt: ") {
		return fmt.Errorf("--web.config.file %s: basic_auth_users: a password is not a bcrypt hash; write what htpasswd -nBC 10 NAME prints after the colon", file)
	}
	if !strings.HasPrefix(text, "yaml: ") {
		return fmt.Errorf("--web.config.file %s: %w", file, explainWebValue(file, err))
	}
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "yaml: unmarshal errors:" {
			continue
		}
		place := file
		if match := yamlErrorLine.FindStringSubmatch(line); match != nil {
			place, line = file+":"+match[1], match[2]
		}
		line = strings.TrimPrefix(strings.TrimSpace(line), "yaml: ")
		if match := unknownField.FindStringSubmatch(line); match != nil {
			line = match[1] + ": unknown key"
		} else if keyTwice.MatchString(line) {
			line = "a key is already set above; keep one of them"
		} else if wrongKind.MatchString(line) {
			line = "a value is of the wrong kind: a mapping of keys to values, or a single value, is wanted here"
		} else {
			line = "not YAML; look at the indentation, and put values with special characters in quotes"
		}
		lines = append(lines, fmt.Sprintf("--web.config.file %s: %s; the exporter-toolkit's web-configuration.md has the keys", place, line))
	}
	return errors.New(strings.Join(lines, "\n"))
}

// explainWebValue adds what to write instead to the error of a value, and names the file that
// cannot be read if it is not the configuration itself.
func explainWebValue(file string, err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok && failed.Path != file {
		return fmt.Errorf("a file that it names, %s, cannot be read: %w", failed.Path, failed.Err)
	}
	text := err.Error()
	for _, known := range []struct{ begins, hint string }{
		{"invalid ClientAuth: ", "client_auth_type is none of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert"},
		{"unknown TLS version: ", "min_version and max_version are TLS10, TLS11, TLS12 or TLS13"},
		{"unknown cipher: ", "cipher_suites has a name that is not known; write it as in TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		{"unknown curve: ", "curve_preferences has a name that is not known; write CurveP256, CurveP384, CurveP521 or X25519"},
		{"invalid value for ", "a header under http_server_config has a value that it cannot have"},
		{"failed to load X509KeyPair: tls: private key does not match", "the key does not belong to the certificate; write the key_file that was made with cert_file"},
		{"failed to load X509KeyPair: ", "certificate and key cannot be used; cert_file is a certificate in PEM, key_file its key"},
	} {
		if strings.HasPrefix(text, known.begins) {
			return errors.New(known.hint)
		}
	}
	return bareError(err)
}

// maxWebConfig bounds how much of a web configuration is looked at for the files that it names, in
// bytes.
const maxWebConfig = 1 << 20

// webConfigFiles returns the web configuration and the files that it names, as far as it can be
// read.
func webConfigFiles(file string) (files []string) {
	if file == "" {
		return nil
	}
	files = []string{file}
	// The parser panics on input that it believes to be impossible, and a reload must survive that.
	defer func() { _ = recover() }()
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxWebConfig {
		return files
	}
	text, err := os.ReadFile(file) //nolint:gosec // the user names it
	if err != nil {
		return files
	}
	var c struct {
		TLS struct {
			Cert      string `yaml:"cert_file"`
			Key       string `yaml:"key_file"`
			ClientCAs string `yaml:"client_ca_file"`
		} `yaml:"tls_server_config"`
	}
	if yaml.Unmarshal(text, &c) != nil {
		return files // the toolkit's error says why
	}
	for _, named := range []string{c.TLS.Cert, c.TLS.Key, c.TLS.ClientCAs} {
		if named != "" && !filepath.IsAbs(named) {
			named = filepath.Join(filepath.Dir(file), named)
		}
		if named != "" {
			files = append(files, named)
		}
	}
	return files
}
