#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# libcontainer as another project uses it: installed, found by pkg-config, called by the programs of
# docs/examples.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	BUILD=$(dirname "$HULL")
	EXAMPLES=$BATS_TEST_DIRNAME/../../docs/examples
	[ -f "$BUILD/Makefile" ] || skip "no build tree beside $HULL"
	[ -x "$(type -P pkg-config)" ] || skip "no pkg-config here (Debian: apt-get install pkg-config)"
	! sanitized || skip "a library with sanitizers needs a program with them"
	make_bundle
	install_library
}

teardown() {
	clean_up
}

# Once per run.
install_library() {
	DEST=$BATS_RUN_TMPDIR/installed
	if [ ! -d "$DEST" ]; then
		make -C "$BUILD" -s install-solibDATA install-pkgconfigDATA install-nodist_publicincludeHEADERS install-data-hook \
			DESTDIR="$DEST.new" >/dev/null
		mv "$DEST.new" "$DEST"
	fi
	PC=$(dirname "$(find "$DEST" -name libcontainer.pc)")
	LIB=$(dirname "$PC")
}

# example NAME: compiled as its comment says, with all warnings
example() {
	# shellcheck disable=SC2046 # words
	"${CC:-cc}" -std=gnu11 -Wall -Wextra -Werror "$EXAMPLES/$1.c" \
		$(PKG_CONFIG_PATH=$PC PKG_CONFIG_SYSROOT_DIR=$DEST pkg-config --cflags --libs libcontainer) -pthread -o "$1"
}

@test "library: run a bundle, and how it ended" {
	example run
	program sh -c 'echo inside; exit 3'
	LD_LIBRARY_PATH=$LIB run ./run . "$ID" "$STATES"
	[ "$status" -eq 3 ]
	[[ $output == inside*"status 3, ended by itself, "*" us of CPU" ]]
	LD_LIBRARY_PATH=$LIB run ./run /nothere "$ID" "$STATES"
	[ "$status" -eq 1 ]
	[ "$output" = "bundle /nothere: no such file or directory" ]
	nothing_left
}

@test "library: list containers and validate a bundle" {
	example list
	program sleep 1000
	hull run -d "$ID"
	LD_LIBRARY_PATH=$LIB run -0 ./list "$STATES" .
	[ "${lines[0]}" = "$ID running $(pid_of "$ID")" ]
	[ "${lines[1]}" = "config.json is fine" ]
	config '.process.cwd = 7'
	LD_LIBRARY_PATH=$LIB run -0 ./list "$STATES" .
	[[ ${lines[1]} == "error: config.json:"*"process.cwd: expected a string, found 7" ]]
}

@test "library: several threads at once" {
	example threads
	LD_LIBRARY_PATH=$LIB run timeout 300 ./threads . "$ID" "$STATES"
	[ "$status" -eq 0 ]
	[ "$output" = "12 containers" ]
	nothing_left
}

@test "library: a program that was built with an older, smaller struct goes on working" {
	cat >old.c <<'END'
#include <libcontainer/libcontainer.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	struct lc_host host = { .size = sizeof(host), .root = argv[3] };
	struct lc_create how;
	struct lc_error e;
	struct lc *lc;
	int status = 0;
	(void)argc;
	memset(&how, 0xff, sizeof(how)); /* beyond what it knows is anything */
	memset(&how, 0, offsetof(struct lc_create, isolation));
	how.size = offsetof(struct lc_create, isolation);
	how.bundle = argv[1];
	if (lc_protect(argv, &e) < 0 || lc_open(&host, &lc, &e) < 0 || lc_run(lc, argv[2], &how, &status, &e) < 0)
		return printf("%s\n", e.msg), 1;
	lc_close(lc);
	return status;
}
END
	# shellcheck disable=SC2046
	"${CC:-cc}" -std=gnu11 -Wall -Wextra -Werror old.c \
		$(PKG_CONFIG_PATH=$PC PKG_CONFIG_SYSROOT_DIR=$DEST pkg-config --cflags --libs libcontainer) -o old
	program sh -c 'exit 5'
	LD_LIBRARY_PATH=$LIB run ./old . "$ID" "$STATES"
	[ "$status" -eq 5 ]
}

@test "library: exported are the listed names, all of one version" {
	"$BATS_TEST_DIRNAME/../check-symbols" "$LIB/libcontainer.so"
	[ -z "$(nm -D --defined-only "$LIB/libcontainer.so" | grep ' T ' | grep -v '@@LIBCONTAINER_0$')" ]
}
