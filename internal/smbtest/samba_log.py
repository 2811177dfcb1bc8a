# Changes an event log of Samba in its file, as fast for 100,000 records as for
# one: Samba's own eventlogadm takes time that grows with the square of their
# number. The argument is the file, standard input a JSON document:
# {"drop": how many of the oldest records to remove, "append": [records]}.
import json
import os
import struct
import sys

try:
    import tdb
except ImportError as error:
    sys.exit(f"this test needs tdb for {sys.executable} ({error}): apt-get install python3-tdb")

MAX_SIZE, RETENTION = 0x80000, 7 * 24 * 3600  # what Samba begins a log with


def u32(value):
    return struct.pack("<L", value)


def text(value):
    return value.encode("utf-16-le") + b"\0\0"


def record(number, event):
    """A record as Samba keeps it: eventlog_Record_tdb in its eventlog.idl."""
    source, computer = text(event["source"]), text("EXCH01")
    strings = b"".join(text(s) for s in event["strings"] or [])
    size = 56 + len(source) + len(computer) + len(strings) + 4
    padding = -size % 4
    head = struct.pack(
        "<L4sLLLLHHHH6L", size + padding, b"eLfL", number, event["at"], event["at"], event["id"],
        1, len(event["strings"] or []), 3, 0, 0, 0, 0, 0, 0, 0)
    return b"".join([
        head, u32(len(source)), source, u32(len(computer)), computer,
        u32(0), u32(0),  # no user
        u32(len(strings)), strings,
        u32(0),  # no data
        u32(padding),
    ])


def main():
    change = json.load(sys.stdin)
    log = tdb.open(sys.argv[1], 0, tdb.DEFAULT, os.O_RDWR | os.O_CREAT, 0o660)

    def info(name, otherwise):
        value = log.get(b"INFO/" + name + b"\0")
        return otherwise if value is None else struct.unpack("<L", value)[0]

    oldest, following = info(b"oldest_entry", 1), info(b"next_record", 1)
    for number in range(oldest, oldest + change["drop"]):
        log.delete(u32(number))
    oldest += change["drop"]
    for event in change["append"] or []:
        log[u32(following)] = record(following, event)
        following += 1
    for name, value in [
            (b"version", 1), (b"maxsize", info(b"maxsize", MAX_SIZE)), (b"retention", info(b"retention", RETENTION)),
            (b"oldest_entry", oldest), (b"next_record", following)]:
        log[b"INFO/" + name + b"\0"] = u32(value)
    log.close()


main()
