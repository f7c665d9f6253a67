/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a string of the configuration must look like. */
#include "spec/valid.h"
#include "base/str.h"

#include <string.h>

static const char digits[] = "0123456789";

static bool is_one_line(const char *s)
{
	return !strchr(s, '\n');
}

bool has_dot_dot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

const char *valid_text(const char *s)
{
	return *s ? NULL : "expected a text";
}

const char *valid_absolute(const char *s)
{
	return *s == '/' ? NULL : "expected an absolute path";
}

const char *valid_env(const char *s)
{
	return *s && *s != '=' ? NULL : "expected NAME=value";
}

/* __NEW_UTS_LEN */
const char *valid_hostname(const char *s)
{
	return strlen(s) <= 64 ? NULL : "expected at most 64 bytes";
}

/* A decimal number without a sign or leading zeros. */
static bool skip_number(const char **s)
{
	size_t n = strspn(*s, digits);

	if (!n || (n > 1 && **s == '0'))
		return false;
	*s += n;
	return true;
}

/* Identifiers with dots between them: "rc1.2". A number among them has no leading zero if @strict.
 */
static bool skip_identifiers(const char **s, bool strict)
{
	static const char letters[] = "0123456789-"
				      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (;; ++*s) {
		size_t n = strspn(*s, letters);

		if (!n || (strict && n > 1 && **s == '0' && strspn(*s, digits) >= n))
			return false;
		*s += n;
		if (**s != '.')
			return true;
	}
}

static bool is_semver(const char *s)
{
	for (int i = 0; i < 3; i++) {
		if (i && *s++ != '.')
			return false;
		if (!skip_number(&s))
			return false;
	}
	if (*s == '-' && (s++, !skip_identifiers(&s, true)))
		return false;
	if (*s == '+' && (s++, !skip_identifiers(&s, false)))
		return false;
	return !*s;
}

const char *valid_oci_version(const char *s)
{
	if (!is_semver(s))
		return "expected a version such as 1.3.0";
	return str_starts(s, "1.") ? NULL : "expected a supported version (1.x)";
}

static void skip_blanks(const char **s)
{
	*s += strspn(*s, " ");
}

static bool skip_u32(const char **s, uint32_t *out)
{
	char number[11] = "";
	size_t n = strspn(*s, digits);

	if (n >= sizeof(number))
		return false;
	memcpy(number, *s, n);
	*s += n;
	skip_blanks(s);
	return str_u32(number, out);
}

const char *valid_cpu_list(const char *s)
{
	static const char wrong[] = "expected a list such as \"0-3,5\"";
	uint32_t first, last;

	skip_blanks(&s);
	if (!*s)
		return NULL;
	for (;; s++) {
		skip_blanks(&s);
		if (!skip_u32(&s, &first))
			return wrong;
		last = first;
		if (*s == '-') {
			s++;
			skip_blanks(&s);
			if (!skip_u32(&s, &last))
				return wrong;
		}
		if (last < first)
			return "expected a list whose ranges ascend";
		if (*s != ',')
			return *s ? wrong : NULL;
	}
}

/* The kernel's own syntax has more than the list above: "0-31:2/8", "all". It judges. */
const char *valid_cpuset(const char *s)
{
	if (str_eq(s, "all") || s[strspn(s, "0123456789,-:/N ")] == 0)
		return NULL;
	return "expected a list such as \"0-3,5\"";
}

const char *valid_cgroups_path(const char *s)
{
	if (!is_one_line(s))
		return "expected a path of one line";
	return has_dot_dot(s) ? "expected a path without \"..\"" : NULL;
}

const char *valid_cgroup_file(const char *s)
{
	const char *dot = strchr(s, '.');

	if (!dot || dot == s || !dot[1] || strchr(s, '/') || !is_one_line(s))
		return "expected a cgroup file of the form CONTROLLER.VALUE";
	return NULL;
}

const char *valid_page_size(const char *s)
{
	size_t n = strspn(s, digits);
	bool ok = n && *s != '0' && s[n] && strchr("KMG", s[n]) && str_eq(s + n + 1, "B");

	return ok ? NULL : "expected a page size such as 2MB";
}

const char *valid_access(const char *s)
{
	return s[strspn(s, "rwm")] ? "expected letters of \"rwm\"" : NULL;
}

const char *valid_file_name(const char *s)
{
	if (!*s || strchr(s, '/') || str_eq(s, ".") || str_eq(s, "..") || !is_one_line(s))
		return "expected a name without slashes";
	return NULL;
}

/* dev_valid_name() of the kernel; "%d" is a number it chooses. */
const char *valid_interface(const char *s)
{
	const char *percent = strchr(s, '%');

	if (!*s || strlen(s) > 15 || str_eq(s, ".") || str_eq(s, ".."))
		return "expected an interface name of 1 to 15 bytes";
	for (const char *p = s; *p; p++)
		if (strchr("/: \t\n\v\f\r\xa0", *p))
			return "expected an interface name without blanks, '/' and ':'";
	if (percent && (percent[1] != 'd' || strchr(percent + 1, '%')))
		return "expected \"%d\" for the number, once";
	return NULL;
}

const char *valid_clos_id(const char *s)
{
	return str_eq(s, "/") ? NULL : valid_file_name(s);
}

const char *valid_schema_line(const char *s)
{
	return *s && is_one_line(s) ? NULL : "expected one line";
}

const char *valid_schema_lines(const char *s)
{
	return *s && *s != '\n' && !strstr(s, "\n\n") ? NULL : "expected lines such as L3:0=fff";
}

const char *valid_mem_bw(const char *s)
{
	return str_starts(s, "MB:") && is_one_line(s) ? NULL : "expected a line such as MB:0=70";
}
