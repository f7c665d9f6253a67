#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What docs/ENGINES.md tells people to write and to type, for this engine.  Its blocks say for whom they are:
#
#	```sh podman docker		commands; ENGINE-setup: before the engine is (re)started
#	```json docker-setup /etc/docker/daemon.json	a file

load helpers

DOCS=$BATS_TEST_DIRNAME/../../docs/ENGINES.md

setup_file() { start_engine; }
teardown_file() { stop_engine; }
setup() { cd "$BATS_TEST_TMPDIR" || return; }

# blocks WHO: as a script, one after the other
blocks() {
	awk -v who="$1" '
	/^```/ && !inside {
		inside = 1
		mine = index(" " substr($0, 4) " ", " " who " ")
		file = $NF ~ "^[/~]" ? $NF : ""
		if (mine && file) {
			print "mkdir -p \"$(dirname " file ")\"\ncat >" file " <<\"END OF " file "\""
		}
		next
	}
	/^```/ {
		inside = 0
		if (mine && file)
			print "END OF " file
		next
	}
	inside && mine' "$DOCS"
}

# run_blocks SHELL WHO
run_blocks() {
	blocks "$2" >script
	[ -s script ]
	timeout 300 "$1" -eux script >out 2>&1 </dev/null || { cat script out; return 1; }
}

# The program where the page says it is, in this namespace alone.
install_runtime() {
	mkdir -p "$WORK/bin.upper" "$WORK/bin.work"
	cp --remove-destination "$WORK/runtime" "$WORK/bin.upper/hull"
	mount -t overlay overlay -o "lowerdir=/usr/bin,upperdir=$WORK/bin.upper,workdir=$WORK/bin.work" /usr/bin
}

@test "the page's files and commands for this engine work" {
	is_peer && skip "hull's"
	install_runtime
	cp "$ARCHIVE" busybox.tar
	case $ENGINE in
	podman)
		e tag "$IMAGE" busybox:latest
		run_blocks sh podman-setup
		run_blocks sh podman
		;;
	rootless)
		for dir in . .. ../.. ../../..; do
			chmod o+x $dir
		done
		e tag "$IMAGE" busybox:latest
		blocks rootless >script
		chmod 644 script
		as_user sh -eux script >out 2>&1 </dev/null || { cat script out; false; }
		;;
	docker)
		e tag "$IMAGE" busybox:latest
		stop_dockerd
		rm /etc/docker/daemon.json
		run_blocks sh docker-setup
		start_dockerd
		run_blocks sh docker
		;;
	ctr)
		export IMAGE
		rm /etc/containerd/config.toml
		run_blocks sh containerd-setup
		run_blocks sh ctr
		;;
	*)
		[ "$ENGINE" != buildah ] || e tag "$IMAGE" busybox:latest
		run_blocks sh "$ENGINE"
		;;
	esac
	cat out
	umount -l /usr/bin
}
