# SPDX-License-Identifier: GPL-2.0-or-later
"""refuse-userns.py HOW UID COMMAND...: runs it as that user where no user namespace can be made.

filter: under a filter that refuses what docker's does: a new user namespace, unshare, setns and mount; clone3 it
does not know.  max: in a user namespace in which user.max_user_namespaces is 0."""
import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
EPERM, ENOSYS = 1, 38
NEWUSER = 0x10000000
CALLS = {  # clone, clone3, unshare, setns, mount
    "x86_64": (56, 435, 272, 308, 165),
    "aarch64": (220, 435, 97, 268, 40),
}
LOAD, EQUAL, HAS, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def program(calls):
    clone, clone3, *others = calls
    code = [(LOAD, 0, 0, 0)]  # the call's number
    for number in others:
        code += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | EPERM)]
    code += [(EQUAL, 0, 1, clone3), (RETURN, 0, 0, ERRNO | ENOSYS)]
    code += [(EQUAL, 0, 3, clone), (LOAD, 0, 0, 16), (HAS, 0, 1, NEWUSER), (RETURN, 0, 0, ERRNO | EPERM)]
    return code + [(RETURN, 0, 0, ALLOW)]


def load_filter(libc):
    code = program(CALLS[os.uname().machine])
    text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    prog = ctypes.create_string_buffer(struct.pack("HP", len(code), ctypes.addressof(text)))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, FILTER, prog):
        raise OSError(ctypes.get_errno(), "seccomp")


def write(path, text):
    with open(path, "w") as out:
        out.write(text)


# A child writes the maps, and has to be of the namespace outside for that.
def enter_namespace(libc):
    made, told = os.pipe()
    me = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(told)
        os.read(made, 1)
        for name in "uid_map", "gid_map":
            write(f"/proc/{me}/{name}", "0 0 65536")
        os._exit(0)
    if libc.unshare(NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    os.close(told)
    if os.waitpid(child, 0)[1]:
        sys.exit("the maps could not be written")
    os.setresuid(0, 0, 0)
    write("/proc/sys/user/max_user_namespaces", "0")


def main():
    how, uid, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if how == "max":
        enter_namespace(libc)
    if int(uid):
        os.setgroups([])
        os.setresgid(int(uid), int(uid), int(uid))
        os.setresuid(int(uid), int(uid), int(uid))
    if how == "filter":
        load_filter(libc)
    os.execvp(command[0], command)


main()
