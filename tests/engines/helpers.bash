# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of engines stand on; tests/engines/run has made the place they run in.  RUNTIME is the
# runtime under test, ENGINE the engine; engine-ENGINE.bash says how it is started (start_engine,
# stop_engine) and called (e ARGS..., the words before ARGS in ${CLI[@]}).
#
#	load helpers
#	setup_file() { start_engine; }
#	teardown_file() { stop_engine; }
#	@test "run: the exit status is the program's" {
#		run e run --rm "$IMAGE" sh -c 'exit 7'
#		[ "$status" -eq 7 ]
#	}

# shellcheck source=/dev/null
. "$BATS_TEST_DIRNAME/engine-$ENGINE.bash"

# The image every test runs, in the words of the engine; the archive it comes from (make_archive).
IMAGE=${IMAGE:-bb}
ARCHIVE=$WORK/bb.tar

# Names begin with the test's number, so that nothing of one test meets another.
name_of_test() {
	C=t$BATS_TEST_NUMBER
}

# split [options] -- COMMAND...: into the caller's arrays options and command
split() {
	options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	command=("${@:2}")
}

# For command lines like docker's.  start [options] -- COMMAND...: a container in the background, named $C.
start() {
	local options command
	split "$@"
	e run -d --name "$C" --network none "${options[@]}" "$IMAGE" "${command[@]}" >/dev/null
}

# once [options] -- COMMAND...: one that is gone afterwards
once() {
	local options command
	split "$@"
	e run --rm --name "$C" --network none "${options[@]}" "$IMAGE" "${command[@]}"
}

# inspect NAME FORMAT
inspect() {
	e inspect --format "$2" "$1"
}

has_controllers() {
	grep -qw memory /sys/fs/cgroup/cgroup.controllers
}

need_controllers() {
	has_controllers || skip "no memory controller in cgroup v2 here (the test machine has it)"
}

# need_newer REASON: with run --newer only
need_newer() {
	[ "$NEWER" = yes ] || skip "$1"
}

# CAP_SYS_RESOURCE of the engine, which `privileged` asks for.
has_all_capabilities() {
	[ $((0x$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status) >> 24 & 1)) -eq 1 ]
}

# until_true SECONDS COMMAND...: so many on a quiet machine, more on one that is busy
until_true() {
	local load end
	read -r load _ </proc/loadavg
	end=$((SECONDS + $1 * (1 + ${load%.*} / $(nproc))))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

# The runtime as engines get it, in $TESTED.  Where this machine lacks controllers or CAP_SYS_RESOURCE a
# script in front of it removes what cannot work here from config.json: for peers the limits and the rules
# for devices; for hull nothing, but with `limits` as argument the limits, since some engines always
# set some.
make_runtime() {
	local filter=
	TESTED=$WORK/runtime
	is_peer || [ "${1:-}" = limits ] || { ln -sfn "$RUNTIME" "$TESTED"; return; }
	has_controllers || filter='del(.linux.resources.cpu, .linux.resources.memory, .linux.resources.pids, .linux.resources.blockIO)'
	! is_peer || has_all_capabilities || filter+='| del(.linux.resources.devices)'
	filter=${filter#|}
	[ -n "$filter" ] || { ln -sfn "$RUNTIME" "$TESTED"; return; }
	rm -f "$TESTED" # not through the link to the runtime that an engine before this one had
	cat >"$TESTED" <<END
#!/bin/bash
bundle=. create=
for ((i = 1; i <= \$#; i++)); do
	case \${!i} in
	--bundle|-b) i=\$((i + 1)); bundle=\${!i} ;;
	--bundle=*) bundle=\${!i#*=} ;;
	create|run|restore) create=yes ;;
	esac
done
if [ -n "\$create" ] && [ -f "\$bundle/config.json" ]; then
	changed=\$(jq '$filter' "\$bundle/config.json") && printf '%s\n' "\$changed" >"\$bundle/config.json"
fi
exec $RUNTIME "\$@"
END
	chmod 755 "$TESTED"
}

is_peer() {
	[ "$(runtime_name)" != hull ]
}

# hull, crun or runc: what it says of itself
runtime_name() {
	"$RUNTIME" features >/dev/null 2>&1 && "$RUNTIME" features | grep -q dev.hull && echo hull && return
	"$RUNTIME" --version | awk 'NR == 1 { print $1 }'
}

# A root file system with busybox: $WORK/rootfs
make_rootfs() {
	local root=$WORK/rootfs
	[ ! -d "$root" ] || return 0
	mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp,run,var,data,home/user,web}
	chmod 1777 "$root/tmp"
	cp /bin/busybox "$root/bin/busybox"
	chroot "$root" /bin/busybox --install -s /bin
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$root/etc/group"
	chown 1000:1000 "$root/home/user"
	echo 'no program' >"$root/etc/plain"
	printf '\177ELFnot really' >"$root/bin/broken"
	chmod 755 "$root/bin/broken"
	echo page >"$root/web/index.html"
	# A program that ends with 3 on TERM, says so on USR1, and is ready when /tmp/ready exists.
	cat >"$root/bin/handler" <<'END'
#!/bin/sh
trap 'echo got TERM; exit 3' TERM
trap 'echo got USR1' USR1
trap 'echo got HUP; exit 4' HUP
touch /tmp/ready
while :; do sleep 0.1; done
END
	chmod 755 "$root/bin/handler"
}

# $ARCHIVE: an image of that, which all engines read
make_archive() {
	[ -e "$ARCHIVE" ] || image_archive "$ARCHIVE" bb:latest '["sh"]'
}

# image_archive FILE TAG COMMAND: as `docker save` writes them, with that file system; COMMAND in JSON
image_archive() {
	local dir layer config
	make_rootfs
	dir=$(mktemp -d "$WORK/archive.XXXXXX")
	tar -C "$WORK/rootfs" --sort=name -cf "$dir/layer.tar" .
	layer=$(sha256sum <"$dir/layer.tar" | cut -d' ' -f1)
	jq -nc --arg layer "sha256:$layer" --argjson command "$3" '{ architecture: "amd64", os: "linux", created: "2024-01-01T00:00:00Z",
		config: { Env: ["PATH=/bin", "FROM_IMAGE=yes"], Cmd: $command, WorkingDir: "/" },
		rootfs: { type: "layers", diff_ids: [$layer] }, history: [{ created: "2024-01-01T00:00:00Z" }] }' >"$dir/config.json"
	config=$(sha256sum <"$dir/config.json" | cut -d' ' -f1)
	mv "$dir/config.json" "$dir/$config.json"
	jq -nc --arg config "$config.json" --arg tag "$2" \
		'[{ Config: $config, RepoTags: [$tag], Layers: ["layer.tar"] }]' >"$dir/manifest.json"
	tar -C "$dir" -cf "$1.new" manifest.json "$config.json" layer.tar
	mv "$1.new" "$1"
	rm -rf "$dir"
}

# tty COMMAND...: with a real terminal of 30 lines and 90 columns
tty() {
	"$BATS_TEST_DIRNAME/in-terminal" "$@"
}
