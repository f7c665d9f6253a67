/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loads a device program into the kernel and attaches it to a cgroup.  Beside ours there may be
 * systemd's or another tool's (all have to agree), so ours is found by its name.  It is replaced in
 * one step: there is no moment without a program, nor with two.
 */
#include "cgroups/internal.h"
#include "base/own.h"
#include "sys/probe.h"
#include "sys/sys.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#define PROGRAM_NAME "hull_devices"
#define LOG_SIZE     (256 << 10)
#define ATTACHED_MAX 64 /* BPF_CGROUP_MAX_PROGS of the kernel */

static int load(const struct bytes *program, char *log, size_t log_size)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)program->v,
		.insn_cnt = (uint32_t)(program->n / sizeof(struct bpf_insn)),
		.license = (uintptr_t) "GPL",
		.prog_name = PROGRAM_NAME,
		.expected_attach_type = BPF_CGROUP_DEVICE,
		.log_buf = (uintptr_t)log,
		.log_size = (uint32_t)log_size,
		.log_level = log ? 1 : 0,
	};

	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* Once more with the verifier's log, of which the end says what is wrong. */
static int load_error(const struct bytes *program, struct lc_error *e)
{
	auto_free char *log = calloc(1, LOG_SIZE);
	int err = errno;
	size_t len;

	if (!log || load(program, log, LOG_SIZE) >= 0 || !log[0]) {
		errno = err;
		return lc_err_errno(e, "load the device program");
	}
	len = strlen(log);
	for (char *p = log; *p; p++)
		*p = *p == '\n' ? ';' : *p;
	errno = err;
	return lc_err_errno(e, "load the device program (%s)", len > 512 ? log + len - 512 : log);
}

static int program_by_id(uint32_t id)
{
	union bpf_attr attr = { .prog_id = id };

	return sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
}

static bool is_ours(int program)
{
	struct bpf_prog_info info = {};
	union bpf_attr attr = {
		.info.bpf_fd = (uint32_t)program,
		.info.info_len = sizeof(info),
		.info.info = (uintptr_t)&info,
	};

	return !sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) &&
	       !strcmp(info.name, PROGRAM_NAME);
}

/* The program that we attached to this very cgroup before: owned, or -1. */
static int attached_before(int dir)
{
	uint32_t ids[ATTACHED_MAX];
	union bpf_attr attr = {
		.query.target_fd = (uint32_t)dir,
		.query.attach_type = BPF_CGROUP_DEVICE,
		.query.prog_ids = (uintptr_t)ids,
		.query.prog_cnt = ATTACHED_MAX,
	};

	if (sys_bpf(BPF_PROG_QUERY, &attr, sizeof(attr)) < 0)
		return -1;
	for (uint32_t i = 0; i < attr.query.prog_cnt; i++) {
		auto_fd program = program_by_id(ids[i]);

		if (program >= 0 && is_ours(program))
			return fd_take(&program);
	}
	return -1;
}

static int attach(int dir, int program, int old)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)dir,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	if (old >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)old;
	}
	return sys_bpf(BPF_PROG_ATTACH, &attr, sizeof(attr));
}

/* A user without privileges on the host cannot load programs, and cannot make device nodes either:
 * what the host's file modes allow that user is all there is. */
static bool is_rootless(void)
{
	return geteuid() != 0 || !probe_initial_userns();
}

int cg_set_device_program(int dir, const struct bytes *program, enum cg_use use,
			  const struct lc_log *log, struct lc_error *e)
{
	auto_fd new = load(program, NULL, 0), old = -1;
	struct cg_path path;

	if (new < 0 && errno == EPERM && is_rootless()) {
		log_debug(log, "linux.resources.devices: left to file modes: loading a program is "
			       "not permitted");
		return 0;
	}
	if (new < 0) {
		load_error(program, e);
		return lc_err_in(e, "linux.resources.devices");
	}
	if (use != CG_NEW)
		old = attached_before(dir);
	if (attach(dir, new, old) < 0)
		return lc_err_errno(e, "linux.resources.devices: attach the device program to %s",
				    cg_path_of(dir, &path));
	log_debug(log, "cgroup: device program of %zu instructions%s",
		  program->n / sizeof(struct bpf_insn), old >= 0 ? ", replaced" : "");
	return 0;
}
