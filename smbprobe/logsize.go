package smbprobe

import (
	"context"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// logFile returns where a server keeps one of the three event logs that every Windows has,
// relative to its own folder; "" for another log.
func logFile(log string) string {
	for name, file := range map[string]string{"Application": "AppEvent.Evt", "System": "SysEvent.Evt", "Security": "SecEvent.Evt"} {
		if strings.EqualFold(log, name) {
			return `System32\config\` + file
		}
	}
	return ""
}

// askLogSize asks how large the event log's file is. That it cannot be asked is no
// fault: the log may lie elsewhere, and Windows Vista has another format.
func (r *run) askLogSize(ctx context.Context, tree smb.Tree) {
	file := logFile(r.target.Module.EventLog.Log)
	if file == "" || !strings.EqualFold(r.target.Module.Share, AdminShareName) {
		return
	}
	info, err := tree.Stat(ctx, file)
	if err != nil {
		r.log.logf("%s: %v", file, err)
		return
	}
	if !info.Directory {
		r.logSize = &info.Size
	}
}
