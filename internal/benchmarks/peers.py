# The work of a probe with impacket: the phone book, and the newest events of the log.
import struct
import sys

from impacket.dcerpc.v5 import even, rpcrt, transport
from impacket.smb import SMB_DIALECT
from impacket.smbconnection import SMBConnection

host, port, user, password, domain, dialect = sys.argv[1:]
connection = SMBConnection(host, host, sess_port=int(port), preferredDialect=SMB_DIALECT if dialect == "smb1" else None)
connection.login(user, password, domain)
parts = []
connection.getFile("ADMIN$", "System32\\Ras\\rasphone.pbk", parts.append)
pipe = transport.SMBTransport(host, int(port), filename="eventlog", smb_connection=connection)
rpc = rpcrt.DCERPC_v5(pipe)
rpc.connect()
rpc.bind(even.MSRPC_UUID_EVEN)
log = even.hElfrOpenELW(rpc, "Application")["LogHandle"]
count = even.hElfrNumberOfRecords(rpc, log)["NumberOfRecords"]
oldest = even.hElfrOldestRecordNumber(rpc, log)["OldestRecordNumber"]
last, failures, read = oldest + count, 0, 0
while last > oldest and read < 150:
    answer = even.hElfrReadELW(rpc, log, even.EVENTLOG_SEEK_READ | even.EVENTLOG_BACKWARDS_READ, last - 1, 16384)
    data = b"".join(answer["Buffer"])[: answer["NumberOfBytesRead"]]
    while data:
        length, _, last, _, _, event = struct.unpack("<6L", data[:24])
        failures += event & 0xFFFF == 4106
        read += 1
        data = data[length:]
connection.logoff()
if not parts or failures != 100:
    sys.exit("%d bytes, %d failures" % (sum(map(len, parts)), failures))
