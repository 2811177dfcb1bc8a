package eventlog

import (
	"context"
	"math"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// End describes how ReadBackwards ended.
type End struct {
	Reached    bool    // the oldest record was passed to each; false: each stopped it
	Bounds     *Bounds // if the server had to be asked for them at the beginning
	Oldest     *Record // if the server returned it unasked, as Samba does
	Seek       bool    // the server has to be told where to begin, as Samba has: see Reading
	Unreadable int     // records that were passed to each with Err set
}

// Bounds are the number of the oldest record and how many there are. For an empty
// log Count is 0 and Oldest is meaningless.
type Bounds struct {
	Oldest, Count uint32
}

// Reading is what is known of a log before it is read. The zero value is right for any.
type Reading struct {
	Seek bool // an earlier reading ended with Seek: a read without a record number would be in vain
	Long bool // many records are wanted: the first read that returns the newest ones is a long one

	// NewestFirst: the server is known to return the newest records first. Of another, the
	// first read tells no more than that.
	NewestFirst bool

	// Newest is the record that was the newest: if it still is, no other records are
	// decoded. 0: none.
	Newest   uint32
	NewestAt time.Time
}

// ReadBackwards passes the records to each, from the newest to the oldest, until
// each returns false. An empty log has none, and its end is reached. Their
// numbers fall. A record that could not be decoded is passed in its place, with Err
// set. The memory taken is that of one answer, half a mebibyte at most.
//
// Records that were passed before an error remain valid. ErrChanged: the log was
// cleared or overwritten meanwhile; open it again.
func (l *Log) ReadBackwards(ctx context.Context, o Reading, each func(Record) (more bool)) (End, error) {
	b := backwards{log: l, size: firstRead, seek: o.Seek, known: o}
	if o.Long && o.NewestFirst {
		b.size = longRead
	}
	unreadable := 0
	records, err := b.first(ctx)
	for err == nil && len(records) > 0 {
		for i := range records {
			records[i].decode()
			record := records[i].Record
			if record.Err != nil {
				unreadable++
			}
			if !each(record) {
				return End{Bounds: b.bounds, Oldest: b.unasked, Seek: b.seek, Unreadable: unreadable}, nil
			}
			if err = b.verifyNewest(ctx); err != nil {
				return End{}, err
			}
		}
		records, err = b.next(ctx)
	}
	return End{Reached: err == nil, Bounds: b.bounds, Oldest: b.unasked, Seek: b.seek, Unreadable: unreadable}, err
}

// IsNewest reports whether a record that an earlier reading found to be the newest of the
// log still is, of a server that has to be told where to begin (Reading.Seek): one call. A
// record that is added after it and does not fit into a short read goes unnoticed; read such
// a log to its end from time to time.
func (l *Log) IsNewest(ctx context.Context, number uint32, generated time.Time) (bool, error) {
	a, err := l.read(ctx, readSeek|readForwards, number, firstRead)
	if err != nil {
		return false, err
	}
	if a.status != smb.StatusOK {
		return false, nil // the log was cleared, or something else: a reading tells
	}
	records, err := splitRecords(a.data, 2)
	if err != nil {
		return false, &smb.Error{Op: readName, Err: err}
	}
	return len(records) == 1 && records[0].Err == nil && records[0].Number == number && records[0].Generated.Equal(generated), nil
}

// backwards is a reading from the newest record to the oldest.
//
// Windows continues where the last read ended (sequential), and begins at the
// newest record. Samba's first sequential read returns the oldest record alone, or
// nothing at all; there every read names its record (seek). Windows NT 4.0
// cannot be read so: its seek fails once the log's file has 2 MiB (Q177199).
type backwards struct {
	log        *Log
	known      Reading
	size       int    // of the next read
	proven     bool   // the sequential read began at the newest record: its end of file is reliable
	seek       bool   // every read names its record
	last       uint32 // number of the last record read; 0: none yet
	oldest     uint32 // by the server's bounds; 0: not known
	bounds     *Bounds
	unasked    *Record // the oldest record, if the first read returned it
	unverified uint32  // the newest record by the server's count alone; 0: none, or verified
}

// verifyNewest makes sure that nothing follows the newest record if it is known from
// the server's count alone: a wrong count would hide records. It runs after each
// has accepted that record and wants more; a caller that knows the record already
// is spared the round trip.
func (b *backwards) verifyNewest(ctx context.Context) error {
	if b.unverified == 0 {
		return nil
	}
	next := b.unverified + 1
	b.unverified = 0
	if next == 0 {
		return nil // there is no higher number
	}
	a, err := b.log.readWhole(ctx, readSeek|readBackwards, next, firstRead)
	switch {
	case err != nil:
		return err
	case a.status == smb.StatusOK && len(a.data) > 0:
		return &smb.Error{Op: readName, Err: ErrChanged}
	case a.status == smb.StatusOK, a.status == smb.StatusEndOfFile, a.status == smb.StatusInvalidParameter:
		return nil
	}
	return statusError(readName, a.status)
}

// first reads the newest records. Two or more whose numbers fall by one are those.
// Anything less proves nothing, and the server is asked for its bounds.
func (b *backwards) first(ctx context.Context) ([]rawRecord, error) {
	var records []rawRecord
	if !b.seek {
		var err error
		if records, _, err = b.read(ctx, readSequential|readBackwards, 0); err != nil {
			return nil, err
		}
		b.proven = fall(records)
		if b.proven {
			return records, nil
		}
		decodeAll(records) // before the next call
	}
	oldest, count, err := b.log.Bounds(ctx)
	if err != nil {
		return nil, err
	}
	b.bounds = &Bounds{Oldest: oldest, Count: count}
	switch {
	case count == 0 && len(records) > 0:
		return nil, &smb.Error{Op: readName, Err: ErrChanged}
	case count == 0:
		return nil, nil
	}
	b.oldest = oldest
	newest := oldest + count - 1
	if len(records) > 0 && records[0].Number == newest {
		return records, nil
	}
	if len(records) == 1 && records[0].Number == oldest {
		b.unasked = &records[0].Record
	}
	b.seek, b.last, b.unverified = true, 0, newest
	if b.known.Long {
		b.size = longRead
	}
	records, _, err = b.read(ctx, readSeek|readBackwards, newest)
	if err == nil && len(records) == 0 {
		err = smb.Protocolf(readName, "no record %d, which is the newest of %d", newest, count)
	}
	decodeAll(records) // before verifyNewest
	return records, err
}

func decodeAll(records []rawRecord) {
	for i := range records {
		records[i].decode()
	}
}

// next reads the records before the last one; none if that was the oldest.
func (b *backwards) next(ctx context.Context) ([]rawRecord, error) {
	if b.last == b.oldest || b.last == 1 {
		return nil, nil
	}
	b.size = min(4*b.size, maxRead)
	flags, number := uint32(readSequential|readBackwards), uint32(0)
	if b.seek {
		flags, number = readSeek|readBackwards, b.last-1
	}
	records, status, err := b.read(ctx, flags, number)
	if err != nil || len(records) > 0 || b.proven && status == smb.StatusEndOfFile {
		return records, err
	}
	oldest, count, err := b.log.Bounds(ctx)
	switch {
	case err != nil:
		return nil, err
	case count == 0:
		return nil, &smb.Error{Op: readName, Err: ErrChanged}
	case oldest < b.last:
		return nil, smb.Protocolf(readName, "nothing before record %d, though the oldest is %d (%s)", b.last, oldest, status)
	}
	return nil, nil
}

// read reads once. No records mean, with this status, that the server has none, or
// no more.
func (b *backwards) read(ctx context.Context, flags, number uint32) ([]rawRecord, smb.Status, error) {
	a, err := b.log.readWhole(ctx, flags, number, b.size)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case a.status == smb.StatusOK:
	case a.status == smb.StatusEndOfFile, a.status == smb.StatusInvalidParameter && b.seek:
		return nil, a.status, nil
	default:
		return nil, 0, statusError(readName, a.status)
	}
	most := math.MaxInt
	if b.isKnown(a.data) {
		most = 2 // the one that is known, and one that proves that it is the newest
	}
	records, err := splitRecords(a.data, most)
	if err != nil {
		return nil, 0, &smb.Error{Op: readName, Err: err}
	}
	if b.seek && len(records) > 0 {
		if records[0].Err != nil {
			records[0].Number = number
		}
		if records[0].Number != number {
			return nil, 0, smb.Protocolf(readName, "record %d, expected %d", records[0].Number, number)
		}
	}
	numberUnreadable(records, b.last)
	for i := range records {
		record := &records[i]
		if record.Err != nil && b.last == 0 {
			b.last = record.Number // first compares it with the server's bounds
			continue
		}
		if record.Number == 0 || b.last != 0 && record.Number >= b.last {
			return nil, 0, smb.Protocolf(readName, "record %d after record %d", record.Number, b.last)
		}
		b.last = record.Number
	}
	return records, a.status, nil
}

// isKnown reports whether what a sequential read returned begins with the record that was
// the newest before, and another one that was there before it.
func (b *backwards) isKnown(data []byte) bool {
	if b.known.Newest == 0 || b.seek || b.last != 0 {
		return false
	}
	records, err := splitRecords(data, 2)
	return err == nil && fall(records) && records[0].Number == b.known.Newest && records[0].Generated.Equal(b.known.NewestAt)
}

// fall reports whether two adjacent records are sound and their numbers fall by one.
func fall(records []rawRecord) bool {
	for i := range len(records) - 1 {
		newer, older := &records[i], &records[i+1]
		if newer.Err == nil && older.Err == nil && newer.Number-older.Number == 1 {
			return true
		}
	}
	return false
}

// numberUnreadable gives records that could not be decoded the number that fits
// between their neighbours, the one before being last (0: none): their own cannot be
// relied on. The first one keeps its own if no sound record follows.
func numberUnreadable(records []rawRecord, last uint32) {
	next, end := -1, 0 // the next sound record, and what follows the last one
	for i := len(records) - 1; i >= 0; i-- {
		switch {
		case records[i].Err == nil:
			next, end = i, max(end, i+1)
		case next >= 0:
			records[i].Number = records[next].Number + uint32(next-i)
		}
	}
	for i := end; i < len(records); i++ {
		if i > 0 {
			last = records[i-1].Number
		}
		if last != 0 {
			records[i].Number = last - 1
		}
	}
}
