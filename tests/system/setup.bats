#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# hull setup: what it writes for engines, and what it leaves alone.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	DROP_INS=$BATS_TEST_DIRNAME/../../contrib/engines
}

@test "setup: --print shows what contrib/engines has, and writes nothing" {
	local engine
	for engine in podman docker containerd crio; do
		run "$HULL" setup "$engine" --print --etc "$PWD" --path /usr/bin/hull
		[ "$status" -eq 0 ]
		[[ $output == *"$(cat "$DROP_INS/$engine".{conf,json,toml} 2>/dev/null)"* ]]
	done
	[ -z "$(ls)" ]
}

# block WORDS: of docs/ENGINES.md, the first one whose first line ends with these
block() {
	awk -v words=" $1" '/^```/ { if (ours) exit; inside = !inside; ours = inside && substr($0, length($0) - length(words) + 1) == words; next } ours' \
		"$DROP_INS/../../docs/ENGINES.md"
}

@test "setup: docs/ENGINES.md has the files of contrib/engines" {
	local where file
	while read -r file where; do
		[ "$(block "$where")" = "$(grep -v '^#' "$DROP_INS/$file" | sed '/./,$!d')" ]
	done <<-'END'
		podman.conf /etc/containers/containers.conf.d/50-hull.conf
		docker.json /etc/docker/daemon.json
		containerd.toml /etc/containerd/conf.d/hull.toml
		crio.conf /etc/crio/crio.conf.d/50-hull.conf
		runtimeclass.yaml runtimeclass.yaml
	END
	[[ $("$HULL" setup containerd --print) == *"$(block /etc/containerd/config.toml)"* ]]
	[ -n "$(block /etc/containerd/config.toml)" ]
}

@test "setup: writes, says so, and removes again" {
	local engine
	for engine in podman docker containerd crio; do
		run "$HULL" setup "$engine" --etc "$PWD"
		[ "$status" -eq 0 ]
		[[ ${lines[0]} == "wrote $PWD/"* ]]
		run "$HULL" setup "$engine" --etc "$PWD" --default --path /other/hull
		[ "$status" -eq 0 ]
		grep -rq /other/hull .
		run "$HULL" setup "$engine" --etc "$PWD" --remove
		[ "$status" -eq 0 ]
		[[ ${lines[0]} == "removed $PWD/"* ]]
		[ -z "$(find . -type f)" ]
		run "$HULL" setup "$engine" --etc "$PWD" --remove
		[ "$status" -eq 0 ]
		[[ ${lines[0]} == *"is not there" ]]
	done
}

@test "setup: names itself as the runtime" {
	"$HULL" setup docker --etc "$PWD"
	[ "$(jq -r .runtimes.hull.path docker/daemon.json)" = "$(realpath "$HULL")" ]
	"$HULL" setup docker --etc "$PWD" --default
	[ "$(jq -r '."default-runtime"' docker/daemon.json)" = hull ]
}

@test "setup: what it did not make, or what was changed, stays" {
	mkdir docker
	echo '{}' >docker/daemon.json
	run "$HULL" setup docker --etc "$PWD"
	[ "$status" -eq 1 ]
	[[ $output == *"was left as it is"* ]]
	[ "$(cat docker/daemon.json)" = '{}' ]
	run "$HULL" setup docker --etc "$PWD" --remove
	[ "$status" -eq 1 ]
	"$HULL" setup podman --etc "$PWD"
	echo '# mine' >>containers/containers.conf.d/50-hull.conf
	run "$HULL" setup podman --etc "$PWD"
	[ "$status" -eq 1 ]
	run "$HULL" setup podman --etc "$PWD" --remove
	[ "$status" -eq 1 ]
	grep -q mine containers/containers.conf.d/50-hull.conf
}

@test "setup: containerd's own configuration stays, and what it needs is said" {
	mkdir containerd
	echo 'version = 2' >containerd/config.toml
	run "$HULL" setup containerd --etc "$PWD"
	[ "$status" -eq 0 ]
	[[ $output == *"config.toml is not hull's and was left as it is"*imports* ]]
	[ "$(cat containerd/config.toml)" = 'version = 2' ]
	run "$HULL" setup containerd --etc "$PWD" --remove
	[ "$status" -eq 0 ]
	[ "$(find . -type f)" = ./containerd/config.toml ]
}

@test "setup: wrong words" {
	run "$HULL" setup nothere
	[ "$status" -eq 1 ]
	[[ $output == *'expected podman, docker, containerd or crio, found "nothere"'* ]]
	run "$HULL" setup podman --print --remove
	[ "$status" -eq 1 ]
	run "$HULL" setup podman --path hull --print
	[[ $output == *"expected an absolute path"* ]]
	run "$HULL" setup podman --path '/a"b' --print
	[ "$status" -eq 1 ]
}
