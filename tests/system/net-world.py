#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# The servers of the world that tests of `hull sandbox --net` make (sandbox-net.bash):
#
#	net-world.py dns ADDRESS LOG NAME=ADDRESS...	answers by UDP and TCP; "NAME=>ALIAS" is an alias; of
#							names that begin with "big" UDP gets nothing
#	net-world.py servers ADDRESS@PORT...		each says where it is, by TCP and UDP
#
# Says "ready" once it listens.
import select
import socket
import struct
import sys
import time

A, CNAME, AAAA = 1, 5, 28


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def records(zone, name, kind):
    found = b""
    count = 0
    for value in zone.get(name, []):
        if value.startswith(">"):
            target = value[1:]
            found += wire(name) + struct.pack(">HHIH", CNAME, 1, 30, len(wire(target))) + wire(target)
            more, n = records(zone, target, kind)
            return found + more, 1 + n
        family = socket.AF_INET6 if ":" in value else socket.AF_INET
        if kind == (AAAA if family == socket.AF_INET6 else A):
            data = socket.inet_pton(family, value)
            found += wire(name) + struct.pack(">HHIH", kind, 1, 30, len(data)) + data
            count += 1
    return found, count


def dns(address, log, pairs):
    zone = {}
    for pair in pairs:
        name, value = pair.split("=", 1)
        zone.setdefault(name, []).append(value)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 53))
    stream = socket.create_server((address, 53))
    print("ready", flush=True)
    while True:
        for ready in select.select([sock, stream], [], [])[0]:
            if ready is sock:
                message, client = sock.recvfrom(4096)
                sock.sendto(answer(zone, log, message, False), client)
                continue
            client = stream.accept()[0]
            message = answer(zone, log, client.recv(4096)[2:], True)
            # In pieces, as a network may do it.
            for piece in struct.pack(">H", len(message)), message[:20], message[20:]:
                client.sendall(piece)
                time.sleep(0.05)
            client.close()


def answer(zone, log, message, whole):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += message[at] + 1
    name = ".".join(labels).lower()
    kind = struct.unpack(">H", message[at + 1 : at + 3])[0]
    with open(log, "a") as out:
        print(name, kind, file=out)
    found, count = records(zone, name, kind)
    flags = 0x8180 | (0 if name in zone else 3)
    if name.startswith("big") and not whole:
        found, count, flags = b"", 0, flags | 0x200
    return message[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + message[12 : at + 5] + found


def servers(places):
    names = {}
    for place in places:
        address, port = place.rsplit("@", 1)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
            sock = socket.socket(family, kind)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, int(port)))
            if kind == socket.SOCK_STREAM:
                sock.listen(64)
            names[sock] = place
    print("ready", flush=True)
    while True:
        for sock in select.select(list(names), [], [])[0]:
            text = f"this is {names[sock]}\n".encode()
            if sock.type == socket.SOCK_STREAM:
                client = sock.accept()[0]
                client.sendall(text)
                client.close()
            else:
                sock.sendto(text, sock.recvfrom(4096)[1])


if sys.argv[1] == "dns":
    dns(sys.argv[2], sys.argv[3], sys.argv[4:])
else:
    servers(sys.argv[2:])
