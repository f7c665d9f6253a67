# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# No engine at all: skopeo and umoci make a bundle, and people call the runtime.

# shellcheck source=tests/engines/containers.bash
. "$BATS_TEST_DIRNAME/containers.bash"

start_engine() {
	make_runtime
	make_archive
	image_config
}

stop_engine() {
	:
}
