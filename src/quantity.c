/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts as people write them. */
#include "quantity.h"
#include "base/str.h"
#include <stdio.h>
#include <string.h>

/* Digits, with at most one point between them; *@s is left behind them. */
static bool number(const char **s, double *out)
{
	double place = 0.1;
	const char *p = *s;

	*out = 0;
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		*out = *out * 10 + (*p - '0');
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++, place /= 10)
			*out += (*p - '0') * place;
		if (p[-1] == '.')
			return false;
	}
	*s = p;
	return true;
}

bool quantity_bytes(const char *s, int64_t *out)
{
	static const char letters[] = "kmgtpe";
	double v;
	const char *letter;

	if (!strcmp(s, "-1") || (*s != '-' && str_i64(s, out))) {
		*out = *s == '-' ? -1 : *out;
		return true;
	}
	if (!number(&s, &v))
		return false;
	letter = *s ? strchr(letters, *s | 0x20) : NULL;
	if (letter) {
		for (const char *l = letters; l <= letter; l++)
			v *= 1024;
		s++;
		if ((*s | 0x20) == 'i' && (s[1] | 0x20) == 'b')
			s++;
	}
	s += (*s | 0x20) == 'b';
	if (*s || v >= 9223372036854775808.0)
		return false;
	*out = (int64_t)v;
	return true;
}

bool quantity_ms(const char *s, uint64_t *out)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = {
		{ "ms", 1 },   { "us", 0.001 }, { "ns", 0.000001 },
		{ "s", 1000 }, { "m", 60000 },	{ "h", 3600000 },
	};
	double total = 0, v;
	uint64_t seconds;

	if (str_u64(s, &seconds) && seconds < UINT64_MAX / 1000) {
		*out = seconds * 1000;
		return true;
	}
	do {
		size_t i = 0;

		if (!number(&s, &v))
			return false;
		while (i < ARRAY_SIZE(units) && !str_starts(s, units[i].name))
			i++;
		if (i == ARRAY_SIZE(units))
			return false;
		total += v * units[i].ms;
		s += strlen(units[i].name);
	} while (*s);
	if (total >= 9223372036854775808.0)
		return false;
	*out = (uint64_t)total;
	return true;
}

char *quantity_print(uint64_t bytes, char to[QUANTITY_TEXT])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes;
	size_t i = 0;

	for (; v >= 1000 && i + 1 < ARRAY_SIZE(units); i++)
		v /= 1024;
	snprintf(to, QUANTITY_TEXT, "%.*f%s", !i || v >= 100 ? 0 : v >= 10 ? 1 : 2, v, units[i]);
	return to;
}

char *quantity_print_age(uint64_t seconds, char to[QUANTITY_TEXT])
{
	static const struct {
		char letter;
		uint64_t seconds, below;
	} units[] = {
		{ 's', 1, 120 },
		{ 'm', 60, 120 * 60 },
		{ 'h', 3600, 48 * 3600 },
		{ 'd', 86400, UINT64_MAX },
	};
	size_t i = 0;

	while (seconds >= units[i].below && i + 1 < ARRAY_SIZE(units))
		i++;
	seconds /= units[i].seconds;
	snprintf(to, QUANTITY_TEXT, "%llu%c ago",
		 (unsigned long long)(seconds < 99999 ? seconds : 99999), units[i].letter);
	return to;
}
