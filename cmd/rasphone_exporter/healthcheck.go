package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

const (
	defaultHealthURL = "http://localhost:10196/-/healthy"
	healthTime       = 2 * time.Second
)

// healthcheck asks a running exporter whether it is healthy. It is for containers,
// which have neither a shell nor curl.
type healthcheck struct {
	url *url.URL
}

func newHealthcheck(c *kingpin.CmdClause) *healthcheck {
	h := new(healthcheck)
	c.Flag("url", "What to ask. The certificate of a loopback address is not verified.").Default(defaultHealthURL).URLVar(&h.url)
	return h
}

func (h *healthcheck) run(ctx context.Context, std streams, _ *slog.Logger) int {
	if h.url.Scheme != "http" && h.url.Scheme != "https" || h.url.Host == "" {
		printError(std.err, fmt.Errorf("--url: is not the URL of an exporter; write it as in %s", defaultHealthURL))
		return exitUsage
	}
	if err := askHealth(ctx, h.url); err != nil {
		fmt.Fprintf(std.err, "%s: unhealthy: %v\n", program, explainHealth(h.url, err))
		return exitFailed
	}
	return exitOK
}

// explainHealth takes the names of functions out of the error of a request.
func explainHealth(address *url.URL, err error) error {
	failed, ok := errors.AsType[*url.Error](err)
	if !ok {
		return err
	}
	if failed.Timeout() {
		return fmt.Errorf("%s: no answer within %s", address.Redacted(), healthTime)
	}
	return fmt.Errorf("%s: %w", address.Redacted(), bareSyscall(failed.Err))
}

// askHealth returns an error unless the exporter answers within healthTime, with
// status 200, or with 401: one that wants a password, which no flag takes, is up.
func askHealth(ctx context.Context, address *url.URL) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	client := &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			//nolint:gosec // its own computer, and nothing secret is sent: the certificate has another name
			TLSClientConfig: &tls.Config{InsecureSkipVerify: loopback(address.Hostname())},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusUnauthorized {
		start, err := io.ReadAll(io.LimitReader(response.Body, 200))
		return errors.Join(fmt.Errorf("%s answers %s: %q", address.Redacted(), response.Status, start), err)
	}
	return nil
}

// loopback reports whether a host is this computer by its name alone.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
