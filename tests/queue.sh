#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034 # variables are for the files that include this one
# Files of tests run side by side: what tests/run-native and tests/vm/run-files share.  Workers take
# files from a queue, which is a folder; who started them prints what they leave there as one TAP.
#
#	. queue.sh
#	queue=$(mktemp -d)
#	longest_first FILE.bats...              # sets files
#	bash queue.sh QUEUE SECONDS "${files[@]}" & pids+=($!)
#	print_results                           # until no worker is left; sets failed

# Only tests whose names match HULL_TEST_FILTER.
filter=()
[ -z "${HULL_TEST_FILTER:-}" ] || filter=(--filter "$HULL_TEST_FILTER")

# Those that take longest, so that no worker is left with one of them at the end.
longest='security/hostile-rootfs security/hostile-dev system/sandbox security/exec security/sandbox system/configs
	system/behaviours-hooks system/lifecycle system/exit system/behaviours-exec security/mounts
	system/behaviours-mounts system/behaviours-cli system/deadlines system/mounts system/checkpoint'

# take_files QUEUE SECONDS FILE...: a folder can be made once, so each file is taken once.  Its results
# are complete when the file with the seconds is there, which one that had to be ended does not get.
take_files() {
	local queue=$1 limit=$2 n=0 file start status

	shift 2
	for file; do
		n=$((n + 1))
		mkdir "$queue/$n" 2>/dev/null || continue
		start=$SECONDS
		timeout -k 10 "$limit" bats --tap "${filter[@]}" "$file" >"$queue/$n/tap" 2>"$queue/$n/errors"
		status=$?
		[ $status -lt 124 ] || continue
		echo "$((SECONDS - start)) $status" >"$queue/$n/seconds.new"
		mv "$queue/$n/seconds.new" "$queue/$n/seconds"
	done
}

longest_first() { # FILE...
	local name file

	files=()
	for name in $longest; do
		for file; do
			[[ $file != *"$name.bats" ]] || files+=("$file")
		done
	done
	for file; do
		[[ " ${files[*]} " == *" $file "* ]] || files+=("$file")
	done
}

number=0
failed=0
printed=()

# print_file N: of the Nth file, numbered on, its counts, and what is missing.
print_file() {
	local file=${files[$(($1 - 1))]} wanted seconds='' status=1 tap=$queue/$1/tap p f s

	printed[$1]=yes
	mkdir -p "$queue/$1"
	touch "$tap" "$queue/$1/errors"
	cat "$queue/$1/errors" >&2
	[ ! -e "$queue/$1/seconds" ] || read -r seconds status <"$queue/$1/seconds"
	wanted=$(bats --count "${filter[@]}" "$file")
	# Warnings of bats itself are neither results nor comments.
	awk -v n="$number" '
		/^1\.\.[0-9]+$/ { next }
		/^(not )?ok / { sub(/ok [0-9]+/, "ok " ++n) }
		/^(not )?ok |^#|^Bail out!/ { print }' "$tap"
	s=$(grep -cE '^ok .*# skip' "$tap")
	p=$(($(grep -c '^ok ' "$tap") - s))
	f=$(grep -c '^not ok ' "$tap")
	number=$((number + p + f + s))
	if [ -z "$seconds" ] || [ $((p + f + s)) -ne "$wanted" ] || { [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; }; then
		echo "not ok $((number + 1)) $file: not ended, or not complete: $((p + f + s)) of $wanted results"
		number=$((number + 1)) f=$((f + 1))
	fi
	failed=$((failed + f))
	echo "# $file: $p passed, $f failed, $s skipped, ${seconds:-?} s"
}

print_finished() {
	local i

	for ((i = 1; i <= ${#files[@]}; i++)); do
		[ -n "${printed[$i]:-}" ] || [ ! -e "$queue/$i/seconds" ] || print_file "$i"
	done
}

still_running() {
	local pid

	for pid in "${pids[@]}"; do
		! kill -0 "$pid" 2>/dev/null || return 0
	done
	return 1
}

# Of each file when it has ended, in the end of those that have not, and the plan.  Fails when a
# worker did; failed counts the tests.
print_results() {
	local i pid status=0

	while still_running; do
		print_finished
		sleep 1
	done
	print_finished
	for ((i = 1; i <= ${#files[@]}; i++)); do
		[ -n "${printed[$i]:-}" ] || print_file "$i"
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || status=$?
	done
	pids=()
	echo "1..$number"
	return $status
}

[ "${BASH_SOURCE[0]}" != "$0" ] || take_files "$@"
