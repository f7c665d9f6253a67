/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hull-net: the network of a sandbox that may reach some of the world.
 *
 *	hull-net UID GID PASTA NFT ALLOW...
 *
 * Three processes, so that none has more than it needs and all end with hull:
 *
 *	the first	waits, without rights; when hull ends the kernel ends it, and it the second
 *	the second	init of a pid namespace, root of a user namespace that is UID outside, in
 *the host's network: starts pasta, then is the resolver.  With it the kernel ends all that is in
 *the pid namespace the third	makes the network namespace, sockets and rules in it, and is what
 *pasta looks at to find it; then it is gone
 *
 * The user namespace owns the network namespace.  The program of the sandbox is in another one,
 * and can change nothing of it.
 */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "sys/confine.h"
#include "net/message.h"
#include "net/nftables.h"
#include "net/resolver.h"
#include "net/rules.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESOLV_CONF	"/etc/resolv.conf"
#define RESOLV_CONF_MAX (1 << 20)
#define SAID_MAX	600

struct options {
	uint32_t uid, gid;
	const char *pasta, *nft;
	struct allow allow;
};

/* What the third has made. */
enum { MADE_QUESTIONS, MADE_SETS, MADE_LOG, MADE_NETWORK, MADE };

static void end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
}

/* ---- programs ---- */

static _Noreturn void become(char *const argv[], int in, int out)
{
	char *none[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	sigset_t empty;

	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	signal(SIGPIPE, SIG_DFL); /* pasta takes it for an error when that was ignored before */
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		_exit(126);
	execve(argv[0], argv, none);
	dprintf(STDERR_FILENO, "%s", lc_errno_text(errno));
	_exit(126);
}

/* The last line that says something; pasta also says that there is no syslog. */
static int complain(const char *path, int out, struct lc_error *e)
{
	char text[4096], *rest = text, *line, said[SAID_MAX] = "it failed without saying why";
	ssize_t n = pread(out, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = 0;
	while ((line = strsep(&rest, "\n")))
		if (*line && !str_starts(line, "Failed to send")) {
			strncpy(said, line, sizeof(said) - 1);
			said[sizeof(said) - 1] = 0;
		}
	return lc_err(e, LC_ESYSTEM, "%s: %s", path, said);
}

/* Waits for it to end well; @text is its standard input. */
static int run(char *const argv[], const char *text, struct lc_error *e)
{
	auto_fd in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	int status;
	pid_t pid;

	if (in < 0 || out < 0 || fd_write_all(in, text, strlen(text)) < 0 ||
	    lseek(in, 0, SEEK_SET) < 0)
		return lc_err_errno(e, "%s: memfd_create", argv[0]);
	pid = fork();
	if (pid == 0)
		become(argv, in, out);
	if (pid < 0)
		return lc_err_errno(e, "%s: fork", argv[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return lc_err_errno(e, "%s: wait", argv[0]);
	return status ? complain(argv[0], out, e) : 0;
}

/* ---- the third ---- */

static int bring_up_loopback(struct lc_error *e)
{
	auto_fd sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &request) < 0)
		return lc_err_errno(e, "bring up loopback");
	return 0;
}

/* An IPv6 address is there at once: nobody else can have it. */
static void need_no_detection(void)
{
	struct lc_error ignored = { 0 };

	(void)!file_write_at(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/accept_dad", "0", &ignored);
}

static int bind_questions(struct lc_error *e)
{
	auto_fd sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(RESOLVER_PORT) };
	struct address a;

	if (sock < 0 || !address_parse(RESOLVER_ADDRESS, &a))
		return lc_err_errno(e, "socket");
	memcpy(&at.sin_addr, a.b, sizeof(at.sin_addr));
	if (bind(sock, (struct sockaddr *)&at, sizeof(at)) < 0)
		return lc_err_errno(e, "bind " RESOLVER_ADDRESS);
	return fd_take(&sock);
}

static int load_rules(const struct options *o, struct lc_error *e)
{
	auto_arena a = { 0 };
	char *argv[] = { (char *)o->nft, (char *)"-f", (char *)"-", NULL };

	return run(argv, rules_text(&o->allow, &a), e);
}

static int make_network(const struct options *o, int made[MADE], struct lc_error *e)
{
	if (unshare(CLONE_NEWNET) < 0)
		return lc_err_errno(e, "make a network namespace");
	if (bring_up_loopback(e) < 0)
		return -1;
	need_no_detection();
	if (load_rules(o, e) < 0)
		return -1;
	made[MADE_QUESTIONS] = bind_questions(e);
	if (made[MADE_QUESTIONS] < 0)
		return -1;
	made[MADE_SETS] = nftables_open(e);
	if (made[MADE_SETS] < 0)
		return -1;
	made[MADE_LOG] = nftables_log_open(e);
	if (made[MADE_LOG] < 0)
		return -1;
	made[MADE_NETWORK] = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return made[MADE_NETWORK] < 0 ? lc_err_errno(e, "open /proc/self/ns/net") : 0;
}

/* pasta has few capabilities when it looks for the namespace: so must who it finds it by. */
static int drop_all(struct lc_error *e)
{
	struct sys_caps none = { 0 };

	if (sys_capset(&none) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return lc_err_errno(e, "capset");
	return 0;
}

/* Its number in the host's /proc, which pasta will see, is not the one in the pid namespace. */
static long number_in_proc(void)
{
	char text[24];
	ssize_t n = readlink("/proc/self", text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = 0;
	return strtol(text, NULL, 10);
}

struct made {
	struct lc_error error;
	long number;
};

static _Noreturn void third(const struct options *o, int sock)
{
	struct made m = { .number = number_in_proc() };
	int made[MADE];

	if (make_network(o, made, &m.error) < 0 || drop_all(&m.error) < 0) {
		(void)!message_send(sock, &m, sizeof(m), NULL, 0);
		_exit(1);
	}
	if (message_send(sock, &m, sizeof(m), made, MADE) < 0)
		_exit(1);
	(void)!read(sock, &m, 1); /* until pasta is there */
	_exit(0);
}

/* ---- the second ---- */

static int start_pasta(const struct options *o, long number, struct lc_error *e)
{
	char netns[40];
	/* clang-format off: what belongs together */
	char *argv[] = { (char *)o->pasta,
			 (char *)"--config-net",
			 (char *)"--no-map-gw",
			 (char *)"-t",
			 (char *)"none",
			 (char *)"-u",
			 (char *)"none",
			 (char *)"-T",
			 (char *)"none",
			 (char *)"-U",
			 (char *)"none",
			 (char *)"--no-dhcp",
			 (char *)"--no-dhcpv6",
			 (char *)"--no-ra",
			 (char *)"--no-netns-quit",
			 (char *)"--netns",
			 netns,
			 NULL };
	/* clang-format on */

	snprintf(netns, sizeof(netns), "/proc/%ld/ns/net", number);
	return run(argv, "", e);
}

static int make_and_connect(const struct options *o, int made[MADE], struct lc_error *e)
{
	auto_fd ours = -1, theirs = -1;
	struct made m;
	int pair[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return lc_err_errno(e, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid == 0) {
		fd_release(&ours);
		third(o, theirs);
	}
	fd_release(&theirs);
	if (pid < 0)
		return lc_err_errno(e, "fork");
	if (message_receive(ours, &m, sizeof(m), made, MADE) != sizeof(m))
		return lc_err(e, LC_ESYSTEM, "who makes the network ended");
	if (m.error.code != LC_OK) {
		*e = m.error;
		return -1;
	}
	r = start_pasta(o, m.number, e);
	fd_release(&ours);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

/* From here on: nothing of the host's files, no capability but for the sets of nftables, no calls
 * but those of a resolver, and nobody looks into it. */
static int confine(struct lc_error *e)
{
	const struct rlimit files = { 256, 256 };
	struct sys_caps only = { 0 };

	only.effective = only.permitted = 1ULL << CAP_NET_ADMIN;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/proc", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "size=4k") < 0 ||
	    chdir("/proc") < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return lc_err_errno(e, "leave the host's files");
	if (sys_capset(&only) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0)
		return lc_err_errno(e, "give up privileges");
	return confine_thread(CONFINE_RESOLVER, e);
}

static int become_root_inside(int mapped, struct lc_error *e)
{
	char byte;

	if (read(mapped, &byte, 1) != 1)
		return lc_err(e, LC_ESYSTEM, "who maps the users ended");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return lc_err_errno(e, "setresuid");
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	/* Changing ids has cleared it.  If hull ended meanwhile, so has the control socket. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return 0;
}

static int set_up(const struct options *o, int mapped, struct resolver_fds *fds, int give[2],
		  struct lc_error *e)
{
	int made[MADE] = { -1, -1, -1, -1 };
	sigset_t child;

	if (become_root_inside(mapped, e) < 0 || make_and_connect(o, made, e) < 0)
		return -1;
	give[0] = made[MADE_NETWORK];
	give[1] = openat(AT_FDCWD, "/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	if (give[1] < 0)
		return lc_err_errno(e, "open /proc/self/ns/user");
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	*fds = (struct resolver_fds){
		.questions = made[MADE_QUESTIONS],
		.sets = made[MADE_SETS],
		.log = made[MADE_LOG],
		.control = NET_FD,
		.children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK),
	};
	return fds->children < 0 ? lc_err_errno(e, "signalfd") : confine(e);
}

static int read_servers(struct servers *servers, struct lc_error *e)
{
	auto_arena a = { 0 };
	char *text = NULL;
	size_t len;

	if (file_read_at(AT_FDCWD, RESOLV_CONF, &a, RESOLV_CONF_MAX, &text, &len, e) < 0 &&
	    e->sys_errno != ENOENT)
		return -1;
	*e = (struct lc_error){ 0 };
	servers_read(text ? text : "", servers);
	return 0;
}

static _Noreturn void second(const struct options *o, int mapped)
{
	static struct net_report report;
	struct net_ready ready = { .error = { 0 } };
	struct servers servers;
	struct resolver_fds fds;
	int give[2] = { -1, -1 };

	if (read_servers(&servers, &ready.error) < 0 ||
	    set_up(o, mapped, &fds, give, &ready.error) < 0) {
		(void)!message_send(NET_FD, &ready, sizeof(ready), NULL, 0);
		_exit(1);
	}
	if (message_send(NET_FD, &ready, sizeof(ready), give, 2) < 0)
		_exit(1);
	fd_release(&give[0]);
	fd_release(&give[1]);
	resolver_run(&fds, &o->allow, &servers, &report);
	_exit(message_send(NET_FD, &report, sizeof(report), NULL, 0) < 0);
}

/* ---- the first ---- */

static int write_map(pid_t pid, const char *file, const char *text, struct lc_error *e)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return file_write_at(AT_FDCWD, path, text, e);
}

static int map_ids(const struct options *o, pid_t pid, struct lc_error *e)
{
	char uids[24], gids[24];

	snprintf(uids, sizeof(uids), "0 %u 1", o->uid);
	snprintf(gids, sizeof(gids), "0 %u 1", o->gid);
	if (write_map(pid, "setgroups", "deny", e) < 0 || write_map(pid, "gid_map", gids, e) < 0)
		return -1;
	return write_map(pid, "uid_map", uids, e);
}

static int fail(const struct lc_error *e)
{
	struct net_ready ready = { .error = *e };

	(void)!message_send(NET_FD, &ready, sizeof(ready), NULL, 0);
	return 1;
}

/* root's groups would be the second's as well. */
static int leave_groups(struct lc_error *e)
{
	if (geteuid() == 0 && setgroups(0, NULL) < 0 && errno != EPERM)
		return lc_err_errno(e, "setgroups");
	return 0;
}

/* The bounding set stays, which an ordinary user cannot change: nothing is executed any more. */
static int keep_nothing(struct lc_error *e)
{
	const struct sys_caps none = { 0 };

	if (sys_capset(&none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return lc_err_errno(e, "give up privileges");
	return 0;
}

static int first(const struct options *o, struct lc_error *e)
{
	struct clone_args args = { .flags = CLONE_NEWUSER | CLONE_NEWPID, .exit_signal = SIGCHLD };
	int mapped[2], status;
	pid_t pid;

	if (leave_groups(e) < 0)
		return -1;
	if (pipe2(mapped, O_CLOEXEC) < 0)
		return lc_err_errno(e, "pipe");
	pid = sys_clone3(&args);
	if (pid < 0)
		return lc_err_errno(e, "make a user namespace");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		close(mapped[1]);
		second(o, mapped[0]);
	}
	close(mapped[0]);
	if (map_ids(o, pid, e) < 0 || write(mapped[1], "x", 1) != 1) {
		kill(pid, SIGKILL);
		return -1;
	}
	/* From here on it only waits, and needs none of root's rights for that. */
	if (keep_nothing(e) < 0 || confine_thread(CONFINE_WAITER, e) < 0) {
		kill(pid, SIGKILL);
		return -1;
	}
	close(NET_FD); /* now the second's alone: hull hears of its end */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(0);
}

static bool read_options(int argc, char **argv, struct options *o, struct lc_error *e)
{
	if (argc < 6 || !str_u32(argv[1], &o->uid) || !str_u32(argv[2], &o->gid)) {
		lc_err(e, LC_EUSAGE, "usage: hull-net UID GID PASTA NFT ALLOW...");
		return false;
	}
	o->pasta = argv[3];
	o->nft = argv[4];
	for (int i = 5; i < argc; i++)
		if (allow_add(&o->allow, argv[i], e) < 0)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	static struct options o;
	struct lc_error e = { 0 };

	end_with(getppid());
	fcntl(NET_FD, F_SETFD, FD_CLOEXEC);
	if (sys_close_range(NET_FD + 1, ~0U, 0) < 0) { /* what hull's caller left open */
		lc_err_errno(&e, "close_range");
		return fail(&e);
	}
	signal(SIGPIPE, SIG_IGN);
	if (!read_options(argc, argv, &o, &e))
		return fail(&e);
	return first(&o, &e) < 0 ? fail(&e) : 0;
}
