# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of VM mode, which run in the test machine.

# Installs what was built beside hull, or skips.
need_microvm() {
	[ -n "${HULL_TEST_VM:-}" ] || skip "not in the test machine (tests/vm/run)"
	[ -w /dev/kvm ] || skip "no /dev/kvm"
	local built name
	for name in hull-vmm hull-guest; do
		built=$(dirname "$HULL")/$name
		[ -x "$built" ] || skip "$name was not built"
		install -D "$built" /usr/local/libexec/hull/$name
	done
}

# make_machine APPLET...: a bundle in $M, which is the working directory then, whose root has these
# programs of busybox, with a directory $M/rw and a place for it.
make_machine() {
	local name
	export M=$BATS_FILE_TMPDIR/machine
	mkdir -p "$M/rw" "$M/rootfs/bin" "$M"/rootfs/{proc,sys,dev,tmp,rw}
	cp "$BUSYBOX" "$M/rootfs/bin/busybox"
	for name; do
		ln -s busybox "$M/rootfs/bin/$name"
	done
	cd "$M" || return 1
	"$HULL" spec
}

# Creates "machine" from it and starts it; what it prints goes to $M/out.
start_machine() {
	h create --isolation=vm --pid-file "$M/pid" machine >"$M/out" 2>&1 </dev/null || {
		cat "$M/out"
		return 1
	}
	h start machine
}

# remove_machines ID...: none of which has to be there.
remove_machines() {
	local id
	[ -n "${M:-}" ] || return 0
	for id; do
		h delete --force "$id" 2>/dev/null || :
	done
}

# hull with the states of this file
h() {
	"$HULL" --root "$M/states" "$@"
}

inside() {
	h exec machine sh -c "$*"
}
