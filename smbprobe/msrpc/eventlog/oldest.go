package eventlog

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// ReadOldest reads the oldest record, over a handle of its own: two calls. It
// does not seek, which Windows NT 4.0 cannot in a large log.
func (l *Log) ReadOldest(ctx context.Context) (Record, error) {
	fresh, err := openOn(ctx, l.conn, l.name)
	if err != nil {
		return Record{}, err
	}
	a, err := fresh.readWhole(ctx, readSequential|readForwards, 0, firstRead)
	if err != nil {
		return Record{}, err
	}
	if a.status != smb.StatusOK {
		return Record{}, statusError(readName, a.status)
	}
	records, err := ParseRecords(a.data)
	if err != nil {
		return Record{}, &smb.Error{Op: readName, Err: err}
	}
	if len(records) == 0 {
		return Record{}, smb.Protocolf(readName, "success and no record")
	}
	return records[0], nil
}
