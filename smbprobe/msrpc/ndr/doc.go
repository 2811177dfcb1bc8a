// Package ndr reads and writes the parameters of remote procedures in the
// transfer syntax NDR 2.0 (C706 chapter 14, MS-RPCE 2.2.4), little-endian, as far
// as the calls of a probe need it. Alignment counts from the start of the stub.
package ndr
