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
	statusObjectNameCollision   uint32 = 0xC0000035
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

// Classes of DOS errors (MS-CIFS 2.2.2.4).
const (
	classDOS      = 1
	classServer   = 2
	classHardware = 3
)

// dosError is a DOS error class and code.
type dosError struct {
	class byte
	code  uint16
}

// dosErrors maps statuses to DOS errors as NT does for a client without NT status codes
// (MS-CIFS 2.2.2.4). Several statuses share an error.
var dosErrors = map[uint32]dosError{
	statusBufferOverflow:        {classDOS, 234},
	statusNoMoreFiles:           {classDOS, 18},
	statusNotImplemented:        {classDOS, 1},
	statusInvalidInfoClass:      {classDOS, 124},
	statusInvalidHandle:         {classDOS, 6},
	statusInvalidParameter:      {classDOS, 87},
	statusNoSuchFile:            {classDOS, 2},
	statusInvalidDeviceRequest:  {classDOS, 1},
	statusAccessDenied:          {classDOS, 5},
	statusObjectNameInvalid:     {classDOS, 123},
	statusObjectNameNotFound:    {classDOS, 2},
	statusObjectNameCollision:   {classDOS, 80},
	statusObjectPathNotFound:    {classDOS, 3},
	statusObjectPathSyntaxBad:   {classDOS, 123},
	statusSharingViolation:      {classDOS, 32},
	0xC0000054:                  {classDOS, 33},   // FILE_LOCK_CONFLICT
	0xC0000055:                  {classDOS, 33},   // LOCK_NOT_GRANTED
	0xC0000056:                  {classDOS, 5},    // DELETE_PENDING
	0xC000005E:                  {classDOS, 2215}, // NO_LOGON_SERVERS
	0xC0000064:                  {classDOS, 5},    // NO_SUCH_USER
	0xC000006A:                  {classServer, 2}, // WRONG_PASSWORD
	statusLogonFailure:          {classDOS, 5},
	0xC000006E:                  {classHardware, 31}, // ACCOUNT_RESTRICTION
	0xC000006F:                  {classServer, 2241}, // INVALID_LOGON_HOURS
	0xC0000070:                  {classServer, 2240}, // INVALID_WORKSTATION
	statusPasswordExpired:       {classServer, 2242},
	0xC0000224:                  {classServer, 2242}, // PASSWORD_MUST_CHANGE
	statusAccountDisabled:       {classServer, 2239},
	statusAccountExpired:        {classServer, 2239},
	statusAccountLockedOut:      {classDOS, 5},
	0xC000015B:                  {classDOS, 5},    // LOGON_TYPE_NOT_GRANTED
	0xC000018B:                  {classDOS, 5},    // NO_TRUST_SAM_ACCOUNT
	0xC000018C:                  {classDOS, 5},    // TRUSTED_DOMAIN_FAILURE
	0xC000018D:                  {classDOS, 5},    // TRUSTED_RELATIONSHIP_FAILURE
	0xC0000192:                  {classDOS, 2455}, // NETLOGON_NOT_STARTED
	statusBadNetworkName:        {classServer, 6},
	statusBadDeviceType:         {classServer, 7},
	0xC00000CA:                  {classServer, 4}, // NETWORK_ACCESS_DENIED
	0xC00000CF:                  {classDOS, 70},   // SHARING_PAUSED
	statusRequestNotAccepted:    {classServer, 89},
	statusTooManySessions:       {classServer, 90},
	0xC0000196:                  {classHardware, 31}, // REMOTE_SESSION_LIMIT
	statusInsuffServerResources: {classDOS, 8},
	0xC000009A:                  {classDOS, 8}, // INSUFFICIENT_RESOURCES
	statusFileIsADirectory:      {classDOS, 5},
	statusNotADirectory:         {classDOS, 3},
	statusTooManyOpenedFiles:    {classDOS, 4},
	0xC0000102:                  {classHardware, 31}, // FILE_CORRUPT_ERROR
	0xC0000032:                  {classHardware, 31}, // DISK_CORRUPT_ERROR
	0xC000003E:                  {classHardware, 23}, // DATA_ERROR
	0xC000003F:                  {classHardware, 23}, // CRC_ERROR
	0xC000009C:                  {classHardware, 23}, // DEVICE_DATA_ERROR
	0xC0000185:                  {classHardware, 31}, // IO_DEVICE_ERROR
	0xC000009D:                  {classHardware, 21}, // DEVICE_NOT_CONNECTED
	0xC0000013:                  {classHardware, 21}, // NO_MEDIA_IN_DEVICE
	0xC00000B5:                  {classServer, 88},   // IO_TIMEOUT
	0xC00000AB:                  {classDOS, 231},     // INSTANCE_NOT_AVAILABLE
	0xC00000AC:                  {classDOS, 231},     // PIPE_NOT_AVAILABLE
	statusPipeBusy:              {classDOS, 231},
	0xC00000B0:                  {classDOS, 233}, // PIPE_DISCONNECTED
	statusPipeClosing:           {classDOS, 232},
	statusPipeEmpty:             {classDOS, 232},
	0xC000014B:                  {classDOS, 109}, // PIPE_BROKEN
	statusNetworkNameDeleted:    {classServer, 5},
	0xC0000203:                  {classServer, 91}, // USER_SESSION_DELETED
	statusNotSupported:          {classDOS, 50},
}

// toDOS maps a status to a DOS error: ERRHRD/ERRgeneral, as on NT, if there is no counterpart.
func toDOS(status uint32) dosError {
	if status == statusOK {
		return dosError{}
	}
	if class := status & 0xFFFF; status>>30 == 0 && class >= classDOS && class <= classHardware {
		return dosError{byte(class), uint16(status >> 16)}
	}
	if e, ok := dosErrors[status]; ok {
		return e
	}
	return dosError{classHardware, 31}
}
