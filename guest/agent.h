/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The agent: first process of the guest, and the only one that is hull's.  It carries out the plan
 * that comes over the control port with the very code of container mode (sandbox_ns and init's
 * steps), and does what the host asks for: further processes, signals, limits, questions.
 *
 * One thread, one loop (main.c).  A session is a process and its streams (session.c); session 0 is
 * the container's own.
 */
#ifndef LC_AGENT_H
#define LC_AGENT_H

#include "cgroups/cgroup.h"
#include "microvm/control.h"
#include "microvm/order.h"
#include "microvm/stream.h"
#include "plan/sandbox.h"

#define SESSIONS 65 /* the relay's clients, and the container's own */

enum session_phase {
	SESSION_FREE,
	SESSION_LISTENING, /* the plan is coming */
	SESSION_READY, /* waits for start */
	SESSION_STARTING, /* its execve comes next */
	SESSION_RUNNING,
	SESSION_REAPED, /* ended; what it wrote last is still to be sent */
};

struct session {
	uint16_t id;
	enum session_phase phase;
	char *text; /* owned: the plan so far */
	size_t len;
	struct arena arena;
	struct order order;
	struct sandbox_ref ref; /* owned */
	int in, out, err; /* owned: our ends */
	int tty; /* owned: master, -1: no terminal; the streams' descriptor then */
	struct source sources[CONTROL_STREAMS]; /* stdout, stderr */
	struct sink sink; /* stdin */
	uint32_t status; /* CONTROL_EXIT_* */
};

struct agent {
	int port, signals; /* owned */
	bool first; /* it is the guest's first process */
	bool has_export; /* what the host exports is mounted */
	struct control_in received;
	struct control_out out;
	struct lc_log log;
	struct cgroup_ref cgroup;
	int cgroup_fd; /* owned; -1: none */
	struct session sessions[SESSIONS];
};

/* ---- boot.c ---- */

/* Mounts, modules, and the control port: its descriptor, owned. */
int boot(struct lc_error *e) lc_checked;

/* Mounts what the host exports. */
int boot_mount_export(struct lc_error *e) lc_checked;

/* Says @text to the kernel's log, which the host may see. */
void boot_say(const char *text);

/* ---- session.c ---- */

void session_init(struct session *s, uint16_t id);

/* A part of the plan; the last one begins the process. Answers for itself. */
void session_plan(struct agent *a, struct session *s, const struct control_frame *f);
void session_start(struct agent *a, struct session *s);

/* The process has said something over its sync socket, or is past it. */
void session_hear(struct agent *a, struct session *s);

/* DATA, CREDIT and CLOSE. */
void session_stream(struct session *s, const struct control_frame *f);
void session_signal(struct agent *a, struct session *s, uint32_t value);
void session_resize(struct session *s, uint32_t value);
void session_hang_up(struct session *s);

/* @pid has ended, as waitid(2) says in @code and @status. */
void session_reaped(struct agent *a, struct session *s, int code, int status);

/* Moves what can be moved; true when something was. Sends the end when all is sent. */
bool session_step(struct agent *a, struct session *s);

/* Before it runs its process ends; later it is a warning, and the network is as far as it came. */
void session_complain(struct agent *a, struct session *s, const struct lc_error *e);

/* ---- network.c ---- */

/* A part of the network's state; the last one makes it so. */
int network_part(struct agent *a, const struct control_frame *f, struct lc_error *e) lc_checked;

/* ---- ask.c ---- */

void ask(struct agent *a, uint16_t session, uint32_t question);
void update_limits(struct agent *a, uint16_t session, const char *text, size_t len);
void set_clock(struct agent *a, const char *data);

/* What the kernel draws from now on no other machine of the same template has; -1 when that could
 * not be made so, and then nothing may be drawn. */
int add_seed(struct agent *a, const char *data, size_t len, struct lc_error *e) lc_checked;

/* Number of kills for memory in the container's cgroup. */
unsigned long oom_kills(const struct agent *a);

/* ---- main.c ---- */

void say(struct agent *a, enum control_what what, uint16_t session, uint32_t value);
void say_data(struct agent *a, enum control_what what, uint16_t session, const void *data,
	      size_t len);
void say_error(struct agent *a, uint16_t session, const struct lc_error *e);

#endif
