#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Terminals: of the caller's, and in images that put something in their place.

bats_require_minimum_version 1.5.0
load ../system/helpers
load attack

setup() {
	need_root
	make_bundle
}

teardown() {
	clean_up
}

# TIOCSTI is 0x5412: a byte as if it was typed at the terminal that is standard input.
PUSH='ioctl(STDIN, 0x5412, my $c = "x") ? print("PUSHED\n") : print("refused: $!\n")'

@test "CVE-2017-5226: a program on the caller's terminal cannot type into it" {
	need_perl
	program perl -e "$PUSH"
	run script -qec "perl -e '$PUSH'" /dev/null
	[[ $output == *PUSHED* ]] || skip "this kernel forbids TIOCSTI to everybody (dev.tty.legacy_tiocsti)"
	run script -qec "'$HULL' --root '$STATES' run $ID" /dev/null
	[[ $output == *refused* ]]
	[[ $output != *PUSHED* ]]
	program sleep 1000
	hull run -d "$ID"
	cat >push.pl <<<"$PUSH"
	cp push.pl rootfs/push.pl
	run script -qec "'$HULL' --root '$STATES' exec $ID perl /push.pl" /dev/null
	[[ $output == *refused* ]]
	[[ $output != *PUSHED* ]]
}

@test "CVE-2017-5226: the caller's terminal is nobody's controlling one inside" {
	program sh -c '(: >/dev/tty) 2>/dev/null && echo HAS || echo none'
	run -0 script -qec "'$HULL' --root '$STATES' run $ID" /dev/null
	[[ $output == *none* ]]
}

@test "CVE-2025-52565, CVE-2026-88264: /dev/console that turns into a link while the terminal is bound there" {
	config '.process.terminal = true | .mounts |= map(select(.destination != "/dev"))'
	mkdir -p rootfs/dev/pts rootfs/dev/shm rootfs/dev/mqueue
	echo untouched >"$BATS_TEST_TMPDIR/canary"
	: >rootfs/dev/console
	ln -s "$BATS_TEST_TMPDIR/canary" rootfs/dev/console2
	stat -c '%u %g %a %t:%T %i' "$BATS_TEST_TMPDIR/canary" >before
	program sh -c 'test -c /dev/console && echo x >/dev/console; grep -c " /proc/" /proc/self/mountinfo'
	race rootfs/dev/console rootfs/dev/console2
	attempt() {
		local code=0
		timeout 20 "$HULL" --root "$STATES" run "$ID" </dev/null >out 2>&1 || code=$?
		[ $code -ne 124 ]
	}
	for_seconds 5 attempt
	end_races
	stat -c '%u %g %a %t:%T %i' "$BATS_TEST_TMPDIR/canary" >after
	cmp before after
	[ "$(cat "$BATS_TEST_TMPDIR/canary")" = untouched ]
}

@test "CVE-2025-52565: a terminal comes from a devpts, not from what the image has in its place" {
	config '.process.terminal = true | .mounts |= map(select(.destination != "/dev" and .destination != "/dev/pts"))'
	local kind
	for kind in null file fifo link; do
		rm -rf rootfs/dev
		mkdir -p rootfs/dev/pts rootfs/dev/shm rootfs/dev/mqueue
		case $kind in
		null) mknod rootfs/dev/pts/ptmx c 1 3 ;;
		file) : >rootfs/dev/pts/ptmx ;;
		fifo) mkfifo rootfs/dev/pts/ptmx ;;
		link) ln -s /proc/self/fd/0 rootfs/dev/pts/ptmx ;;
		esac
		run timeout 20 "$HULL" --root "$STATES" run "$ID" </dev/null
		[ "$status" -eq 125 ]
	done
}

@test "CVE-2026-88265: the host's devices keep their owners when they are a program's streams" {
	local before
	before=$(stat -c %u:%g:%a /dev/null /dev/zero)
	config '.process.user = {uid: 1000, gid: 1000}'
	hull run "$ID" </dev/zero >/dev/null 2>&1
	[ "$(stat -c %u:%g:%a /dev/null /dev/zero)" = "$before" ]
	program sleep 1000
	hull run -d "$ID"
	hull exec -u 7:7 "$ID" true </dev/zero >/dev/null 2>&1
	[ "$(stat -c %u:%g:%a /dev/null /dev/zero)" = "$before" ]
}

@test "control characters of an image reach no terminal by an error" {
	config '.process.args = ["/bin/\u001b]0;title\u0007none"]'
	run -127 hull run "$ID"
	[[ $output != *$'\033'* ]]
	[[ $output != *$'\007'* ]]
}
