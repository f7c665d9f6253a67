# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of `hull sandbox`: as root and as an ordinary user.

NO_OVERLAY=$BATS_FILE_TMPDIR/no-overlay

# The program that is the first process inside, where hull looks for it.
install_helpers() {
	local name built
	for name in hull-init hull-net hull-systemd; do
		built=$(dirname "$1")/$name
		[ -x "$built" ] || continue
		cmp -s "$built" /usr/local/libexec/hull/$name && continue
		# Tests beside this one may be executing the old one, or want the new one.
		install -D "$built" /usr/local/libexec/hull/$name.$BASHPID
		mv -f /usr/local/libexec/hull/$name.$BASHPID /usr/local/libexec/hull/$name
	done
}

# Where a root file system without libraries is the sandbox's.
need_static_init() {
	! ldd /usr/local/libexec/hull/hull-init >/dev/null 2>&1 || skip "hull-init is linked to libraries in this build"
}

# A directory of the user's in $WORK, which is where the test is, and a copy of hull that the user reaches.
sandbox_setup() {
	need_root
	[ ! -e "$NO_OVERLAY" ] || skip "$(cat "$NO_OVERLAY")"
	install_helpers "$HULL"
	U=31000
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK" "$BATS_TEST_TMPDIR/xdg"
	cp "$HULL" "$BATS_TEST_TMPDIR/hull"
	HULL=$BATS_TEST_TMPDIR/hull
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/xdg
	local d=$BATS_TEST_TMPDIR
	while [ "$d" != / ]; do
		chmod o+x "$d"
		d=$(dirname "$d")
	done
	chown -R $U:$U "$BATS_TEST_TMPDIR"
	chmod 700 "$XDG_RUNTIME_DIR"
	cd "$WORK" || return
}

# Nothing may be left of any sandbox.
sandbox_teardown() {
	cd / || return
	[ -z "$(ls -A /run/hull.sandbox 2>/dev/null)" ] || ls -A /run/hull.sandbox
	[ -z "$(ls -A "$XDG_RUNTIME_DIR/hull/.sandbox" 2>/dev/null)" ]
	! find "$(cgroup_root)" -depth -type d -name 'sandbox-*' 2>/dev/null | grep .
}

as_user() {
	setpriv --reuid $U --regid $U --clear-groups -- "$@"
}

# box ARGS...: hull sandbox as $WHO.
box() {
	if [ "${WHO:-root}" = user ]; then
		as_user "$HULL" sandbox "$@"
	else
		"$HULL" sandbox "$@"
	fi
}

# report FILTER: of the report in the file "report", which is as its schema says.
report() {
	if [ ! -e report.fits ] || [ report -nt report.fits ]; then
		fits_schema || return
	fi
	jq -r "$1" report
}

# By what the schema uses of JSON Schema: validators take seconds to start on an emulated machine.
fits_schema() {
	local wrong
	touch report.fits
	wrong=$(jq -r --slurpfile schema "$BATS_TEST_DIRNAME/../../docs/sandbox-report.schema.json" '
		def is($one): type == $one or ($one == "integer" and type == "number" and floor == .);
		def wrong($s; $at):
			. as $value | ([$s.type // empty] | flatten) as $types
			| (select($types != [] and all($types[]; . as $type | $value | is($type) | not)) | "\($at) is \(tojson)"),
			(select($s.enum and all($s.enum[]; . != $value)) | "\($at) is \(tojson)"),
			(select(($s | has("const")) and . != $s.const) | "\($at) is \(tojson)"),
			(numbers | select(. < ($s.minimum // .) or . > ($s.maximum // .)) | "\($at) is \(.)"),
			(select($s.anyOf and all($s.anyOf[]; [. as $one | $value | wrong($one; $at)] != [])) | "\($at) is none of anyOf"),
			(arrays | select(length > ($s.maxItems // length)) | "\($at) has \(length) items"),
			(arrays | select($s.items) | .[] | wrong($s.items; $at + "[]")),
			(objects | (($s.required // []) - keys)[] | "\($at) lacks \(.)"),
			(objects | to_entries[] | . as $e | ($s.properties // {})[$e.key] as $below
				| if $below then $e.value | wrong($below; "\($at).\($e.key)")
				  else select($s.additionalProperties == false) | "\($at) has \($e.key)" end);
		wrong($schema[0]; "report")' report) && [ -z "$wrong" ] && return 0
	echo "# not as its schema says: $wrong" >&2
	rm report.fits
	return 1
}

# The host's files under an overlay need user attributes in a tmpfs (Linux 6.6), and a root that is no
# overlay itself.
need_overlay() {
	local said
	! said=$(box --strict -- true 2>&1) || return 0
	[[ $said == *overlay* ]] || { echo "$said" && return 1; }
	# Once for the whole file: in the test machine it takes long to find out.
	echo "no overlay over this root here: ${said##*$'\n'}" >"$NO_OVERLAY"
	skip "$(cat "$NO_OVERLAY")"
}

# host_listens PORT NAME...: sockets of the host's that all may use, at 127.0.0.1:PORT and with these names
# ("@NAME" is abstract, "dgram:NAME" is one of datagrams).  Who has them is $LISTENER.
host_listens() {
	cat >listen.py <<-'END'
		import os, socket, sys, time
		socks = [socket.create_server(("127.0.0.1", int(sys.argv[1])))]
		os.umask(0)
		for name in sys.argv[2:]:
		    kind = socket.SOCK_DGRAM if name.startswith("dgram:") else socket.SOCK_STREAM
		    name = name.removeprefix("dgram:")
		    s = socket.socket(socket.AF_UNIX, kind)
		    s.bind("\0" + name[1:] if name[0] == "@" else name)
		    if kind == socket.SOCK_STREAM:
		        s.listen()
		    socks.append(s)
		open("listens", "w").close()
		time.sleep(60)
	END
	python3 listen.py "$@" &
	LISTENER=$!
	until_true test -e listens
}
