#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""as-engine.py HULL STATES BUNDLE ID SECONDS: runs a bundle the way an engine's monitor does.

It becomes the subreaper, calls create (with a console socket when a terminal is asked for), puts an
interface eth0 into a network namespace that is new, calls start, and waits for the container's first
process.  Prints its output and, as the last line, "exit N"; "running" when it still ran after
SECONDS (it is killed then)."""

import array
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

HULL, STATES, BUNDLE, ID, SECONDS = sys.argv[1:5] + [float(sys.argv[5])]
PR_SET_CHILD_SUBREAPER = 36


def hull(*args, **how):
    done = subprocess.run([HULL, "--root", STATES, *args], **how)
    if done.returncode:
        sys.exit(f"{args[0]} failed with {done.returncode}")


def take_master(listener):
    connection, _ = listener.accept()
    _, ancillary, _, _ = connection.recvmsg(256, socket.CMSG_SPACE(4))
    return array.array("i", ancillary[0][2])[0]


def add_eth0(pid):
    """What docker 28 does between create and start."""
    for command in ("link add eth0 type veth peer name peer0", "addr add 10.88.0.2/16 dev eth0", "link set eth0 up"):
        subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", *command.split()], check=True)


def wait(pid, master, out, deadline):
    """The wait status of pid, or None; copies output on the way."""
    while time.monotonic() < deadline:
        ready, _, _ = select.select([fd for fd in (master, out) if fd is not None], [], [], 0.05)
        for fd in ready:
            try:
                os.write(1, os.read(fd, 65536))
            except OSError:
                pass
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
    return None


def main():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    with open(os.path.join(BUNDLE, "config.json"), encoding="utf-8") as f:
        config = json.load(f)
    terminal = config["process"].get("terminal", False)
    options = ["--bundle", BUNDLE, "--pid-file", BUNDLE + "/pid"]
    master = None
    out, container_out = os.pipe()
    streams = {"stdin": subprocess.DEVNULL, "stdout": container_out}
    if terminal:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(BUNDLE + "/console")
        listener.listen(1)
        options += ["--console-socket", BUNDLE + "/console"]
    hull("create", *options, ID, **streams)
    os.close(container_out)
    if terminal:
        master = take_master(listener)
    with open(BUNDLE + "/pid", encoding="utf-8") as f:
        pid = int(f.read())
    hooks = config.get("hooks") or {}
    networks = [n for n in config["linux"]["namespaces"] if n["type"] == "network"]
    if networks and not networks[0].get("path") and not hooks.get("prestart"):
        add_eth0(pid)
    hull("start", ID)
    status = wait(pid, master, out, time.monotonic() + SECONDS)
    if status is None:
        hull("kill", ID, "KILL")
        os.waitpid(pid, 0)
        print("\nrunning")
    else:
        wait_more = time.monotonic() + 0.2
        while time.monotonic() < wait_more and select.select([fd for fd in (master, out) if fd], [], [], 0)[0]:
            try:
                data = os.read(master if master is not None else out, 65536)
            except OSError:
                break
            if not data:
                break
            os.write(1, data)
        print("\nexit", os.waitstatus_to_exitcode(status))
    hull("delete", ID)


signal.alarm(600)
try:
    main()
finally:
    subprocess.run([HULL, "--root", STATES, "delete", "--force", ID], check=False)
