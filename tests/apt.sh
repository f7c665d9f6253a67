# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Debian packages of any suite, from the mirror that this machine's apt uses and checked by apt's signatures,
# to be unpacked beside the system: nothing is installed.  For scripts that have set $cache, the folder in
# which indexes and packages are kept, and die MESSAGE.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The first mirror that serves Debian itself, neither a third party's nor the security archive.
own_mirror() {
	local list

	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
		[ ! -e "$list" ] || sed -nE 's/^(deb|URIs:)[ \t](.*[ \t])?(https?:[^ \t]*\/debian)\/?([ \t].*)?$/\3/p' "$list"
	done | head -n 1
}

# Images of Debian for containers have apt keep no cache, without which each call reads the whole index.
private_apt() { # PROGRAM ARGS...
	local program=$1

	shift
	"$program" -q -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root \
		-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin \
		-o Acquire::Languages=none "$@"
}

# Makes SUITE the one that private_apt sees; its index is kept for a day.
use_suite() { # SUITE
	local mirror

	mirror=$(own_mirror)
	[ -n "$mirror" ] || die "no Debian mirror in /etc/apt"
	apt=$cache/apt/$1
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	echo "deb [signed-by=$keyring] $mirror $1 main" >"$apt/sources.list"
	if [ -z "$(find "$apt/updated" -mtime -1 2>/dev/null)" ]; then
		private_apt apt-get update >"$apt/log" 2>&1 || return 1
		touch "$apt/updated"
	fi
}
