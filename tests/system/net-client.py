#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# What a program in a sandbox tries: net-client.py tcp:HOST@PORT udp:HOST@PORT dns:SERVER@NAME ping:ADDRESS
# A line for each: "HOST@PORT: what came" or "HOST@PORT: no".
import socket
import struct
import sys

socket.setdefaulttimeout(3)


def tcp(host, port):
    with socket.create_connection((host, int(port))) as sock:
        return sock.recv(100).decode().strip()


def udp(host, port):
    info = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
    with socket.socket(info[0], info[1]) as sock:
        sock.connect(info[4])
        sock.send(b"x")
        return sock.recv(100).decode().strip()


def dns(server, name):
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((server, 53))
        sock.send(struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + question)
        head = struct.unpack(">HHHHHH", sock.recv(1000)[:12])
        return f"code {head[1] & 15} answers {head[3]}"


def ping(address, _):
    family, protocol, kind = (
        (socket.AF_INET6, socket.IPPROTO_ICMPV6, 128) if ":" in address else (socket.AF_INET, socket.IPPROTO_ICMP, 8)
    )
    with socket.socket(family, socket.SOCK_DGRAM, protocol) as sock:
        sock.sendto(struct.pack(">BBHHH", kind, 0, 0, 1, 1), (address, 0))
        return f"echo of {len(sock.recv(100))}"


for word in sys.argv[1:]:
    how, _, where = word.partition(":")
    host, _, rest = where.rpartition("@") if "@" in where else (where, "", "")
    try:
        print(f"{how} {where}: {globals()[how](host, rest)}")
    except OSError:
        print(f"{how} {where}: no")
