#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Mounts, masks and kernel parameters: images and volumes that lead elsewhere, also while one looks.

bats_require_minimum_version 1.5.0
load ../system/helpers
load attack

setup() {
	need_root
	make_bundle
	config '.root.readonly = false'
	CANARY=$BATS_TEST_TMPDIR/canary
	mkdir "$CANARY"
	echo untouched >"$CANARY/file"
}

teardown() {
	end_races 2>/dev/null || :
	clean_up
}

mount_entry() { # DESTINATION TYPE SOURCE OPTION...
	config_words '.mounts += [{destination: $w[0], type: $w[1], source: $w[2], options: $w[3:]}]' "$@"
}

picture() {
	find "$CANARY" -printf '%p %y %m %U:%G %s %i %l\n' | sort
	cat "$CANARY/file"
	cut -d' ' -f3- /proc/self/mountinfo
}

# Whatever happens, it ends by itself; what it printed is in out.
attempt() {
	local code=0
	timeout 20 "$HULL" --root "$STATES" run "$ID" </dev/null >out 2>&1 || code=$?
	[ $code -ne 124 ]
}

@test "CVE-2019-16884: nothing may be mounted over /proc or into it" {
	local place
	mkdir -p fake/self/attr fake/sys
	: >fake/self/attr/exec
	ln -s /proc/self rootfs/self
	ln -s proc rootfs/other
	cp config.json plain.json
	for place in /proc /proc/self /proc/self/attr /proc/self/attr/exec /proc/thread-self/attr /proc/1 /proc/sys \
		/proc/sys/kernel /proc/self/../self/attr /dev/../proc/self/attr //proc//self /self/attr /other/self /other/sys; do
		for type in tmpfs bind; do
			cp plain.json config.json
			if [ $type = bind ]; then mount_entry "$place" bind "$PWD/fake" bind; else mount_entry "$place" tmpfs tmpfs; fi
			run hull run "$ID"
			[ "$status" -eq 125 ] || { echo "$type on $place"; false; }
		done
	done
}

# CVE-2025-54867 as well.
@test "CVE-2019-19921, CVE-2023-27561, CVE-2023-28642: /proc that turns into a link into a shared volume" {
	mkdir -p volume/proc/self/attr volume/proc/sys/kernel
	mount_entry /volume bind "$PWD/volume" bind
	mkdir rootfs/volume
	ln -s volume/proc rootfs/proc2
	program sleep 1000
	race rootfs/proc rootfs/proc2
	started=0
	# Wherever /proc is by now: it has been mounted once, and all of it is protected.
	one() {
		local info=/proc/self/mountinfo
		timeout 20 "$HULL" --root "$STATES" create "$ID" </dev/null >out 2>&1 || return 0
		started=$((started + 1))
		info=/proc/$(pid_of "$ID")/mountinfo
		grep -q ' / [^ ]* rw[^-]* - proc ' "$info" && grep -q ' /sys [^ ]* ro[^-]* - proc ' "$info" &&
			grep -q ' /null [^ ]*/proc2*/keys ' "$info" || cp "$info" wrong
		hull delete --force "$ID"
		[ ! -e wrong ] || { cat wrong; return 1; }
	}
	for_seconds 8 one
	end_races
	[ "$started" -gt 0 ] || { cat out; false; }
	[ -z "$(find volume -type f)" ]
}

# CVE-2025-62161 as well.
@test "CVE-2025-31133: /dev/null that turns into a link while paths are masked" {
	config '.mounts |= map(select(.destination != "/dev")) | .linux.maskedPaths = ["/proc/keys", "/etc/secret", "/etc/secrets"] |
		.linux.readonlyPaths = ["/proc/sys", "/proc/sysrq-trigger"]'
	mkdir -p rootfs/dev/pts rootfs/dev/shm rootfs/dev/mqueue rootfs/etc/secrets
	echo secret >rootfs/etc/secret
	echo secret >rootfs/etc/secrets/file
	mknod -m 666 rootfs/dev/null c 1 3
	ln -s /proc/sys/kernel/core_pattern rootfs/dev/null2
	local core
	core=$(cat /proc/sys/kernel/core_pattern)
	program sh -c 'echo started; stat -c %t:%T /etc/secret /proc/keys; ls -A /etc/secrets | grep . && echo UNMASKED
		cat /etc/secret; (echo HARM >/etc/secret; echo HARM >/proc/keys; echo HARM >/proc/sys/kernel/core_pattern) 2>/dev/null
		grep core_pattern /proc/self/mountinfo && echo HARM; true'
	race rootfs/dev/null rootfs/dev/null2
	started=0
	one() {
		attempt || return 1
		[ "$(cat /proc/sys/kernel/core_pattern)" = "$core" ] || return 1
		grep -q started out || return 0
		started=$((started + 1))
		! grep -E 'HARM|UNMASKED|secret' out && [ "$(grep -c '^1:3$' out)" = 2 ]
	}
	for_seconds 6 one
	end_races
	[ "$started" -gt 0 ] || { cat out; false; }
}

@test "GHSA-3q8j-pf29-vwv8: a read-only or masked path whose parent is exchanged" {
	config '.linux.maskedPaths = ["/turn/masked"] | .linux.readonlyPaths = ["/turn/ro"]'
	mkdir -p rootfs/turn/{ro,masked} "$CANARY"/{ro,masked}
	echo secret >rootfs/turn/masked/file
	ln -s "$CANARY" rootfs/turn2
	before=$(picture)
	program true
	race rootfs/turn rootfs/turn2
	for_seconds 4 attempt
	end_races
	[ -d rootfs/turn/ro ] && [ ! -L rootfs/turn ] || { mv -T rootfs/turn rootfs/t; mv -T rootfs/turn2 rootfs/turn; }
	diff <(echo "$before") <(picture)
	program sh -c 'touch /turn/ro/x 2>/dev/null && echo HARM; ls -A /turn/masked; true'
	run -0 hull run "$ID"
	[ -z "$output" ]
}

@test "CVE-2026-87766, CVE-2021-30465: a volume whose link leads below a later mount's place to the host" {
	mkdir volume
	ln -s "$CANARY" volume/out
	ln -s ../../../../../../../../../../../..$CANARY volume/up
	ln -s /proc/self/root/proc/1/root$CANARY volume/magic
	local name
	before=$(picture)
	cp config.json plain.json
	for name in out up magic; do
		cp plain.json config.json
		mount_entry /vol bind "$PWD/volume" bind
		mount_entry "/vol/$name/made/deep" tmpfs tmpfs
		mount_entry "/vol/$name/one" bind "$PWD/plain.json" bind
		attempt
		diff <(echo "$before") <(picture)
	done
}

# CVE-2024-9675 and CVE-2024-11218 are of the same class.
@test "CVE-2024-1753, CVE-2024-23651: a source inside of the root leads nowhere else" {
	ln -s "$CANARY" rootfs/out
	ln -s ../../../../../../../../../../../..$CANARY rootfs/up
	local name
	cp config.json plain.json
	for name in out up; do
		cp plain.json config.json
		mount_entry /seen bind "rootfs/$name" bind
		program sh -c 'test -e /seen/file && echo ESCAPED; true'
		attempt
		run ! grep ESCAPED out
	done
	# A sub-path that is exchanged meanwhile.
	cp plain.json config.json
	mkdir rootfs/sub
	mount_entry /seen bind rootfs/sub bind
	program sh -c 'test -e /seen/file && echo ESCAPED; true'
	race rootfs/sub rootfs/out
	one() {
		attempt && ! grep ESCAPED out
	}
	for_seconds 3 one
	end_races
	# With ids mapped, by whoever may map them.
	idmappable "$CANARY"
	for name in out up; do
		for where in no_userns userns; do
			cp plain.json config.json
			$where
			config '.mounts += [{destination: "/seen", type: "bind", source: "rootfs/\($n)", options: ["bind", "idmap"],
				uidMappings: [{containerID: 0, hostID: 0, size: 1}], gidMappings: [{containerID: 0, hostID: 0, size: 1}]}]' --arg n $name
			program sh -c 'test -e /seen/file && echo ESCAPED; true'
			attempt
			run ! grep ESCAPED out
		done
	done
}

@test "CVE-2023-25809: without a cgroup namespace only the container's own cgroup is there" {
	config '.linux.namespaces |= map(select(.type != "cgroup")) |
		.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	program sh -c 'cat /sys/fs/cgroup/cgroup.procs | grep -c .; test -e /sys/fs/cgroup/../cgroup/system.slice && echo HOST; mkdir /sys/fs/cgroup/../x 2>/dev/null && echo HARM
		grep " - cgroup" /proc/self/mountinfo | cut -d" " -f4'
	run -0 hull run "$ID"
	[[ $output != *HOST* && $output != *HARM* ]]
	[[ ${lines[-1]} == */*"$ID"* || ${lines[-1]} == "/.."* ]]
	[ "${lines[-1]}" != / ]
}

@test "CVE-2022-0811: a kernel parameter is one of a namespace, by its exact name" {
	local key core
	core=$(cat /proc/sys/kernel/core_pattern)
	cp config.json plain.json
	for key in kernel.core_pattern kernel/core_pattern kernel.shm_rmid_forced+kernel.core_pattern kernel.shm_rmid_forced=1 \
		kernel.shm_rmid_forced.core_pattern kernel.shm_rmid_forced/../core_pattern net.../../kernel.core_pattern \
		net/../kernel/core_pattern net.//.kernel.core_pattern net.ipv4//../../kernel/core_pattern 'net.ipv4 .ip_forward' \
		.kernel.core_pattern kernel..core_pattern fs.mqueue./../suid_dumpable vm.overcommit_memory kernel.modprobe net net. net/ \
		$'net.ipv4.ip_forward\n' kernel.shm_rmid_forced. Kernel.core_pattern kernel.hostname; do
		cp plain.json config.json
		config '.linux.sysctl = {($k): "1"}' --arg k "$key"
		run hull run "$ID"
		[ "$status" -eq 125 ] || { echo "accepted: $key"; false; }
	done
	cp plain.json config.json
	config '.linux.sysctl = {"kernel.shm_rmid_forced": "1+kernel.core_pattern=|/harm"}'
	run hull run "$ID"
	[ "$status" -eq 125 ]
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$core" ]
}

@test "CVE-2022-0811: a namespace given by path that is the host's own protects nothing" {
	# In namespaces of this test's, that stand for the host's.
	local kind
	cp config.json plain.json
	for kind in network ipc uts; do
		cp plain.json config.json
		case $kind in
		network) config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'; file=net ;;
		ipc) config '.linux.sysctl = {"kernel.shm_rmid_forced": "1"}'; file=ipc ;;
		uts) config '.hostname = "changed"'; file=uts ;;
		esac
		config '.linux.namespaces |= map(if .type == $k then .path = "/proc/self/ns/" + $f else . end)' --arg k $kind --arg f $file
		run unshare -n -i -u sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward; hostname host; echo 0 >/proc/sys/kernel/shm_rmid_forced
			"$0" --root "$1" run "$2"; echo "status $?"; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced; hostname' \
			"$HULL" "$STATES" "$ID"
		[[ $output == *"status 125"*$'\n0\n0\nhost' ]] || { echo "$kind: $output"; false; }
	done
}

@test "CVE-2025-52881: parameters are written to the kernel's, whatever a volume makes of /proc" {
	mkdir -p volume/sys/kernel volume/sys/net/ipv4
	: >volume/sys/kernel/shm_rmid_forced
	config '.linux.sysctl = {"kernel.shm_rmid_forced": "1"} | .process.oomScoreAdj = 77 |
		.mounts |= [{destination: "/volume", type: "bind", source: $v, options: ["rbind", "rshared"]}] + .' --arg v "$PWD/volume"
	mkdir rootfs/volume
	ln -s volume rootfs/proc2
	program sh -c 'cat /proc/sys/kernel/shm_rmid_forced /proc/self/oom_score_adj'
	run -0 hull run "$ID"
	[ "${lines[*]}" = "1 77" ]
	race rootfs/proc rootfs/proc2
	one() {
		attempt || return 1
		[ ! -s volume/sys/kernel/shm_rmid_forced ]
	}
	for_seconds 4 one
	end_races
}

@test "CVE-2025-24965: a link with the name of another runtime's file in the root" {
	ln -s "$CANARY/file" rootfs/.krun_config.json
	ln -s "$CANARY/file" rootfs/.hull
	before=$(picture)
	attempt
	(exec -a krun "$HULL" --root "$STATES" run "$ID" </dev/null >out 2>&1) || :
	diff <(echo "$before") <(picture)
}
