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

/* What is left out of a profile may be something that it refuses: a call is worth a warning.  The
 * architectures of other machines are not, engines list them all. */
static void note_seccomp(void *ctx, const char *member, const char *text)
{
	bool call = strstr(member, ".names[") != NULL;
	struct remarks *r = ctx;

	if (r->strict && !r->text && call) {
		r->member = arena_strdup(r->p->a, member);
		r->text = arena_strdup(r->p->a, text);
	}
	planner_note(r->p, call, member, "%s", text);
}

/* Where the listener goes: linux.seccomp, crun's annotation, crun's variable, in this order. */
static int find_receiver(struct planner *p, const struct spec_seccomp *from)
{
	static const char annotated[] = "run.oci.seccomp.receiver";
	const struct {
		const char *member, *path;
	} places[] = {
		{ "linux.seccomp.listenerPath", from->listenerPath },
		{ "annotations.run.oci.seccomp.receiver", annotation(p, annotated) },
		{ "RUN_OCI_SECCOMP_RECEIVER", p->options->seccomp_receiver },
	};
	struct plan_seccomp *to = &p->plan->seccomp;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!places[i].path || !*places[i].path)
			continue;
		if (places[i].path[0] != '/')
			return lc_err(p->e, LC_ECONFIG,
				      "%s: expected an absolute path, found \"%s\"",
				      places[i].member, places[i].path);
		to->listener_member = arena_strdup(p->a, places[i].member);
		to->listener_path = arena_strdup(p->a, places[i].path);
		to->listener_metadata = from->listenerMetadata;
		return 0;
	}
	return lc_err(p->e, LC_ECONFIG,
		      "linux.seccomp: SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath");
}

/* A filter of the caller's own making takes the place of linux.seccomp. */
static int take_raw_filter(struct planner *p, const char *text)
{
	static const char member[] = "annotations.run.oci.seccomp_bpf_data";
	static const struct spec_seccomp no_profile;
	struct plan_seccomp *to = &p->plan->seccomp;
	const char *wrong;

	if (!decode_base64(p->a, text, strlen(text), &to->filter))
		return lc_err(p->e, LC_ECONFIG, "%s: expected a filter in base64", member);
	wrong = seccomp_check_raw(&to->filter);
	if (wrong)
		return lc_err(p->e, LC_ECONFIG, "%s: %s", member, wrong);
	to->flags = seccomp_flags(&no_profile, NULL, NULL);
	if (p->linux_->seccomp)
		planner_note(p, false, "linux.seccomp", "run.oci.seccomp_bpf_data takes its place");
	return 0;
}

static int compile(struct planner *p, const struct spec_seccomp *from)
{
	struct plan_seccomp *to = &p->plan->seccomp;
	struct seccomp_filter filter = { 0 };
	struct remarks remarks = {
		.p = p, .strict = annotation_set(p, "run.oci.seccomp_fail_unknown_syscall")
	};

	if (seccomp_compile(p->a, from, note_seccomp, &remarks, &filter, p->e) < 0)
		return -1;
	if (remarks.text)
		return lc_err(p->e, LC_ECONFIG,
			      "%s: %s; run.oci.seccomp_fail_unknown_syscall "
			      "forbids that",
			      remarks.member, remarks.text);
	to->filter = (struct bytes){ filter.bytes, filter.len };
	to->flags = filter.flags;
	if (filter.notify)
		return find_receiver(p, from);
	if (from->listenerPath)
		planner_note(p, false, "linux.seccomp.listenerPath",
			     "no action is SCMP_ACT_NOTIFY");
	return 0;
}

int planner_seccomp(struct planner *p)
{
	const struct spec_seccomp *from = p->linux_->seccomp;
	const char *raw = annotation(p, "run.oci.seccomp_bpf_data");

	if (!from && !raw)
		return 0;
	p->plan->seccomp.early = !p->plan->process || !p->plan->process->no_new_privs;
	return raw ? take_raw_filter(p, raw) : compile(p, from);
}
