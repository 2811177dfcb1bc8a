package smb1

import (
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// maxTransact is how much of a message one TRANSACTION asks for: a DCE/RPC
// fragment, which with its header fits the smallest buffer of an NT server.
const maxTransact = 4280

// transactRequest writes a message to a pipe and reads the answer:
// TransactNmPipe (MS-CIFS 2.2.5.6.1).
func transactRequest(h header, fid uint16, message []byte) *builder {
	const transactNmPipe = 0x0026
	h.command = cmdTransaction
	w := newBuilder(h)
	w.startBlock()
	w.u16(0) // TotalParameterCount
	w.u16(uint16(len(message)))
	w.u16(0) // MaxParameterCount
	w.u16(maxTransact)
	w.u16(0) // MaxSetupCount, reserved
	w.u16(0) // Flags
	w.u32(0) // Timeout
	w.u16(0)
	w.u16(0) // ParameterCount
	parametersAt := len(w.b)
	w.u16(0) // ParameterOffset
	w.u16(uint16(len(message)))
	w.u16(0) // DataOffset
	w.u16(2) // SetupCount, reserved
	w.u16(transactNmPipe)
	w.u16(fid)
	w.startBytes()
	w.text(`\PIPE\`)
	for w.offset()%4 != 0 {
		w.u8(0)
	}
	w.chainHere(parametersAt)
	w.chainHere(parametersAt + 4)
	w.raw(message)
	w.endBlock()
	return w
}

// transaction collects the messages that answer a TRANSACTION
// (MS-CIFS 2.2.4.33.2). They come in order; what does not follow on what is
// there already is an error.
type transaction struct {
	limit int
	data  []byte
}

// add takes a message, and reports whether it was the last.
func (t *transaction) add(m *message) (last bool, err error) {
	b, err := m.block(headerSize)
	if err != nil {
		return false, err
	}
	if len(b.words) < 2*10 {
		return false, fmt.Errorf("%w: WordCount %d", smb.ErrProtocol, len(b.words)/2)
	}
	total, count, at, displacement := int(b.u16(2)), int(b.u16(12)), int(b.u16(14)), int(b.u16(16))
	data, err := m.data(b, at, count)
	if err != nil {
		return false, err
	}
	if displacement != len(t.data) {
		return false, fmt.Errorf("%w: data for offset %d after %d bytes", smb.ErrProtocol, displacement, len(t.data))
	}
	if len(t.data)+count > t.limit {
		return false, fmt.Errorf("%w: more than %d bytes", smb.ErrProtocol, t.limit)
	}
	t.data = append(t.data, data...)
	switch {
	case m.status == smb.StatusBufferOverflow:
		return true, nil // the rest is read from the pipe, whatever the total says
	case len(t.data) > total:
		return false, fmt.Errorf("%w: %d bytes of %d", smb.ErrProtocol, len(t.data), total)
	case count == 0 && len(t.data) < total:
		return false, fmt.Errorf("%w: an empty message with %d of %d bytes there", smb.ErrProtocol, len(t.data), total)
	}
	return len(t.data) == total, nil
}
