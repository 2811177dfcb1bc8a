// Package lockout keeps a monitoring system from locking the account that it
// logs in with.
//
// A domain controller locks an account after so many failed logins, often five.
// Its counter is no sliding window: "reset after 30 minutes" is the time that has
// to pass after a failed attempt until the counter is zero again. Failures every
// 15 minutes therefore add up without end, and "three each half hour" locks an
// account that tolerates five. The package counts as the controller does, and
// never sends a fifth login while four may have failed.
//
// # Terms
//
//   - Refused: the answer says that name, password or account are not accepted.
//     Restricted is a refusal because the account is locked, disabled, expired or
//     may not log in there or now.
//   - In doubt: the login was sent as a whole and no usable answer came: late, none,
//     garbled, a status that leaves open whether a controller checked the password, or
//     the process ended first. The controller may have counted it.
//   - Authority: what checks the password, and counts failures. If the
//     configuration names a domain, the authority is that domain and user, on
//     whichever target; otherwise it is the user on that one target.
//
// # Rules
//
// A target. After a refusal it is held back for 15 minutes, then twice as long each
// time, 4 hours at most. A restriction holds it for 15 minutes, and so do a login in
// doubt and a guest login; these do not double. A target that accepted the
// credentials may be in doubt once after that without being held. Targets whose last
// login was in doubt are tried one at a time, so that a few servers that hang do not
// use up all the places.
//
// The count. An authority counts each login that was refused, that is in doubt or
// that is under way. Guest logins do not count: no password was checked. The count is
// zero 31 minutes after the last of them ended. An accepted login proves that the
// controller's counter was zero at that moment. So logins in doubt, and logins that
// have been under way for more than half a second, leave the count if they were sent
// before it to targets that announce the same domain. A refusal stays: a member of
// another domain, or a server with a local account of the same name, may have
// accepted the login without the controller.
//
// Places. Any target may take the first three places. The fourth is for a target
// whose last login was accepted, one at a time: for the one that accepted last, and
// for any such target once a login was accepted after the third place was taken, or
// two minutes later. There is no fifth. Four failures hold the authority for 31
// minutes. Wrong passwords double that to 4 hours; doubts and restrictions do not.
//
// After a hold, one login is tried, alone, on the target that accepted last and was
// not refused since. If there is none, it is tried on a target that was not refused
// yet, and after two minutes on any. If it is accepted, the authority's hold is over;
// otherwise the next hold begins. Targets serve their own holds regardless.
//
// After a start, and until the credentials were accepted once, one login is tried at
// a time. The first refusal, or three failures, hold the authority.
//
// # What ends a hold
//
// Time; another user, domain or password (see [Guard.Configure]); and
// [Guard.Forget], which permits one login, alone, while fewer than four count.
// Changing one wrong password for another is up to the operator: each change is
// followed by one login, and the controller counts it. Only for a single target the
// package remembers more: four wrong passwords in a row, whichever they were, hold it
// for 31 minutes after the last, because it may have an account of its own.
//
// # The file
//
// Holds survive restarts and are shared between processes by a file; see
// [Options.File]. A login is written to it as in doubt before it is sent, so that a
// process that is killed cannot forget it. The file has no names in it, only HMACs
// under a random salt, and of the credentials two bytes of a slow hash: enough to
// notice a change, useless for recovering a password. What cannot be read or written
// is a warning (see [Options.Warn]), and the guard goes on with what it has in memory. But
// while another process keeps the file locked, credentials that were not accepted since the
// start are not tried.
// A damaged file is replaced, and the guard is as careful as after a start.
package lockout
