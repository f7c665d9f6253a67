/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only user of libseccomp. */
#include "seccomp/library.h"
#include "seccomp/rules.h"
#include "base/file.h"
#include "base/own.h"
#include <seccomp.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

bool library_arch(const char *name, uint32_t *token)
{
	char lower[32];
	size_t n = 0;

	if (strncmp(name, "SCMP_ARCH_", 10) != 0)
		return false;
	for (name += 10; *name && n + 1 < sizeof(lower); name++)
		lower[n++] = *name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name;
	lower[n] = '\0';
	*token = seccomp_arch_resolve_name(lower);
	return *token != 0;
}

uint32_t library_native_arch(void)
{
	return seccomp_arch_native();
}

bool library_syscall(uint32_t arch, const char *name, int *nr)
{
	*nr = seccomp_syscall_resolve_name_arch(arch, name);
	return *nr != __NR_SCMP_ERROR;
}

static uint32_t library_action(uint32_t ret)
{
	/* libseccomp's action words are the kernel's, but for the classic KILL */
	return ret == SECCOMP_RET_KILL_THREAD ? SCMP_ACT_KILL_THREAD : ret;
}

static int add_call(scmp_filter_ctx ctx, const struct rule *rules, size_t n, const char *name)
{
	int nr = seccomp_syscall_resolve_name(name), r = 0;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	for (size_t k = 0; k < n && !r; k++) {
		struct scmp_arg_cmp args[MAX_CONDITIONS];

		for (size_t c = 0; c < rules[k].n; c++)
			args[c] = (struct scmp_arg_cmp){
				rules[k].conditions[c].index,
				(enum scmp_compare)(rules[k].conditions[c].op + 1),
				rules[k].conditions[c].value, rules[k].conditions[c].value_two
			};
		r = seccomp_rule_add_array(ctx, library_action(rules[k].ret), nr, rules[k].n, args);
	}
	return r == -EEXIST ? 0 : r;
}

static int add_entry(struct arena *a, scmp_filter_ctx ctx, const struct spec_seccomp *profile,
		     size_t i, struct lc_error *e)
{
	const struct spec_syscall *call = &profile->syscalls.v[i];
	size_t n;
	struct rule *rules = rules_of_call(a, call, &n);

	if (rules->ret == rules_default(profile))
		return 0;
	for (size_t j = 0; j < call->names.n; j++) {
		int r = add_call(ctx, rules, n, call->names.v[j]);

		if (r < 0)
			return lc_err(e, LC_ECONFIG,
				      "linux.seccomp.syscalls[%zu] (%s): libseccomp: %s", i,
				      call->names.v[j], lc_errno_text(-r));
	}
	return 0;
}

static int add_all(struct arena *a, scmp_filter_ctx ctx, const struct spec_seccomp *profile,
		   struct lc_error *e)
{
	uint32_t token;

	for (size_t i = 0; i < profile->architectures.n; i++)
		if (library_arch(profile->architectures.v[i], &token) &&
		    seccomp_arch_exist(ctx, token) < 0 && seccomp_arch_add(ctx, token) < 0)
			return lc_err(e, LC_EUNSUPPORTED, "libseccomp: cannot add %s",
				      profile->architectures.v[i]);
	for (size_t i = 0; i < profile->syscalls.n; i++)
		if (add_entry(a, ctx, profile, i, e) < 0)
			return -1;
	return 0;
}

static int export(scmp_filter_ctx ctx, struct arena *a, struct seccomp_filter *out,
		  struct lc_error *e)
{
	auto_fd fd = memfd_create("seccomp", MFD_CLOEXEC);
	char *text;

	if (fd < 0)
		return lc_err_errno(e, "memfd_create");
	if (seccomp_export_bpf(ctx, fd) < 0)
		return lc_err(e, LC_EINTERNAL, "libseccomp: cannot export the filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return lc_err_errno(e, "lseek");
	if (file_read_fd(fd, a, 1 << 20, &text, &out->len, e) < 0)
		return -1;
	out->bytes = (uint8_t *)text;
	return 0;
}

int library_compile(struct arena *a, const struct spec_seccomp *profile, struct seccomp_filter *out,
		    struct lc_error *e)
{
	scmp_filter_ctx ctx = seccomp_init(library_action(rules_default(profile)));
	int r;

	if (!ctx)
		return lc_err(e, LC_EINTERNAL, "libseccomp: out of memory");
	r = add_all(a, ctx, profile, e);
	if (!r)
		r = export(ctx, a, out, e);
	seccomp_release(ctx);
	return r;
}
