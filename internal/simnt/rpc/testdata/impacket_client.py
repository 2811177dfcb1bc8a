# Calls every procedure with impacket's client, and prints what it understood of the
# answers as one line of JSON. The pipes are at the other end of standard input and
# output: a line "open NAME", "write HEX" or "read" is answered with a line, for
# "read" in hexadecimal.
import json
import struct
import sys

try:
    from impacket.dcerpc.v5 import even, rpcrt, rrp, scmr, srvs
except ImportError as error:
    sys.exit(f"this test needs impacket for {sys.executable} ({error}): apt-get install python3-impacket")


def say(line):
    print(line, flush=True)
    return sys.stdin.readline().strip()


class Pipe:
    """A transport whose messages go to standard output."""

    def __init__(self, name):
        say("open " + name)
        self.name = name

    def send(self, data, forceWriteAndx=0, forceRecv=0):
        say(f"write {self.name} {bytes(data).hex()}")

    def recv(self, forceRecv=0, count=0):
        return bytes.fromhex(say("read " + self.name))


def bound(name, uuid):
    dce = rpcrt.DCERPC_v5(Pipe(name))
    dce.bind(uuid)
    return dce


def refused(call, *arguments):
    try:
        call(*arguments)
    except rpcrt.DCERPCException as error:
        return str(error).strip() if error.get_error_code() is None else error.get_error_code()
    return "no error"


def eventlog():
    dce = bound("eventlog", even.MSRPC_UUID_EVEN)
    handle = even.hElfrOpenELW(dce, "Application", "")["LogHandle"]
    count = even.hElfrNumberOfRecords(dce, handle)["NumberOfRecords"]
    oldest = even.hElfrOldestRecordNumber(dce, handle)["OldestRecordNumber"]
    flags = even.EVENTLOG_SEQUENTIAL_READ | even.EVENTLOG_BACKWARDS_READ
    answer = even.hElfrReadELW(dce, handle, flags, 0, 0x7FFFF)
    data = b"".join(answer["Buffer"])[:answer["NumberOfBytesRead"]]
    number, _, _, event = struct.unpack_from("<LLLL", data, 8)
    end = refused(even.hElfrReadELW, dce, handle, flags, 0, 4096)
    clear = refused(even.hElfrClearELFW, dce, handle)
    even.hElfrCloseEL(dce, handle)
    closed = refused(even.hElfrNumberOfRecords, dce, handle)
    return {"count": count, "oldest": oldest, "bytes": len(data), "newest": number, "id": event, "end": end, "clear": clear, "closed": closed}


def registry():
    dce = bound("winreg", rrp.MSRPC_UUID_RRP)
    root = rrp.hOpenLocalMachine(dce)["phKey"]
    key = rrp.hBaseRegOpenKey(dce, root, "SYSTEM\\CurrentControlSet\\Services")["phkResult"]
    name = rrp.hBaseRegEnumKey(dce, key, 0)["lpNameOut"][:-1]
    end = refused(rrp.hBaseRegEnumKey, dce, key, 99)
    windows = rrp.hBaseRegOpenKey(dce, root, "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion")["phkResult"]
    kind, text = rrp.hBaseRegQueryValue(dce, windows, "CSDVersion")
    missing = refused(rrp.hBaseRegQueryValue, dce, windows, "NotThere")
    version = rrp.hBaseRegGetVersion(dce, root)["lpdwVersion"]
    rrp.hBaseRegCloseKey(dce, key)
    return {"name": name, "end": end, "kind": kind, "text": text.rstrip("\0"), "missing": missing, "version": version}


def services():
    dce = bound("svcctl", scmr.MSRPC_UUID_SCMR)
    manager = scmr.hROpenSCManagerW(dce)["lpScHandle"]
    service = scmr.hROpenServiceW(dce, manager, "RasMan")["lpServiceHandle"]
    status = scmr.hRQueryServiceStatus(dce, service)["lpServiceStatus"]
    config = scmr.hRQueryServiceConfigW(dce, service)["lpServiceConfig"]
    missing = refused(scmr.hROpenServiceW, dce, manager, "NotThere")
    scmr.hRCloseServiceHandle(dce, service)
    return {"state": status["dwCurrentState"], "exit": status["dwWin32ExitCode"], "start": config["dwStartType"], "account": config["lpServiceStartName"][:-1], "display": config["lpDisplayName"][:-1], "missing": missing}


def server():
    dce = bound("srvsvc", srvs.MSRPC_UUID_SRVS)
    shares = {}
    for level in (0, 1, 2):
        prefix = f"shi{level}_"
        found = srvs.hNetrShareEnum(dce, level)["InfoStruct"]["ShareInfo"][f"Level{level}"]["Buffer"]
        shares[f"names{level}"] = [share[prefix + "netname"][:-1] for share in found]
        one = srvs.hNetrShareGetInfo(dce, "ADMIN$\0", level)["InfoStruct"][f"ShareInfo{level}"]
        shares[f"name{level}"] = one[prefix + "netname"][:-1]
    shares["remark"] = one["shi2_remark"][:-1]
    shares["path"] = one["shi2_path"][:-1]
    missing = refused(srvs.hNetrShareGetInfo, dce, "C$\0", 1)
    level = refused(srvs.hNetrShareGetInfo, dce, "ADMIN$\0", 502)
    info = srvs.hNetrServerGetInfo(dce, 101)["InfoStruct"]["ServerInfo101"]
    short = srvs.hNetrServerGetInfo(dce, 100)["InfoStruct"]["ServerInfo100"]
    clock = srvs.hNetrRemoteTOD(dce)["BufferPtr"]
    return {
        "shares": shares, "missing": missing, "level": level,
        "server": [info["sv101_name"][:-1], info["sv101_version_major"], info["sv101_type"], info["sv101_comment"][:-1], short["sv100_name"][:-1]],
        "clock": [clock[field] for field in ("tod_elapsedt", "tod_msecs", "tod_hours", "tod_mins", "tod_secs", "tod_hunds", "tod_timezone", "tod_day", "tod_month", "tod_year", "tod_weekday")],
    }


def main():
    say("result " + json.dumps({"eventlog": eventlog(), "registry": registry(), "services": services(), "server": server()}))


main()
