#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# VM mode, as far as it goes without /dev/kvm: what is said and refused.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
}

teardown() {
	clean_up
}

@test "vm: check names what is missing, and how to get it" {
	hull vm check >check.txt || [ $? -eq 1 ]
	grep -q '^kvm ' check.txt
	grep -q '^agent ' check.txt
	hull vm --json check >check.json || [ $? -eq 1 ]
	jq -e '.ok == ([.checks[].ok] | all)' check.json
	jq -e '[.checks[] | select(.ok | not) | has("fix")] | all' check.json
}

@test "vm: kernels are listed, the one that is taken first" {
	hull vm --json kernel list >kernels.json
	jq -e 'length == 0 or (.[0].default and (.[0].path | startswith("/")))' kernels.json
	run ! hull vm nonsense
	[[ "$output" == *'expected `check`, `kernel list` or `template build|list|verify|remove`, found "nonsense"'* ]]
}

@test "vm: templates are said what they can be, and those that there are not are named" {
	run ! hull vm template
	[[ "$output" == *'`template build|list|verify|remove`, found "template"'* ]]
	run ! hull vm template nonsense
	[[ "$output" == *'found "template nonsense"'* ]]
	run ! hull vm template remove
	[[ "$output" == *'vm template remove: expected names'* ]]
	run ! hull vm --memory 256 template list
	[[ "$output" == *'--kernel, --memory and --cpus are for `template build`'* ]]
	[ "$(id -u)" -eq 0 ] || {
		run ! hull vm template list
		[[ "$output" == *"templates of virtual machines are root's only"* ]]
		return 0
	}
	run ! hull vm template remove 000000000000z
	[[ "$output" == *'there is no template "000000000000z"'* ]]
	hull vm --json template list | jq -e 'map(has("name") and has("ok")) | all'
}

# refused FILTER MESSAGE: with the configuration changed so, `run` in a machine says so
refused() {
	cp config.json before.json
	config "$1"
	run ! hull run --isolation=vm "$ID"
	cp before.json config.json
	[[ "$output" == *"$2"* ]] || {
		echo "wanted: $2"
		echo "$output"
		return 1
	}
	run ! hull state "$ID"
}

@test "vm: what a machine cannot have is refused by name, and nothing is left" {
	refused '.linux.namespaces |= map(select(.type != "network"))' \
		"it cannot share the host's network namespace"
	refused '.linux.namespaces |= map(if .type == "ipc" then .path = "/proc/self/ns/ipc" else . end)' \
		"linux.namespaces (ipc): not possible in a virtual machine"
	refused '.linux.devices += [{path: "/dev/sdx", type: "b", major: 8, minor: 0}]' \
		"linux.devices (/dev/sdx): not possible in a virtual machine"
	refused '.hooks.createContainer = [{path: "/bin/true"}]' \
		"hooks.createContainer: not possible in a virtual machine"
	refused '.vm = {kernel: {path: "/k"}, hwConfig: {memory: 1048576}}' \
		"vm.hwConfig.memory: 1 MiB are too little"
}

@test "vm: isolation is a word of two" {
	run ! hull run --isolation=nonsense "$ID"
	[[ "$output" == *'isolation: expected container or vm, found "nonsense"'* ]]
	hull run --isolation=container "$ID"
}

@test "vm: called by the name krun, the machine is the default" {
	ln -s "$(realpath "$HULL")" krun
	config '.linux.namespaces |= map(select(.type != "network"))'
	run ! ./krun --root "$STATES" run "$ID"
	[[ "$output" == *"it cannot share the host's network namespace"* ]]
}
