package simnt

// The NT statuses that the host itself answers with (MS-CIFS 2.2.2.4, MS-ERREF 2.3). Those of the
// form 0xCCCC000K carry a DOS error code and class.
const (
	statusOK                    uint32 = 0
	statusBufferOverflow        uint32 = 0x80000005
	statusNoMoreFiles           uint32 = 0x80000006
	statusNotImplemented        uint32 = 0xC0000002
	statusInvalidHandle         uint32 = 0xC0000008
	statusInvalidParameter      uint32 = 0xC000000D
	statusNoSuchFile            uint32 = 0xC000000F
	statusAccessDenied          uint32 = 0xC0000022
	statusObjectNameInvalid     uint32 = 0xC0000033
	statusObjectNameNotFound    uint32 = 0xC0000034
	statusObjectPathNotFound    uint32 = 0xC000003A
	statusObjectPathSyntaxBad   uint32 = 0xC000003B
	statusSharingViolation      uint32 = 0xC0000043
	statusLogonFailure          uint32 = 0xC000006D
	statusPasswordExpired       uint32 = 0xC0000071
	statusAccountDisabled       uint32 = 0xC0000072
	statusPipeBusy              uint32 = 0xC00000AE
	statusInvalidDeviceRequest  uint32 = 0xC0000010
	statusPipeClosing           uint32 = 0xC00000B1
	statusFileIsADirectory      uint32 = 0xC00000BA
	statusNotSupported          uint32 = 0xC00000BB
	statusNetworkNameDeleted    uint32 = 0xC00000C9
	statusBadDeviceType         uint32 = 0xC00000CB
	statusBadNetworkName        uint32 = 0xC00000CC
	statusTooManySessions       uint32 = 0xC00000CE
	statusRequestNotAccepted    uint32 = 0xC00000D0
	statusPipeEmpty             uint32 = 0xC00000D9
	statusNotADirectory         uint32 = 0xC0000103
	statusTooManyOpenedFiles    uint32 = 0xC000011F
	statusInvalidInfoClass      uint32 = 0xC0000003
	statusAccountExpired        uint32 = 0xC0000193
	statusInsuffServerResources uint32 = 0xC0000205
	statusAccountLockedOut      uint32 = 0xC0000234
	statusInvalidSMB            uint32 = 0x00010002
	statusBadTID                uint32 = 0x00050002
	statusBadCommand            uint32 = 0x00160002
	statusBadUID                uint32 = 0x005B0002
)

// carriesData reports whether an answer with this status has a body: success and warnings.
func carriesData(status uint32) bool {
	return status == statusOK || status == statusBufferOverflow
}
