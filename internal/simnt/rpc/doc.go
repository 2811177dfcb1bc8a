// Package rpc simulates the programs behind the named pipes of a Windows NT 4.0 or 2000
// server: DCE/RPC over pipes in message mode (C706 chapter 12, MS-RPCE), with the event log
// (MS-EVEN), the registry (MS-RRP), the service control manager (MS-SCMR) and the server
// service (MS-SRVS). It does not depend on SMB, which carries the pipes' messages.
//
// Its codec shares nothing with the client packages, so that each can be tested against the
// other. Procedures that are not simulated are answered like numbers that do not exist.
package rpc
