/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats a message for the caller's sink. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* A message is one line whatever names it quotes: control characters become '?'. */
static void make_one_line(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

void log_at(const struct lc_log *log, enum lc_level level, const char *fmt, ...)
{
	int saved = errno;
	char text[2048];
	va_list ap;

	if (!log || !log->write || level > log->max)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	make_one_line(text);
	log->write(log->ctx, level, text);
	errno = saved;
}
