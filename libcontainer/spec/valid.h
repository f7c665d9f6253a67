/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a string of the configuration must look like: NULL, or what was expected instead. */
#ifndef LC_SPEC_VALID_H
#define LC_SPEC_VALID_H

#include <stdbool.h>
#include <stddef.h>

const char *valid_text(const char *s); /* not empty */
const char *valid_absolute(const char *s); /* begins with a slash */
const char *valid_oci_version(const char *s); /* SemVer 2.0.0, major version 1 */
const char *valid_env(const char *s); /* has a name */
const char *valid_hostname(const char *s); /* fits into the kernel's 64 bytes */
const char *valid_cpu_list(const char *s); /* "0-3,5", blanks allowed; may be empty */
const char *valid_cpuset(const char *s); /* what cpuset.cpus and cpuset.mems can take */
const char *valid_cgroups_path(const char *s); /* no ".." */
const char *valid_cgroup_file(const char *s); /* CONTROLLER.VALUE */
const char *valid_page_size(const char *s); /* "2MB" */
const char *valid_access(const char *s); /* letters of rwm */
const char *valid_interface(const char *s); /* name of a network interface */
const char *valid_clos_id(const char *s); /* a directory of resctrl, "/" is its root */
const char *valid_schema_line(const char *s); /* one line for resctrl's schemata */
const char *valid_schema_lines(const char *s); /* several of them */
const char *valid_mem_bw(const char *s); /* one that begins with MB: */
const char *valid_file_name(const char *s); /* no slash, not "." or ".." */

/* Whether a path has a component "..". */
bool has_dot_dot(const char *path);

#endif
