/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What static libraries that were compiled against glibc call, and musl does not have. */
#include <stdarg.h>
#include <stdio.h>

int __fprintf_chk(FILE *file, int flag, const char *format, ...);

__attribute__((format(printf, 3, 4))) int __fprintf_chk(FILE *file, int flag, const char *format,
							...)
{
	va_list ap;
	int n;

	(void)flag;
	va_start(ap, format);
	n = vfprintf(file, format, ap);
	va_end(ap);
	return n;
}
