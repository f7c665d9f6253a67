/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system call filter: compiled, and who gets the notifications of it. */
#include "plan/make.h"
#include "seccomp/seccomp.h"

#include <string.h>

struct remarks {
	struct planner *p;
	bool strict; /* run.oci.seccomp_fail_unknown_syscall */
	const char *member, *text; /* the first that must not be */
};

static void note_seccomp(void *ctx, const char *member, const char *text)
{
	struct remarks *r = ctx;

	if (r->strict && !r->text && strstr(member, ".names[")) {
		r->member = arena_strdup(r->p->a, member);
		r->text = arena_strdup(r->p->a, text);
	}
	planner_note(r->p, false, member, "%s", text);
}

int planner_seccomp(struct planner *p)
{
	const struct spec_seccomp *from = p->linux_->seccomp;
	struct plan_seccomp *to = &p->plan->seccomp;
	struct seccomp_filter filter = { 0 };
	struct remarks remarks = {
		.p = p, .strict = annotation_set(p, "run.oci.seccomp_fail_unknown_syscall")
	};

	if (!from)
		return 0;
	if (seccomp_compile(p->a, from, note_seccomp, &remarks, &filter, p->e) < 0)
		return -1;
	if (remarks.text)
		return lc_err(p->e, LC_ECONFIG,
			      "%s: %s; run.oci.seccomp_fail_unknown_syscall "
			      "forbids that",
			      remarks.member, remarks.text);
	to->filter = (struct bytes){ filter.bytes, filter.len };
	to->flags = filter.flags;
	to->early = !p->plan->process || !p->plan->process->no_new_privs;
	if (filter.notify) {
		to->listener_path = from->listenerPath;
		to->listener_metadata = from->listenerMetadata;
	} else if (from->listenerPath) {
		planner_note(p, false, "linux.seccomp.listenerPath",
			     "no action is SCMP_ACT_NOTIFY");
	}
	return 0;
}
