/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages go through the caller's sink: the library never prints.  Levels: error (once, at the
 * end, by the CLI, from the lc_error), warning (something asked for was ignored or weakened; names
 * the member), debug (each step and message).
 */
#ifndef LC_LOG_H
#define LC_LOG_H

#include "base/error.h"
#include "base/public.h"

/* Formats and hands over one message; @log may be NULL (nothing happens). Keeps errno. */
void log_at(const struct lc_log *log, enum lc_level level, const char *fmt, ...) lc_printf(3, 4);

#define log_warn(log, ...)  log_at(log, LC_LOG_WARNING, __VA_ARGS__)
#define log_debug(log, ...) log_at(log, LC_LOG_DEBUG, __VA_ARGS__)

#endif
