# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# buildah: containers of images that are being made.  It sets no limits and no cgroup.

start_engine() {
	make_runtime
	make_archive
	mkdir -p /etc/containers
	echo '{ "default": [{ "type": "insecureAcceptAnything" }] }' >/etc/containers/policy.json
	printf 'unqualified-search-registries = []\n' >/etc/containers/registries.conf
	printf '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' \
		>/etc/containers/storage.conf
	export BUILDAH_ISOLATION=oci BUILDAH_RUNTIME=$TESTED
	# Without CAP_SYS_RESOURCE its own default limits are out of reach.
	has_all_capabilities || printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n' >/etc/containers/containers.conf
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
