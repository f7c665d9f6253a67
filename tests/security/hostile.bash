# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Images that put links, fifos and nodes where the runtime works: nothing of the host's is made,
# changed, removed, mounted on or shown, and nothing hangs (CVE-2019-19921, CVE-2025-31133,
# CVE-2025-52565, CVE-2026-41579, CVE-2026-47766, CVE-2026-88264 and their like).
# Whether a container starts is not the question here: most of these are refused.

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	make_bundle
	no_userns # variant() has both
	CANARY=$BATS_TEST_TMPDIR/canary
	make_canary
	config '.process.args = ["sh", "-c", $script]
		| .process.capabilities |= map_values(["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"])
		| .mounts += [
			{ destination: "/etc/resolv.conf", type: "bind", source: $source, options: ["bind", "ro"] },
			{ destination: "/run", type: "tmpfs", source: "tmpfs", options: ["nosuid"] }]' \
		--arg source "$CANARY.source" --arg script "$(attack)"
	cp config.json plain.json
}

teardown() {
	clean_up
}

# Whatever any of the places may lead to, so that harm shows.
make_canary() {
	mkdir -p "$CANARY"/{dev,proc,sys,pts,shm,etc,run,fd,self}
	local name
	for name in null console ptmx resolv.conf dev/null dev/console dev/ptmx etc/resolv.conf; do
		echo untouched >"$CANARY/$name"
	done
	echo resolver >"$CANARY.source"
	chmod -R u=rwX,go=rX "$CANARY"
}

# What a program inside would do with a place that leads out.  Opened for reading too, a fifo lets
# nobody wait.
attack() {
	cat <<-'END'
	set -- /dev/null /dev/console /dev/ptmx /dev/pts/ptmx /dev/pts/x /dev/shm/x /dev/x \
		/etc/resolv.conf /etc/x /run/x /proc/x /sys/x
	for f; do
		echo harm 1<>"$f"
	done
	chmod 777 "$@"
	rm -f "$@"
	true
	END
}

# Everything about the canary that can change, and all mounts there are; no loop, for it is taken after
# each attempt, and bats looks at each command of a loop.  How the machine's one hierarchy of cgroups is
# mounted changes by itself: whatever mounts it elsewhere (an engine, say) may give it nsdelegate.
picture() {
	local mounts
	find "$CANARY" "$CANARY.source" -printf '%p %y %m %U:%G %s %i %l\n'
	grep -r '' "$CANARY" "$CANARY.source"
	mapfile -t mounts </proc/self/mountinfo
	printf '%s\n' "${mounts[@]/ - cgroup2 */ - cgroup2}"
}

# variant DEV TERMINAL READONLY USERNS: writes config.json.
variant() {
	local filter=.
	[ "$1" = yes ] || filter+=' | .mounts |= map(select(.destination != "/dev"))'
	[ "$2" = no ] || filter+=' | .process.terminal = true'
	filter+=" | .root.readonly = $([ "$3" = yes ] && echo true || echo false)"
	[ "$4" = no ] || filter+=' | .linux.namespaces += [{ type: "user" }]
		| .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }]
		| .linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }]'
	jq "$filter" <plain.json >config.json
	OWNER=$([ "$4" = yes ] && echo 100000 || echo 0)
}

# A root file system that costs little to make, owned by the container's root.
fresh_rootfs() {
	local applet

	rm -rf rootfs
	if [ ! -d plain-rootfs ]; then
		mkdir -p plain-rootfs/{bin,dev,etc,proc,run,sys,tmp}
		cp "$BUSYBOX" plain-rootfs/bin/busybox
		for applet in sh rm chmod timeout true; do
			ln -s busybox plain-rootfs/bin/$applet
		done
	fi
	cp -al plain-rootfs rootfs
}

# set_trap PLACE KIND: puts it into the root file system.
set_trap() {
	local at=rootfs/$1 leaf=${1##*/} up=../../../../../../../../../../../..
	rm -rf "$at"
	case $2 in
	absolute) ln -s "$CANARY/$leaf" "$at" ;;
	upwards) ln -s "$up$CANARY/$leaf" "$at" ;;
	dangling) ln -s "$CANARY/missing/$leaf" "$at" ;;
	absent) ln -s "$CANARY/new-$leaf" "$at" ;;
	descriptor) ln -s "/proc/self/fd/9/$leaf" "$at" ;;
	process) ln -s "/proc/1/root$CANARY/$leaf" "$at" ;;
	fifo) mkfifo "$at" ;;
	node) mknod "$at" c 1 7 ;;
	esac
}

# The test machine is slow: there, a quarter of what is tried elsewhere, so chosen that each kind of trap
# meets both answers to each question, and any two questions' answers in all their combinations occur
# with two kinds that follow one another.
left_out() { # NUMBER-OF-KIND DEV TERMINAL READONLY USERNS
	local all="${*:2}" first="$2 $3"
	[ -n "${HULL_TEST_VM:-}" ] || return 1
	all=${all//[!y]/} first=${first//[!y]/} # as many as answer yes
	[ $((${#all} % 2)) -eq 1 ] || [ $(((${#first} + $1) % 2)) -eq 1 ]
}

# attempt PLACE KIND DEV TERMINAL READONLY USERNS
attempt() {
	local code=0 after

	fresh_rootfs
	set_trap "$1" "$2"
	chown -hR "$OWNER:$OWNER" rootfs
	timeout -k 5 20 "$HULL" --root "$STATES" run "$ID" </dev/null >output 2>&1 9<"$CANARY" || code=$?
	after=$(picture)
	[ "$code" = 124 ] || [ "$code" -ge 128 ] || [ "$BEFORE" != "$after" ] || return 0
	echo "$1: $2, dev $3, terminal $4, readonly $5, userns $6: exit status $code"
	cat output
	diff <(echo "$BEFORE") <(echo "$after")
	return 1
}

# try PLACE: every kind of trap there, in every variant.
try() {
	local variants=({yes,no}\ {yes,no}\ {yes,no}\ {yes,no}) words i tried=0
	local kinds=(absolute upwards dangling absent descriptor process fifo node)

	BEFORE=$(picture)
	for words in "${variants[@]}"; do
		read -ra words <<<"$words"
		variant "${words[@]}"
		for i in "${!kinds[@]}"; do
			! left_out "$i" "${words[@]}" || continue
			attempt "$1" "${kinds[i]}" "${words[@]}" || return 1
			tried=$((tried + 1))
		done
	done
	[ $tried -eq "$([ -n "${HULL_TEST_VM:-}" ] && echo 32 || echo 128)" ]
}
