# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# podman as a user with subordinate ids, and with nothing of root's.

USER_ID=4321
USER_HOME=$WORK/home

start_engine() {
	make_runtime
	make_archive
	make_user
	mkdir -p /etc/containers
	echo '{ "default": [{ "type": "insecureAcceptAnything" }] }' >/etc/containers/policy.json
	printf 'unqualified-search-registries = []\n' >/etc/containers/registries.conf
	podman_config >/etc/containers/containers.conf
	e load -q -i "$ARCHIVE"
}

make_user() {
	! grep -q '^tester:' /etc/subuid || return 0 # twice the same ids are twice as many for podman
	printf 'tester:x:%d:%d::%s:/bin/sh\n' $USER_ID $USER_ID "$USER_HOME" >>/etc/passwd
	printf 'tester:x:%d:\n' $USER_ID >>/etc/group
	echo 'tester:2000000:65536' | tee -a /etc/subuid >>/etc/subgid
	mkdir -p "$USER_HOME" /run/user/$USER_ID
	chown $USER_ID:$USER_ID "$USER_HOME" /run/user/$USER_ID
	chmod 700 /run/user/$USER_ID
	cat >"$WORK/as-user" <<END
#!/bin/sh
exec setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env -i \\
	HOME="$USER_HOME" USER=tester LOGNAME=tester XDG_RUNTIME_DIR=/run/user/$USER_ID PATH="$PATH" "\$@"
END
	chmod 755 "$WORK/as-user"
}

podman_config() {
	cat <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "tested"
runtime_supports_json = ["tested"]
runtime_supports_nocgroup = ["tested"]
[engine.runtimes]
tested = ["$TESTED"]
[network]
network_backend = "netavark"
[containers]
log_driver = "k8s-file"
END
	has_all_capabilities || printf 'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
}

stop_engine() {
	e rm -f -a -t 0
}

# as-user COMMAND...: with the environment of a login, nothing of ours
as_user() {
	"$WORK/as-user" "$@"
}

CLI=("$WORK/as-user" podman)

e() {
	as_user podman "$@"
}

remove() {
	e rm -f -t 0 "$@"
}
