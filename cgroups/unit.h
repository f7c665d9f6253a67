/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container's cgroup as a unit of systemd: limits as properties, and the program that talks to
 * systemd.  A property is a word: its name, D-Bus type and values, with UNIT_SEPARATOR between.
 * "253:NAME" is left out where systemd is older than that.
 */
#ifndef LC_UNIT_H
#define LC_UNIT_H

#include "cgroups/cgroup.h"

#define UNIT_SEPARATOR	 "\x1f"
#define UNIT_SECONDS	 30 /* that systemd may take for one request, unless told otherwise */
#define UNIT_SECONDS_MAX 3600

/* Words for the program, terminated by NULL; the array grows in the arena. */
struct unit_words {
	struct arena *a;
	char **v;
	size_t n, size;
};
void unit_add(struct unit_words *w, const char *word);

/* The properties that stand for the files of @plan. What has none is left to the files.  @dir: the
 * cgroup as it is now, for what an update leaves as it is; -1: a new one. */
void unit_add_limits(struct unit_words *w, const struct plan_cgroup *plan, int dir,
		     const struct lc_log *log);

/* @plan with the files that can be written beside these properties: none for the weight of a unit
 * that systemd has made idle; quotas as systemd rounds them. @dir as above. */
struct plan_cgroup unit_files(struct arena *a, const struct plan_cgroup *plan, int dir);

/* Annotations org.systemd.property.NAME: values in the text form of GVariant. */
int unit_add_annotations(struct unit_words *w, const struct pairs *properties,
			 struct lc_error *e) lc_checked;

/* "uint64 5" to "t" and its value; for a test of its own. Returns "TYPE<sep>VALUE...". */
char *unit_value_of_gvariant(struct arena *a, const char *text, bool seconds, struct lc_error *e);

/* Runs the program with @words (command, unit, properties), for @ref's systemd and time; *answer:
 * its first line. */
int unit_ask(const struct cgroup_ref *ref, const struct unit_words *words, struct arena *a,
	     char **answer, struct lc_error *e) lc_checked;

#endif
