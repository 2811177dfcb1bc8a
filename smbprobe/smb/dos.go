package smb

// Error classes of a DOS-style status (MS-CIFS 2.2.2.4).
const (
	dosClassDOS      = 0x01 // ERRDOS
	dosClassServer   = 0x02 // ERRSRV
	dosClassHardware = 0x03 // ERRHRD
)

// StatusFromDOS returns the NT status that a DOS error class and code stand for.
// Servers map many statuses to one code, so detail is lost: ERRDOS 5 comes back
// as STATUS_ACCESS_DENIED whatever it was. A pair that is not known becomes the
// SMB-private status 0xCCCC00KK (code, class).
func StatusFromDOS(class uint8, code uint16) Status {
	if class == 0 && code == 0 {
		return StatusOK
	}
	switch class {
	case dosClassDOS:
		switch code {
		case 1:
			return StatusNotImplemented
		case 2:
			return StatusObjectNameNotFound
		case 3:
			return StatusObjectPathNotFound
		case 5:
			return StatusAccessDenied
		case 6:
			return StatusInvalidHandle
		case 8:
			return StatusInsuffServerResources
		case 13:
			return StatusDataError
		case 32:
			return StatusSharingViolation
		case 33:
			return StatusFileLockConflict
		case 50:
			return StatusNotSupported
		case 59:
			return StatusUserSessionDeleted
		case 65:
			return StatusNetworkAccessDenied
		case 67:
			return StatusBadNetworkName
		case 69:
			return StatusTooManySessions
		case 70:
			return StatusSharingPaused
		case 71:
			return StatusRequestNotAccepted
		case 87:
			return StatusInvalidParameter
		case 109:
			return StatusPipeBroken
		case 123:
			return StatusObjectNameInvalid
		case 231:
			return StatusPipeNotAvailable
		case 232:
			return StatusPipeClosing
		case 233:
			return StatusPipeDisconnected
		case 234:
			return StatusBufferOverflow
		case 1326:
			return StatusLogonFailure
		case 1327:
			return StatusAccountRestriction
		case 2215:
			return StatusNoLogonServers
		case 2455:
			return StatusNetlogonNotStarted
		}
	case dosClassServer:
		switch code {
		case 2:
			return StatusWrongPassword
		case 4:
			return StatusNetworkAccessDenied
		case 6:
			return StatusBadNetworkName
		case 7:
			return StatusBadDeviceType
		case 81:
			return StatusSharingPaused
		case 88:
			return StatusIOTimeout
		case 89:
			return StatusRequestNotAccepted
		case 90:
			return StatusTooManySessions
		case 2239:
			return StatusAccountDisabled
		case 2240:
			return StatusInvalidWorkstation
		case 2241:
			return StatusInvalidLogonHours
		case 2242:
			return StatusPasswordExpired
		}
	case dosClassHardware:
		switch code {
		case 21:
			return StatusNoMediaInDevice
		case 23:
			return StatusCRCError
		case 26:
			return StatusDiskCorruptError
		case 30:
			return StatusDataError
		case 31:
			return StatusIODeviceError
		}
	}
	return Status(uint32(code)<<16 | uint32(class))
}
