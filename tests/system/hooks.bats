#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Hooks: order, environment, state, failures.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_bundle
	LOG=$BATS_TEST_TMPDIR/hooks
	install -m 666 /dev/null "$LOG" # createContainer's root is the container's
	for stage in prestart createRuntime createContainer poststart poststop; do
		cat >"$BATS_TEST_TMPDIR/$stage" <<EOF2
#!/bin/sh
state=\$(cat)
echo $stage "\$*" >>"$LOG"
echo "\$state" >"$LOG.$stage.state"
env | sort >"$LOG.$stage.env"
EOF2
		chmod +x "$BATS_TEST_TMPDIR/$stage"
	done
	export BATS_TEST_TMPDIR
}

teardown() {
	clean_up
}

hook() { # STAGE PATH [ARG0...]
	config_words '.hooks[$w[0]] += [{path: $w[1], args: $w[2:]}]' "$@"
}

@test "hooks: the order of all stages, argv as given" {
	for s in poststop createContainer createRuntime prestart poststart; do
		hook $s "$BATS_TEST_TMPDIR/$s" other-name "$s-arg"
	done
	printf '#!/bin/sh\ncat >/dev/null\necho startContainer >>/tmp/log\n' >rootfs/bin/hook
	chmod +x rootfs/bin/hook
	hook startContainer /bin/hook hook
	touch rootfs/tmp/log
	config '.root.readonly = false'
	program sh -c 'echo program >>/tmp/log'
	hull create "$ID"
	[ "$(cut -d" " -f1 "$LOG" | tr "\n" " ")" = "prestart createRuntime createContainer " ]
	[ ! -s rootfs/tmp/log ]
	hull start "$ID"
	until_true has_status "$ID" stopped
	[ "$(tr "\n" " " <rootfs/tmp/log)" = "startContainer program " ]
	hull delete "$ID"
	[ "$(cut -d" " -f1 "$LOG" | tr "\n" " ")" = "prestart createRuntime createContainer poststart poststop " ]
	grep -q '^prestart prestart-arg$' "$LOG"
}

@test "hooks: state on stdin, with the right bundle, pid and status" {
	for s in createRuntime poststart poststop; do
		hook $s "$BATS_TEST_TMPDIR/$s" x
	done
	config '.annotations = {"a.b": "c"}'
	program sleep 1000
	hull run -d "$ID"
	pid=$(pid_of "$ID")
	jq -e --arg id "$ID" --arg b "$PWD" --argjson pid "$pid" '.id == $id and .bundle == $b and .pid == $pid and .annotations["a.b"] == "c" and (.status == "creating" or .status == "created")' "$LOG.createRuntime.state"
	jq -e '.status == "running"' "$LOG.poststart.state"
	hull delete --force "$ID"
	jq -e '.status == "stopped" and (.pid // 0) == 0' "$LOG.poststop.state"
}

@test "hooks: what the state says at each stage" {
	local s
	for s in prestart createRuntime createContainer poststart poststop; do
		hook $s "$BATS_TEST_TMPDIR/$s" x
		install -m 666 /dev/null "$LOG.$s.state"
		install -m 666 /dev/null "$LOG.$s.env"
	done
	printf '#!/bin/sh\ncat >/tmp/state\n' >rootfs/bin/hook
	chmod +x rootfs/bin/hook
	chmod 777 rootfs/tmp
	hook startContainer /bin/hook hook
	config '.root.readonly = false'
	program sleep 1000
	hull create "$ID"
	pid=$(pid_of "$ID")
	hull start "$ID"
	hull delete --force "$ID"
	said() { # FILE: status, pid, and whether the rest is this container's
		jq -c --arg id "$ID" --arg b "$BUNDLE" '[.status, .pid, .id == $id and .bundle == $b]' "$1"
	}
	# Those inside see their own pid namespace.
	[ "$(said "$LOG.prestart.state")" = "[\"creating\",$pid,true]" ]
	[ "$(said "$LOG.createRuntime.state")" = "[\"creating\",$pid,true]" ]
	[ "$(said "$LOG.createContainer.state")" = '["creating",1,true]' ]
	[ "$(said rootfs/tmp/state)" = '["created",1,true]' ]
	[ "$(said "$LOG.poststart.state")" = "[\"running\",$pid,true]" ]
	[[ $(said "$LOG.poststop.state") == '["stopped",'@(0|null)',true]' ]]
}

@test "hooks: env exactly as given" {
	config '.hooks.createRuntime = [{path: $p, args: ["x"], env: ["ONLY=1", "PATH=/bin:/usr/bin"]}]' --arg p "$BATS_TEST_TMPDIR/createRuntime"
	hull run "$ID"
	run grep -vE '^(ONLY=1|PATH=|PWD=|SHLVL=|_=|OLDPWD=)' "$LOG.createRuntime.env"
	[ -z "$output" ]
	grep -q ONLY=1 "$LOG.createRuntime.env"
}

@test "hooks: startContainer sees the container's environment" {
	printf '#!/bin/sh\ncat >/dev/null\nenv >/tmp/env\nls /proc/self/fd >/tmp/fds\n' >rootfs/bin/hook
	chmod +x rootfs/bin/hook
	config '.root.readonly = false | .process.env += ["MINE=1"]'
	hook startContainer /bin/hook hook
	hull run "$ID"
	grep -q MINE=1 rootfs/tmp/env
	grep -q HOME=/root rootfs/tmp/env
	[ "$(tr "\n" " " <rootfs/tmp/fds)" = "0 1 2 3 " ]
}

@test "hooks: failures of create's stages fail create and leave nothing" {
	for s in prestart createRuntime createContainer; do
		config "del(.hooks) | .hooks.$s = [{path: \"/bin/true\"}, {path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo why >&2; exit 3\"]}]"
		run hull create "$ID"
		[ "$status" -eq 125 ]
		[[ $output == *"error running $s hook #1"* ]]
		[[ $output == *why* ]]
		[ -z "$(hull list -q)" ]
	done
}

@test "hooks: startContainer and poststart failures fail start; the container ends" {
	program sleep 1000
	for s in startContainer poststart; do
		config "del(.hooks) | .hooks.$s = [{path: \"/bin/false\"}]"
		hull create "$ID"
		run hull start "$ID"
		[ "$status" -ne 0 ]
		[[ $output == *"error running $s hook #0"* ]]
		[ -z "$(hull list -q)" ]
	done
	run hull run "$ID"
	[ "$status" -eq 125 ]
}

@test "hooks: poststop failures only warn" {
	config '.hooks.poststop = [{path: "/bin/false"}]'
	run -0 hull run "$ID"
	[[ $output == *poststop* ]]
}

@test "hooks: a timeout ends the hook, and names it" {
	config '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "100"], timeout: 1}]'
	SECONDS=0
	run hull create "$ID"
	[ "$status" -eq 125 ]
	[ "$SECONDS" -lt 20 ]
	[[ $output == *createRuntime*"#0"*tim* ]]
}

@test "hooks: mounts made by createRuntime and createContainer are seen inside" {
	mkdir rootfs/inject
	cat >"$BATS_TEST_TMPDIR/inject" <<EOF2
#!/bin/sh
cat >/dev/null
mount -t tmpfs tmpfs "$BUNDLE/rootfs/inject" && echo injected >"$BUNDLE/rootfs/inject/file"
EOF2
	chmod +x "$BATS_TEST_TMPDIR/inject"
	hook createContainer "$BATS_TEST_TMPDIR/inject" x
	program cat /inject/file
	run -0 hull run "$ID"
	[ "$output" = injected ]
	[ ! -e rootfs/inject/file ]
}

@test "hooks: state may be asked from a hook" {
	cat >"$BATS_TEST_TMPDIR/ask" <<EOF2
#!/bin/sh
cat >/dev/null
"$HULL" --root "$STATES" state "$ID" >"$LOG.asked"
EOF2
	chmod +x "$BATS_TEST_TMPDIR/ask"
	hook createRuntime "$BATS_TEST_TMPDIR/ask" x
	hull run "$ID"
	[ "$(jq -r .status "$LOG.asked")" = creating ]
}
