# Uses a server as impacket's SMB1 client and DCE/RPC clients do. The argument is a JSON
# document with host, port, username, password and domain. Prints what it learnt as JSON.
import json
import struct
import sys

try:
    from impacket.dcerpc.v5 import even, rrp, scmr, transport
    from impacket.smb import SMB_DIALECT
    from impacket.smbconnection import SMBConnection
except ImportError as error:
    sys.exit(f"this test needs impacket for {sys.executable} ({error}): apt-get install python3-impacket")


def pipe(o, name, uuid):
    rpc = transport.SMBTransport(o["host"], o["port"], "\\" + name, o["username"], o["password"], o["domain"])
    rpc.preferred_dialect(SMB_DIALECT)
    dce = rpc.get_dce_rpc()
    dce.connect()
    dce.bind(uuid)
    return dce


def files(o):
    c = SMBConnection(o["host"], o["host"], sess_port=o["port"], preferredDialect=SMB_DIALECT)
    c.login(o["username"], o["password"], o["domain"])
    content = bytearray()
    c.getFile("ADMIN$", "System32\\Ras\\rasphone.pbk", content.extend)
    found = {
        "os": c.getServerOS(),
        "guest": bool(c.isGuestSession()),
        "names": [f.get_longname() for f in c.listPath("ADMIN$", "System32\\*")],
        "content": content.decode("latin-1"),
        "shares": [s["shi1_netname"].rstrip("\0") for s in c.listShares()],
    }
    c.logoff()
    return found


def events(o):
    dce = pipe(o, "eventlog", even.MSRPC_UUID_EVEN)
    handle = even.hElfrOpenELW(dce, "Application", "")["LogHandle"]
    count = even.hElfrNumberOfRecords(dce, handle)["NumberOfRecords"]
    flags = even.EVENTLOG_SEQUENTIAL_READ | even.EVENTLOG_BACKWARDS_READ
    answer = even.hElfrReadELW(dce, handle, flags, 0, 0x10000)
    data = b"".join(answer["Buffer"])[:answer["NumberOfBytesRead"]]
    ids = []
    while data:
        length, _, number, _, _, event = struct.unpack_from("<6L", data)
        ids.append([number, event])
        data = data[length:]
    even.hElfrCloseEL(dce, handle)
    dce.disconnect()
    return {"count": count, "events": ids}


def registry(o):
    dce = pipe(o, "winreg", rrp.MSRPC_UUID_RRP)
    root = rrp.hOpenLocalMachine(dce)["phKey"]
    key = rrp.hBaseRegOpenKey(dce, root, "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion")["phkResult"]
    pack = rrp.hBaseRegQueryValue(dce, key, "CSDVersion")[1].rstrip("\0")
    rrp.hBaseRegCloseKey(dce, key)
    dce.disconnect()
    return pack


def service(o):
    dce = pipe(o, "svcctl", scmr.MSRPC_UUID_SCMR)
    manager = scmr.hROpenSCManagerW(dce, dwDesiredAccess=scmr.SC_MANAGER_CONNECT)["lpScHandle"]
    handle = scmr.hROpenServiceW(dce, manager, "MSExchangeIMC\0", scmr.SERVICE_QUERY_STATUS)["lpServiceHandle"]
    state = scmr.hRQueryServiceStatus(dce, handle)["lpServiceStatus"]["dwCurrentState"]
    dce.disconnect()
    return state


def main():
    o = json.loads(sys.argv[1])
    found = files(o)
    found["log"] = events(o)
    found["pack"] = registry(o)
    found["service"] = service(o)
    json.dump(found, sys.stdout)


main()
