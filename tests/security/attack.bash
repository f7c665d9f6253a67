# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What several attacks need.

# A program of the host's that runs anywhere and gives itself away: $MARKER, in no container.
make_marker() {
	MARKER=$BATS_TEST_TMPDIR/host/echo
	mkdir -p "${MARKER%/*}"
	cp "$BUSYBOX" "$MARKER"
	UP=../../../../../../../../../../../..
}

# with_fds COMMAND...: with the host's root open as 3 to 30, as a careless caller would.
with_fds() (
	for ((n = 3; n <= 30; n++)); do
		eval "exec $n</"
	done
	"$@"
)

# The container gets the host's interpreters, for system calls that a shell has no word for.
need_perl() {
	[ -x /usr/bin/perl ] || skip "no perl here (Debian: apt-get install perl-base)"
	local dir
	for dir in /usr /lib /lib64 /lib32; do
		[ -d "$dir" ] || continue
		config_words '.mounts += [{destination: $w[0], type: "bind", source: $w[0], options: ["rbind", "ro"]}]' "$dir"
	done
}

# Exchanges two names for ever (renameat2 with RENAME_EXCHANGE); end_races ends it.  In bursts of any length with
# rests of any length: what is tried meanwhile meets every order of things, also the one in which it succeeds.
RACERS=()
race() {
	[ "$(uname -m)" = x86_64 ] || skip "the number of renameat2 is that of x86_64"
	perl -e 'my ($a, $b) = @ARGV;
		for (;;) {
			for (0 .. rand 1000) { syscall(316, -100, $a, -100, $b, 2) == 0 or die "$!" }
			select(undef, undef, undef, rand .02);
		}' "$1" "$2" 3>&- &
	RACERS+=($!)
}

# Fails if one has ended by itself: then there was no race.
end_races() {
	local racer
	for racer in "${RACERS[@]}"; do
		kill "$racer" || return 1
		wait "$racer" || true
	done
	RACERS=()
}

# in_memory KIB COMMAND...: fails if the command needs more than that.  Address space is what is limited;
# AddressSanitizer takes terabytes of it, there what was resident counts.
in_memory() {
	local kib=$1
	shift
	if sanitized; then
		python3 -c '
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:], close_fds=False)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
if peak > int(sys.argv[1]):
    sys.exit("%d KiB were resident, %s allowed" % (peak, sys.argv[1]))
sys.exit(status)' "$kib" "$@"
	else
		(ulimit -v "$kib" && exec "$@")
	fi
}

# for_seconds N COMMAND...: again and again, at least 20 times; fails when one fails.
for_seconds() {
	local end=$((SECONDS + $1)) n=0
	shift
	while [ $SECONDS -lt $end ] || [ $n -lt 20 ]; do
		"$@" || return 1
		n=$((n + 1))
	done
}

all_caps() {
	config '.process.capabilities[] += $w' --argjson w "$(json_array "$@")"
}
