// Package svcctl asks a Windows server about its services: the calls of the Service
// Control Manager Remote Protocol (MS-SCMR) that open one service and read its
// state and its configuration. Nothing is started, stopped or changed, and the
// services are not listed: that call leaks memory on Windows NT.
package svcctl
