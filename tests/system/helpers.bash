# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every system test stands on.  HULL names the program (default: hull in build/).
#
#	load helpers
#	setup() { make_bundle; }
#	teardown() { clean_up; }
#	@test "run: the exit status is the program's" {
#		config '.process.args = ["sh", "-c", "exit 7"]'
#		run hull run "$ID"
#		[ "$status" -eq 7 ]
#	}

#
# With HULL_TEST_USERNS=1 every container of make_bundle is in a user namespace of its own.
# With HULL_TEST_ISOLATION=vm it is in a virtual machine, in the test machine only; tests that cannot pass
# so are named with the reason in vm-exceptions, and skipped.

HULL=${HULL:-$BATS_TEST_DIRNAME/../../build/hull}
BUSYBOX=${BUSYBOX:-/bin/busybox}

# hull ARGS...: with a directory of states of this test's own.
hull() {
	shift_rootfs
	"$HULL" --root "$STATES" "$@"
}

# A bundle in $BUNDLE with a busybox root file system, the default config.json without a terminal,
# and an id in $ID; the test's current directory is the bundle.
make_bundle() {
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	STATES=$BATS_TEST_TMPDIR/states
	ID=t$$-$BATS_TEST_NUMBER
	mkdir -p "$BUNDLE"
	make_rootfs "$BUNDLE/rootfs"
	cd "$BUNDLE" || return 1
	default_config
	SHIFT=
	! in_userns || userns
	! in_machine || machine
}

in_machine() {
	[ "${HULL_TEST_ISOLATION:-}" = vm ]
}

# What the switch asks for, by hull.conf: so it is for every hull that a test calls in whatever way.
machine() {
	local file test reason
	[ -n "${HULL_TEST_VM:-}" ] && [ -w /dev/kvm ] || {
		echo "HULL_TEST_ISOLATION=vm: only in the test machine (tests/vm/run), with /dev/kvm"
		return 1
	}
	while IFS=$'\t' read -r file test reason; do
		[[ $file != "${BATS_TEST_FILENAME##*/}" || $BATS_TEST_DESCRIPTION != $test ]] ||
			skip "in a virtual machine: $reason"
	done <"${BASH_SOURCE[0]%/*}/vm-exceptions"
	[ ! -e "$BATS_RUN_TMPDIR/machine" ] || return 0
	for file in hull-vmm hull-guest; do
		install -D "$(dirname "$HULL")/$file" "/usr/local/libexec/hull/$file"
	done
	mkdir -p /etc/hull
	printf 'isolation = vm\nvm.template = %s\n' "${HULL_TEST_TEMPLATES:-make}" >/etc/hull/hull.conf
	touch "$BATS_RUN_TMPDIR/machine"
}

# Made once per run, too: on an emulated machine jq takes longer than hull takes to run a container.
default_config() {
	local first=$BATS_RUN_TMPDIR/config.json
	if [ ! -e "$first" ]; then
		"$HULL" spec
		config '.process.terminal = false | .process.args = ["true"]'
		cp config.json "$first.$$" && mv "$first.$$" "$first"
	fi
	[ -e config.json ] || cp "$first" config.json
}

# What the switch asks for; the tests of user namespaces themselves call userns() in any case.
in_userns() {
	[ "${HULL_TEST_USERNS:-}" = 1 ]
}

# A user namespace in config.json: the container's ids 0 to 65535 are 100000 and on outside.
userns() {
	SHIFT=100000
	config '.linux.namespaces |= map(select(.type != "user")) + [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	local d=$BUNDLE
	chown 100000:100000 "$BUNDLE" "$BATS_TEST_TMPDIR"
	while [ "$d" != / ]; do # hooks and the container's root come by here
		chmod o+x "$d"
		d=${d%/*}
		d=${d:-/}
	done
}

# join_userns PID: that process's, in place of a new one
join_userns() {
	config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(if .type == "user" then
		.path = "/proc/\($p)/ns/user" else . end)' --arg p "$1"
}

# The rest of the test is without a user namespace, whatever the switch says.
no_userns() {
	[ -n "$SHIFT" ] || return 0
	SHIFT=
	config 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))'
	unshift_ids "$BUNDLE/rootfs"
	chown 0:0 "$BUNDLE" "$BATS_TEST_TMPDIR"
}

# Skips what no user namespace may do, with the switch only.
need_host_ids() {
	! in_userns || skip "not in a user namespace: $*"
}

# The id outside of the container's id $1.
host_id() {
	echo $(($1 + ${SHIFT:-0}))
}

# shift_ids FILE...: whole trees belong to the ids that the container knows them by.
shift_ids() {
	[ -z "$SHIFT" ] || move_ids "$SHIFT" "$@"
}

unshift_ids() {
	move_ids -100000 "$@"
}

# chown clears set-id bits, and changes what is there once only.  One process for all files.
move_ids() {
	local by=$1 which=-100000
	shift
	[ "$by" -gt 0 ] || which=+99999
	find "$@" -xdev \( -uid $which -o -gid $which \) -printf '%m %U %G %p\0' |
		# shellcheck disable=SC2016 # perl's
		perl -MPOSIX=lchown -0 -ne 'BEGIN { $by = shift } chomp; my ($mode, @ids) = split / /, $_, 4; my $file = pop @ids;
			for (@ids) { $_ += $by if ($_ < 100000) == ($by > 0) }
			lchown @ids, $file or die "chown $file: $!";
			length $mode < 4 or -l $file or chmod oct $mode, $file or die "chmod $file: $!"' -- "$by"
}

# The root file system of the bundle is the container's, with all that a test put there.
shift_rootfs() {
	[ -z "${SHIFT:-}" ] || shift_ids "$BUNDLE/rootfs"
}

# The root file system is made once per run and copied for each test.
make_rootfs() {
	local first=$BATS_RUN_TMPDIR/rootfs new
	if [ ! -d "$first" ]; then
		new=$(mktemp -d "$first.XXXXXX")
		chmod 755 "$new"
		mkdir -p "$new"/{bin,dev,etc,proc,root,sys,tmp,run,var}
		cp "$BUSYBOX" "$new/bin/busybox"
		# One process for all links: an emulated machine makes few a second.
		# shellcheck disable=SC2016 # perl's
		"$BUSYBOX" --list | perl -e 'chdir shift or die; for (<STDIN>) { chomp; symlink "busybox", $_ unless -e }' \
			"$new/bin"
		printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$new/etc/passwd"
		printf 'root:x:0:\nuser:x:1000:\n' >"$new/etc/group"
		! in_userns || SHIFT=100000 shift_ids "$new"
		mv -T "$new" "$first"
	fi
	cp -a "$first" "$1"
}

# config JQ-FILTER [jq options]: changes config.json.
config() {
	jq "$@" <config.json >config.json.new && mv config.json.new config.json
}

# json_array WORDS...: as JSON (jq would take words that begin with "-" as its options).
json_array() {
	local word words out=
	for word; do
		json_word "$word"
		out+=,$words
	done
	printf '[%s]' "${out#,}"
}

# json_word WORD: sets $words, without a process.
json_word() {
	words=${1//\\/\\\\}
	words=${words//\"/\\\"}
	words=${words//$'\n'/\\n}
	words=${words//$'\t'/\\t}
	words=\"$words\"
}

# program ARGS...: what the container runs.  Without a process where config.json looks as jq leaves it:
# one member "args" of "process", indented by four spaces.
program() {
	local words text before after
	local word out=
	for word; do
		json_word "$word"
		out+=,$words
	done
	text=$(<config.json)
	before=${text%%$'\n    "args": ['*}
	after=${text#"$before"$'\n    "args": ['}
	if [ "$after" = "$text" ] || [[ $after == *$'\n    "args": ['* || ${after%%$'\n    ]'*} == *$'\n    "'* ]]; then
		config '.process.args = $args' --argjson args "[${out#,}]"
	else
		printf '%s\n    "args": [\n%s\n    ]%s\n' "$before" "${out#,}" "${after#*$'\n    ]'}" >config.json
	fi
}

# config_words JQ-FILTER WORDS...: the words are $w in the filter.
config_words() {
	local filter=$1
	shift
	config "$filter" --argjson w "$(json_array "$@")"
}

state_of() {
	hull state "$1" | jq -r .status
}

pid_of() {
	hull state "$1" | jq -r .pid
}

# on_terminal ARGS...: hull on a terminal of 99 columns and 33 lines, which gets 111 and 44 when it has
# printed the first size; prints what was seen.
on_terminal() {
	shift_rootfs
	python3 - "$HULL" --root "$STATES" "$@" <<'PY'
import fcntl, os, pty, signal, struct, sys, termios
signal.alarm(60)
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    before, seen = seen, seen + data
    if b"33 99" in seen and b"33 99" not in before:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 111, 0, 0))
print(seen.decode().replace("\r", ""), end="")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
}

# until_true COMMAND...: tries for ten seconds.
until_true() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

has_status() {
	[ "$(state_of "$1")" = "$2" ]
}

cgroup_root() {
	awk '$9 == "cgroup2" || $10 == "cgroup2" { print $5; exit }' <(sed 's/ - / - /' /proc/self/mountinfo)
}

# Skips unless controller $1 can be used here; the test VM has them all.
need_controller() {
	grep -qw "$1" "$(cgroup_root)/cgroup.controllers" ||
		skip "no $1 controller in cgroup v2 here (the test VM has it)"
}

# idmappable DIR: sees to it that DIR lies on a file system that takes idmapped mounts, with what is in
# it (tmpfs, where the test machine has its temporary files, does since 6.3).
idmappable() {
	[ "$(stat -f -c %T "$1")" = tmpfs ] || return 0
	truncate -s 64M "$1.ext4"
	mkfs.ext4 -q -d "$1" "$1.ext4"
	mount -o loop "$1.ext4" "$1"
	IDMAPPABLE+=("$(realpath "$1")") # clean_up() has another working directory
}

# Whether hull was built with AddressSanitizer, which takes terabytes of address space and some time.
sanitized() {
	grep -q __asan_init "$HULL"
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

# Cgroups and processes whose cgroup carries this test's id, and what lies in its directory of states.
leftovers() {
	ls -A "$STATES" 2>/dev/null
	find "$(cgroup_root)" -depth -type d -name "*$ID*" 2>/dev/null
	grep -l "0::.*$ID\$" /proc/[0-9]*/cgroup 2>/dev/null # not of zombies: "(deleted)"
	return 0
}

nothing_left() {
	[ -z "$(leftovers)" ]
}

# After each test nothing may be left: no state, no cgroup, no process of ours.
clean_up() {
	local id
	cd / || return
	for id in $(ls -A "$STATES" 2>/dev/null); do
		hull delete --force "$id"
	done
	for id in "${IDMAPPABLE[@]}"; do
		! mountpoint -q "$id" || umount "$id"
	done
	IDMAPPABLE=()
	[ -d "$STATES" ] || return 0
	id=$(leftovers)
	[ -z "$id" ] || echo "left: $id" >&2
	[ -z "$id" ]
}
