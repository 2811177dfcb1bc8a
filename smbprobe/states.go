package smbprobe

// ShareState says how far the way to the administrative share went. Exactly one holds.
type ShareState string

// The states of the share. Their names are labels: final.
const (
	ShareOK                 ShareState = "ok"
	ShareNameNotResolved    ShareState = "name_not_resolved"
	ShareHostUnreachable    ShareState = "host_unreachable"
	SharePortClosed         ShareState = "port_closed"
	ShareSessionRefused     ShareState = "session_refused"
	ShareTimeout            ShareState = "timeout"
	ShareNotSMB             ShareState = "not_smb"
	ShareSigningRefused     ShareState = "signing_refused"
	ShareEncryptionRequired ShareState = "encryption_required"
	ShareLoginFailed        ShareState = "login_failed"
	ShareAccountRestricted  ShareState = "account_restricted"
	ShareGuestOnly          ShareState = "guest_only"
	ShareAccessDenied       ShareState = "access_denied"
	ShareMissing            ShareState = "share_missing"
	ShareServerFull         ShareState = "server_full"
	ShareOutOfResources     ShareState = "server_out_of_resources"
	ShareServerPaused       ShareState = "server_paused"
	ShareConnectionLost     ShareState = "connection_lost"
	ShareProtocolError      ShareState = "protocol_error"
	ShareNotProbed          ShareState = "not_probed"
)

// ShareStates returns every state of the share, in the order of the documentation.
func ShareStates() []ShareState {
	return []ShareState{
		ShareOK, ShareNameNotResolved, ShareHostUnreachable, SharePortClosed, ShareSessionRefused,
		ShareTimeout, ShareNotSMB, ShareSigningRefused, ShareEncryptionRequired, ShareLoginFailed, ShareAccountRestricted,
		ShareGuestOnly, ShareAccessDenied, ShareMissing, ShareServerFull, ShareOutOfResources,
		ShareServerPaused, ShareConnectionLost, ShareProtocolError, ShareNotProbed,
	}
}

// Definite reports whether the server itself gave this answer. The other states
// are those in which the probe did not get one.
func (s ShareState) Definite() bool {
	switch s {
	case ShareNameNotResolved, ShareHostUnreachable, SharePortClosed, ShareTimeout, ShareNotSMB,
		ShareConnectionLost, ShareProtocolError, ShareNotProbed:
		return false
	}
	return true
}

// PhonebookState says what was found at the phone book's path. Exactly one holds.
type PhonebookState string

// The states of the phone book. Their names are labels: final.
const (
	PhonebookOK            PhonebookState = "ok"
	PhonebookMissing       PhonebookState = "missing"
	PhonebookElsewhere     PhonebookState = "elsewhere"
	PhonebookFolderMissing PhonebookState = "folder_missing"
	PhonebookAccessDenied  PhonebookState = "access_denied"
	PhonebookLocked        PhonebookState = "locked"
	PhonebookTooLarge      PhonebookState = "too_large"
	PhonebookDamaged       PhonebookState = "damaged"
	PhonebookDiskError     PhonebookState = "disk_error"
	PhonebookUnknown       PhonebookState = "unknown"
)

// PhonebookStates returns every state of the phone book, in the order of the documentation.
func PhonebookStates() []PhonebookState {
	return []PhonebookState{
		PhonebookOK, PhonebookMissing, PhonebookElsewhere, PhonebookFolderMissing, PhonebookAccessDenied,
		PhonebookLocked, PhonebookTooLarge, PhonebookDamaged, PhonebookDiskError, PhonebookUnknown,
	}
}

// Exists reports whether the file is there in this state; known is false where the
// state does not tell.
func (s PhonebookState) Exists() (exists, known bool) {
	switch s {
	case PhonebookOK, PhonebookLocked, PhonebookTooLarge, PhonebookDamaged:
		return true, true
	case PhonebookMissing, PhonebookFolderMissing, PhonebookElsewhere:
		return false, true
	}
	return false, false
}
