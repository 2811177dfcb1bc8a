"""Opens a file and shares it with nobody, until its standard input ends.

Arguments: port of a server on 127.0.0.1, user, password, domain, share, path. It writes
a line once the file is open.
"""

import sys

from impacket import smb
from impacket.smbconnection import SMBConnection

FILE_READ_DATA = 0x1


def main():
    port, user, password, domain, share, path = sys.argv[1:]
    connection = SMBConnection('*SMBSERVER', '127.0.0.1', sess_port=int(port))
    connection.login(user, password, domain)
    tree = connection.connectTree(share)
    if connection.getDialect() == smb.SMB_DIALECT:
        # openFile would ask for an oplock, and nobody is here to answer its break.
        file = connection.getSMBServer().open_andx(tree, path, smb.SMB_O_OPEN, smb.SMB_ACCESS_READ | smb.SMB_SHARE_DENY_EXCL)[0]
    else:
        file = connection.openFile(tree, path, desiredAccess=FILE_READ_DATA, shareMode=0)
    print('open', flush=True)
    sys.stdin.read()
    connection.closeFile(tree, file)
    connection.logoff()


main()
