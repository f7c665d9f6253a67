/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes the planned values to the files of a cgroup.  Some are bounded by others (cpu.max.burst by
 * the quota in cpu.max, cpu.weight by cpu.idle), and which order is right depends on what is there
 * now: what the kernel refuses is tried once more after the rest.
 */
#include "cgroups/internal.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The value with its first word replaced by the one that the file has now. */
static int keep_first_word(int dir, const struct plan_cgroup_file *f, char *value, size_t size)
{
	const char *rest = strchr(f->value, ' ');
	char now[64];

	if (cg_read(dir, f->file, now, sizeof(now)) < 0)
		return -1;
	now[strcspn(now, " ")] = 0;
	snprintf(value, size, "%s%s", now, rest ? rest : "");
	return 0;
}

static int write_value(int dir, const struct plan_cgroup_file *f, bool update)
{
	char value[128];

	if (!update || !f->keep_first)
		return cg_write(dir, f->file, f->value);
	if (keep_first_word(dir, f, value, sizeof(value)) < 0)
		return -1;
	return cg_write(dir, f->file, value);
}

static int refused(int dir, const struct plan_cgroup_file *f, struct lc_error *e)
{
	struct cg_path path;

	if (errno == ENOENT)
		return lc_err(e, LC_EUNSUPPORTED, "%s: this kernel has no %s in %s", f->member,
			      f->file, cg_path_of(dir, &path));
	return lc_err_errno(e, "%s: write \"%.128s\" to %s/%s", f->member, f->value,
			    cg_path_of(dir, &path), f->file);
}

/* May a second try do better? */
static bool may_depend_on_others(int err)
{
	return err == EINVAL || err == EBUSY || err == ERANGE || err == ENOSPC;
}

static int write_files(int dir, const struct plan_cgroup *plan, bool update,
		       const struct lc_log *log, struct lc_error *e)
{
	auto_arena scratch = {};
	bool *again = arena_array(&scratch, plan->files.n + 1, sizeof(*again));

	for (size_t i = 0; i < plan->files.n; i++) {
		const struct plan_cgroup_file *f = &plan->files.v[i];

		if (!write_value(dir, f, update))
			log_debug(log, "cgroup: %s = %s", f->file, f->value);
		else if (may_depend_on_others(errno) && plan->files.n > 1)
			again[i] = true;
		else if (!f->optional || errno != ENOENT)
			return refused(dir, f, e);
	}
	for (size_t i = 0; i < plan->files.n; i++) {
		if (again[i] && write_value(dir, &plan->files.v[i], update) < 0)
			return refused(dir, &plan->files.v[i], e);
	}
	return 0;
}

static const struct plan_cgroup_file *find_file(const struct plan_cgroup *plan, const char *file)
{
	const struct plan_cgroup_file *found = NULL;

	for (size_t i = 0; i < plan->files.n; i++) {
		if (!strcmp(plan->files.v[i].file, file))
			found = &plan->files.v[i];
	}
	return found;
}

static uint64_t read_number(int dir, const char *file)
{
	uint64_t value;
	char text[64];

	return cg_read(dir, file, text, sizeof(text)) >= 0 && str_u64(text, &value) ? value : 0;
}

/* memory.checkBeforeUpdate: a limit below what is in use would kill. */
static int check_memory(int dir, const struct plan_cgroup *plan, struct lc_error *e)
{
	const struct plan_cgroup_file *max = find_file(plan, "memory.max"),
				      *swap = find_file(plan, "memory.swap.max");
	uint64_t limit, swap_limit, used = read_number(dir, "memory.current");

	if (!max || !str_u64(max->value, &limit))
		return 0;
	if (limit < used)
		return lc_err(e, LC_ESTATE, "%s: rejecting memory limit %llu < usage %llu",
			      max->member, (unsigned long long)limit, (unsigned long long)used);
	if (!swap || !str_u64(swap->value, &swap_limit))
		return 0;
	used += read_number(dir, "memory.swap.current");
	if (limit + swap_limit < used)
		return lc_err(e, LC_ESTATE, "%s: rejecting memory+swap limit %llu < usage %llu",
			      swap->member, (unsigned long long)(limit + swap_limit),
			      (unsigned long long)used);
	return 0;
}

int cg_apply(int dir, const struct plan_cgroup *plan, enum cg_use use, const struct lc_log *log,
	     struct lc_error *e)
{
	bool update = use == CG_IN_USE;

	if (update && plan->check_memory_before_update && check_memory(dir, plan, e) < 0)
		return -1;
	if (write_files(dir, plan, update, log, e) < 0)
		return -1;
	if (plan->device_program.n)
		return cg_set_device_program(dir, &plan->device_program, use, log, e);
	return 0;
}
