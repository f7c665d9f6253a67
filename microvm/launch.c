/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making the broker and the monitor. What runs in the children allocates nothing. */
#include "microvm/launch.h"
#include "base/own.h"
#include "microvm/export.h"
#include "microvm/kernel.h"
#include "microvm/order.h"
#include "run/namespaces.h"
#include "run/process.h"
#include "run/socket.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <termios.h>

#define PROGRAM	     LIBEXECDIR "/hull-vmm"
#define CACHE	     "/var/cache/hull"
#define SOCKET	     "/proc/self/fd/%d/control"
#define OPTIONS	     40
#define HOST_NS	     (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET)
#define COMMAND_LINE "quiet"

void launch_init(struct launch *l, const struct sandbox_args *args,
		 const struct vm_machine *machine)
{
	*l = (struct launch){ .args = args,
			      .machine = machine,
			      .program = -1,
			      .kvm = -1,
			      .kernel = -1,
			      .initrd = -1,
			      .plan = -1,
			      .template = TEMPLATE_NONE,
			      .listening = -1,
			      .broker_ends = { -1, -1 },
			      .network_ends = { -1, -1 },
			      .netns = -1,
			      .sync = { -1, -1 },
			      .terminal = -1,
			      .console = -1,
			      .broker = -1,
			      .network = -1,
			      .monitor = -1 };
	for (size_t i = 0; i < NET_LINKS; i++)
		l->taps[i] = -1;
}

void launch_release(struct launch *l)
{
	int *owned[] = {
		&l->program,	     &l->kvm,	  &l->kernel,  &l->initrd,   &l->plan,
		&l->listening,	     &l->sync[0], &l->sync[1], &l->terminal, &l->broker_ends[0],
		&l->broker_ends[1],  &l->broker,  &l->monitor, &l->console,  &l->network_ends[0],
		&l->network_ends[1], &l->netns,	  &l->network
	};

	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		fd_release(owned[i]);
	template_release(&l->template);
	arena_free(&l->arena);
}

/* ---- what they need ---- */

static int open_kvm(struct lc_error *e)
{
	int fd = openat(AT_FDCWD, "/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return lc_err_errno(e, "/dev/kvm (hull vm check says more)");
	return fd;
}

static int open_image(struct launch *l, struct lc_error *e)
{
	const struct vm_machine *m = l->machine;
	const char *cache = geteuid() == 0 ? CACHE : NULL;
	struct vm_kernel kernel;

	if (vm_kernel_find(&l->arena, m->kernel, &kernel, e) < 0)
		return -1;
	log_debug(l->args->log, "vm: kernel %s (%s)", kernel.path, kernel.why);
	l->kernel_path = kernel.path;
	l->kernel = openat(AT_FDCWD, kernel.path, O_RDONLY | O_CLOEXEC);
	if (l->kernel < 0)
		return lc_err_errno(e, "open %s", kernel.path);
	if (m->initrd) {
		l->initrd = openat(AT_FDCWD, m->initrd, O_RDONLY | O_CLOEXEC);
		return l->initrd < 0 ? lc_err_errno(e, "vm.kernel.initrd: open %s", m->initrd) : 0;
	}
	l->initrd = vm_initramfs(&kernel, cache, l->args->log, e);
	return l->initrd < 0 ? -1 : 0;
}

static int open_program(struct lc_error *e)
{
	int fd = openat(AT_FDCWD, PROGRAM, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? lc_err_errno(e, "the monitor of virtual machines: open " PROGRAM) : fd;
}

/* ---- its template ---- */

static char *kernel_parameters(struct launch *l);

static int describe(struct launch *l, struct template_of *of, struct lc_error *e)
{
	*of = (struct template_of){ .program = l->program,
				    .kvm = l->kvm,
				    .kernel = l->kernel,
				    .initrd = l->initrd,
				    .kernel_path = l->kernel_path,
				    .parameters = kernel_parameters(l),
				    .memory_mib = l->machine->memory_mib,
				    .cpus = l->machine->cpus };
	return template_key(&l->arena, of, &l->key, e);
}

/* One with another agent, or that says what it does, is not what others could use. */
static bool wants_template(const struct launch *l)
{
	return l->machine->templates != VM_TEMPLATES_OFF && geteuid() == 0 && !l->machine->initrd &&
	       l->console < 0;
}

static int find_template(struct launch *l, struct lc_error *e)
{
	struct template_of of;
	int r;

	if (describe(l, &of, e) < 0)
		return -1;
	r = template_open(TEMPLATE_STORE, l->key.text, &l->template, e);
	if (r != 0 || l->machine->templates != VM_TEMPLATES_MAKE)
		return r;
	log_debug(l->args->log, "vm: making template %.12s", l->key.text);
	r = template_make(TEMPLATE_STORE, &of, &l->key, false, l->args->timeout_ms, e);
	if (r != 0) /* somebody else makes it: this machine does not wait */
		return r < 0 ? -1 : 0;
	return template_open(TEMPLATE_STORE, l->key.text, &l->template, e);
}

/* Without a template the machine is the same, only later. */
static void look_for_template(struct launch *l)
{
	struct lc_error e = { 0 };

	if (!wants_template(l))
		return;
	if (find_template(l, &e) < 0)
		log_warn(l->args->log, "%s; the machine boots", e.msg);
	else if (l->template.state >= 0)
		log_debug(l->args->log, "vm: restored from template %.12s", l->key.text);
}

int launch_template(struct launch *l, struct template_key *key, struct lc_error *e)
{
	struct template_of of;

	l->program = open_program(e);
	l->kvm = l->program < 0 ? -1 : open_kvm(e);
	if (l->kvm < 0 || open_image(l, e) < 0 || describe(l, &of, e) < 0)
		return -1;
	*key = l->key;
	return template_make(TEMPLATE_STORE, &of, key, true, l->args->timeout_ms, e);
}

static int write_plan(struct launch *l, struct lc_error *e)
{
	struct order order = { .plan = l->machine->guest,
			       .keep_newlines = l->args->keep_newlines,
			       .timeout_ms = l->args->timeout_ms,
			       .state = (char *)l->args->state_created,
			       .state_tail = (char *)l->args->state_tail };
	size_t len;
	char *text = order_encode(&l->arena, &order, &len);

	l->plan = memfd_create("plan", MFD_CLOEXEC);
	if (l->plan < 0 || write(l->plan, text, len) != (ssize_t)len)
		return lc_err_errno(e, "keep the plan in memory");
	return 0;
}

/* A guest that hangs is an error, after as long as one step may take. */
static int set_deadline(const struct launch *l)
{
	unsigned ms = l->args->timeout_ms + SYNC_GRACE_MS;
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };

	return setsockopt(l->sync[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

static int open_sockets(struct launch *l, struct lc_error *e)
{
	char path[40];

	snprintf(path, sizeof(path), SOCKET, l->args->state_dir);
	l->listening = socket_bind(SOCK_STREAM, path, 0600, e);
	if (l->listening < 0)
		return -1;
	if (listen(l->listening, 64) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, l->broker_ends) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, l->network_ends) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, l->sync) < 0 ||
	    set_deadline(l) < 0)
		return lc_err_errno(e, "sockets of the monitor");
	return 0;
}

/* The guest has the real one: this passes everything as it is, from its first byte on.  EXTPROC
 * says so to whoever has the master (run/console.c). */
static int make_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		return -1;
	cfmakeraw(&t);
	t.c_lflag |= EXTPROC;
	return tcsetattr(fd, TCSANOW, &t);
}

static void set_size(int fd, const struct plan_process *p)
{
	struct winsize size = { .ws_row = (unsigned short)p->console_height,
				.ws_col = (unsigned short)p->console_width };

	if (size.ws_row || size.ws_col)
		ioctl(fd, TIOCSWINSZ, &size);
}

int launch_terminal(int socket, const struct plan_process *p, struct lc_error *e)
{
	static const char name[] = "/dev/ptmx";
	auto_fd master = openat(AT_FDCWD, name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	auto_fd slave = -1;
	int unlock = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return lc_err_errno(e, "open a terminal of the host's");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || make_raw(slave) < 0)
		return lc_err_errno(e, "open a terminal's slave");
	set_size(master, p);
	if (fd_send(socket, name, sizeof(name) - 1, &master, 1) < 0)
		return lc_err_errno(e, "send the terminal over the console socket");
	return fd_take(&slave);
}

int launch_streams(int terminal, struct lc_error *e)
{
	if (setsid() < 0)
		return lc_err_errno(e, "setsid");
	if (terminal < 0)
		return 0;
	if (ioctl(terminal, TIOCSCTTY, 0) < 0)
		return lc_err_errno(e, "make the terminal the controlling one");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(terminal, fd) < 0)
			return lc_err_errno(e, "make the terminal descriptor %d", fd);
	return 0;
}

/* One that is joined is taken over: its packets are the guest's from `start` on. */
static int open_netns(struct launch *l, struct lc_error *e)
{
	const struct plan_namespace *ns = &l->args->plan->ns.of[NS_NETWORK];

	if (ns->how != NS_JOIN)
		return 0;
	l->netns = ns_open(ns, e);
	if (l->netns >= 0)
		return 0;
	return e->code != LC_OK
		       ? -1
		       : lc_err(e, LC_EUNSUPPORTED,
				"linux.namespaces (network): not possible in a virtual machine: %s "
				"is the host's",
				ns->path);
}

int launch_open(struct launch *l, struct lc_error *e)
{
	const struct plan_process *p = l->args->plan->process;

	l->program = open_program(e);
	l->kvm = l->program < 0 ? -1 : open_kvm(e);
	if (l->args->log && l->args->log->max >= LC_LOG_DEBUG)
		l->console = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (l->kvm < 0 || open_netns(l, e) < 0 || open_image(l, e) < 0 || write_plan(l, e) < 0 ||
	    open_sockets(l, e) < 0)
		return -1;
	look_for_template(l);
	if (!p || !p->terminal)
		return 0;
	l->terminal = launch_terminal(l->args->console_socket, p, e);
	return l->terminal < 0 ? -1 : 0;
}

/* ---- the children ---- */

struct words_out {
	struct arena *arena;
	char *v[OPTIONS + 1];
	size_t n;
};

static noreturn void give_up(int sync, const struct lc_error *e)
{
	sync_send_error(sync, e);
	_exit(1);
}

/* Nothing of the caller's environment goes along, and of its descriptors what is named. */
static void become(const struct launch *l, char **argv, const int *inherited, size_t n)
{
	static char *const none[] = { NULL };

	if (sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (inherited[i] >= 0 && fd_set_cloexec(inherited[i], false) < 0)
			return;
	syscall(SYS_execveat, l->program, "", argv, none,
		AT_EMPTY_PATH); /* musl 1.2.3 has no wrapper */
}

static noreturn void be_broker(struct launch *l, char **argv)
{
	struct lc_error e = { 0 };

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (l->netns >= 0 && setns(l->netns, CLONE_NEWNET) < 0) {
		lc_err_errno(&e, "join the network namespace");
		give_up(l->sync[1], &e);
	}
	if (setsid() < 0 || export_make(l->args->plan, &e) < 0)
		give_up(l->sync[1], &e);
	if (sync_send(l->sync[1], SYNC_HOOKS, -1, 0, &e) < 0)
		_exit(1);
	become(l, argv, &l->broker_ends[1], 1);
	lc_err_errno(&e, "execute " PROGRAM);
	give_up(l->sync[1], &e);
}

static noreturn void be_monitor(struct launch *l, char **argv)
{
	int inherited[13 + NET_LINKS] = {
		l->kvm,		  l->kernel,	       l->initrd,
		l->plan,	  l->listening,	       l->broker_ends[0],
		l->sync[1],	  l->args->start_fifo, l->args->status_fifo,
		l->console,	  l->network_ends[0],  l->template.memory,
		l->template.state
	};
	struct lc_error e = { 0 };

	memcpy(inherited + 13, l->taps, sizeof(l->taps));

	fd_release(&l->sync[0]);
	if (sync_expect(l->sync[1], SYNC_CGROUP, NULL, NULL, NULL, &e) < 0)
		_exit(1);
	if (unshare(CLONE_NEWCGROUP) < 0)
		lc_err_errno(&e, "unshare the cgroup namespace");
	if (e.code || launch_streams(l->terminal, &e) < 0)
		give_up(l->sync[1], &e);
	become(l, argv, inherited, ARRAY_SIZE(inherited));
	lc_err_errno(&e, "execute " PROGRAM);
	give_up(l->sync[1], &e);
}

static pid_t clone_into(struct launch *l, uint64_t flags, int *pidfd)
{
	struct clone_args args = { .flags = flags | CLONE_PIDFD,
				   .pidfd = (uintptr_t)pidfd,
				   .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD };

	if (l->args->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)l->args->cgroup;
	}
	return sys_clone3(&args);
}

static noreturn void be_network(struct launch *l, char **argv)
{
	int inherited[1 + NET_LINKS] = { l->network_ends[1] };

	memcpy(inherited + 1, l->taps, sizeof(l->taps));
	setsid();
	become(l, argv, inherited, ARRAY_SIZE(inherited));
	_exit(1); /* the monitor misses it, and says so */
}

/* A tap belongs to the namespace in which it was opened. Where there are none that matters only to
 * who has interfaces. */
static void open_taps(struct launch *l)
{
	for (size_t i = 0; i < NET_LINKS; i++)
		l->taps[i] = openat(AT_FDCWD, "/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static void clone_sibling(struct launch *l, void (*be)(struct launch *l, char **argv), char **argv,
			  const char *what)
{
	struct lc_error e = { 0 };
	auto_fd pidfd = -1;
	pid_t pid = clone_into(l, CLONE_PARENT, &pidfd);

	if (pid == 0)
		be(l, argv);
	if (pid < 0)
		lc_err_errno(&e, "clone %s", what);
	if (pid < 0 || sync_send(l->sync[1], SYNC_PID, pidfd, pid, &e) < 0)
		give_up(l->sync[1], &e);
}

static void network_words(struct launch *l, struct words_out *w);
static void monitor_words(struct launch *l, struct words_out *w);

/* Joins the broker's namespaces, and makes the helper and the monitor as its own siblings. */
static noreturn void be_between(struct launch *l)
{
	struct words_out network = { .arena = &l->arena }, monitor = { .arena = &l->arena };
	struct lc_error e = { 0 };

	if (setns(l->broker, CLONE_NEWNET) < 0) {
		lc_err_errno(&e, "join the broker's network namespace");
		give_up(l->sync[1], &e);
	}
	open_taps(l);
	if (setns(l->broker, HOST_NS) < 0) {
		lc_err_errno(&e, "join the broker's namespaces");
		give_up(l->sync[1], &e);
	}
	network_words(l, &network);
	monitor_words(l, &monitor);
	clone_sibling(l, be_network, network.v, "the helper for the network");
	clone_sibling(l, be_monitor, monitor.v, "the monitor");
	_exit(0);
}

/* ---- command lines ---- */

static void add_fd(struct words_out *w, const char *name, int fd)
{
	if (fd >= 0 && w->n < OPTIONS)
		w->v[w->n++] = arena_printf(w->arena, "--%s=%d", name, fd);
}

static char *kernel_parameters(struct launch *l)
{
	const struct strs *more = &l->machine->parameters;
	char *text = arena_strdup(&l->arena, l->console < 0 ? COMMAND_LINE : "");

	for (size_t i = 0; i < more->n; i++)
		text = arena_printf(&l->arena, "%s %s", text, more->v[i]);
	return text;
}

static void monitor_words(struct launch *l, struct words_out *w)
{
	w->v[w->n++] = (char *)"hull-vmm";
	w->v[w->n++] = arena_printf(w->arena, "--memory=%u", l->machine->memory_mib);
	w->v[w->n++] = arena_printf(w->arena, "--cpus=%u", l->machine->cpus);
	w->v[w->n++] = arena_printf(w->arena, "--append=%s", kernel_parameters(l));
	add_fd(w, "kvm-fd", l->kvm);
	add_fd(w, "kernel-fd", l->kernel);
	add_fd(w, "initrd-fd", l->initrd);
	add_fd(w, "plan-fd", l->plan);
	add_fd(w, "control-fd", l->listening);
	add_fd(w, "broker-fd", l->broker_ends[0]);
	add_fd(w, "sync-fd", l->sync[1]);
	add_fd(w, "start-fd", l->args->start_fifo);
	add_fd(w, "status-fd", l->args->status_fifo);
	add_fd(w, "network-fd", l->network_ends[0]);
	for (size_t i = 0; i < NET_LINKS; i++)
		add_fd(w, "net-fd", l->taps[i]);
	add_fd(w, "memory-fd", l->template.memory);
	add_fd(w, "state-fd", l->template.state);
	if (l->template.state >= 0)
		w->v[w->n++] = arena_printf(w->arena, "--key=%s", l->key.text);
	if (l->terminal >= 0)
		w->v[w->n++] = (char *)"--tty";
	if (l->console < 0)
		return;
	add_fd(w, "console-fd", l->console);
	w->v[w->n++] = (char *)"--debug";
}

static void network_words(struct launch *l, struct words_out *w)
{
	w->v[w->n++] = (char *)"hull-vmm";
	w->v[w->n++] = (char *)"--network";
	add_fd(w, "fd", l->network_ends[1]);
	for (size_t i = 0; i < NET_LINKS; i++)
		add_fd(w, "net-fd", l->taps[i]);
}

/* ---- the parent ---- */

int launch_expect(const struct launch *l, enum sync_what wanted, int *fd, int64_t *value,
		  struct lc_error *e)
{
	int r = sync_expect(l->sync[0], wanted, l->args->log, fd, value, e);

	if (r != SYNC_TIMED_OUT)
		return r;
	return lc_err(
		e, LC_ESYSTEM,
		wanted == SYNC_READY
			? "the virtual machine is not ready after %g s (--timeout): its kernel "
			  "does not boot, or a mount or a hook inside hangs (--debug says how "
			  "far it came)"
			: "the processes of the virtual machine are not there after %g s "
			  "(--timeout): a mount source hangs",
		l->args->timeout_ms / 1000.0);
}

static int make_broker(struct launch *l, struct lc_error *e)
{
	struct words_out w = { .arena = &l->arena };
	pid_t pid;

	w.v[w.n++] = (char *)"hull-vmm";
	w.v[w.n++] = (char *)"--broker";
	add_fd(&w, "fd", l->broker_ends[1]);
	pid = clone_into(l, l->netns < 0 ? HOST_NS : HOST_NS & ~(uint64_t)CLONE_NEWNET, &l->broker);
	if (pid == 0)
		be_broker(l, w.v);
	l->broker_pid = pid;
	if (pid < 0)
		return lc_err_errno(e, "clone the broker of a virtual machine's files");
	return launch_expect(l, SYNC_HOOKS, NULL, NULL, e);
}

static int make_monitor(struct launch *l, struct lc_error *e)
{
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	auto_fd between = -1;
	int64_t network = 0, value = 0;
	int status, r, fd = -1;
	pid_t pid;

	args.pidfd = (uintptr_t)&fd;
	pid = sys_clone3(&args);
	if (pid == 0)
		be_between(l);
	if (pid < 0)
		return lc_err_errno(e, "clone a process to join namespaces with");
	between = fd;
	r = launch_expect(l, SYNC_PID, &l->network, &network, e);
	if (r == 0)
		r = launch_expect(l, SYNC_PID, &l->monitor, &value, e);
	if (r < 0)
		process_end(between, l->args->given_ms);
	else if (process_wait(between, &status, e) < 0)
		r = -1;
	l->network_pid = (pid_t)network;
	l->monitor_pid = (pid_t)value;
	return r < 0 ? -1 : 0;
}

int launch_go(struct launch *l, struct lc_error *e)
{
	if (make_broker(l, e) < 0 || make_monitor(l, e) < 0)
		return -1;
	fd_release(&l->broker_ends[0]);
	fd_release(&l->broker_ends[1]);
	fd_release(&l->network_ends[0]);
	fd_release(&l->network_ends[1]);
	fd_release(&l->sync[1]);
	return 0;
}

void launch_undo(struct launch *l)
{
	process_end(l->monitor, l->args->given_ms);
	process_end(l->network, l->args->given_ms);
	process_end(l->broker, l->args->given_ms);
}
