# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of AppArmor's profiles and SELinux's labels.

# each_kind COMMAND: with the container as it is asked for, where privileges may be gained, and in a user
# namespace
each_kind() {
	"$1"
	config '.process.noNewPrivileges = false'
	"$1"
	userns
	"$1"
	config '.process.noNewPrivileges = true'
	"$1"
}

# run_hooks COMMAND: once in each kind of hook, and all that it prints to $LABELS
run_hooks() {
	local hook='{path: "/bin/sh", args: ["sh", "-c", $h]}' dir=$BATS_TEST_TMPDIR/t

	mkdir -m 777 "$dir"
	config ".hooks = {createRuntime: [$hook], createContainer: [$hook], startContainer: [$hook], poststart: [$hook]} |
		.mounts += [{destination: \$d, type: \"bind\", source: \$d, options: [\"bind\"]}]" \
		--arg h "$1 >>$dir/labels" --arg d "$dir"
	hull run "$ID"
	LABELS=$dir/labels
	cat "$LABELS"
}

# fails_create MESSAGE: create and run say that and no more, and leave nothing.
fails_create() {
	local command

	for command in create run; do
		run hull --log-format json $command "$ID"
		echo "$output"
		[ "$status" -eq 125 ]
		[ "$(jq -rs 'length, .[0].msg' <<<"$output")" = "1
$1" ]
		nothing_left
	done
}
