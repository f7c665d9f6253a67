#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Hostile images (hostile.bash): traps at places that are mounted on, and places that change meanwhile.
# CVE-2019-18837, CVE-2019-19921, CVE-2025-31133, CVE-2025-52565, CVE-2026-41579, CVE-2026-47766, CVE-2026-88264.

load ../system/helpers
load hostile
bats_require_minimum_version 1.5.0

@test "the picture shows what can happen to the host" {
	before=$(picture)
	echo x >>"$CANARY/null"
	[ "$before" != "$(picture)" ]
	make_canary
	chown 7 "$CANARY/null"
	[ "$before" != "$(picture)" ]
	chown 0 "$CANARY/null"
	touch "$CANARY/pts/new"
	[ "$before" != "$(picture)" ]
}

@test "what the program inside does to a place of the host's shows" {
	before=$(picture)
	config '.root.readonly = false | .mounts |= map(select(.destination != "/etc/resolv.conf")) + [
		{ destination: "/etc", type: "bind", source: $source, options: ["bind"] }]' --arg source "$CANARY/etc"
	fresh_rootfs
	mkfifo "$CANARY/etc/x"
	run -0 timeout 20 "$HULL" --root "$STATES" run "$ID" </dev/null
	[ "$before" != "$(picture)" ]
	[ ! -e "$CANARY/etc/resolv.conf" ]
	[ ! -e "$CANARY/etc/x" ]
}

@test "an image without traps starts in every variant" {
	for dev in yes no; do for terminal in yes no; do for readonly in yes no; do for userns in yes no; do
		variant "$dev" "$terminal" "$readonly" "$userns"
		fresh_rootfs
		# What a read-only image without a /dev has to bring.
		mkdir -p rootfs/dev/{pts,shm,mqueue}
		touch rootfs/etc/resolv.conf
		chown -hR "$OWNER:$OWNER" rootfs
		run -0 timeout 20 "$HULL" --root "$STATES" run "$ID" </dev/null
	done; done; done; done
}

@test "trap at dev" { try dev; }
@test "trap at proc" { try proc; }
@test "trap at sys" { try sys; }
@test "trap at etc" { try etc; }
@test "trap at etc/resolv.conf" { try etc/resolv.conf; }
@test "trap at run" { try run; }

@test "CVE-2021-30465, CVE-2024-45310: a directory that turns into a link and back, while it is mounted on" {
	[ "$(uname -m)" = x86_64 ] || skip "the number of renameat2 is that of x86_64"
	variant yes no no no
	config '.mounts += [
		{ destination: "/turn/below", type: "tmpfs", source: "tmpfs", options: [] },
		{ destination: "/turn/new/deep", type: "bind", source: $source, options: ["bind"] },
		{ destination: "/turn/file", type: "bind", source: $source, options: ["bind"] }]
		| .linux.maskedPaths += ["/turn/masked"] | .linux.readonlyPaths += ["/turn/ro"]
		| .process.args = ["true"]' --arg source "$CANARY.source"
	fresh_rootfs
	mkdir -p rootfs/turn/{masked,ro} "$CANARY"/{below,masked,ro}
	ln -s "$CANARY" rootfs/turn2
	before=$(picture)
	perl -e 'my ($a, $b) = @ARGV; for (;;) { syscall(316, -100, $a, -100, $b, 2) }' \
		rootfs/turn rootfs/turn2 3>&- &
	swapper=$!
	for _ in $(seq 150); do
		timeout 20 "$HULL" --root "$STATES" run "$ID" </dev/null >output 2>&1 || [ $? -lt 124 ] || break
	done
	kill $swapper
	wait $swapper || true
	after=$(picture)
	diff <(echo "$before") <(echo "$after")
}
