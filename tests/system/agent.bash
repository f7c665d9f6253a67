# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The agent of a seccomp profile that notifies.

# agent SOCKET FILE: listens at SOCKET, writes what it is sent to FILE and the numbers of the calls that it is
# asked about to FILE.calls, and answers each with "go on".  AGENT is its pid.
agent() {
	python3 - "$1" "$2" 3>&- <<'PY' &
import array, fcntl, os, select, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1])
s.listen(8)
calls = open(sys.argv[2] + ".calls", "a", buffering=1)
while True:
    c, _ = s.accept()
    data, anc, _, _ = c.recvmsg(65536, socket.CMSG_SPACE(4))
    while True:
        more = c.recv(65536)
        if not more:
            break
        data += more
    with open(sys.argv[2] + ".new", "wb") as f:
        f.write(data)
    os.rename(sys.argv[2] + ".new", sys.argv[2])
    fd = array.array("i", anc[0][2])[0]
    if os.fork():
        os.close(fd)
        continue
    s.close()
    ready = select.poll()
    ready.register(fd, select.POLLIN)
    while True:
        # Before 6.11 a blocking receive does not end with the last process under the filter.
        if ready.poll()[0][1] & select.POLLHUP:
            os._exit(0)
        try:
            req = bytearray(80)
            fcntl.ioctl(fd, 0xC0502100, req)
            ident = struct.unpack("Q", req[:8])[0]
            print(struct.unpack("i", req[16:20])[0], file=calls)
            fcntl.ioctl(fd, 0xC0182101, struct.pack("QqiI", ident, 0, 0, 1))
        except OSError:
            os._exit(0)
PY
	AGENT=$!
	until_true test -S "$1"
}

end_agent() {
	[ -z "${AGENT:-}" ] || kill "$AGENT" 2>/dev/null || :
	AGENT=
}
