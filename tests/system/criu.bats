#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What criu is told by checkpoint and restore.  Here criu is a program that writes it down and refuses:
# what real ones make of it is in checkpoint.bats.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	need_root
	make_bundle
	program sleep 1000
	mkdir programs
	ln -s "$BATS_TEST_DIRNAME/told-criu" programs/criu
	PATH=$PWD/programs:$PATH
	export TOLD_CRIU=$PWD/told
	IMAGES=$PWD/images
}

teardown() {
	clean_up
}

# told JQ-FILTER: of the last request, compact.
told() {
	jq -c "$1" "$TOLD_CRIU"
}

checkpoint() {
	rm -f "$TOLD_CRIU"
	run hull checkpoint --image-path "$IMAGES" "$@" "$ID"
	[ "$status" -eq 1 ]
	[[ $output == *"criu could not checkpoint the container"* ]]
}

restore() {
	rm -f "$TOLD_CRIU"
	run hull restore -d --image-path "$IMAGES" "$@" "$ID" </dev/null
	[ "$status" -eq 125 ]
	[[ $output == *"criu could not restore the container"* ]]
}

# set_of MEMBERS: those of the JSON array that the last request sets.
set_of() {
	# shellcheck disable=SC2016 # jq's
	jq -c --argjson all "$1" '.opts as $o | [$all[] | select($o[.])]' "$TOLD_CRIU"
}

# flags VERB OPTION...: none of them is set by itself, and each by its own option only.
flags() {
	local verb=$1 option all
	shift
	all=$(json_array "${@//-/_}")
	"$verb"
	[ "$(set_of "$all")" = '[]' ]
	for option; do
		"$verb" "--$option"
		[ "$(set_of "$all")" = "[\"${option//-/_}\"]" ] || {
			echo "$verb --$option: $(told .opts)"
			return 1
		}
	done
}

begin() {
	hull run -d "$ID" </dev/null >/dev/null 2>&1
}

@test "criu is told: every flag of checkpoint, each by itself" {
	begin
	flags checkpoint leave-running tcp-established tcp-skip-in-flight link-remap ext-unix-sk shell-job file-locks \
		auto-dedup
	[ "$(state_of "$ID")" = running ]
}

@test "criu is told: how long processes may take to stop, where --timeout says so" {
	begin
	checkpoint
	[ "$(told .opts.timeout)" = null ] # its own: ten seconds
	rm "$TOLD_CRIU"
	run hull --timeout 61500ms checkpoint --image-path "$IMAGES" "$ID"
	[ "$(told .opts.timeout)" = 62 ]
	hull delete --force "$ID"
	run hull --timeout 1m restore -d --image-path "$IMAGES" "$ID" </dev/null
	[ "$(told '[.type, .opts.timeout]')" = '["RESTORE",60]' ]
}

@test "criu is told: pages that are fetched later, where, and whom to tell" {
	begin
	checkpoint --lazy-pages --page-server 127.0.0.1:4711 --status-fd 7 7>status
	[ "$(told '[.type, .opts.lazy_pages, .opts.ps, (.opts.status_fd > 2)]')" = \
		'["DUMP",true,{"address":"127.0.0.1","port":4711},true]' ]
	checkpoint --page-server '[::1]:65535'
	[ "$(told '[.opts.lazy_pages, .opts.ps, .opts.status_fd]')" = '[false,{"address":"[::1]","port":65535},null]' ]
	for wrong in 127.0.0.1 :4711 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:x; do
		run hull checkpoint --image-path "$IMAGES" --page-server "$wrong" "$ID"
		[ "$status" -eq 1 ]
		[[ $output == *"--page-server: expected ADDRESS:PORT, found \"$wrong\""* ]]
	done
	run hull checkpoint --image-path "$IMAGES" --lazy-pages "$ID"
	[[ $output == *"--lazy-pages needs --page-server"* ]]
	run hull checkpoint --image-path "$IMAGES" --status-fd 77 "$ID"
	[[ $output == *"--status-fd 77: bad file descriptor"* ]]
}

@test "criu is told: a pre-dump, and the dump that has it as parent" {
	begin
	checkpoint --pre-dump
	[ "$(told '[.type, .opts.track_mem, .opts.leave_running, .opts.external]')" = '["PRE_DUMP",true,true,null]' ]
	mkdir before
	checkpoint --parent-path ../before
	[ "$(told '[.type, .opts.track_mem, .opts.leave_running, .opts.parent_img]')" = '["DUMP",true,false,"../before"]' ]
}

@test "criu is told: words of checkpoint, and directories" {
	begin
	checkpoint
	[ "$(told '[.opts.manage_cgroups_mode, .opts.network_lock, .opts.empty_ns]')" = '["SOFT",null,null]' ]
	[ "$(told .opts.freeze_cgroup)" = "\"$(cgroup_root)$(sed -n 's/^0:://p' "/proc/$(pid_of "$ID")/cgroup")\"" ]
	local word
	for word in full strict ignore; do
		checkpoint --manage-cgroups-mode "$word"
		[ "$(told .opts.manage_cgroups_mode)" = "\"${word^^}\"" ]
	done
	checkpoint --network-lock nftables --empty-ns network --work-path logs
	[ "$(told '[.opts.network_lock, .opts.empty_ns]')" = "[\"NFTABLES\",$((0x40000000))]" ]
	[[ $output == *"(log: $PWD/logs/dump.log)"* ]]
}

@test "criu is told: every flag of restore, each by itself" {
	mkdir "$IMAGES"
	flags restore tcp-established tcp-close ext-unix-sk shell-job file-locks lazy-pages auto-dedup
	nothing_left
}

@test "criu is told: words of restore; labels in place of those that were" {
	mkdir "$IMAGES"
	restore
	[ "$(told '[.type, .opts.rst_sibling, .opts.manage_cgroups_mode, .opts.cg_root, .opts.lsm_profile, .opts.lsm_mount_context]')" = \
		"[\"RESTORE\",true,\"SOFT\",[{\"path\":\"hull/$ID\"}],null,null]" ]
	restore --manage-cgroups-mode ignore --empty-ns network --network-lock iptables
	[ "$(told '[.opts.manage_cgroups_mode, .opts.empty_ns, .opts.network_lock]')" = "[\"IGNORE\",$((0x40000000)),\"IPTABLES\"]" ]
	restore --lsm-profile apparmor:other --lsm-mount-context system_u:object_r:x_t:s0
	[ "$(told '[.opts.lsm_profile, .opts.lsm_mount_context]')" = '["apparmor:other","system_u:object_r:x_t:s0"]' ]
	run hull restore --image-path "$IMAGES" --lsm-profile other "$ID"
	[ "$status" -eq 125 ]
	[[ $output == *'--lsm-profile: expected apparmor:NAME or selinux:LABEL, found "other"'* ]]
	nothing_left
}

# In a mount namespace where /etc/criu is this test's own.
with_etc_criu() {
	# shellcheck disable=SC2016 # the other shell's
	unshare -m sh -c 'mount --make-rprivate / && mount --bind etc-criu /etc/criu && exec "$@"' sh \
		"$HULL" --root "$STATES" checkpoint --image-path "$IMAGES" "$ID"
}

@test "criu is told: the first of its configurations that is there; the annotation's wins" {
	mkdir -p etc-criu /etc/criu
	begin
	run with_etc_criu
	[ "$(told .opts.config_file)" = null ]
	for name in crun runc hull; do
		touch "etc-criu/$name.conf"
		run with_etc_criu
		[ "$(told .opts.config_file)" = "\"/etc/criu/$name.conf\"" ]
	done
	hull delete --force "$ID"
	touch mine.conf
	config '.annotations["org.criu.config"] = $f' --arg f "$PWD/mine.conf"
	begin
	run with_etc_criu
	[ "$(told .opts.config_file)" = "\"$PWD/mine.conf\"" ]
	chmod g+w mine.conf
	run hull checkpoint --image-path "$IMAGES" "$ID"
	[ "$status" -eq 1 ]
	[[ $output == *"mine.conf: must be a file that is root's and that nobody else can write"* ]]
}

@test "criu is told: streams that are pipes, and what they are at restore" {
	hull run -d "$ID" </dev/null > >(exec cat >/dev/null 3>&-) 2>&1
	checkpoint
	pipe=$(jq -r '.[1]' "$IMAGES/descriptors.json")
	[[ $pipe == "pipe:["*"]" ]]
	[ "$(jq -c '.[1] == .[2]' "$IMAGES/descriptors.json")" = true ]
	hull delete --force "$ID"
	restore
	[ "$(told "[.opts.inherit_fd[] | select(.key == \"$pipe\")] | length")" -ge 1 ]
}

# Such a mount is a part of the host's: in the machine's hierarchy at checkpoint, in that of restore then.
@test "criu is told: a cgroup mount without a cgroup namespace comes from outside" {
	config 'del(.linux.namespaces[] | select(.type == "cgroup")) | .linux.cgroupsPath = $p' --arg p "/first-$ID"
	begin
	checkpoint
	[ "$(told '.opts.external | map(select(contains("cgroup")))')" = '["mnt[/sys/fs/cgroup]:/sys/fs/cgroup"]' ]
	hull delete --force "$ID"
	config '.linux.cgroupsPath = $p' --arg p "/second-$ID"
	restore
	[ "$(told '.opts.external | map(select(contains("cgroup")))')" = "[\"mnt[/sys/fs/cgroup]:$(cgroup_root)/second-$ID\"]" ]
	nothing_left
}

@test "criu is told: a cgroup mount with a cgroup namespace is the container's own" {
	config '.linux.namespaces += [{"type": "cgroup"}] | .linux.namespaces |= unique_by(.type)'
	begin
	checkpoint
	[ "$(told '.opts.external | map(select(contains("cgroup")))')" = '[]' ]
}

@test "checkpoint: a cgroup mount without a cgroup namespace, nor a cgroup that hull makes, is refused" {
	config 'del(.linux.namespaces[] | select(.type == "cgroup"))'
	hull --cgroup-manager=disabled run -d "$ID" </dev/null >/dev/null 2>&1
	run hull checkpoint --image-path "$IMAGES" "$ID"
	[ "$status" -eq 1 ]
	[[ $output == *"(/sys/fs/cgroup): a cgroup mount without a cgroup namespace cannot be restored unless hull itself makes the cgroup"* ]]
	[ "$(state_of "$ID")" = running ]
}

# refused_with LOG: what hull quotes of it.
refused_with() {
	printf '%s\n' "$@" >said
	TOLD_CRIU_LOG=$PWD/said run hull restore -d --image-path "$IMAGES" "$ID" </dev/null
	[ "$status" -eq 125 ]
}

@test "criu complains: the cause is quoted, not what it led to" {
	mkdir "$IMAGES"
	refused_with '(00.1) Warn  (criu/a.c:1): old' '(00.2)      9: Error (criu/files-reg.c:2093): File fd/2 has bad size 7 (expect 8)' \
		'(00.3)      9: Error (criu/files.c:1213): Unable to open fd=2 id=0x4' '(00.4) mnt: Switching' \
		'(00.5) Error (criu/cr-restore.c:2537): Restoring FAILED.'
	[[ $output == *"criu could not restore the container: File fd/2 has bad size 7 (expect 8) (log: $IMAGES/restore.log)"* ]]
	refused_with '(00.1) Error (criu/a.c:1): tried' '(00.2) mnt: Going on' '(00.3) Error (criu/b.c:1): the end'
	[[ $output == *"the container: the end (log:"* ]]
	refused_with '(00.1) all is well'
	[[ $output == *"the container: no reason given (log:"* ]]
	nothing_left
}

@test "checkpoint warns of what exec began: criu leaves it out" {
	program sh -c 'setsid sleep 1000 & sleep 1000 & wait'
	begin
	run hull --log-format json checkpoint --image-path "$IMAGES" "$ID"
	[[ $output == *"could not checkpoint"* && $output != *"leaves out"* ]]
	hull exec -d --pid-file pid "$ID" sh -c 'sleep 1000; true' </dev/null >/dev/null 2>&1
	run hull --log-format json checkpoint --image-path "$IMAGES" "$ID"
	[[ $output == *"the checkpoint leaves out what exec began: "*", the first is $(cat pid)\""* ]]
}
