package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/mdlayher/vsock"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/net/netutil"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
)

// What the HTTP server takes. A connection that does nothing costs some ten kilobytes, one
// whose header is as long as it may be some forty.
const (
	maxConnections = 2000 // of each address; more of them wait until one is closed
	maxHeader      = 16 << 10
	headerTime     = 10 * time.Second
	readTime       = 20 * time.Second // for a whole request
	idleTime       = 5 * time.Minute  // of a connection between requests
)

// newHTTPServer makes the server of a handler, which may take so long to read a request. How
// long an answer may take depends on the request: the handler limits that.
func newHTTPServer(handler http.Handler, read time.Duration, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: min(headerTime, read),
		ReadTimeout:       read,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
	}
}

// listen listens as the flags of the toolkit have it, on each address with maxConnections at
// most. The toolkit's own ListenAndServe has no bound.
func listen(flags *toolkit.FlagConfig) ([]net.Listener, error) {
	listeners, err := openListeners(flags)
	if err != nil {
		for _, l := range listeners {
			err = errors.Join(err, l.Close())
		}
		return nil, err
	}
	for i, l := range listeners {
		listeners[i] = netutil.LimitListener(l, maxConnections)
	}
	return listeners, nil
}

// openListeners returns what it has opened together with an error, too.
func openListeners(flags *toolkit.FlagConfig) (listeners []net.Listener, err error) {
	if *flags.WebSystemdSocket {
		all, err := activation.Listeners()
		if err != nil {
			return nil, fmt.Errorf("--web.systemd-socket: %w", err)
		}
		for _, l := range all {
			if l != nil { // a descriptor that is not a stream socket
				listeners = append(listeners, l)
			}
		}
		if len(listeners) == 0 {
			return nil, errors.New("--web.systemd-socket: systemd has passed no socket; start the socket unit, not the program")
		}
		return listeners, nil
	}
	for _, address := range *flags.WebListenAddresses {
		l, err := listenOn(address)
		if err != nil {
			return listeners, fmt.Errorf("--web.listen-address %s: %w", address, explainListen(address, err))
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// checkListenAddress returns an error if an address cannot be one to listen on.
func checkListenAddress(address string) error {
	if strings.HasPrefix(address, "vsock://") {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port) // a name of a service is one, too
	}
	if err != nil || port == "" {
		return fmt.Errorf("--web.listen-address %s: %w", address, explainListen(address, errors.Join(err, errNoPort)))
	}
	return nil
}

var errNoPort = errors.New("no port")

// explainListen adds what to do about an address that cannot be listened on.
func explainListen(address string, err error) error {
	port := strings.TrimPrefix(defaultAddress, ":")
	_, portErr := strconv.ParseUint(address, 10, 16)
	host, given, splitErr := net.SplitHostPort(address)
	_, givenErr := strconv.ParseUint(given, 10, 16)
	dns, _ := errors.AsType[*net.DNSError](err)
	switch {
	case portErr == nil:
		return fmt.Errorf("is a port without a colon; write :%s for all addresses of this computer, or 127.0.0.1:%s for this computer alone", address, address)
	case strings.Contains(address, "://") && !strings.HasPrefix(address, "vsock://"):
		return fmt.Errorf("is a URL; write host and port alone, as in :%s", port)
	case net.ParseIP(strings.Trim(address, "[]")) != nil:
		return fmt.Errorf("has no port; write %s", net.JoinHostPort(strings.Trim(address, "[]"), port))
	case splitErr != nil:
		return fmt.Errorf("is not host:port; write :%s for all addresses of this computer, or 127.0.0.1:%s for this computer alone", port, port)
	case givenErr != nil:
		return fmt.Errorf("the port is not a number from 1 to 65535; write %s", net.JoinHostPort(host, port))
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w: another program listens there, perhaps this one, started before; stop it, or choose another port", bareSyscall(err))
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w: ports below 1024 are for root; choose another port", bareSyscall(err))
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w: this computer does not have that address; write :%s for all of its addresses", bareSyscall(err), given)
	case dns != nil:
		return fmt.Errorf("%s cannot be looked up; write an address of this computer, or :%s for all of them", config.Quote(host), given)
	}
	return err
}

// bareSyscall takes the address, which the message has already, out of an error of package net.
func bareSyscall(err error) error {
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		return call.Err
	}
	return err
}

// listenOn takes host:port, or vsock://:port (vsock(7)).
func listenOn(address string) (net.Listener, error) {
	if !strings.HasPrefix(address, "vsock://") {
		if _, port, err := net.SplitHostPort(address); err == nil && port == "" { // any port, to package net
			return nil, errNoPort
		}
		return net.Listen("tcp", address)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(u.Port(), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("port: %w", err)
	}
	return vsock.Listen(uint32(port), nil)
}
