# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Read by quickstart and check: Debian packages, and who builds.

build_packages='gcc libc6-dev make autoconf automake pkg-config git ca-certificates libseccomp-dev
	libyajl-dev libsystemd-dev musl-tools
	libprotobuf-c-dev protobuf-c-compiler scdoc'

# need_packages NAME...: installs those that are missing; asks nothing; updates the lists only when
# the first try fails, since it may be that they are old.
need_packages()
{
	local missing=() name log

	for name in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
			missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	log=$(mktemp)
	if install_packages "${missing[@]}" >"$log" 2>&1 ||
		{ apt-get update && install_packages "${missing[@]}"; } >"$log" 2>&1; then
		rm -f "$log"
		return 0
	fi
	tail -n 15 "$log" >&2
	rm -f "$log"
	return 1
}

install_packages()
{
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		-o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# as_owner COMMAND...: as the one who owns the sources, so that sudo leaves no files of root's there.
as_owner()
{
	local owner

	owner=$(stat -c %U "$top")
	if [ "$owner" = "$(id -un)" ] || [ "$owner" = UNKNOWN ]; then
		"$@"
	else
		runuser -u "$owner" -- "$@"
	fi
}

# need_debian_root NAME: the one reason why nothing will work, before anything is done.
need_debian_root()
{
	if ! command -v apt-get >/dev/null; then
		echo "$1: apt-get is missing: this works on Debian 12 and later; elsewhere see README.md, \"By hand\"" >&2
		exit 1
	fi
	if [ "$(id -u)" != 0 ]; then
		echo "$1: needs root, to install packages and to make containers: sudo contrib/$1" >&2
		exit 1
	fi
}
