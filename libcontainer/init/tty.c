/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program's terminal, always one of the container's own devpts, and its standard streams. */
#include "base/own.h"
#include "init/devices.h"
#include "init/steps.h"
#include "sys/fd.h"
#include "sys/rootfs.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

/* The master by its place in devpts, not by what /dev/ptmx may lead to; and then seen to be in a
 * devpts (CVE-2025-52565). */
static int open_master(struct sandbox *s, struct lc_error *e)
{
	auto_fd fd = rootfs_open(s->root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, e);

	if (fd < 0)
		return lc_err_in(e, "process.terminal needs a devpts mounted on /dev/pts");
	if (!fd_is_fs(fd, DEVPTS_SUPER_MAGIC))
		return lc_err(e, LC_ECONFIG,
			      "process.terminal needs a devpts mounted on /dev/pts: "
			      "what is there is none");
	return fd_take(&fd);
}

/* The other end, by the master's own word, whatever name it has in whatever directory. */
static int open_slave(int master, struct lc_error *e)
{
	int unlock = 0, fd;

	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return lc_err_errno(e, "unlock the terminal");
	fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return lc_err_errno(e, "open the terminal's slave");
	return fd;
}

static int set_size(const struct plan_process *p, int master, struct lc_error *e)
{
	uint32_t height = p->console_height, width = p->console_width;
	struct winsize size = {
		.ws_row = height > UINT16_MAX ? UINT16_MAX : (unsigned short)height,
		.ws_col = width > UINT16_MAX ? UINT16_MAX : (unsigned short)width,
	};

	if ((height || width) && ioctl(master, TIOCSWINSZ, &size) < 0)
		return lc_err_errno(e, "process.consoleSize");
	return 0;
}

/* "\n" shall come out of the caller's pipe as the program wrote it.  Here and not by who takes the
 * master: a quick program would have written before. */
static int keep_newlines(int master, struct lc_error *e)
{
	struct termios t;

	if (tcgetattr(master, &t) < 0)
		return lc_err_errno(e, "tcgetattr of the terminal");
	t.c_oflag &= ~(tcflag_t)ONLCR;
	return tcsetattr(master, TCSANOW, &t) < 0 ? lc_err_errno(e, "tcsetattr of the terminal")
						  : 0;
}

/* A new terminal whose master goes to whoever asked for it; returns the slave. */
static int make_terminal(struct sandbox *s, struct lc_error *e)
{
	const struct plan_process *p = s->plan->process;
	static const char name[] = "/dev/ptmx";
	auto_fd master = open_master(s, e);
	auto_fd slave = -1;

	if (master < 0)
		return -1;
	slave = open_slave(master, e);
	if (slave < 0 || set_size(p, master, e) < 0 ||
	    (s->keep_newlines && keep_newlines(master, e) < 0))
		return -1;
	/* The group stays: it is devpts' gid=. */
	if (p->user.uid && fchown(slave, p->user.uid, (gid_t)-1) < 0)
		return lc_err_errno(e, "give the terminal to uid %u", p->user.uid);
	if (fd_send(s->console_socket, name, sizeof(name) - 1, &master, 1) < 0)
		return lc_err_errno(e, "send the terminal over the console socket");
	fd_release(&s->console_socket);
	return fd_take(&slave);
}

/* /dev/console is the terminal, for programs that open it by name. */
static int bind_console(struct sandbox *s, int slave, struct lc_error *e)
{
	auto_fd tree = -1, target = -1;

	if (dev_open(s, e) < 0)
		return -1;
	target = dev_target(s->dev, "console", e);
	if (target < 0) {
		if (e->sys_errno != EROFS)
			return lc_err_in(e, "/dev/console");
		log_warn(&s->log, "/dev/console is missing: %s", e->msg);
		return 0;
	}
	tree = sys_open_tree(slave, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	if (tree < 0 || sys_move_mount(tree, target, "") < 0)
		return lc_err_errno(e, "bind the terminal on /dev/console");
	return 0;
}

int step_terminal(struct sandbox *s, struct lc_error *e)
{
	auto_fd slave = -1;

	if (s->console_socket >= 0)
		slave = make_terminal(s, e);
	else if (s->tty >= 0)
		slave = fd_take(&s->tty);
	else
		return lc_err(e, LC_EUSAGE,
			      "process.terminal is true and there is no console "
			      "socket");
	if (slave < 0)
		return -1;
	if (!s->is_exec && !s->plan->root.chroot_only && bind_console(s, slave, e) < 0)
		return -1;
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return lc_err_errno(e, "make the terminal the controlling one");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return lc_err_errno(e, "make the terminal descriptor %d", fd);
	if (slave < 3)
		fd_take(&slave);
	return 0;
}

/* Worth giving to the user: pipes and sockets, and files that are written.  Never a device: the
 * caller's /dev/null or terminal are not the container's; never a file that is only read. */
static bool is_for_the_user(int fd, const struct stat *st)
{
	if (S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode))
		return true;
	return S_ISREG(st->st_mode) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

/* So that the user can open /dev/stdout, which is the same file again.  What cannot be given away
 * still works as the open descriptor that it is. */
int step_streams(struct sandbox *s, struct lc_error *e)
{
	uint32_t uid = s->plan->process->user.uid;
	struct stat st;

	(void)e;
	if (uid == 0 && !s->mapped_root)
		return 0;
	for (int fd = 0; fd < 3; fd++)
		if (fstat(fd, &st) == 0 && st.st_uid != uid && is_for_the_user(fd, &st))
			(void)!fchown(fd, uid, (gid_t)-1);
	return 0;
}
