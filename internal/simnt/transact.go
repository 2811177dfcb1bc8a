package simnt

import (
	"encoding/binary"
	"strings"
)

// transaction is the request of a TRANSACTION or TRANSACTION2 (MS-CIFS 2.2.4.33.1, 2.2.4.46.1).
type transaction struct {
	setup      []uint16
	parameters []byte
	data       []byte
	maxData    int
}

// maxTransaction is the limit in bytes of all parts of a transaction and its answer on NT 4.0
// (MS-CIFS appendix A <240>). A capture shows that Windows 2000 accepts more.
const maxTransaction = 65 * 1024

// parseTransaction reads one. It must come in one message.
func (c *conn) parseTransaction(r *request) (*transaction, uint32) {
	const fixedWords = 14
	if r.wordCount() < fixedWords {
		return nil, statusInvalidSMB
	}
	var (
		totalParameters, totalData = int(r.u16(0)), int(r.u16(2))
		maxParameters, maxData     = int(r.u16(4)), int(r.u16(6))
		parameters, data           = int(r.u16(18)), int(r.u16(22))
		maxSetup, setup            = int(r.words[8]), int(r.words[26])
	)
	t := &transaction{maxData: maxData}
	var ok, dataOK bool
	t.parameters, ok = r.slice(int(r.u16(20)), parameters)
	t.data, dataOK = r.slice(int(r.u16(24)), data)
	switch {
	case !ok, !dataOK, r.wordCount() != fixedWords+setup, setup == 0, parameters > totalParameters, data > totalData:
		return nil, statusInvalidSMB
	case c.host.options.OS == WindowsNT4 && setup+maxSetup+totalParameters+maxParameters+totalData+maxData > maxTransaction:
		return nil, statusInsuffServerResources
	case parameters < totalParameters, data < totalData:
		return nil, statusNotImplemented // the rest would come in TRANSACTION_SECONDARY
	}
	for i := range setup {
		t.setup = append(t.setup, r.u16(2*(fixedWords+i)))
	}
	return t, statusOK
}

// transaction is TRANSACTION (MS-CIFS 2.2.4.33): only TransactNmPipe is simulated.
func (c *conn) transaction(r *request, w *writer) uint32 {
	const transactNmPipe, pipes = 0x0026, `\PIPE\`
	if r.wordCount() >= 14 && r.words[26] == 0 {
		return statusNotSupported // RAP, which has no setup words
	}
	t, status := c.parseTransaction(r)
	switch {
	case status != statusOK:
		return status
	case !strings.EqualFold(r.textsOf(0, c.unicode(r)).next(), pipes), t.setup[0] != transactNmPipe, len(t.setup) != 2:
		return statusNotSupported
	}
	return c.transactPipe(r, w, t)
}

// transactionAnswer writes the answer to a transaction in messages that fit the buffers of
// client and server, and sends all but the last (MS-CIFS 2.2.4.33.2).
func (c *conn) transactionAnswer(r *request, w *writer, status uint32, parameters, data []byte) uint32 {
	const bodyAt, align = 56, 4
	limit := min(c.clientBuffer, int(c.host.options.MaxBufferSize))
	totalParameters := len(parameters)
	for sent := 0; ; {
		n := min(limit-bodyAt-len(parameters)-align, len(data)-sent)
		w.b = w.b[:headerSize]
		w.words()
		w.u16(uint16(totalParameters))
		w.u16(uint16(len(data)))
		w.u16(0)
		w.u16(uint16(len(parameters)))
		w.u16(bodyAt)
		w.u16(uint16(totalParameters - len(parameters)))
		w.u16(uint16(n))
		dataAt := len(w.b)
		w.u16(0)
		w.u16(uint16(sent))
		w.u16(0) // SetupCount
		w.data()
		w.align(align)
		w.bytes(parameters)
		w.align(align)
		binary.LittleEndian.PutUint16(w.b[dataAt:], uint16(len(w.b)))
		w.bytes(data[sent : sent+n])
		w.end()
		if sent += n; sent == len(data) {
			return status
		}
		parameters = nil
		c.message(r, w, statusOK)
	}
}

// Subcommands of TRANSACTION2 (MS-CIFS 2.2.2.2).
const (
	findFirst2    = 0x0001
	findNext2     = 0x0002
	queryFS       = 0x0003
	queryPathInfo = 0x0005
	queryFileInfo = 0x0007

	eaErrorOffset  = 0
	pathNameAt     = 6
	fileInfoLength = 4

	open2         = 0x0000
	setFS         = 0x0004
	setPathInfo   = 0x0006
	setFileInfo   = 0x0008
	makeDirectory = 0x000D
)

// transaction2 is TRANSACTION2 (MS-CIFS 2.2.4.46): queries of files, folders and the disk.
func (c *conn) transaction2(r *request, w *writer) uint32 {
	t, status := c.parseTransaction(r)
	if status != statusOK {
		return status
	}
	if r.tree.share.isIPC() {
		return statusInvalidDeviceRequest
	}
	switch t.setup[0] {
	case findFirst2:
		return c.findFirst(r, w, t)
	case findNext2:
		return c.findNext(r, w, t)
	case queryFS:
		return c.queryFS(r, w, t)
	case queryPathInfo:
		if len(t.parameters) < pathNameAt {
			return statusInvalidSMB
		}
		path := c.parameterText(r, t.parameters[pathNameAt:])
		n, status := c.host.lookUp(r.tree, path)
		if status != statusOK {
			return status
		}
		return c.queryInfo(r, w, t, binary.LittleEndian.Uint16(t.parameters), c.host.infoOf(n), path)
	case queryFileInfo:
		if len(t.parameters) < fileInfoLength {
			return statusInvalidSMB
		}
		o := c.openOf(r, binary.LittleEndian.Uint16(t.parameters))
		if o == nil {
			return statusInvalidHandle
		}
		i := c.host.infoOf(o.node)
		return c.queryInfo(r, w, t, binary.LittleEndian.Uint16(t.parameters[2:]), i, `\`+i.name)
	}
	return c.refuseTransaction2(r, t)
}

// parameterText reads the string at the end of the parameters, where it is aligned.
func (c *conn) parameterText(r *request, b []byte) string {
	t := texts{b: b, unicode: c.unicode(r)}
	return t.next()
}

// queryInfo answers with one information level.
func (c *conn) queryInfo(r *request, w *writer, t *transaction, level uint16, i info, path string) uint32 {
	data := &writer{unicode: w.unicode}
	if !data.appendInfo(level, i, path) {
		return statusInvalidInfoClass
	}
	return c.limited(r, w, t, []byte{eaErrorOffset, 0}, data.b)
}

// limited answers with at most as much data as the client accepts.
func (c *conn) limited(r *request, w *writer, t *transaction, parameters, data []byte) uint32 {
	status := statusOK
	if len(data) > t.maxData {
		data, status = data[:t.maxData], statusBufferOverflow
	}
	return c.transactionAnswer(r, w, status, parameters, data)
}
