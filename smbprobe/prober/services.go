package prober

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/srvsvc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/svcctl"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb1"
)

const (
	// maxServicePipes is on how many pipes services are asked for: one call at a time, and
	// three for a service.
	maxServicePipes = 4
)

// serviceNames returns the services that a module names and those that the diagnosis
// needs; none if the module names none.
func serviceNames(m smbprobe.Module) []string {
	var names []string
	if len(m.Server.Services) == 0 {
		return nil
	}
	for _, name := range slices.Concat(m.Server.Services, []string{"MSExchangeIMC", "RasMan", "LanmanServer", "PlugPlay"}) {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	}
	return names
}

func servicesFailed(names []string, err error) []smbprobe.ServiceResult {
	results := make([]smbprobe.ServiceResult, len(names))
	for i, name := range names {
		results[i] = smbprobe.ServiceResult{Name: name, Error: errorText(err), Refused: accessDenied(err)}
	}
	return results
}

// servicePipes returns on how many pipes services are asked for: two from Samba, which now and
// then leaves a bind unanswered if many pipes are opened at once, and over SMB2, where Samba
// cannot be told from Windows.
func (r *run) servicePipes() int {
	if s := r.result.Server; s != nil && s.Dialect == smb1.Dialect && !strings.HasPrefix(s.LANManager, "Samba") {
		return maxServicePipes
	}
	return 2
}

// readServices asks for the services' states, and for what the Server service says of
// the computer. The tree is IPC$.
func (r *run) readServices(ctx context.Context, tree smb.Tree) error {
	names := serviceNames(r.target.Module)
	results := make([]smbprobe.ServiceResult, len(names))
	pipes := min(r.servicePipes(), len(names))
	errs := make([]error, pipes+1)
	branches := []func(context.Context){func(ctx context.Context) {
		errs[pipes] = r.probeServerInfo(ctx, tree)
		r.rpc.record(srvsvc.PipeName, errs[pipes])
	}}
	for p := range pipes {
		branches = append(branches, func(ctx context.Context) {
			from, to := p*len(names)/pipes, (p+1)*len(names)/pipes
			errs[p] = r.queryServices(ctx, tree, names[from:to], results[from:to])
			r.rpc.record(svcctl.PipeName, errs[p])
		})
	}
	r.runParallel(ctx, branches...)
	for i := range results {
		results[i].Asked = slices.ContainsFunc(r.target.Module.Server.Services, func(n string) bool { return strings.EqualFold(n, results[i].Name) })
	}
	r.result.Services = results
	return worstError(errs...)
}

// queryServices asks for some services on one pipe. The error is that of the pipe;
// what is wrong with one service stands in its result.
func (r *run) queryServices(ctx context.Context, tree smb.Tree, names []string, into []smbprobe.ServiceResult) error {
	expect(ctx, 3+3*len(names)) // open, bind, the manager; the service, its state, its configuration
	copy(into, servicesFailed(names, errNotAsked))
	manager, err := r.openManager(ctx, tree)
	for i, name := range names {
		if err == nil {
			into[i], err = queryService(ctx, manager, name)
		}
		if err != nil {
			into[i] = smbprobe.ServiceResult{Name: name, Error: errorText(err), Refused: accessDenied(err)}
		}
	}
	return err
}

var errNotAsked = errors.New("not asked")

func (r *run) openManager(ctx context.Context, tree smb.Tree) (*svcctl.Manager, error) {
	pipe, err := openPipe(ctx, tree, svcctl.PipeName)
	if err != nil {
		return nil, err
	}
	return svcctl.Open(ctx, pipe, r.serverName())
}

// queryService asks for one service. The error means that the pipe is of no use any
// more.
func queryService(ctx context.Context, manager *svcctl.Manager, name string) (smbprobe.ServiceResult, error) {
	result := smbprobe.ServiceResult{Name: name}
	service, err := manager.OpenService(ctx, name, svcctl.QueryStatus|svcctl.QueryConfig)
	if refused(err) {
		service, err = manager.OpenService(ctx, name, svcctl.QueryStatus)
		result.Error = "this account may not ask when it starts"
	}
	if code, ok := errors.AsType[msrpc.Win32Error](err); ok {
		installed := false
		if code == msrpc.ErrorServiceDoesNotExist {
			result.Installed, result.Error = &installed, ""
		} else {
			result.Error, result.Refused = errorText(err), refused(err)
		}
		return result, nil
	}
	if err != nil {
		return result, err
	}
	installed := true
	result.Installed = &installed
	status, err := service.Status(ctx)
	if err := recordServiceError(&result, err); err != nil {
		return result, err
	}
	if err == nil {
		result.State, result.ExitCode = serviceState(status.State), status.Win32ExitCode
	}
	if result.Error != "" {
		return result, nil
	}
	config, err := service.Config(ctx)
	if err := recordServiceError(&result, err); err != nil {
		return result, err
	}
	if err == nil {
		result.StartMode, result.Account = startMode(config.Start), config.Account
	}
	return result, nil
}

// recordServiceError records why one call failed. It returns the error if that was not
// an answer to the call: the pipe is then of no further use.
func recordServiceError(s *smbprobe.ServiceResult, err error) error {
	if err == nil {
		return nil
	}
	s.Error = errorText(err)
	if _, ok := errors.AsType[msrpc.Win32Error](err); ok {
		return nil
	}
	return err
}

// refused reports whether a call was refused for lack of rights.
func refused(err error) bool {
	code, ok := errors.AsType[msrpc.Win32Error](err)
	return ok && code == msrpc.ErrorAccessDenied
}

// serviceState returns "" for an unknown state.
func serviceState(s svcctl.State) smbprobe.ServiceState {
	switch s {
	case svcctl.Stopped:
		return smbprobe.ServiceStopped
	case svcctl.StartPending:
		return smbprobe.ServiceStartPending
	case svcctl.StopPending:
		return smbprobe.ServiceStopPending
	case svcctl.Running:
		return smbprobe.ServiceRunning
	case svcctl.ContinuePending:
		return smbprobe.ServiceContinuePending
	case svcctl.PausePending:
		return smbprobe.ServicePausePending
	case svcctl.Paused:
		return smbprobe.ServicePaused
	}
	return ""
}

// startMode returns "" for an unknown start type.
func startMode(t svcctl.StartType) smbprobe.StartMode {
	switch t {
	case svcctl.StartBoot:
		return smbprobe.StartBoot
	case svcctl.StartSystem:
		return smbprobe.StartSystem
	case svcctl.StartAutomatic:
		return smbprobe.StartAutomatic
	case svcctl.StartManual:
		return smbprobe.StartManual
	case svcctl.StartDisabled:
		return smbprobe.StartDisabled
	}
	return ""
}
