// Package rpc is what stands behind the named pipes of a simulated Windows
// NT 4.0 or 2000 server: DCE/RPC over pipes in message mode (C706 chapter 12,
// MS-RPCE), with the event log (MS-EVEN), the registry (MS-RRP), the service
// control manager (MS-SCMR) and the server service (MS-SRVS). It knows nothing
// of SMB, which carries the pipes' messages.
//
// Its codec is its own and shares nothing with the client packages, so that
// each of the two can be tested against the other. Procedures that are not
// simulated answer as numbers that do not exist do.
package rpc
