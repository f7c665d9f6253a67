#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What people ask before they run something: `check` of the host, `plan` of a bundle.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
}

teardown() {
	clean_up
}

# An ordinary user's hull, which the user can reach.
hull_of_users() {
	local d=$BATS_TEST_TMPDIR
	need_root
	cp "$HULL" "$BATS_TEST_TMPDIR/hull"
	while [ "$d" != / ]; do
		chmod o+x "$d"
		d=$(dirname "$d")
	done
}

# state_of_check NAME: ok, no or bad, of check.json
state_of_check() {
	jq -r --arg n "$1" '.checks[] | select(.name == $n) | .state' check.json
}

@test "check: as root, in words and as JSON, and it tells the truth" {
	run -0 hull check
	[[ $output == *"  ok   release            $(uname -r)"* ]]
	[[ ${lines[-1]} == "Containers can be run here." ]]
	hull check --json >check.json
	jq -e '.fit == true and (.checks | length) > 20 and
		all(.checks[]; (.state | IN("ok", "no", "bad")) and (.state == "ok") == (.fix == ""))' check.json
	[ "$(jq -r '.checks[] | select(.name == "cgroup2") | .found' check.json)" = "$(cgroup_root)" ]
	for controller in memory pids cpu io; do
		grep -qw "$controller" "$(cgroup_root)/cgroup.controllers" && wanted=ok || wanted=no
		[ "$(state_of_check "$controller")" = $wanted ]
	done
	[ -w /dev/kvm ] && wanted=ok || wanted=no
	[ "$(state_of_check /dev/kvm)" = $wanted ]
	[ -x "$(type -P criu)" ] && wanted=ok || wanted=no
	[ "$(state_of_check criu)" = $wanted ]
	[ "$(jq '[.checks[] | select(.name | startswith("idmap "))] | length' check.json)" -ge 1 ]
}

@test "check: kernel calls, namespaces, controllers, security modules, idmaps, KVM and engines" {
	hull check --json >check.json
	[ "$(jq -r '.checks[].area' check.json | uniq | paste -sd,)" = \
		"kernel,namespaces,cgroups,security,file systems,machine,programs,engines" ]
	while read -r area names; do
		for name in $names; do
			jq -e --arg a "$area" --arg n "${name//_/ }" \
				'any(.checks[]; .area == ($a | gsub("-"; " ")) and .name == $n)' check.json >/dev/null || {
				echo "$area: $name"
				false
			}
		done
	done <<-END
		kernel release idmapped_mounts overlay_lowerdir+ seccomp_kill seccomp_notify
		namespaces mnt pid net ipc uts user cgroup time for_users
		cgroups cgroup2 memory pids cpu io cpuset hugetlb manager_systemd
		security in_force apparmor selinux landlock
		machine /dev/kvm
	END
	found=()
	for name in podman dockerd containerd crio; do
		[ ! -x "$(type -P $name)" ] || found+=("$name")
	done
	[ "$(jq -r '.checks[] | select(.area == "engines").name' check.json)" = "$(printf '%s\n' "${found[@]:-engine}")" ]
	for name in pid net ipc uts user cgroup time; do
		[ "$(jq -r --arg n $name '.checks[] | select(.area == "namespaces" and .name == $n) | .state' check.json)" = \
			"$([ -e "/proc/self/ns/$name" ] && echo ok || echo bad)" ]
	done
	if [ -r /sys/kernel/security/lsm ]; then
		for name in apparmor selinux; do
			grep -qw $name /sys/kernel/security/lsm || [ "$(state_of_check $name)" = no ]
		done
	fi
}

@test "check: as an ordinary user" {
	hull_of_users
	run setpriv --reuid 65533 --regid 65533 --clear-groups env -u XDG_RUNTIME_DIR "$BATS_TEST_TMPDIR/hull" check --json
	printf '%s\n' "$output" >check.json
	[ "$(jq -r '.checks[] | select(.name == "subordinate ids") | .found' check.json)" = "none in /etc/subuid" ]
	[[ $(jq -r '.checks[] | select(.name == "memory") | .fix' check.json) == *"delegate it"* ]]
	jq -e '[.checks[] | select(.name | startswith("idmap "))] == []' check.json
	[ "$(jq .fit check.json)" = "$([ "$status" -eq 0 ] && echo true || echo false)" ]
}

@test "check: a host without user namespaces, for users" {
	hull_of_users
	echo 0 >zero
	run unshare --mount sh -c 'mount --bind zero /proc/sys/user/max_user_namespaces &&
		exec setpriv --reuid 65533 --regid 65533 --clear-groups env -u XDG_RUNTIME_DIR "$0" check' "$BATS_TEST_TMPDIR/hull"
	[ "$status" -eq 1 ]
	[[ $output == *"  bad  for users          user.max_user_namespaces = 0"*"-> sysctl -w user.max_user_namespaces=10000"* ]]
	[[ $output == *"Containers cannot be run here"* ]]
}

@test "check: settings that restrict user namespaces of ordinary users" {
	hull_of_users
	mkdir kernel
	cp /proc/sys/kernel/* kernel/ 2>/dev/null || :
	for setting in unprivileged_userns_clone=0 apparmor_restrict_unprivileged_userns=1; do
		rm -f kernel/*userns*
		echo "${setting#*=}" >"kernel/${setting%=*}"
		run unshare --mount sh -c 'mount --bind kernel /proc/sys/kernel &&
			exec setpriv --reuid 65533 --regid 65533 --clear-groups env -u XDG_RUNTIME_DIR "$0" check' "$BATS_TEST_TMPDIR/hull"
		echo "$output"
		[ "$status" -eq 1 ]
		[[ $output == *"  bad  for users          kernel.${setting%=*} = ${setting#*=}"*"-> sysctl -w kernel.${setting%=*}=$((1 - ${setting#*=}))"* ]]
	done
}

# One that is not installed here as well: its program and its settings are laid over this machine's.
@test "check: an engine that is set up" {
	need_root
	mkdir -p etc/containers
	printf '[engine]\nruntime = "/usr/bin/hull"\n' >etc/containers/containers.conf
	run unshare --mount sh -c 'mount -t tmpfs none /usr/local/sbin && mount -t overlay none /etc -o "lowerdir=$1:/etc" &&
		install -m 755 /dev/null /usr/local/sbin/podman && exec "$0" check' "$HULL" "$PWD/etc"
	echo "$output"
	[[ $output == *"  ok   podman             /etc/containers/containers.conf"* ]]
}

@test "plan: in words, with what makes it less of a container" {
	program sleep 10
	run -0 hull plan web
	[[ ${lines[0]} == "Container    web, from $BUNDLE" ]]
	[[ $output == *"Program      sleep 10"* ]]
	[[ $output == *"Root         $BUNDLE/rootfs, read-only"* ]]
	[[ $output == *"Limits       none: "* ]]
	[[ $output == *"Filter       seccomp, "*" instructions"* ]]
	[[ $output != *"it sees the caller's processes"* ]]
	config '.linux.namespaces |= map(select(.type | IN("pid", "network") | not)) | del(.linux.seccomp) | .linux.resources.pids.limit = 5 |
		.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"]) | .hooks.poststop = [{path: "/bin/true"}] |
		.mounts += [{destination: "/data", source: "/tmp", type: "bind", options: ["bind", "ro"]}]'
	run -0 hull explain web
	for words in "it sees the caller's processes" "it uses the caller's network" "it holds CAP_SYS_ADMIN" "no system call is refused" \
		"pids.max = 5 (linux.resources.pids.limit)" "/data: /tmp of the host, read-only" "Hooks        poststop: /bin/true"; do
		[[ $output == *"$words"* ]] || { echo "$words"; false; }
	done
	hull plan --json web | jq -e '.id == "web" and .process.args == ["sleep", "10"]'
	nothing_left
}
