package prober

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
)

const (
	portDirect     = 445
	portNetBIOS    = 139
	portNodeStatus = 137
	maxRetargets   = 1
)

// errRetarget is a NetBIOS retarget that is not followed.
var errRetarget = errors.New("the session service redirects to an address that the configuration does not allow")

// link is a connection on which SMB can be spoken.
type link struct {
	conn   net.Conn
	to     netip.AddrPort
	called string // the called name that was accepted; empty without a NetBIOS session
}

// serverName returns the NetBIOS name that the session service accepted, unless it
// stands for any server.
func (l *link) serverName() string {
	if l.called == netbios.AnyServer {
		return ""
	}
	return l.called
}

// connect opens a link to the target: the TCP connection and, if the port needs one,
// the NetBIOS session. What answered is remembered for the next probe.
func (r *run) connect(ctx context.Context, addrs []netip.Addr) (l *link, err error) {
	err = r.log.step(smbprobe.StepConnect, func() error {
		l, err = r.openLink(ctx, addrs)
		return err
	})
	return l, err
}

func (r *run) openLink(ctx context.Context, addrs []netip.Addr) (*link, error) {
	known := r.prober.hints.get(r.target.Name)
	ports := slices.Clone(r.target.Ports)
	if i := slices.Index(ports, known.port); i > 0 {
		ports[0], ports[i] = ports[i], ports[0]
	}
	var targets []netip.AddrPort
	for _, a := range addrs {
		for _, port := range ports {
			targets = append(targets, netip.AddrPortFrom(a, port))
		}
	}
	conn, to, err := r.prober.dialFirst(ctx, targets, r.rounds, r.trace)
	if err != nil {
		return nil, err
	}
	r.conns.add(conn)
	r.result.Address = to.String()
	l := &link{conn: conn, to: to}
	if r.usesNetBIOS(to.Port()) {
		if l, err = r.openNetBIOSSession(ctx, conn, to, known.calledName); err != nil {
			return nil, err
		}
	}
	r.result.Address = l.to.String() // a retarget may have led elsewhere
	r.prober.hints.update(r.target.Name, func(h *hints) { h.port, h.calledName = to.Port(), l.called })
	return l, nil
}

// redial opens a second link to the address of the first one.
func (r *run) redial(ctx context.Context, l *link) (*link, error) {
	conn, err := r.prober.dial(ctx, l.to, r.rounds, r.trace)
	if err != nil {
		return nil, err
	}
	r.conns.add(conn)
	if l.called == "" {
		return &link{conn: conn, to: l.to}, nil
	}
	return r.openNetBIOSSession(ctx, conn, l.to, l.called)
}

func (r *run) usesNetBIOS(port uint16) bool {
	switch r.target.Module.Transport {
	case smbprobe.TransportNetBIOS:
		return true
	case smbprobe.TransportDirect:
		return false
	}
	return port == portNetBIOS
}

// openNetBIOSSession takes over conn and tries called names in turn, each on a new
// connection after a refusal: the name that was accepted last time, the configured one,
// the target's own, *SMBSERVER, and last the one that a node status query returns.
func (r *run) openNetBIOSSession(ctx context.Context, conn net.Conn, to netip.AddrPort, known string) (*link, error) {
	names := netbios.CandidateNames(r.target.Module.NetBIOSName, r.target.Host, r.target.Addr.IsValid())
	if known != "" {
		names = slices.DeleteFunc(names, func(n string) bool { return n == known })
		names = slices.Insert(names, 0, known)
	}
	asked := false
	for i, retargets := 0, 0; ; {
		if conn == nil {
			var err error
			if conn, err = r.prober.dial(ctx, to, r.rounds, r.trace); err != nil {
				return nil, err
			}
			r.conns.add(conn)
		}
		name := names[i]
		err := netbios.RequestSession(ctx, conn, name, r.prober.opts.CallingName, r.rounds)
		if err == nil {
			r.log.logf("NetBIOS session with %q on %s: accepted, round trip %d", name, to, r.rounds.Count())
			return &link{conn: conn, to: to, called: name}, nil
		}
		r.log.logf("NetBIOS session with %q on %s: %v", name, to, err)
		_ = conn.Close()
		conn = nil
		err = fmt.Errorf("%s: %w", to, err)
		if retarget, ok := errors.AsType[*netbios.RetargetError](err); ok {
			if retargets++; retargets > maxRetargets || !r.allowsRetarget(retarget.Addr) {
				return nil, fmt.Errorf("%w: %s", errRetarget, retarget.Addr)
			}
			to = retarget.Addr
			continue
		}
		refused, ok := errors.AsType[*netbios.RefusedError](err)
		if !ok || refused.Code == netbios.CodeNotListeningForCalling || refused.Code == netbios.CodeNoResources {
			return nil, err
		}
		if i++; i == len(names) && !asked {
			asked = true
			name, statusErr := r.queryServerName(ctx, to.Addr())
			if isLocalShortage(statusErr) {
				return nil, statusErr // the name might have been accepted
			}
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if i == len(names) {
			return nil, err
		}
	}
}

// allowsRetarget reports whether a retarget may be followed: the configuration allows the
// address for the same login, and the port is that of the session service.
func (r *run) allowsRetarget(to netip.AddrPort) bool {
	return to.Port() == portNetBIOS && r.target.Allows != nil && r.target.Allows(to)
}

// queryServerName asks the node for its server name; empty if it has none.
func (r *run) queryServerName(ctx context.Context, addr netip.Addr) (string, error) {
	names, err := netbios.NodeStatus(ctx, r.prober.opts.Dial, netip.AddrPortFrom(addr, r.prober.opts.NodeStatusPort), r.rounds)
	if err != nil {
		r.log.logf("node status of %s: %v", addr, err)
		return "", err
	}
	name, ok := netbios.ServerName(names)
	r.log.logf("node status of %s: %d names, server name %q", addr, len(names), smb.CleanText(name))
	if !ok {
		return "", nil
	}
	return name, nil
}
