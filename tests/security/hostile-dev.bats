#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Hostile images (hostile.bash): traps at places in /dev.
# CVE-2019-19921, CVE-2025-31133, CVE-2025-52565, CVE-2026-41579, CVE-2026-47766, CVE-2026-88264.

load ../system/helpers
load hostile
bats_require_minimum_version 1.5.0

@test "trap at dev/null" { try dev/null; }
@test "trap at dev/console" { try dev/console; }
@test "trap at dev/ptmx" { try dev/ptmx; }
@test "trap at dev/pts" { try dev/pts; }
@test "trap at dev/shm" { try dev/shm; }
