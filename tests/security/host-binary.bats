#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The host's hull is out of the reach of containers (CVE-2019-5736).  An entry point that begins with
# "#!/proc/self/exe" makes the runtime's binary run as a process of the container; others in there
# open it through /proc/PID/exe and try to write to it, then and after it has ended.

bats_require_minimum_version 1.5.0
load ../system/helpers

setup() {
	make_bundle
	# A copy that may be lost, and that has more than one way to be reached.
	cp "$HULL" "$BATS_TEST_TMPDIR/hull"
	HULL=$BATS_TEST_TMPDIR/hull
	HASH=$(sha256sum <"$HULL")
	printf '#!/proc/self/exe\n' >rootfs/bin/entry
	cat >rootfs/bin/attack <<'SH'
#!/bin/sh
# Opens every process's binary that is not busybox, and writes to what it got, again and again.
own=$(stat -L -c %d:%i /proc/self/exe)
write() {
	# An append that is permitted is enough to show it.
	(echo attacked >>"$1") 2>/dev/null && echo "wrote to $1" >>/tmp/written
}
while :; do
	for p in /proc/[0-9]*; do
		id=$(stat -L -c %d:%i "$p/exe" 2>/dev/null) || continue
		[ "$id" != "$own" ] || continue
		echo "$p $id" >>/tmp/seen
		exec 8<"$p/exe" || continue
		write "$p/exe"
		n=0
		while [ $n -lt 50 ]; do
			write /proc/self/fd/8
			n=$((n + 1))
		done
		exec 8<&-
	done 2>/dev/null
done
SH
	chmod +x rootfs/bin/entry rootfs/bin/attack
	config '.root.readonly = false
		| .process.noNewPrivileges = false
		| .process.capabilities[] += ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN"]'
}

teardown() {
	clean_up
}

unharmed() {
	[ ! -e rootfs/tmp/written ] || head -n 3 rootfs/tmp/written
	[ ! -e rootfs/tmp/written ]
	[ "$(sha256sum <"$HULL")" = "$HASH" ]
}

@test "exec of #!/proc/self/exe: the binary is seen, and cannot be written" {
	program attack
	hull run -d "$ID"
	for n in $(seq 1 300); do
		hull exec "$ID" /bin/entry >/dev/null 2>&1 || :
		hull exec "$ID" /proc/self/exe --help >/dev/null 2>&1 || :
		[ "$n" -lt 30 ] || [ ! -s rootfs/tmp/seen ] || break
	done
	[ -s rootfs/tmp/seen ] # else this has shown nothing
	sleep 0.5
	unharmed
}

@test "run and create of #!/proc/self/exe, with a neighbour that attacks" {
	need_host_ids "a pid namespace of another user namespace"
	program attack
	hull run -d "$ID"
	# The neighbours share the attacker's pid namespace and its root.
	config '.linux.namespaces |= map(if .type == "pid" then .path = $path else . end)
		| .process.args = ["/bin/entry"]' --arg path "/proc/$(pid_of "$ID")/ns/pid"
	for i in $(seq 1 15); do
		hull run "run-$ID" >/dev/null 2>&1 || :
		hull create "create-$ID" >/dev/null 2>&1 || :
		sleep 0.01
		hull start "create-$ID" >/dev/null 2>&1 || :
		hull delete --force "create-$ID"
	done
	until_true test -s rootfs/tmp/seen
	sleep 0.5
	unharmed
}

@test "the waiting init runs from a read-only mount or a sealed copy" {
	program true
	hull create "$ID"
	exe=/proc/$(pid_of "$ID")/exe
	run ! sh -c 'echo attacked >>"$0"' "$exe"
	[ "$(readlink "$exe")" != "$HULL" ]
	[ "$(sha256sum <"$HULL")" = "$HASH" ]
}

@test "neither a variable nor a name turns the protection off" {
	program true
	for name in _HULL_EXECUTED_AGAIN=1 _LIBCONTAINER_CLONED_BINARY=1; do
		if env "$name" "$HULL" --root "$STATES" create "$ID" >out 2>&1; then
			[ "$(readlink "/proc/$(pid_of "$ID")/exe")" != "$HULL" ]
		fi
		hull delete --force "$ID"
	done
	(exec -a /proc/self/exe "$HULL" --root "$STATES" create "$ID" >out 2>&1)
	[ "$(readlink "/proc/$(pid_of "$ID")/exe")" != "$HULL" ]
}

# A hull that begins before its libc becomes a read-only mount's file in place; any other executes itself once
# more, as this one does where the kernel refuses.
executions() {
	grep -Ec '^execve(at)?\(.* = 0$' trace
}

@test "in place, or by another execution where the kernel refuses the executable" {
	command -v strace >/dev/null || skip "strace is not installed"
	program true
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # which cannot be when traced
	trace="strace -qq -o trace -e trace=execve,execveat,prctl"
	$trace true || skip "strace may not trace here"
	$trace "$HULL" --root "$STATES" create "$ID" >/dev/null 2>out
	hull delete --force "$ID"
	grep -q 'PR_SET_MM_MAP.* = 0$' trace || skip "not this hull, or not this kernel"
	[ "$(executions)" = 1 ]
	for error in EPERM EBUSY; do
		$trace -e inject=prctl:error=$error:when=1 "$HULL" --root "$STATES" create "$ID" >/dev/null 2>out
		cat out trace
		[ "$(executions)" = 2 ]
		[ "$(readlink "/proc/$(pid_of "$ID")/exe")" != "$HULL" ]
		hull delete --force "$ID"
	done
}

@test "what begins before libc knows all commands that enter a container" {
	top=$BATS_TEST_DIRNAME/../..
	grep -l '\.enters = true' "$top"/src/cmd-*.c | sed 's/.*cmd-\(.*\)\.c/\1/' | sort >commands
	sed -n 's/.*hull_early_words: \.asciz \(.*\)\\n"$/\1/p' "$top/libcontainer/run/self-exe-early.c" |
		grep -Eo '[a-z]+' | sort >words
	[ -s words ]
	diff commands words
}
