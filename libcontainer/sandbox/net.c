/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network of a sandbox. */
#include "sandbox/net.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "net/rules.h"
#include "run/process.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define HELPER LIBEXECDIR "/hull-net"
/* How long hull-net may take, unless --timeout says so. */
#define START_MS 20000
#define END_MS	 5000

/* ---- deciding ---- */

static int need_tool(struct job *job, const char *name, const char *package, const char **path,
		     struct lc_error *e)
{
	/* The caller's PATH is not asked. */
	*path = file_find_program(&job->arena, NULL, name);
	if (*path)
		return 0;
	return lc_err(e, LC_EUNSUPPORTED,
		      "net: the program %s is missing, without which no part of the network can be "
		      "allowed (Debian: apt-get install %s)",
		      name, package);
}

static int check_tools(struct job *job, struct lc_error *e)
{
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return lc_err_errno(e, "net: pasta needs /dev/net/tun (modprobe tun)");
	if (access(HELPER, X_OK) < 0)
		return lc_err_errno(e, "net: " HELPER);
	if (need_tool(job, "pasta", "passt", &job->pasta, e) < 0)
		return -1;
	return need_tool(job, "nft", "nftables", &job->nft, e);
}

int net_decide(struct job *job, struct lc_error *e)
{
	const struct strs *asked = &job->s.net;
	const char *alone = strs_have(asked, "host")   ? "host"
			    : strs_have(asked, "none") ? "none"
						       : NULL;

	for (size_t i = 0; alone && i < asked->n; i++)
		if (strcmp(asked->v[i], alone) != 0)
			return lc_err(e, LC_EUSAGE, "net \"%s\": %s stands alone", asked->v[i],
				      alone);
	if (alone || !asked->n) {
		job->net = alone && !strcmp(alone, "host") ? NET_HOST : NET_NONE;
		return 0;
	}
	job->net = NET_ALLOW;
	job->allow = arena_alloc(&job->arena, sizeof(*job->allow));
	for (size_t i = 0; i < asked->n; i++)
		if (allow_add(job->allow, asked->v[i], e) < 0)
			return -1;
	return check_tools(job, e);
}

void net_decide_files(struct job *job)
{
	if (job->net == NET_ALLOW)
		job_mount(job, "/etc/resolv.conf", "bind",
			  arena_printf(&job->arena, "%s/" NET_RESOLVER, job->bundle),
			  "bind ro nosuid nodev noexec");
}

/* ---- starting ---- */

static noreturn void become(char *const argv[], int control)
{
	char *const none[] = { NULL };
	int null = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);

	/* Not what the terminal ends with ^C: the program decides whether it ends. */
	setsid();
	for (int i = 0; i < 3 && null >= 0; i++)
		dup2(null, i);
	if (control != NET_FD)
		dup2(control, NET_FD);
	else
		fcntl(control, F_SETFD, 0);
	execve(argv[0], argv, none); /* the environment may hold secrets */
	_exit(127);
}

static char **arguments(struct job *job)
{
	struct arena *a = &job->arena;
	char **argv = arena_array(a, job->s.net.n + 6, sizeof(*argv)), **p = argv;

	*p++ = arena_strdup(a, HELPER);
	*p++ = arena_printf(a, "%u", job->host_uid);
	*p++ = arena_printf(a, "%u", job->host_gid);
	*p++ = arena_strdup(a, job->pasta);
	*p++ = arena_strdup(a, job->nft);
	for (size_t i = 0; i < job->s.net.n; i++)
		*p++ = job->s.net.v[i];
	return argv;
}

static int spawn(struct net *net, struct job *job, struct lc_error *e)
{
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	char **argv = arguments(job);
	auto_fd theirs = -1;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return lc_err_errno(e, "socketpair");
	net->control = pair[0];
	net->given_ms = job->lc->given_ms;
	theirs = pair[1];
	args.pidfd = (uintptr_t)&net->pidfd;
	pid = sys_clone3(&args);
	if (pid == 0)
		become(argv, theirs);
	return pid < 0 ? lc_err_errno(e, "clone hull-net") : 0;
}

static unsigned may_take(const struct net *net, unsigned otherwise)
{
	return net->given_ms ? net->given_ms : otherwise;
}

/* Waits for a message for so long. */
static ssize_t hear(const struct net *net, unsigned ms, void *data, size_t n, int *fds,
		    size_t n_fds)
{
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };

	setsockopt(net->control, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return message_receive(net->control, data, n, fds, n_fds);
}

static int wait_until_ready(struct net *net, struct lc_error *e)
{
	struct net_ready ready;
	int fds[2];
	unsigned ms = may_take(net, START_MS);
	ssize_t n = hear(net, ms, &ready, sizeof(ready), fds, ARRAY_SIZE(fds));

	net->network = fds[0];
	net->user = fds[1];
	if (n < 0 && errno == EAGAIN)
		return lc_err(e, LC_ESYSTEM,
			      "net: hull-net has not made the network after %g s (--timeout)",
			      ms / 1000.0);
	if (n < 0)
		return lc_err_errno(e, "net: wait for hull-net");
	if (n != sizeof(ready))
		return lc_err(e, LC_ESYSTEM, "net: hull-net ended before the network was there");
	if (ready.error.code == LC_OK)
		return net->network < 0 || net->user < 0
			       ? lc_err(e, LC_EINTERNAL, "net: no namespace came from hull-net")
			       : 0;
	*e = ready.error;
	e->msg[sizeof(e->msg) - 1] = 0;
	return lc_err_in(e, "net");
}

/* The configuration names the namespace by this link. */
static int link_namespace(const struct net *net, struct job *job, struct lc_error *e)
{
	const char *target = arena_printf(&job->arena, "/proc/self/fd/%d", net->network);

	if (symlinkat(target, job->bundle_lock, NET_LINK) < 0)
		return lc_err_errno(e, "symlink %s/" NET_LINK, job->bundle);
	return 0;
}

int net_start(struct net *net, struct job *job, struct lc_error *e)
{
	static const char text[] = "nameserver " RESOLVER_ADDRESS "\n";

	if (job->net != NET_ALLOW)
		return 0;
	if (file_replace_at(job->bundle_lock, NET_RESOLVER, text, strlen(text), 0644, e) < 0)
		return -1;
	if (spawn(net, job, e) < 0 || wait_until_ready(net, e) < 0)
		return -1;
	return link_namespace(net, job, e);
}

/* ---- ending ---- */

/* It comes from a process that talked with the program: nothing in it is taken on trust. */
static bool is_sound(const struct net_report *r)
{
	if (r->n > NET_DENIED_MAX)
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (!memchr(r->v[i].name, 0, sizeof(r->v[i].name)))
			return false;
	return true;
}

void net_end(struct net *net, struct job *job)
{
	struct net_report *report;
	ssize_t n;

	if (net->control < 0)
		return;
	report = arena_alloc(&job->arena, sizeof(*report));
	shutdown(net->control, SHUT_WR);
	n = hear(net, may_take(net, END_MS), report, sizeof(*report), NULL, 0);
	if (n == sizeof(*report) && is_sound(report))
		job->net_report = report;
	net_release(net);
	if (!job->net_report)
		log_warn(job->lc->log, "net: hull-net did not say what was denied");
}

void net_release(struct net *net)
{
	fd_release(&net->control);
	if (net->pidfd >= 0) {
		process_wait_gone(net->pidfd, (int)may_take(net, END_MS));
		process_end(net->pidfd, net->given_ms); /* and takes the zombie away */
	}
	fd_release(&net->pidfd);
	fd_release(&net->network);
	fd_release(&net->user);
}

/* ---- saying ---- */

static const char *mode_name(const struct job *job)
{
	static const char *const names[] = {
		[NET_NONE] = "none", [NET_HOST] = "host", [NET_ALLOW] = "allow"
	};

	return names[job->net];
}

static char *entry_text(struct arena *a, const struct allow_entry *entry)
{
	char range[PREFIX_TEXT];
	bool bracket;

	if (entry->name[0])
		return arena_printf(a, entry->port ? "%s%s:%u" : "%s%s", entry->below ? "*." : "",
				    entry->name, entry->port);
	prefix_text(&entry->range, range);
	bracket = entry->port && strchr(range, ':');
	return arena_printf(a, entry->port ? "%s%s%s:%u" : "%s%s%s", bracket ? "[" : "", range,
			    bracket ? "]" : "", entry->port);
}

void net_explain(const struct job *job, struct buf *b)
{
	if (job->net != NET_ALLOW) {
		buf_addf(b, "network: %s\n", job->net == NET_HOST ? "the host's" : "none");
		return;
	}
	buf_addf(b, "network: its own, by %s, with rules of nftables by %s\n", job->pasta,
		 job->nft);
	buf_add(b, "names: only those allowed, by a resolver on " RESOLVER_ADDRESS "\n");
	for (size_t i = 0; i < job->allow->n; i++)
		buf_addf(b, "allowed: %s%s\n", entry_text(b->arena, &job->allow->v[i]),
			 job->allow->v[i].port ? "" : " (any port but those of DNS)");
}

static const char *protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	default:
		return NULL;
	}
}

static void add_denied(struct json_writer *w, const struct net_denied *d)
{
	const char *protocol = protocol_name(d->protocol);
	char text[ADDRESS_TEXT];

	json_open(w, NULL, '{');
	if (d->name[0])
		json_add_string(w, "name", d->name);
	if (d->address.family == AF_INET || d->address.family == AF_INET6) {
		address_text(&d->address, text);
		json_add_string(w, "address", text);
	}
	if (!d->name[0]) {
		if (protocol)
			json_add_string(w, "protocol", protocol);
		else
			json_add_u64(w, "protocol", d->protocol);
		if (d->port)
			json_add_u64(w, "port", d->port);
	}
	json_add_u64(w, "count", d->count);
	json_close(w, '}');
}

void net_add_to_report(struct json_writer *w, const struct job *job)
{
	const struct net_report *r = job->net_report;

	json_open(w, "net", '{');
	json_add_string(w, "mode", mode_name(job));
	if (job->net == NET_ALLOW) {
		json_open(w, "allowed", '[');
		for (size_t i = 0; job->allow && i < job->allow->n; i++)
			json_add_string(w, NULL, entry_text(w->out.arena, &job->allow->v[i]));
		json_close(w, ']');
	}
	if (r) {
		json_open(w, "denied", '[');
		for (size_t i = 0; i < r->n; i++)
			add_denied(w, &r->v[i]);
		json_close(w, ']');
		json_add_u64(w, "denied_more", r->more);
		json_add_bool(w, "cut_off", r->cut_off);
	}
	json_close(w, '}');
}
