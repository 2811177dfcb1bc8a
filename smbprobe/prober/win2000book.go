package prober

import (
	"context"
	"fmt"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	ntPlace = `System32\Ras\rasphone.pbk` // of the phone book, on the administrative share
	// allUsersPlace is where Windows 2000 keeps it, below the application data of
	// all users (Q236910).
	allUsersPlace = `\Microsoft\Network\Connections\PBK\rasphone.pbk`

	keyShellFolders = `SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\Shell Folders`
)

// checkWin2000Place looks for a phone book that is missing at the NT place where Windows 2000 and
// later keep it. Where that cannot be told, the state is unknown: such a server may
// dial all the same, and a page at night would be wrong.
func (r *run) checkWin2000Place(ctx context.Context, session smb.Session) {
	m, p := r.target.Module, &r.result.Phonebook
	missing := p.State == smbprobe.PhonebookMissing || p.State == smbprobe.PhonebookFolderMissing
	if !missing || !r.isNewer() || !strings.EqualFold(m.Phonebook.Path, ntPlace) || !strings.EqualFold(m.Share, smbprobe.AdminShareName) {
		return
	}
	place, found, err := r.findWin2000Phonebook(ctx, session)
	switch {
	case err != nil:
		p.Error = fmt.Sprintf(`not at %s\%s (%s), and whether it is where Windows 2000 keeps it is not known: %v`, m.Share, m.Phonebook.Path, p.State, err)
		p.State = smbprobe.PhonebookUnknown
		r.win2000PlaceRefused = isAnswer(err)
		r.logError("the Windows 2000 place", err)
	case found:
		p.Error = fmt.Sprintf(`not at %s\%s (%s), but at %s`, m.Share, m.Phonebook.Path, p.State, place)
		p.State = smbprobe.PhonebookElsewhere
	}
}

// findWin2000Phonebook reports whether there is a phone book at the Windows 2000 place. That there is
// none is known only where the folder of all users is there.
func (r *run) findWin2000Phonebook(ctx context.Context, session smb.Session) (place string, found bool, err error) {
	share, folder := r.allUsers(ctx)
	place = share + `\` + folder + allUsersPlace
	tree, err := session.Connect(ctx, share)
	if err != nil {
		return place, false, err
	}
	info, err := tree.Stat(ctx, folder+allUsersPlace)
	switch phonebookState(err) {
	case smbprobe.PhonebookMissing, smbprobe.PhonebookFolderMissing:
		_, err = tree.Stat(ctx, folder)
		return place, false, err
	}
	return place, err == nil && !info.Directory, err
}

// allUsers returns the share and the folder of the application data of all users. Its
// name is translated in other languages: the registry has it.
func (r *run) allUsers(ctx context.Context) (share, folder string) {
	if r.ipc != nil && r.target.Module.Server.Registry {
		if share, folder, ok := r.allUsersFromRegistry(ctx); ok {
			return share, folder
		}
	}
	folder = `Documents and Settings\All Users\Application Data`
	if r.result.Server.Dialect != dialectNTLM012 {
		folder = "ProgramData" // Windows Vista and later
	}
	return r.systemDrive(), folder
}

func (r *run) allUsersFromRegistry(ctx context.Context) (share, folder string, ok bool) {
	registry, err := r.openRegistry(ctx)
	if err != nil {
		r.logError("registry", err)
		return "", "", false
	}
	key, err := registry.OpenKey(ctx, keyShellFolders)
	if err != nil {
		r.logError("registry", err)
		return "", "", false
	}
	value, set, err := key.Text(ctx, "Common AppData")
	if err != nil || !set {
		r.logError("registry", err)
		return "", "", false
	}
	share, folder, ok = splitDrive(value)
	return share, folder, ok && folder != ""
}
