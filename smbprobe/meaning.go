package smbprobe

// Meaning returns what a state means to an operator, in one sentence without a full stop.
func (s ShareState) Meaning() string { return shareMeanings[s] }

var shareMeanings = map[ShareState]string{
	ShareOK:                 "the share was opened with the account",
	ShareNameNotResolved:    "DNS does not know the name",
	ShareHostUnreachable:    "the network has no route to the host",
	SharePortClosed:         "the host answers, and nothing listens on the port: the Server service is stopped, or a firewall refuses",
	ShareSessionRefused:     "the NetBIOS session service refused every called name, or the calling host",
	ShareTimeout:            "no answer in time",
	ShareNotSMB:             "something answers that is not an SMB server",
	ShareSigningRefused:     "the configuration requires signing, and the server does not sign or signs wrongly",
	ShareEncryptionRequired: "the server demands SMB3 encryption, which the exporter does not support",
	ShareLoginFailed:        "the login was refused: wrong user name or password, or the server could not ask its domain controller",
	ShareAccountRestricted:  "the account is locked, disabled, expired, outside of its hours, bound to other workstations, or may not log on over the network",
	ShareGuestOnly:          "the server does not know the user name and made it a guest, which is not a login",
	ShareAccessDenied:       "logged in, and the account may not open the share: it is not an administrator there",
	ShareMissing:            "logged in, and there is no such share: Admin$ was removed, or switched off in the registry",
	ShareServerFull:         "licences or sessions are used up",
	ShareOutOfResources:     "the server is out of memory or work items",
	ShareServerPaused:       "the Server service is paused",
	ShareConnectionLost:     "the server closed the connection",
	ShareProtocolError:      "an answer breaks the protocol, or is not one of those expected",
	ShareNotProbed:          "the exporter did not get to it, for reasons of its own",
}

// Meaning returns what a state means to an operator, in one sentence without a full stop.
func (s PhonebookState) Meaning() string { return phonebookMeanings[s] }

var phonebookMeanings = map[PhonebookState]string{
	PhonebookOK:            "the phone book is there and can be read",
	PhonebookMissing:       "there is no such file, or a folder has its name",
	PhonebookElsewhere:     "not there, but at the Windows 2000 place, where Exchange 5.5 SP3 and later look",
	PhonebookFolderMissing: "a folder on the way to it is missing",
	PhonebookAccessDenied:  "the file is there and the account may not read it",
	PhonebookLocked:        "another program has the file open for itself alone, twice in a row",
	PhonebookTooLarge:      "larger than max_size; it was not read",
	PhonebookDamaged:       "read, and not a phone book that RAS can use",
	PhonebookDiskError:     "the disk or the file system gave an error, over two fresh opens",
	PhonebookUnknown:       "not looked at, or no definite answer",
}
