#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The test machine, seen from outside: what tests/vm/run returns and prints. Boots several machines.

bats_require_minimum_version 1.5.0

setup() {
	vm=$BATS_TEST_DIRNAME/run
	[ "$(id -u)" = 0 ] || skip "needs root"
	command -v qemu-system-x86_64 >/dev/null || skip "needs qemu-system-x86"
}

@test "run: gives back the status, standard output and standard error of the command, and its files" {
	cd /usr
	status=0
	# shellcheck disable=SC2016 # expanded in the guest
	SEEN=host "$vm" --timeout=120 --out="$BATS_TEST_TMPDIR/shared" --env=GIVEN='a b' --env SEEN -- \
		bash -c 'pwd; echo "$GIVEN,$SEEN"; echo complaint >&2; echo kept >/out/file; echo x >/usr/lost; exit 7' \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"
	[ "$status" -eq 7 ]
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = "$(printf '/usr\na b,host')" ]
	[ "$(cat "$BATS_TEST_TMPDIR/err")" = complaint ]
	[ "$(cat "$BATS_TEST_TMPDIR/shared/file")" = kept ]
	[ ! -e /usr/lost ]
}

@test "run: a test file that fails is a failure, in TAP" {
	printf '@test "good" { true; }\n@test "bad" { false; }\n' >"$BATS_TEST_TMPDIR/two.bats"
	run --separate-stderr "$vm" --timeout=120 "$BATS_TEST_TMPDIR/two.bats"
	echo "$output"
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = 1..2 ]
	[ "${lines[1]}" = "ok 1 good" ]
	[ "${lines[2]}" = "not ok 2 bad" ]
}

@test "run: a guest that dies is an error, whatever it said before" {
	run "$vm" --timeout=120 -- bash -c 'echo all is well; echo c >/proc/sysrq-trigger'
	echo "$output"
	[ "$status" -eq 125 ]
	[[ $output == *"the guest died before the command had finished"* ]]
	[[ $output == *"console: "*"Kernel panic"* ]]
}

@test "run: a guest that switches itself off is an error" {
	run "$vm" --timeout=120 -- bash -c 'echo o >/proc/sysrq-trigger; sleep 100'
	[ "$status" -eq 125 ]
	[[ $output == *"the guest died before the command had finished"* ]]
}

@test "run: the time limit ends it and says so" {
	run "$vm" --timeout=3 -- sleep 1000
	echo "$output"
	[ "$status" -eq 125 ]
	[[ $output == *"killed after 3 seconds"* ]]
}

@test "run: two machines side by side do not meet" {
	local name pid status=0

	for name in a b; do
		"$vm" --timeout=200 -- bash -c "echo $name >/tmp/hull-vm-meet; sleep 3; cat /tmp/hull-vm-meet" \
			>"$BATS_TEST_TMPDIR/$name" 3>&- &
		pid="${pid:-} $!"
	done
	for name in $pid; do
		wait "$name" || status=$?
	done
	[ "$status" -eq 0 ]
	[ "$(cat "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b")" = "$(printf 'a\nb')" ]
	[ ! -e /tmp/hull-vm-meet ]
}

@test "run: --lsm puts one security module in force, and no other" {
	local lsm

	for lsm in apparmor selinux none; do
		# shellcheck disable=SC2016 # expanded in the guest
		run --separate-stderr "$vm" --timeout=200 --lsm=$lsm -- bash -c '
			echo "$HULL_TEST_LSM"
			cat /sys/module/apparmor/parameters/enabled
			cat /sys/fs/selinux/enforce 2>/dev/null || echo none
			tr -d "\0" </proc/self/attr/current || :'
		echo "$output"
		[ "$status" -eq 0 ]
		case $lsm in
		apparmor) [ "$output" = $'apparmor\nY\nnone\nunconfined' ] ;;
		selinux) [ "$output" = $'selinux\nN\n1system_u:system_r:kernel_t:s0' ] ;;
		none) [ "$output" = $'none\nN\nnone' ] ;;
		esac
	done
}

@test "run-files: one numbering, the counts of each file, and a failure that is one" {
	printf '@test "good" { true; }\n@test "bad" { echo why; false; }\n' >"$BATS_TEST_TMPDIR/two.bats"
	printf '@test "not here" { skip "no reason"; }\n' >"$BATS_TEST_TMPDIR/one.bats"
	printf '@test "dies" { echo o >/proc/sysrq-trigger; sleep 100; }\n' >"$BATS_TEST_TMPDIR/dies.bats"
	run --separate-stderr "$vm-files" --machines=2 --timeout=120 "$BATS_TEST_TMPDIR"/{one,two}.bats
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$(grep -oE '^(not )?ok [0-9]' <<<"$output" | tr -dc 0-9)" = 123 ]
	[ "$(grep -c '^not ok . bad$' <<<"$output")" -eq 1 ]
	[ "$(grep -cE '^ok . not here # skip no reason$' <<<"$output")" -eq 1 ]
	[[ $output == *"two.bats: 1 passed, 1 failed, 0 skipped, "* ]]
	[ "${lines[-1]}" = 1..3 ]
	run --separate-stderr "$vm-files" --machines=1 --timeout=120 "$BATS_TEST_TMPDIR/dies.bats"
	echo "$output"
	[ "$status" -eq 125 ]
	[[ $output == *"not ok 1 "*"dies.bats: not ended, or not complete: 0 of 1 results"* ]]
}

@test "run: QEMU and the folder go when the script is ended" {
	mkdir "$BATS_TEST_TMPDIR/tmp"
	TMPDIR=$BATS_TEST_TMPDIR/tmp "$vm" --accel=tcg --timeout=100 -- sleep 1000 3>&- &
	pid=$!
	for _ in $(seq 100); do
		[ -z "$(find "$BATS_TEST_TMPDIR/tmp" -name status)" ] || break
		sleep 0.1
	done
	kill "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
	[ -z "$(pgrep -f "$BATS_TEST_TMPDIR/tmp")" ]
}

@test "run: wrong use is explained" {
	local arguments wanted

	while IFS='|' read -r arguments wanted; do
		# shellcheck disable=SC2086 # several arguments
		run "$vm" $arguments
		echo "$arguments: $output"
		[ "$status" -eq 125 ]
		[[ $output == *"$wanted"* ]]
	done <<-'END'
		|expected test files
		--what|unknown option --what
		--mem=lots -- true|--mem: expected a number, found 'lots'
		--init=sysv -- true|--init: expected none or systemd, found 'sysv'
		--lsm=smack -- true|--lsm: expected apparmor, selinux or none, found 'smack'
		--user-session -- true|--user-session needs --init=systemd
		--kernel=1.2 -- true|no kernel 1.2
		/no/such.bats|/no/such.bats: no such file
		--timeout|--timeout needs a value
	END
}

@test "run: missing packages are named, with the line that installs them" {
	cat >"$BATS_TEST_TMPDIR/without" <<-'END'
		set -eu
		mount -t tmpfs tmpfs /mnt
		mkdir /mnt/upper /mnt/work
		mount -t overlay -o lowerdir=/usr/bin,upperdir=/mnt/upper,workdir=/mnt/work overlay /usr/bin
		rm /usr/bin/qemu-system-x86_64 /usr/bin/bats
		exec "$@"
	END
	run unshare --mount bash "$BATS_TEST_TMPDIR/without" "$vm" -- true
	echo "$output"
	[ "$status" -eq 125 ]
	[ "$output" = "vm: needs packages that are not installed: apt-get install qemu-system-x86 bats" ]
}
