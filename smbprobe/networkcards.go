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
	maxNetworkCards = 8
)

// failedWith reports whether a failure to dial with this code is in a window.
func (r *run) failedWith(code string) bool {
	return slices.ContainsFunc(r.result.Eventlog.Windows, func(w WindowResult) bool {
		return slices.ContainsFunc(w.ByError, func(c FailureCount) bool { return c.Code == code })
	})
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
		service, err := askNetworkCard(ctx, registry, number)
		if err != nil {
			return err
		}
		if service == "" || strings.Contains(service, `\`) {
			continue
		}
		key, err := registry.OpenKey(ctx, keyServices+service)
		switch {
		case notFound(err):
			r.result.Registry.StaleNetworkCards = append(r.result.Registry.StaleNetworkCards, NetworkCard{Key: number, Service: service})
			continue
		case err != nil:
			return err
		}
		if err := key.Close(ctx); err != nil {
			return err
		}
	}
	return nil
}

// askNetworkCard returns the service that a numbered key names, "" where it names none.
func askNetworkCard(ctx context.Context, registry *winreg.Registry, number string) (service string, err error) {
	card, err := registry.OpenKey(ctx, keyNetworkCards+`\`+number)
	if err != nil {
		return "", err
	}
	if service, _, err = card.Text(ctx, "ServiceName"); err != nil {
		return "", err
	}
	return service, card.Close(ctx)
}

func (r *run) openRegistry(ctx context.Context) (*winreg.Registry, error) {
	pipe, err := openPipe(ctx, r.ipc, winreg.PipeName)
	if err != nil {
		return nil, err
	}
	return winreg.Open(ctx, pipe)
}
