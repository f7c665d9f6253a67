# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# buildah: containers of images that are being made.  It sets no limits and no cgroup.

# shellcheck source=tests/engines/containers.bash
. "$BATS_TEST_DIRNAME/containers.bash"

start_engine() {
	make_runtime
	make_archive
	image_config
	storage_config
	export BUILDAH_ISOLATION=oci BUILDAH_RUNTIME=$TESTED
	{ echo '[containers]'; limits_config; } >/etc/containers/containers.conf
	e pull -q "docker-archive:$ARCHIVE" >/dev/null
}

stop_engine() {
	e rm -a >/dev/null
}

CLI=(buildah)

e() {
	buildah "$@"
}

remove() {
	e rm "$@"
}
