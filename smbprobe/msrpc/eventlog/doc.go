// Package eventlog reads the event logs of a Windows server: the calls of the
// EventLog Remoting Protocol (MS-EVEN) that open and read a log, and the records
// that they return. Nothing is written, and nothing is cleared.
package eventlog
