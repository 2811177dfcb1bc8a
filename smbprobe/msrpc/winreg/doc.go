// Package winreg reads the registry of a Windows server: the calls of the Windows
// Remote Registry Protocol (MS-RRP) that open keys below HKEY_LOCAL_MACHINE, read
// their values, and list the keys in them. Nothing is written.
package winreg
