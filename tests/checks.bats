#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The checks of the sources: what they must find, they find, and nothing else.

# A tree of its own with the checks and one good header.
setup() {
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree"/{tests,src,libcontainer/{base,sys,plan,init}}
	cp "$BATS_TEST_DIRNAME"/{files,check-*} "$tree/tests/"
	cp "$BATS_TEST_DIRNAME/../.clang-format" "$tree/"
	cp "$BATS_TEST_DIRNAME"/../libcontainer/base/banned.h "$tree/libcontainer/base/"
	cd "$tree" || return 1
	git init -q .
}

# c FILE: a source with its first line, the rest from standard input
c() {
	{ echo '/* SPDX-License-Identifier: GPL-2.0-or-later */'; cat; } >"$1"
}

@test "layers: a folder that reaches above itself is named with its line" {
	echo '#include "plan/plan.h"' | c libcontainer/base/a.c
	run tests/check-layers
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == 'libcontainer/base/a.c:2: base may not include "plan/plan.h"'* ]]
}

@test "layers: one header of a folder that is otherwise closed" {
	echo '#include "plan/plan.h"' | c libcontainer/init/a.c
	run tests/check-layers
	[ "$status" -eq 0 ]
	echo '#include "plan/plan-mounts.h"' | c libcontainer/init/a.c
	run tests/check-layers
	[ "$status" -ne 0 ]
}

@test "descriptors: each way to make one that is not close-on-exec" {
	local call
	for call in 'openat(fd, "x", O_RDONLY)' 'socket(AF_UNIX, SOCK_STREAM, 0)' 'pipe(p)' 'dup(1)' \
		'accept(fd, 0, 0)' 'epoll_create1(0)' 'memfd_create("x", MFD_ALLOW_SEALING)' \
		'fopen("x", "r")' 'fcntl(fd, F_DUPFD, 3)' 'recvmsg(fd, &m, 0)' 'mkstemp(name)' \
		'syscall(SYS_fsopen, "proc", 0)' 'eventfd(0, /* EFD_CLOEXEC */ 0)' \
		'openat(fd, "x",
		O_RDONLY)'; do
		printf 'int f(void)\n{\n\treturn %s;\n}\n' "$call" | c src/a.c
		run tests/check-fds
		echo "$call: $output"
		[ "$status" -ne 0 ]
		[[ $output == src/a.c:4:* ]]
	done
}

@test "descriptors: what is close-on-exec, in comments or another object's passes" {
	c src/a.c <<-'END'
		/* pipe(p) */ // dup(1)
		int f(void)
		{
			return openat(fd, name(")"),
				      O_RDONLY | O_CLOEXEC) + fcntl(fd, F_DUPFD_CLOEXEC, 3) +
			       ops->accept(fd) + sys_fsopen("proc") + fopen("x", "re");
		}
	END
	run tests/check-fds
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "headers: one that needs another, one without a licence" {
	echo 'struct a *make(size_t n);' | c src/a.h
	run tests/check-headers
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *'src/a.h: does not compile alone'* ]]
	echo 'struct a;' >src/a.h
	run tests/check-headers
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *'src/a.h:1: no SPDX-License-Identifier'* ]]
}

@test "format: spaces in place of a tab" {
	command -v clang-format-14 >/dev/null || skip "needs clang-format-14"
	printf 'int f(void)\n{\n\treturn 0;\n}\n' | c src/a.c
	run tests/check-format
	echo "$output"
	[ "$status" -eq 0 ]
	printf 'int f(void)\n{\n    return 0;\n}\n' | c src/a.c
	run tests/check-format
	[ "$status" -ne 0 ]
}

@test "banned functions do not compile, with any compiler here" {
	local cc call fortify found=0
	for cc in gcc clang clang-14; do
		command -v "$cc" >/dev/null || continue
		found=1
		for call in 'strcpy(b, "x")' 'strcat(b, "x")' 'sprintf(b, "x")' 'strtok(b, "x")' 'atoi(b)' \
			'system(b)' 'dup(0)' 'open(b, 0)' 'getpwnam(b)' 'strerror(0)' 'alloca(8)' \
			'snprintf(b, 8, "fine")'; do
			# With clang, _FORTIFY_SOURCE makes sprintf a macro: gcc is the one that finds it.
			fortify=
			[ "$cc" != gcc ] || fortify=-D_FORTIFY_SOURCE=2
			run "$cc" -std=gnu17 -D_GNU_SOURCE -O2 $fortify -Walloca -Werror \
				-include libcontainer/base/banned.h -c -o /dev/null -x c - <<-END
					#include <alloca.h>
					#include <fcntl.h>
					#include <grp.h>
					#include <pwd.h>
					#include <stdio.h>
					#include <stdlib.h>
					#include <string.h>
					#include <unistd.h>
					char b[8];
					void f(void);
					void f(void)
					{
						(void)!$call;
					}
				END
			echo "$cc: $call: status $status: $output"
			case $call in
			*fine*) [ "$status" -eq 0 ] ;;
			alloca*) [[ $status -ne 0 && $output == *"use of "*alloca* ]] ;;
			*) [[ $status -ne 0 && $output == *"is unavailable"* ]] ;;
			esac
		done
	done
	[ $found -eq 1 ]
}

@test "style: a check that fails is a failure of the whole, in TAP" {
	echo '#include "plan/plan.h"' | c libcontainer/base/a.c
	run tests/check-style layers fds
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *'not ok 1 - layers'*'ok 2 - fds' ]]
}

@test "paths: one that is used by itself, and an exception that is none any more" {
	cp -r "$BATS_TEST_DIRNAME/../libcontainer" .
	run tests/check-paths
	echo "$output"
	[ "$status" -eq 0 ]
	printf 'int f(void)\n{\n\treturn mount("x", m->target, "tmpfs", 0, 0);\n}\n' | c libcontainer/init/a.c
	run tests/check-paths
	[ "$status" -ne 0 ]
	[[ $output == libcontainer/init/a.c:4:* ]]
	rm libcontainer/init/a.c
	sed -i 's/chroot(".")/chroot("..")/' libcontainer/init/root.c
	run tests/check-paths
	[ "$status" -ne 0 ]
	[[ $output == *'no longer there: libcontainer/init/root.c:chroot(".")'* ]]
}
