#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that enter a container: what they bring along, who they are, and what an image can do to
# whoever starts them.

bats_require_minimum_version 1.5.0
load ../system/helpers
load attack

setup() {
	make_bundle
	program sleep 1000
}

teardown() {
	clean_up
}

# What leads to the container's own root may be accepted; from there nothing of the host's is seen.
harmless() {
	"$@" </dev/null >out 2>&1 || :
	! grep ESCAPED out || {
		echo "escaped: $*"
		return 1
	}
}

refused() {
	if "$@" </dev/null >out 2>&1; then
		echo "accepted: $*"
		cat out
		return 1
	fi
	! grep -q ESCAPED out
}

# No process where there is nothing: these tests try hundreds of times.
delete_what_is_there() {
	[ ! -e "$STATES/$ID" ] || hull delete --force "$ID"
}

@test "CVE-2024-21626: a working directory by descriptor, at run, create and exec" {
	local n dir caller text
	make_marker
	program sh -c "test ! -e ./$UP/$MARKER || echo ESCAPED"
	config '.process.cwd = "@DIR@"'
	text=$(<config.json)
	for caller in env with_fds; do
		for n in $(seq 3 30); do
			for dir in /proc/self/fd/$n /proc/self/fd/$n/.. /proc/thread-self/fd/$n; do
				echo "${text/@DIR@/"$dir"}" >config.json
				harmless $caller "$HULL" --root "$STATES" run "$ID"
				harmless $caller "$HULL" --root "$STATES" create "$ID"
				delete_what_is_there
			done
		done
		echo "${text/@DIR@//}" >config.json
		program sleep 1000
		hull run -d "$ID"
		for n in $(seq 3 30); do
			harmless $caller "$HULL" --root "$STATES" exec --cwd "/proc/self/fd/$n" "$ID" sh -c "test ! -e ./$UP/$MARKER || echo ESCAPED"
		done
		hull delete --force "$ID"
	done
}

@test "CVE-2024-21626: a link of the image's to a descriptor as working directory" {
	local n
	config '.process.cwd = "/work"'
	make_marker
	program sh -c "test ! -e ./$UP/$MARKER || echo ESCAPED"
	for n in $(seq 3 30); do
		ln -sfn "/proc/self/fd/$n" rootfs/work
		harmless with_fds "$HULL" --root "$STATES" run "$ID"
		harmless env "$HULL" --root "$STATES" run "$ID"
	done
}

@test "CVE-2024-21626: a program of the host's by descriptor, at run, create, start and exec" {
	local n caller
	make_marker
	for caller in env with_fds; do
		for n in $(seq 3 40); do
			program "/proc/self/fd/$n/$UP$MARKER" ESCAPED
			refused $caller "$HULL" --root "$STATES" run "$ID"
			if $caller "$HULL" --root "$STATES" create "$ID" </dev/null >out 2>&1; then
				refused $caller "$HULL" --root "$STATES" start "$ID"
			fi
			delete_what_is_there
		done
		program sleep 1000
		hull run -d "$ID"
		for n in $(seq 3 40); do
			refused $caller "$HULL" --root "$STATES" exec "$ID" "/proc/self/fd/$n/$UP$MARKER" ESCAPED
		done
		hull delete --force "$ID"
	done
}

@test "CVE-2024-21626: a program of the host's by PATH or by a link of the image's" {
	local n path=
	make_marker
	mv "$MARKER" "${MARKER%/*}/only-host"
	for n in $(seq 3 40); do
		path+=:/proc/self/fd/$n/$UP${MARKER%/*}
		ln -s "/proc/self/fd/$n/$UP${MARKER%/*}" "rootfs/link$n"
		path+=:/link$n
	done
	# busybox prints what it is called when it does not know its name.
	config '.process.env = $w' --argjson w "$(json_array "PATH=${path#:}")"
	program only-host ESCAPED
	refused with_fds "$HULL" --root "$STATES" run "$ID"
	refused env "$HULL" --root "$STATES" run "$ID"
	grep -q 'executable file not found' out
	program /bin/sleep 1000
	hull run -d "$ID"
	refused with_fds "$HULL" --root "$STATES" exec "$ID" only-host ESCAPED
	refused env "$HULL" --root "$STATES" exec "$ID" only-host ESCAPED
	grep -q 'executable file not found' out
}

@test "CVE-2024-21626, CVE-2016-8649: no descriptor leaks into a program" {
	program sh -c 'cd /proc/self/fd && echo *'
	run -0 with_fds "$HULL" --root "$STATES" run "$ID"
	[ "$output" = "0 1 2 3" ] # 3: the shell's, of the directory
	with_fds "$HULL" --root "$STATES" create "$ID" >created 2>&1
	with_fds "$HULL" --root "$STATES" start "$ID"
	until_true has_status "$ID" stopped
	[ "$(cat created)" = "0 1 2 3" ]
	hull delete "$ID"
	program sleep 1000
	hull run -d "$ID"
	run -0 with_fds "$HULL" --root "$STATES" exec "$ID" sh -c 'cd /proc/self/fd && echo *'
	[ "$output" = "0 1 2 3" ]
}

@test "CVE-2024-21626: a container that waits for start holds nothing of the host's" {
	with_fds "$HULL" --root "$STATES" create "$ID"
	local fd
	for fd in "/proc/$(pid_of "$ID")/fd"/*; do
		[ ! -d "$fd" ]
		[ "${fd##*/}" -le 2 ] || [[ $(readlink "$fd") == */@(start|status).fifo ]]
	done
	[[ $(readlink "/proc/$(pid_of "$ID")/cwd") == / ]]
}

# CVE-2016-8659 was the same in another program.
@test "CVE-2016-9962: what enters a container cannot be looked into from there" {
	cat >rootfs/bin/spy <<'SH'
#!/bin/sh
# Whatever a process that is not ours has open, where it is and what it runs.
while :; do
	for p in /proc/[0-9]*; do
		for l in "$p"/fd/* "$p"/cwd "$p"/root "$p"/exe; do
			t=$(readlink "$l") || continue
			case $t in
			*states* | *unreachable* | socket:* | anon_inode:* | */hull*) echo "$l $t" >>/tmp/seen ;;
			esac
		done
		head -c 1 "$p/mem" >/dev/null && [ "$p" != /proc/1 ] && echo mem >>/tmp/own
	done 2>/dev/null
	echo >>/tmp/rounds
done
SH
	chmod +x rootfs/bin/spy
	config '.root.readonly = false'
	program spy
	hull run -d "$ID"
	until_true test -s rootfs/tmp/rounds
	local n before
	before=$(wc -l <rootfs/tmp/rounds)
	for n in $(seq 150); do
		hull exec "$ID" true </dev/null
	done
	[ "$(wc -l <rootfs/tmp/rounds)" -gt "$before" ] # else this has shown nothing
	[ ! -e rootfs/tmp/seen ] || head -n 5 rootfs/tmp/seen
	[ ! -e rootfs/tmp/seen ]
}

@test "CVE-2016-3697, CVE-2026-30892: a user is what the number says, not a name of the image's" {
	need_host_ids "ids beyond its map"
	local n text
	for n in 0 1 7 1000 4242; do
		echo "$n:x:0:0::/:/bin/sh" >>rootfs/etc/passwd
		echo "$n:x:0:" >>rootfs/etc/group
	done
	config '.process.user = {uid: 1000, gid: 1000}'
	program id
	run -0 hull run "$ID"
	[[ $output == uid=1000*gid=1000* ]]
	program sleep 1000
	hull run -d "$ID"
	for n in 0 1 7 1000 4242 2147483648 4294967294; do
		run -0 hull exec -u "$n" "$ID" sh -c 'echo $(id -u) $(id -g)'
		[ "$output" = "$n 1000" ]
		run -0 hull exec -u "$n:$n" "$ID" sh -c 'echo $(id -u) $(id -g)'
		[ "$output" = "$n $n" ]
	done
	for text in "" : 1: :1 1:2:3 1:, 1, 1x x -1 +1 " 1" "1 " 0x1 1e3 01x 1:-1 1:x root user 4294967295 4294967296 \
		1:4294967295 18446744073709551616 $'1\n' ١; do
		run hull exec -u "$text" "$ID" id
		[ "$status" -eq 125 ]
		[[ $output != *uid=* ]]
	done
}

@test "CVE-2024-40635: ids that do not fit are errors, not root" {
	local id member
	program true
	config '.process.user = {uid: 7171, gid: 7272}'
	for id in 4294967295 4294967296 8589934592 18446744073709551615 18446744073709551616 -1 1.5 '"1000"' '"0"'; do
		for member in uid/7171 gid/7272; do
			sed "s/${member#*/}/$id/" config.json >other.json # jq would round
			run hull run -f other.json "$ID"
			[ "$status" -eq 125 ]
			[[ $output == *"process.user.${member%/*}"* ]]
		done
	done
}

caps_are() { # CapInh CapPrm CapEff CapAmb of what ran: zero or not
	local name i=0
	for name in CapInh CapPrm CapEff CapAmb; do
		i=$((i + 1))
		local value=$((0x$(sed -n "s/^$name:\t//p" <<<"$output")))
		if [ "${!i}" = 0 ]; then [ "$value" = 0 ]; else [ "$value" != 0 ]; fi || {
			echo "$name is $value, not ${!i}"
			return 1
		}
	done
}

# CVE-2022-27650, CVE-2022-27651 and CVE-2025-27612 were the same in other runtimes.
@test "CVE-2022-29162, CVE-2022-27649 to 27651: nothing is inheritable that was not asked for" {
	program cat /proc/self/status
	run -0 hull run "$ID"
	caps_are 0 1 1 0
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec "$ID" cat /proc/self/status
	caps_are 0 1 1 0
	run -0 hull exec --cap CAP_NET_ADMIN --cap CAP_SYS_TIME "$ID" cat /proc/self/status
	caps_are 0 1 1 0
	jq -n '{cwd: "/", args: ["cat", "/proc/self/status"], user: {uid: 0, gid: 0}, env: ["PATH=/bin"]}' >p.json
	run -0 hull exec -p p.json "$ID"
	caps_are 0 1 1 0
	# The caller's own inheritable and ambient ones stay outside.
	[ -x "$(type -P capsh)" ] || skip "no capsh here (Debian: apt-get install libcap2-bin)"
	run -0 capsh --inh=cap_kill --addamb=cap_kill -- -c "'$HULL' --root '$STATES' exec '$ID' cat /proc/self/status"
	caps_are 0 1 1 0
}

@test "CVE-2018-10856: a user that is not root holds no capabilities without ambient ones" {
	config '.process.user = {uid: 1000, gid: 1000}'
	program cat /proc/self/status
	run -0 hull run "$ID"
	caps_are 0 0 0 0
	config '.process.user = {uid: 0, gid: 0}'
	program sleep 1000
	hull run -d "$ID"
	run -0 hull exec -u 1000:1000 --cap CAP_SYS_ADMIN "$ID" cat /proc/self/status
	caps_are 0 0 0 0
	[[ $output == *"NoNewPrivs:	1"* ]]
}

@test "CVE-2026-53488: passwd and group files without end, fifos and devices in their place" {
	need_root
	local kind
	for kind in huge longline fifo device procfile dangling; do
		rm -f rootfs/etc/passwd rootfs/etc/group
		case $kind in
		huge) truncate -s 1T rootfs/etc/passwd && truncate -s 1T rootfs/etc/group ;;
		longline) tr '\0' x </dev/zero | head -c 8M | tee rootfs/etc/group >rootfs/etc/passwd ;;
		fifo) mkfifo rootfs/etc/passwd rootfs/etc/group ;;
		device) mknod rootfs/etc/passwd c 1 5 && mknod rootfs/etc/group c 1 5 ;;
		procfile) ln -s /proc/self/mem rootfs/etc/passwd && ln -s /proc/kmsg rootfs/etc/group ;;
		dangling) ln -s /nowhere rootfs/etc/passwd && ln -s /nowhere rootfs/etc/group ;;
		esac
		program sh -c 'echo $HOME; exec sleep 1000'
		in_memory 200000 timeout 20 "$HULL" --root "$STATES" run -d "$ID" >out
		[ "$(cat out)" = / ]
		in_memory 200000 timeout 20 "$HULL" --root "$STATES" exec -u 1000 "$ID" true
		hull delete --force "$ID"
	done
}

@test "CVE-2018-15664, CVE-2019-14271: nothing of the image's is loaded or asked, as libraries and NSS are" {
	# Who opens one of these waits for ever.
	local name
	mkdir -p rootfs/lib/x86_64-linux-gnu rootfs/lib64 rootfs/usr/lib/x86_64-linux-gnu/gconv rootfs/usr/lib/locale
	rm -f rootfs/etc/passwd rootfs/etc/group
	for name in etc/nsswitch.conf etc/ld.so.preload etc/ld.so.cache etc/passwd etc/group etc/shadow etc/localtime etc/hosts \
		etc/resolv.conf etc/host.conf lib/x86_64-linux-gnu/lib{c.so.6,nss_files.so.2,nss_compat.so.2,nss_dns.so.2,seccomp.so.2} \
		lib64/ld-linux-x86-64.so.2 usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache usr/lib/locale/locale-archive; do
		mkfifo "rootfs/$name"
	done
	timeout 20 "$HULL" --root "$STATES" run -d "$ID"
	timeout 20 "$HULL" --root "$STATES" exec -u 1000 -e LC_ALL=de_DE.UTF-8 "$ID" true
	timeout 20 "$HULL" --root "$STATES" ps "$ID" >/dev/null
	timeout 20 "$HULL" --root "$STATES" delete --force "$ID"
}

@test "CVE-2022-31030: output without end does not fill hull's memory" {
	program sleep 1000
	hull run -d "$ID"
	output_of() {
		in_memory 100000 "$HULL" --root "$STATES" exec -t "$ID" sh -c "head -c 200000000 /dev/zero; exit 3" </dev/null |
			wc -c
		echo "${PIPESTATUS[0]}"
	}
	run -0 output_of
	[ "${lines[0]}" = 200000000 ]
	[ "${lines[1]}" = 3 ]
}

@test "CVE-2021-43784: more than 64 KiB of ids, paths and words arrive whole" {
	need_root
	no_userns
	local i
	chown -R 100000:100000 rootfs
	local d=$BUNDLE
	while [ "$d" != / ]; do
		chmod o+x "$d"
		d=$(dirname "$d")
	done
	jq '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [range(240) | {containerID: (. * 10), hostID: (100000 + . * 10), size: 10}] |
		.linux.gidMappings = .linux.uidMappings |
		.process.env += [range(300) | "V\(.)=" + ("x" * 1000)] |
		.process.args = ["sh", "-c", "env | grep -c ^V; wc -l </proc/self/uid_map; wc -l </proc/self/gid_map; echo ${#1} ${#2}",
			"sh", ("y" * 100000), ("z" * 100000)] |
		.annotations = ([range(2000) | {key: "a\(.)", value: ("v" * 100)}] | from_entries) |
		.mounts += [range(40) | {destination: ("/tmp/" + ("d" * 200) + "/" + ("e" * 200) + "/\(.)"), type: "tmpfs", source: "tmpfs", options: []}] |
		.mounts = [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: []}] + .mounts' <config.json >new
	mv new config.json
	[ "$(wc -c <config.json)" -gt 400000 ]
	run hull run "$ID"
	[ "${lines[0]}" = 300 ]
	[ "${lines[1]} ${lines[2]}" = "240 240" ]
	[ "${lines[3]}" = "100000 100000" ]
}

@test "CVE-2020-15257: no abstract sockets, which a container with the host's network could reach" {
	config '.linux.namespaces |= map(select(.type != "network"))'
	grep -o '@.*' /proc/net/unix | sort >before || :
	hull create "$ID"
	grep -o '@.*' /proc/net/unix | sort >after || :
	cmp before after
	hull start "$ID"
	hull exec -d "$ID" sleep 1000
	grep -o '@.*' /proc/net/unix | sort >after || :
	cmp before after
}

@test "CVE-2024-25621: what is kept of a container is its owner's alone, whatever the umask" {
	(umask 0 && hull run -d "$ID")
	[ -n "$(ls "$STATES/$ID")" ]
	run find "$STATES" ! -type l -perm /077 -print
	[ -z "$output" ]
}
