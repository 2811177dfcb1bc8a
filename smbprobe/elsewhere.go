package smbprobe

import (
	"context"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	ntPlace = `System32\Ras\rasphone.pbk` // of the phone book, on the administrative share
	// allUsersPlace is where Windows 2000 keeps it, below the application data of
	// all users (Q236910).
	allUsersPlace = `\Microsoft\Network\Connections\PBK\rasphone.pbk`

	keyShellFolders = `SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\Shell Folders`
)

// lookElsewhere looks for the phone book where Windows 2000 and later keep it. That it
// could not be looked for leaves the state as it is.
func (r *run) lookElsewhere(ctx context.Context, session smb.Session) error {
	share, folder := r.allUsers(ctx)
	tree, err := session.Connect(ctx, share)
	if err != nil {
		return err
	}
	path := folder + allUsersPlace
	info, err := tree.Stat(ctx, path)
	if err != nil {
		return err
	}
	if info.Directory {
		return fmt.Errorf(`%s\%s is a folder`, share, path)
	}
	p := &r.result.Phonebook
	p.Error = fmt.Sprintf(`not at %s\%s (%s), but at %s\%s`, r.target.Module.Share, r.target.Module.Phonebook.Path, p.State, share, path)
	p.State = PhonebookElsewhere
	return nil
}

// allUsers returns the share and the folder of the application data of all users. Its
// name is translated in other languages: the registry has it.
func (r *run) allUsers(ctx context.Context) (share, folder string) {
	if r.ipc != nil && r.target.Module.Server.Registry {
		if share, folder, ok := r.askAllUsers(ctx); ok {
			return share, folder
		}
	}
	folder = `Documents and Settings\All Users\Application Data`
	if r.result.Server.Dialect != dialectNTLM012 {
		folder = "ProgramData" // Windows Vista and later
	}
	return r.systemDrive(), folder
}

func (r *run) askAllUsers(ctx context.Context) (share, folder string, ok bool) {
	registry, err := r.openRegistry(ctx)
	if err != nil {
		r.note("registry", err)
		return "", "", false
	}
	key, err := registry.OpenKey(ctx, keyShellFolders)
	if err != nil {
		r.note("registry", err)
		return "", "", false
	}
	value, set, err := key.Text(ctx, "Common AppData")
	if err != nil || !set {
		r.note("registry", err)
		return "", "", false
	}
	share, folder, ok = splitDrive(value)
	return share, folder, ok && folder != ""
}
