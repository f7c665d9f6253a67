/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container for tests of libcontainer/init: a root with busybox in a directory of the test's, a
 * plan made by hand, and the parent's side of the dialogue.
 *
 *	struct box *b = box_new();
 *
 *	box_mount(b, (struct plan_mount){ .kind = MOUNT_FS, .fstype = "proc", .target = "/proc" });
 *	CHECK_INT(box_run(b, "ls /proc/self/fd | wc -l"), 0);
 *	CHECK_STR(b->out, "4\n");
 */
#ifndef INIT_BOX_H
#define INIT_BOX_H

#include "init/init.h"
#include "lc_test.h"

struct box {
	struct plan plan;
	struct plan_process process;
	struct sandbox s;
	struct plan_mount mounts[40];
	struct plan_device devices[16];
	struct plan_symlink links[16];
	char *masked[16], *readonly[16], *env[16], *args[16];
	int sources[40], idmaps[40];
	char root[PATH_MAX];
	uint64_t flags; /* CLONE_NEW*; new pid, mount, ipc and uts namespaces to begin with */
	bool userns; /* ids 0 to 999 map to 100000 and up */
	bool fifo; /* as `create` and `start` do it */
	void (*ready)(struct box *b, pid_t pid); /* called between READY and START */
	void (*hooked)(struct box *b, pid_t pid); /* called at SYNC_HOOKS */
	void (*notify)(struct box *b, int listener); /* called at SYNC_NOTIFY */
	void (*setup)(struct box *b); /* called in the child before init */
	char out[16384]; /* what the program printed, both streams */
	bool debug; /* with those of each step */
	char log[4096]; /* lines of SYNC_LOG */
	struct lc_error e; /* init failed: box_run returned -1 */
};

struct box *box_new(void);

void box_mount(struct box *b, struct plan_mount mount);
void box_device(struct box *b, struct plan_device device);
void box_link(struct box *b, const char *path, const char *target);
void box_mask(struct box *b, const char *path);
void box_readonly(struct box *b, const char *path);
void box_env(struct box *b, const char *text);
void box_arg(struct box *b, const char *text); /* the first replaces sh -c */

/* proc, a tmpfs on /dev, devpts, and the standard devices, as most configurations have them. */
void box_standard(struct box *b);

/* Runs `sh -c script`, or the arguments set by box_arg() (@script NULL).  The exit status, 128 +
 * signal, or -1 with b->e filled. */
int box_run(struct box *b, const char *script);

/* A file, directory or link in the root, with missing parents. */
const char *box_path(struct box *b, const char *path);
void box_write(struct box *b, const char *path, const char *text);
void box_mkdir(struct box *b, const char *path);
void box_symlink(struct box *b, const char *path, const char *target);

/* The same anywhere. */
void write_text(const char *path, const char *text);
const char *read_text(const char *path);

void need_root(void); /* SKIPs without */

#endif
