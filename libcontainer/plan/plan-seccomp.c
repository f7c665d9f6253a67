/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system call filter: compiled, and who gets the notifications of it. */
#include "plan/make.h"
#include "seccomp/seccomp.h"

static void note_seccomp(void *ctx, const char *member, const char *text)
{
	planner_note(ctx, false, member, "%s", text);
}

int planner_seccomp(struct planner *p)
{
	const struct spec_seccomp *from = p->linux_->seccomp;
	struct plan_seccomp *to = &p->plan->seccomp;
	struct seccomp_filter filter = { 0 };

	if (!from)
		return 0;
	if (seccomp_compile(p->a, from, note_seccomp, p, &filter, p->e) < 0)
		return -1;
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
