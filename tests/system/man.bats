#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Man pages and completion: made of the tables of options, with examples that work.

bats_require_minimum_version 1.5.0
load helpers
load sandbox

setup() {
	make_bundle
	MAN=$BATS_TEST_DIRNAME/../../man
}

teardown() {
	clean_up
}

commands() {
	"$HULL" --help | sed -n '/^COMMANDS:/,/^$/s/^   \([a-z]*\) .*/\1/p'
}

@test "man: every command has a page, and no other" {
	[ "$(cd "$MAN" && echo hull-*.1.scd | tr ' ' '\n' | sed 's/hull-//; s/.1.scd//' | sort)" = "$(commands | sort)" ]
}

@test "man: scdoc takes every page; each option of --help is in it" {
	[ -x "$(type -P scdoc)" ] || skip "no scdoc here (Debian: apt-get install scdoc)"
	local command option
	for command in "" $(commands); do
		{
			"$HULL" help --format scd $command
			cat "$MAN/hull${command:+-$command}.1.scd"
		} >page.scd
		scdoc <page.scd >page
		for option in $("$HULL" help $command | grep -o '^ *\(-., \)\?--[a-z-]*' | grep -o -e '--[a-z-]*$'); do
			grep -qF -- "${option//-/\\-}" page || grep -qF -- "$option" page || { echo "$command: $option"; false; }
		done
	done
	for page in "$MAN"/*.[35].scd; do
		scdoc <"$page" >page
	done
}

@test "man: the library's page names every call, and no other" {
	[ "$(grep -o 'lc_[a-z_]*()' "$MAN/libcontainer.3.scd" | sort -u)" = \
		"$(sed -n 's/^\t\(lc_[a-z_]*\);$/\1()/p' "$MAN/../libcontainer/libcontainer.sym" | grep -v '_free()$' | sort)" ]
}

# with_own_etc COMMAND...: what it writes to /etc, nobody else sees
with_own_etc() {
	mkdir -p etc/{upper,work}
	unshare --mount --propagation private sh -c '
		mount -t overlay -o "lowerdir=/etc,upperdir=$0/upper,workdir=$0/work" overlay /etc && exec "$@"' "$PWD/etc" "$@"
}

@test "man: every page has an example, but that of the library, whose examples are programs" {
	[ "$(cd "$MAN" && grep -L '^```$' -- *.scd)" = libcontainer.3.scd ]
}

@test "man: the members that hull writes are in the pages of their formats" {
	local member
	for member in $(jq -r '.properties | keys[]' "$MAN/../docs/exit-report.schema.json") \
		$(jq -r '.properties.reason.enum[]' "$MAN/../docs/exit-report.schema.json"); do
		grep -q "[_*]${member}[_*]" "$MAN/hull-exit-report.5.scd" || { echo "$member"; false; }
		grep -q "\`${member}[\`.]" "$MAN/../docs/EXIT-REPORT.md" || { echo "EXIT-REPORT.md: $member"; false; }
	done
	config '.annotations = {key: "value"}'
	hull create "$ID"
	for member in $(hull state "$ID" | jq -r 'keys[]'); do
		grep -q "_${member}_" "$MAN/hull-state.5.scd" || { echo "state: $member"; false; }
	done
	run -127 hull --log out.json --log-format json --debug exec "$ID" /nothere
	for member in $(jq -r 'keys[]' out.json | sort -u); do
		grep -q "_${member}_" "$MAN/hull-log.5.scd" || { echo "log: $member"; false; }
	done
	for member in $(sed -n '/^} keys\[\] = {$/,/^};/s/^\t{ "\([^"]*\)".*/\1/p' "$MAN/../src/conf.c"); do
		grep -q "^|  \*$member\*$" "$MAN/hull.conf.5.scd" || { echo "hull.conf: $member"; false; }
	done
}

@test "man: the examples work" {
	need_root
	install_helpers "$HULL"
	program sh -c 'trap "exit 0" TERM; while :; do sleep 1; done'
	mkdir bin
	printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$HULL" "$STATES" >bin/hull
	chmod +x bin/hull
	local page id etc n=0
	for page in "$MAN"/*.scd; do
		etc=
		case $page in
		*/hull.conf.5.scd) etc=with_own_etc ;;
		*-sandbox.1.scd) "$HULL" sandbox --strict --rw . -- true 2>/dev/null || continue ;; # see sandbox.bats
		*-checkpoint.1.scd | *-restore.1.scd) criu check >/dev/null 2>&1 || continue ;; # see checkpoint.bats
		esac
		awk '/^```/ { inside = !inside; if (inside) n++; next } inside { print >("example" n) }' "$page"
		for example in example*; do
			[ -e "$example" ] || continue # a page without any
			! grep -q -e --net "$example" || continue # see sandbox-net.bats: it needs a network
			PATH=$PWD/bin:$PATH $etc timeout 60 sh -eux "$example" </dev/null >out 2>&1 || { echo "$page"; cat "$example" out; false; }
			n=$((n + 1))
			for id in $(ls -A "$STATES" 2>/dev/null); do
				hull delete --force "$id"
			done
		done
		rm -rf example* etc
	done
	[ "$n" -ge 30 ]
}

complete_line() { # WORDS...: what bash offers for the last
	bash -c 'source completion; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hull; printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

@test "completion: bash offers commands, options, files and containers" {
	"$HULL" help --format bash >completion
	[ "$(complete_line hull sta | sort | tr '\n' ' ')" = "start state stats " ]
	complete_line hull --r | grep -qx -- --root
	complete_line hull exec --pi | grep -qx -- --pid-file
	[ "$(complete_line hull run --bundle root)" = rootfs ]
	mkdir bin
	printf '#!/bin/sh\necho one\necho two\n' >bin/hull
	chmod +x bin/hull
	PATH=$PWD/bin:$PATH
	[ "$(complete_line hull kill o)" = one ]
}

@test "completion: every command and option is there for zsh and fish" {
	local command
	"$HULL" help --format zsh >zsh
	"$HULL" help --format fish >fish
	for command in $(commands); do
		grep -q "'$command:" zsh
		grep -q -- "-a $command " fish
	done
	grep -q -- '--console-socket\[' zsh
	grep -q -- '-l console-socket ' fish
	[ ! -x "$(type -P zsh)" ] || zsh -n zsh
	[ ! -x "$(type -P fish)" ] || fish -n fish
}

@test "a typing error in a command or an option is answered by what it may have been" {
	run hull strat
	[[ $output == *"did you mean 'start'"* ]]
	run hull exec --pid-fiel x y z
	[ "$status" -ne 0 ]
	[[ $output == *"did you mean --pid-file"* ]]
	run hull --rot x list
	[ "$status" -ne 0 ]
	[[ $output == *"did you mean --root"* ]]
	run hull kill --no-such-thing x
	[[ $output != *"did you mean"* ]]
	run hull run --bundel x y
	[[ $output == *"did you mean --bundle"* ]]
	run -1 hull help --format odd
}
