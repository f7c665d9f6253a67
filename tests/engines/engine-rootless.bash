# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# podman as a user with subordinate ids, and with nothing of root's.

# shellcheck source=tests/engines/containers.bash
. "$BATS_TEST_DIRNAME/containers.bash"

USER_ID=4321
USER_HOME=$WORK/home

start_engine() {
	make_runtime
	make_archive
	make_user
	image_config
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
