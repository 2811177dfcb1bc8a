// Package srvsvc asks the Server service of a Windows server about a share, about
// itself, and for its clock: three calls of the Server Service Remote Protocol
// (MS-SRVS). None of them takes special rights, and nothing is changed.
package srvsvc
