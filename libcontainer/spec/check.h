/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules across the members of a decoded configuration: inside of spec/ only. */
#ifndef LC_SPEC_CHECK_H
#define LC_SPEC_CHECK_H

#include "spec/spec.h"

struct checker {
	struct arena *arena;
	const char *file;
	const struct json *root; /* where the places of members are looked up; NULL: nowhere */
	const char *prefix; /* of all paths: "process.", "linux.resources." or "" */
	const struct report *report;
	struct lc_error *e;
	const struct spec *spec; /* NULL when only a part was loaded */
	bool failed;
	unsigned said;
};

/* The path of a member, for the two below: rule_at(c, "rlimits[%zu].type", i). */
const char *rule_at(const struct checker *c, const char *fmt, ...) lc_printf(2, 3);

/* Reports that the member at @path breaks a rule. */
void rule_broken(struct checker *c, const char *path, const char *fmt, ...) lc_printf(3, 4);
void rule_warns(struct checker *c, const char *path, const char *fmt, ...) lc_printf(3, 4);

/* A name that is in the list twice, or NULL. */
const char *first_duplicate(struct arena *a, const struct strs *names);

/* One per part of the configuration; all may be called with what an absent object leaves. */
void rules_of_process(struct checker *c, const struct spec_process *process);
void rules_of_resources(struct checker *c, const struct spec_resources *resources);
void rules_of_namespaces(struct checker *c, const struct spec *spec);
void rules_of_id_maps(struct checker *c, const struct spec *spec);
void rules_of_mounts(struct checker *c, const struct spec *spec);
void rules_of_devices(struct checker *c, const struct spec *spec);
void rules_of_net_devices(struct checker *c, const struct spec *spec);
void rules_of_sysctl(struct checker *c, const struct spec *spec);
void rules_of_seccomp(struct checker *c, const struct spec_seccomp *seccomp);
void rules_of_memory_policy(struct checker *c, const struct spec_memory_policy *policy);

#endif
