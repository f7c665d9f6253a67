#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes configure and the Makefile.in from configure.ac and the *.am files.
set -eu
cd "$(dirname "$0")"
for tool in autoconf automake pkg-config; do
	command -v "$tool" >/dev/null || {
		echo "autogen.sh: $tool is missing (Debian: apt-get install autoconf automake pkg-config)" >&2
		exit 1
	}
done
exec autoreconf --install "$@"
