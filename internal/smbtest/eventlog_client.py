# Reads an event log, or clears it, with impacket's client of MS-EVEN. The
# argument is a JSON document with host, port, username, password, domain, log and
# clear. Reading prints what the log holds as JSON, the oldest record first.
import json
import struct
import sys

try:
    from impacket.dcerpc.v5 import even, transport
except ImportError as error:
    sys.exit(f"this test needs impacket for {sys.executable} ({error}): apt-get install python3-impacket")

BUFFER = 0x7FFFF  # bytes


def texts(record, start, count):
    found = []
    for _ in range(count):
        end = start
        while record[end:end + 2] != b"\0\0":
            end += 2
        found.append(record[start:end].decode("utf-16-le"))
        start = end + 2
    return found


def parse(record):
    number, generated, _, event, _, strings = struct.unpack_from("<LLLLHH", record, 8)
    at = struct.unpack_from("<L", record, 36)[0]
    return {"number": number, "at": generated, "id": event, "source": texts(record, 56, 1)[0], "strings": texts(record, at, strings)}


def read(dce, handle, number):
    """Returns the records of one answer, from that number on."""
    flags = even.EVENTLOG_SEEK_READ | even.EVENTLOG_FORWARDS_READ
    answer = even.hElfrReadELW(dce, handle, flags, number, BUFFER)
    data = b"".join(answer["Buffer"])[:answer["NumberOfBytesRead"]]
    records = []
    while data:
        length = struct.unpack_from("<L", data)[0]
        records.append(parse(data[:length]))
        data = data[length:]
    return records


def main():
    o = json.loads(sys.argv[1])
    rpc = transport.SMBTransport(o["host"], o["port"], r"\eventlog", o["username"], o["password"], o["domain"])
    rpc.set_connect_timeout(60)
    dce = rpc.get_dce_rpc()
    dce.connect()
    dce.bind(even.MSRPC_UUID_EVEN)
    handle = even.hElfrOpenELW(dce, o["log"], "")["LogHandle"]
    if o["clear"]:
        even.hElfrClearELFW(dce, handle)
        even.hElfrCloseEL(dce, handle)
        return
    count = even.hElfrNumberOfRecords(dce, handle)["NumberOfRecords"]
    oldest = even.hElfrOldestRecordNumber(dce, handle)["OldestRecordNumber"]
    records = []
    while len(records) < count:
        records += read(dce, handle, oldest + len(records))
    even.hElfrCloseEL(dce, handle)
    json.dump({"count": count, "oldest": oldest, "records": records}, sys.stdout)


main()
