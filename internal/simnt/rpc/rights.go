package rpc

// Rights that every kind of object has (MS-DTYP 2.4.3).
const (
	genericRead    = 0x80000000
	genericWrite   = 0x40000000
	genericExecute = 0x20000000
	genericAll     = 0x10000000
	maximumAllowed = 0x02000000
	readControl    = 0x00020000
)

// rights returns what an account gets of an object of the service control manager: all
// that it asks for, or ERROR_ACCESS_DENIED. user is what everybody may have.
func (a Access) rights(desired, user, administrator uint32) (got, code uint32) {
	most, wide := user, uint32(genericRead|maximumAllowed)
	if a.Administrator {
		most, wide = administrator, wide|genericWrite|genericExecute|genericAll
	}
	if desired&wide != 0 {
		desired = desired&^wide | most
	}
	if desired&^most != 0 {
		return 0, errorAccessDenied
	}
	return desired, 0
}

// Rights to a registry key (MS-RRP 2.2.3).
const (
	keyQueryValue = 0x00000001
	keyEnumerate  = 0x00000008
	keyRead       = 0x00020019
	keyWrite      = 0x00020006
	keyAll        = 0x000F003F
)

// keyRights returns what an administrator gets of a registry key.
func keyRights(desired uint32) uint32 {
	got := desired & keyAll
	if desired&(genericRead|genericExecute) != 0 {
		got |= keyRead
	}
	if desired&genericWrite != 0 {
		got |= keyWrite
	}
	if desired&(genericAll|maximumAllowed) != 0 {
		got = keyAll
	}
	return got
}

// Rights to the service control manager and to services (MS-SCMR 3.1.4).
const (
	managerUser = 0x00015 | readControl // connect, enumerate, query the lock
	managerAll  = 0xF003F
	serviceUser = 0x0008D | readControl // configuration, status, dependents, interrogate
	serviceAll  = 0xF01FF
	queryConfig = 0x00001
	queryStatus = 0x00004
)
