#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# /etc/hull/hull.conf: defaults of this machine.  Each command here sees an /etc of its own.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	need_root
	mkdir -p upper/hull work
	CONF=upper/hull/hull.conf
}

teardown() {
	clean_up
}

# with_conf ARGUMENTS...: hull, where upper/ lies over /etc
with_conf() {
	unshare --mount --propagation private sh -c '
		mount -t overlay -o "lowerdir=/etc,upperdir=$0/upper,workdir=$0/work" overlay /etc && exec "$@"' \
		"$PWD" "$HULL" "$@"
}

refused() { # WORDS of the message
	run -1 with_conf list
	[[ $output == *"$1"* ]] || {
		echo "$output"
		return 1
	}
}

@test "hull.conf: defaults, and the command line wins" {
	printf '# of this machine\n\n root = %s/other \nlog-format=json\r\nlog = %s/log' "$PWD" "$PWD" >"$CONF"
	with_conf run -d "$ID"
	[ -d "other/$ID" ]
	with_conf delete --force "$ID"
	run -1 with_conf state none
	[ "$(jq -r .code log)" = notfound ]
	run -1 with_conf --log-format text state none
	grep -q 'level=error' log
	with_conf --root "$STATES" run -d "$ID"
	[ -d "$STATES/$ID" ]
	with_conf --root "$STATES" delete --force "$ID"
}

@test "hull.conf: the isolation and the kernel of virtual machines" {
	printf 'isolation = container\nvm.kernel = /none/vmlinuz\n' >"$CONF"
	program true
	with_conf run "$ID"
	printf 'isolation = vm\nvm.kernel = /none/vmlinuz\n' >"$CONF"
	run with_conf run "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *vm* || $output == *vmlinuz* || $output == *kvm* ]] # refused, or no such kernel
	with_conf run --isolation=container "$ID"
}

@test "hull.conf: annotations of virtual machines are refused, in every mode, unless they are allowed" {
	program true
	config '.annotations = {"dev.hull.vm.memory": "268435456", "dev.hull.vm.vcpus": "1"}'
	run -125 "$HULL" --root "$STATES" run "$ID"
	[[ $output == *'annotations.dev.hull.vm.memory: refused: hull.conf does not allow it'* ]]
	nothing_left
	echo 'vm.annotations = dev.hull.vm.memory' >"$CONF"
	run -125 with_conf run "$ID"
	[[ $output == *'annotations.dev.hull.vm.vcpus: refused: hull.conf does not allow it'* ]]
	echo 'vm.annotations = dev.hull.vm.memory, dev.hull.vm.vcpus' >"$CONF"
	with_conf --root "$STATES" run "$ID"
	echo 'vm.annotations = dev.hull.vm.memory and' >"$CONF"
	refused '/etc/hull/hull.conf:1: vm.annotations: expected some of dev.hull.vm.kernel, '
}

@test "hull.conf: what is wrong in it is named by its line" {
	echo 'cgroup-manager = systemc' >"$CONF"
	refused '/etc/hull/hull.conf:1: cgroup-manager: expected cgroupfs, systemd or disabled, found "systemc"'
	printf '\nrootles = true\n' >"$CONF"
	refused '/etc/hull/hull.conf:2: there is no key "rootles"; did you mean "rootless"?'
	printf 'root = /a\nroot = /b\n' >"$CONF"
	refused '/etc/hull/hull.conf:2: root is given twice'
	echo 'root' >"$CONF"
	refused '/etc/hull/hull.conf:1: expected key = value, found "root"'
	echo 'root =' >"$CONF"
	refused '/etc/hull/hull.conf:1: root: expected a value'
	echo 'root = here' >"$CONF"
	refused '/etc/hull/hull.conf:1: root: expected an absolute path, found "here"'
	echo 'vm.template = on' >"$CONF"
	refused '/etc/hull/hull.conf:1: vm.template: expected off, use or make, found "on"'
	echo 'timeout = soon' >"$CONF"
	refused 'timeout: expected a time'
	printf 'root = /a\0b\n' >"$CONF"
	refused 'found a byte 0'
}

@test "hull.conf: refused unless it is root's alone" {
	echo 'log-format = json' >"$CONF"
	chmod 664 "$CONF"
	refused 'others than root may write to it (mode 0664)'
	chmod 644 "$CONF"
	chown 1000 "$CONF"
	refused 'it belongs to user 1000, expected root'
	chown 65534 "$CONF"
	refused 'it belongs to user 65534, expected root'
	chown 0 "$CONF"
	rm "$CONF"
	mkdir "$CONF"
	refused 'expected a regular file'
	rmdir "$CONF"
	mkfifo -m 600 "$CONF"
	refused 'expected a regular file'
	with_conf --help | grep -q USAGE # that much works whatever the file says
	with_conf --version | grep -q spec
}
