#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# buildah with the runtime: steps of an image, one by one and from a file.

load helpers

setup_file() { start_engine; }
teardown_file() { stop_engine; }
setup() { name_of_test; cd "$BATS_TEST_TMPDIR" || return; }
teardown() { remove "$C" >/dev/null 2>&1 || :; }

from() {
	e from --name "$C" "$IMAGE" >/dev/null
}

# It calls the runtime that was named, and no other.
@test "run: by the runtime that was chosen" {
	from
	printf '#!/bin/sh\necho "$1" >>%s/calls\nexec %s "$@"\n' "$PWD" "$WORK/runtime" >counted
	chmod 755 counted
	e run --runtime "$PWD/counted" "$C" true
	grep -qx create calls
	grep -qx start calls
	grep -qx delete calls
}

@test "run: output, errors, exit statuses" {
	from
	e run "$C" sh -c 'echo out; echo err >&2' >out 2>err
	[ "$(cat out)" = out ]
	grep -qx err err
	run e run "$C" sh -c 'exit 42'
	[ "$status" -eq 42 ]
	run e run "$C" no-such-program
	[ "$status" -ne 0 ]
	[[ $output == *no-such-program* ]]
}

@test "run: environment, directory, user, host name" {
	from
	e config --env A=1 --workingdir /data --user user "$C"
	run e run --hostname inside "$C" sh -c 'echo $A $FROM_IMAGE $(pwd) $(id -u) $(hostname)'
	[ "$status" -eq 0 ]
	[ "$output" = "1 yes /data 1000 inside" ]
}

@test "run: a terminal" {
	from
	[ "$(tty buildah run --tty "$C" tty | tail -n 1 | tr -d '\r')" = /dev/pts/0 ]
}

@test "run: volumes, read-write and read-only" {
	from
	mkdir dir
	echo file >dir/file
	e run -v "$PWD/dir:/dir" "$C" sh -c 'cat /dir/file >/dir/copy'
	[ "$(cat dir/copy)" = file ]
	run e run -v "$PWD/dir:/dir:ro" "$C" touch /dir/x
	[ "$status" -ne 0 ]
}

@test "run: capabilities, seccomp, a namespace for ids" {
	from
	run e run --cap-drop CAP_CHOWN "$C" chown user /etc/plain
	[ "$status" -ne 0 ]
	run e run "$C" grep Seccomp: /proc/self/status
	[[ $output == *2 ]]
	remove "$C" >/dev/null
	e from --name "$C" --userns-uid-map 0:1000000:3000 --userns-gid-map 0:1000000:3000 "$IMAGE" >/dev/null
	[ "$(e run "$C" cat /proc/self/uid_map | xargs)" = "0 1000000 3000" ]
}

@test "commit: what was run is in the image" {
	from
	e run "$C" sh -c 'echo made >/data/file'
	e commit -q "$C" "$C:1" >/dev/null
	remove "$C" >/dev/null
	e from --name "$C" "localhost/$C:1" >/dev/null
	[ "$(e run "$C" cat /data/file)" = made ]
}

@test "bud: RUN, COPY, USER, and a step that fails" {
	mkdir context
	echo copied >context/file
	printf 'FROM %s\nCOPY file /data/file\nRUN id -u >/data/id && cat /data/file >/data/copy\nUSER user\nRUN id -u >/tmp/id\n' "$IMAGE" >context/Dockerfile
	e bud -q -t "$C:2" context >log 2>&1 || { cat log; false; }
	e from --name "$C" "localhost/$C:2" >/dev/null
	[ "$(e run "$C" cat /data/id /data/copy /tmp/id | xargs)" = "0 copied 1000" ]
	printf 'FROM %s\nRUN exit 7\n' "$IMAGE" >context/Dockerfile
	run e bud context
	[ "$status" -eq 7 ]
}

@test "bud: stages, arguments, mounts of the build" {
	mkdir context
	cat >context/Dockerfile <<-END
		FROM $IMAGE AS one
		ARG WHAT=nothing
		RUN echo \$WHAT >/data/what
		FROM $IMAGE
		RUN --mount=type=tmpfs,target=/scratch touch /scratch/x
		COPY --from=one /data/what /data/what
	END
	e bud -q --build-arg WHAT=something -t "$C:3" context >log 2>&1 || { cat log; false; }
	e from --name "$C" "localhost/$C:3" >/dev/null
	[ "$(e run "$C" cat /data/what)" = something ]
	run e run "$C" test -e /scratch/x
	[ "$status" -ne 0 ]
}

@test "nothing of the runtime's is left" {
	[ -z "$(find /run/hull /run/crun /run/runc -mindepth 1 -maxdepth 1 2>/dev/null)" ]
}
