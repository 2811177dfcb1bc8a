package smbprobe

import (
	"context"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/winreg"
)

const (
	keyNetworkCards = keyWindowsNT + `\NetworkCards`
	// maxNetworkCards bounds the network cards that are looked at.
	maxNetworkCards = 16
)

// failedWith says whether a failure to dial with this code is in a window.
func (r *run) failedWith(code string) bool {
	for _, w := range r.result.Eventlog.Windows {
		if slices.ContainsFunc(w.ByError, func(c FailureCount) bool { return c.Code == code }) {
			return true
		}
	}
	return false
}

// askNetworkCards looks for NetworkCards keys that name a service which is gone (Q165846).
// Windows NT 4.0 alone has the names of services in them.
func (r *run) askNetworkCards(ctx context.Context) error {
	registry, err := r.openRegistry(ctx)
	if err != nil {
		return err
	}
	cards, err := registry.OpenKey(ctx, keyNetworkCards)
	if err != nil {
		return err
	}
	numbers, err := cards.SubKeys(ctx, maxNetworkCards)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		card, err := registry.OpenKey(ctx, keyNetworkCards+`\`+number)
		if err != nil {
			return err
		}
		service, set, err := card.Text(ctx, "ServiceName")
		if err != nil {
			return err
		}
		if !set || service == "" || strings.Contains(service, `\`) {
			continue
		}
		_, err = registry.OpenKey(ctx, keyServices+service)
		switch {
		case notFound(err):
			r.result.Registry.StaleNetworkCards = append(r.result.Registry.StaleNetworkCards, NetworkCard{Key: number, Service: service})
		case err != nil:
			return err
		}
	}
	return nil
}

func (r *run) openRegistry(ctx context.Context) (*winreg.Registry, error) {
	pipe, err := openPipe(ctx, r.ipc, winreg.PipeName)
	if err != nil {
		return nil, err
	}
	return winreg.Open(ctx, pipe)
}
