#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Checkpoints that come from elsewhere.

bats_require_minimum_version 1.5.0
load ../system/helpers

setup() {
	make_bundle
}

teardown() {
	clean_up
}

@test "CVE-2026-53489: a link or a fifo in the place of a file of a checkpoint leads nowhere" {
	need_root
	command -v criu >/dev/null || skip "criu is not installed"
	images=$BATS_TEST_TMPDIR/images
	mkdir "$images"
	for trap in "ln -s /etc/shadow" "ln -s /dev/zero" mkfifo; do
		$trap "$images/descriptors.json"
		run timeout 60 "$HULL" --root "$STATES" restore -d --image-path "$images" "$ID" </dev/null
		[ "$status" -ne 0 ]
		[ "$status" -ne 124 ]
		[[ $output == *"--image-path: "*descriptors.json* ]]
		[[ $output != *root:* ]]
		rm "$images/descriptors.json"
	done
	nothing_left
}
