package prober

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	ntPlace = `System32\Ras\rasphone.pbk` // of the phone book, on the administrative share
	// allUsersPlace is where Windows 2000 keeps it, below the application data of
	// all users (Q236910).
	allUsersPlace = `\Microsoft\Network\Connections\PBK\rasphone.pbk`

	keyShellFolders = `SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\Shell Folders`
)

// checkWin2000Place looks at the place where Windows 2000 and later keep the phone book, if
// anything is wrong with the file at the NT place: Exchange 5.5 SP3 and later use the one
// under All Users. What is found there does not change that the file at the module's path
// is missing.
func (r *run) checkWin2000Place(ctx context.Context, session smb.Session) {
	m, p := r.target.Module, &r.result.Phonebook
	if r.result.Share != smbprobe.ShareOK || !r.isNewer() ||
		!strings.EqualFold(m.Phonebook.Path, ntPlace) || !strings.EqualFold(m.Share, smbprobe.AdminShareName) ||
		!wrongAtNTPlace(p) && !diagnosis.LacksCalled(r.result) {
		return
	}
	place, other, err := r.readWin2000Phonebook(ctx, session)
	p.AllUsers = &other
	if err != nil {
		r.win2000PlaceUnanswered = !isAnswer(err)
		r.logError("the Windows 2000 place", err)
	}
	missing := p.State == smbprobe.PhonebookMissing || p.State == smbprobe.PhonebookFolderMissing
	if exists, known := other.State.Exists(); missing && known && exists {
		p.Error = fmt.Sprintf(`not at %s\%s (%s), but at %s`, m.Share, m.Phonebook.Path, p.State, place)
		p.State = smbprobe.PhonebookElsewhere
	}
}

// wrongAtNTPlace reports whether the phone book at the module's path cannot be dialed with, or
// lacks an entry that is dialed.
func wrongAtNTPlace(p *smbprobe.PhonebookResult) bool {
	switch p.State {
	case smbprobe.PhonebookUnknown:
		return false
	case smbprobe.PhonebookOK:
		return p.Intact != nil && !*p.Intact || p.Entries != nil && *p.Entries == 0 ||
			slices.ContainsFunc(p.Dialed, func(d phonebook.Dialed) bool { return !d.Usable })
	}
	return true
}

// readWin2000Phonebook reads the phone book at the Windows 2000 place. That there is none is
// known only if the folder of all users is there; otherwise its state is unknown, and the
// error tells why.
func (r *run) readWin2000Phonebook(ctx context.Context, session smb.Session) (place string, p smbprobe.PhonebookResult, err error) {
	share, folder := r.allUsers(ctx)
	place = share + `\` + folder + allUsersPlace
	tree, err := session.Connect(ctx, share)
	if err != nil {
		return place, unknownPhonebook(err), err
	}
	read := r.readPhonebookAt(ctx, tree, folder+allUsersPlace)
	switch p := read.result; p.State {
	case smbprobe.PhonebookMissing, smbprobe.PhonebookFolderMissing:
		if _, err := tree.Stat(ctx, folder); err != nil {
			return place, unknownPhonebook(err), err
		}
		return place, p, nil
	case smbprobe.PhonebookUnknown:
		return place, unknownPhonebook(read.err), read.err
	}
	return place, read.result, nil
}

func unknownPhonebook(err error) smbprobe.PhonebookResult {
	return smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown, Status: smb.StatusOf(err), Error: errorText(err)}
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
