"""An SMB1 server for tests, made of impacket's.

It checks passwords, which impacket's own does not do without extended security,
and where it is told to require signing it signs, and verifies what the client
signs (MS-CIFS 3.1.4.1, 3.1.5.1). Every login and every signature is one line of
JSON in the file of events, written before the answer goes out.

Arguments: a file with a JSON object {root, events, username, password, signing}.
It ends when its standard input does.
"""

import configparser
import hashlib
import hmac
import json
import logging
import os
import struct
import sys
import threading

from impacket import ntlm, smb, smbserver

STATUS_ACCESS_DENIED = 0xC0000022
STATUS_LOGON_FAILURE = 0xC000006D

FLAGS2_SIGNATURE = 0x0004
FLAGS2_UNICODE = 0x8000


class Events:
    def __init__(self, path):
        self.file = open(path, 'a')
        self.lock = threading.Lock()

    def add(self, event, **fields):
        with self.lock:
            self.file.write(json.dumps({'event': event, **fields}) + '\n')
            self.file.flush()


class Connection:
    """What the server knows of a connection besides what impacket keeps."""

    def __init__(self):
        self.challenge = os.urandom(8)
        self.secret = None  # MAC key followed by the response, once somebody is logged in
        self.sequence = 0   # number of the next request


def hmac_md5(key, data):
    return hmac.new(key, data, hashlib.md5).digest()


def mac(secret, sequence, message):
    blanked = message[:14] + struct.pack('<II', sequence, 0) + message[22:]
    return hashlib.md5(secret + blanked).digest()[:8]


def strings(message, at, count):
    """Reads strings from the session setup, aligned to the header where Unicode."""
    found = []
    unicode_strings = struct.unpack_from('<H', message, 10)[0] & FLAGS2_UNICODE
    for _ in range(count):
        if unicode_strings:
            at += at % 2
            end = at
            while message[end:end + 2] != b'\0\0':
                if end >= len(message):
                    raise ValueError('a string without an end')
                end += 2
            found.append(message[at:end].decode('utf-16le'))
            at = end + 2
        else:
            end = message.index(b'\0', at)
            found.append(message[at:end].decode('cp437'))
            at = end + 1
    return found


class Server(smbserver.SMBSERVER):
    def __init__(self, options):
        self.options = options
        self.events = Events(options['events'])
        self.connections = {}
        config = configparser.ConfigParser()
        config['global'] = {
            'server_name': 'EXCH01', 'server_os': 'Windows NT 4.0', 'server_domain': 'TESTDOM',
            'log_file': 'None', 'rpc_apis': 'no', 'credentials_file': '', 'challenge': '',
        }
        config['IPC$'] = {'comment': '', 'read only': 'yes', 'share type': '3', 'path': ''}
        config['ADMIN$'] = {'comment': '', 'read only': 'yes', 'share type': '0', 'path': options['root']}
        super().__init__(('127.0.0.1', 0), config_parser=config)
        self.processConfigFile()

    def addConnection(self, name, ip, port):
        self.connections[name] = Connection()
        super().addConnection(name, ip, port)

    def processRequest(self, name, data):
        connection = self.connections[name]
        command = data[4]
        if connection.secret is not None:
            return self.signed_request(name, connection, data)
        if command == smb.SMB.SMB_COM_SESSION_SETUP_ANDX:
            return self.login(name, connection, data)
        if command == smb.SMB.SMB_COM_NEGOTIATE:
            # Windows NT 4.0 knows no extended security, whoever asks for it.
            data = data[:11] + bytes([data[11] & ~0x08]) + data[12:]
            return [self.negotiated(connection, a) for a in self.answers(name, data)]
        return self.answers(name, data)

    def answers(self, name, data):
        found = super().processRequest(name, data)
        return [bytes(a.getData()) if hasattr(a, 'getData') else bytes(a) for a in found]

    def negotiated(self, connection, answer):
        if answer[32] != 17:
            return answer
        mode = answer[35]
        if self.options['signing']:
            mode |= smb.SMB.SECURITY_SIGNATURES_ENABLED | smb.SMB.SECURITY_SIGNATURES_REQUIRED
        return answer[:35] + bytes([mode]) + answer[36:69] + connection.challenge + answer[77:]

    def login(self, name, connection, data):
        ok, key, response, fields = self.check(connection, data)
        self.events.add('login', ok=ok, **fields)
        if not ok:
            return [self.refusal(data, STATUS_LOGON_FAILURE)]
        answers = self.answers(name, data)
        if self.options['signing']:
            connection.secret = key + response
            connection.sequence = 2
            answers = [self.sign(connection.secret, 1, a) for a in answers]
        return answers

    def check(self, connection, data):
        """Returns whether the password is right, MAC key, response, and what to note."""
        if data[32] != 13:
            return False, b'', b'', {'kind': 'extended security'}
        lm_length, nt_length = struct.unpack_from('<HH', data, 47)
        lm = data[61:61 + lm_length]
        response = data[61 + lm_length:61 + lm_length + nt_length]
        user, domain = strings(data, 61 + lm_length + nt_length, 2)
        fields = {
            'user': user, 'domain': domain, 'vc_number': struct.unpack_from('<H', data, 41)[0],
            'kind': 'NTLMv1' if nt_length == 24 else 'NTLMv2', 'lm': 'other',
        }
        nt_hash = ntlm.compute_nthash(self.options['password'])
        known = user.lower() == self.options['username'].lower()
        if nt_length == 24:
            if lm == response:
                fields['lm'] = 'copy'
            right = hmac.compare_digest(response, ntlm.ntlmssp_DES_encrypt(nt_hash, connection.challenge))
            key = ntlm.generateSessionKeyV1(self.options['password'], b'', nt_hash)
        elif nt_length > 16:
            v2_hash = hmac_md5(nt_hash, (user.upper() + domain).encode('utf-16le'))
            proof, blob = response[:16], response[16:]
            if lm_length == 24 and hmac_md5(v2_hash, connection.challenge + lm[16:]) == lm[:16]:
                fields['lm'] = 'LMv2'
            right = hmac.compare_digest(proof, hmac_md5(v2_hash, connection.challenge + blob))
            key = hmac_md5(v2_hash, proof)
        else:
            fields['kind'] = 'no NT response'
            return False, b'', b'', fields
        if not any(lm):
            fields['lm'] = 'none'
        return known and right, key, response, fields

    def signed_request(self, name, connection, data):
        sequence = connection.sequence
        connection.sequence += 2
        flagged = struct.unpack_from('<H', data, 10)[0] & FLAGS2_SIGNATURE != 0
        right = flagged and hmac.compare_digest(mac(connection.secret, sequence, data), data[14:22])
        self.events.add('signature', ok=right, command=data[4], sequence=sequence)
        answers = self.answers(name, data) if right else [self.refusal(data, STATUS_ACCESS_DENIED)]
        return [self.sign(connection.secret, sequence + 1, a) for a in answers]

    @staticmethod
    def sign(secret, sequence, message):
        flags2 = struct.unpack_from('<H', message, 10)[0] | FLAGS2_SIGNATURE
        message = message[:10] + struct.pack('<H', flags2) + message[12:]
        return message[:14] + mac(secret, sequence, message) + message[22:]

    @staticmethod
    def refusal(data, status):
        """A header like the request's with a status and an empty command."""
        return data[:5] + struct.pack('<I', status) + bytes([data[9] | 0x80]) + data[10:32] + b'\0\0\0'


def end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    with open(sys.argv[1]) as f:
        server = Server(json.load(f))
    threading.Thread(target=end_with_input, daemon=True).start()
    server.daemon_threads = True
    server.events.add('listening', port=server.server_address[1])
    server.serve_forever()


main()
