# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # variables are for the files that include this one
# Where get-newer puts newer engines, and run finds them.

cache=${HULL_ENGINES_CACHE:-/var/cache/hull-engines}
newer=$cache/newer
