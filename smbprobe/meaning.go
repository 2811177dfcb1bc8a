package smbprobe

// Meaning says what a state means to an operator, in one sentence without a full stop.
func (s ShareState) Meaning() string {
	switch s {
	case ShareOK:
		return "the share was opened with the account"
	case ShareNameNotResolved:
		return "the name service does not know the host"
	case ShareHostUnreachable:
		return "the network says that it has no way to the host"
	case SharePortClosed:
		return "the host answers, and nothing listens on the port: the Server service is stopped, or a firewall refuses"
	case ShareSessionRefused:
		return "the NetBIOS session service refused every called name, or the host that calls"
	case ShareTimeout:
		return "no answer in time"
	case ShareNotSMB:
		return "something answers that is not an SMB server"
	case ShareSigningRefused:
		return "the server does not sign though the configuration requires it, or signs wrongly"
	case ShareLoginFailed:
		return "the login was refused: wrong user name or password, or the server could not ask its domain controller"
	case ShareAccountRestricted:
		return "the account is locked, disabled, expired, outside of its hours, bound to other workstations, or may not log on over the network"
	case ShareGuestOnly:
		return "the server does not know the user name and made it a guest, which is no login"
	case ShareAccessDenied:
		return "logged in, and the account may not open the share: it is no administrator there"
	case ShareMissing:
		return "logged in, and there is no such share: Admin$ was removed, or switched off in the registry"
	case ShareServerFull:
		return "licences or sessions are used up"
	case ShareOutOfResources:
		return "the server is out of memory or work items"
	case ShareServerPaused:
		return "the Server service is paused"
	case ShareConnectionLost:
		return "the server closed the connection"
	case ShareProtocolError:
		return "an answer breaks the protocol, or is one that nobody expected"
	case ShareNotProbed:
		return "the exporter did not come to it"
	}
	return ""
}

// Meaning says what a state means to an operator, in one sentence without a full stop.
func (s PhonebookState) Meaning() string {
	switch s {
	case PhonebookOK:
		return "the phone book is there and can be read"
	case PhonebookMissing:
		return "there is no such file, or a folder has its name"
	case PhonebookElsewhere:
		return "not there, but at the Windows 2000 place, where Exchange 5.5 SP3 and later look"
	case PhonebookFolderMissing:
		return "a folder on the way to it is missing: Remote Access Service is not installed"
	case PhonebookAccessDenied:
		return "the file is there and the account may not read it"
	case PhonebookLocked:
		return "somebody holds the file open and shares it with nobody, twice in a row"
	case PhonebookTooLarge:
		return "larger than max_size; it was not read"
	case PhonebookDamaged:
		return "read, and not a phone book that RAS can use"
	case PhonebookDiskError:
		return "the disk or the file system gave an error, over two fresh opens"
	case PhonebookUnknown:
		return "not looked at, or no definite answer"
	}
	return ""
}
