/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container may be called. */
#include "run/id.h"

#include <limits.h>
#include <string.h>

#define ID_FIRST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-"

int id_check(const char *id, struct lc_error *e)
{
	size_t len = id ? strlen(id) : 0;

	if (!len)
		return lc_err(e, LC_EUSAGE, "the container's id is empty");
	if (len > NAME_MAX)
		return lc_err(e, LC_EUSAGE, "the container's id has %zu characters, more than %d",
			      len, NAME_MAX);
	if (id[strspn(id, ID_FIRST ".")])
		return lc_err(e, LC_EUSAGE,
			      "invalid container id \"%s\": only letters, digits, '_', '+', '-' "
			      "and '.' are allowed",
			      id);
	if (id[0] == '.')
		return lc_err(e, LC_EUSAGE, "invalid container id \"%s\": it begins with a dot",
			      id);
	return 0;
}
