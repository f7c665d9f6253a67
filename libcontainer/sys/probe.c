/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts of the host and its kernel. */
#include "sys/probe.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

enum { OLDEST_MAJOR = 5, OLDEST_MINOR = 15, FILE_MAX_SIZE = 16 << 20 };

/* Reads the digits at *@s. */
static bool take_number(const char **s, unsigned *out)
{
	size_t n = strspn(*s, "0123456789");
	char digits[10];
	uint32_t v;

	if (!n || n >= sizeof(digits))
		return false;
	memcpy(digits, *s, n);
	digits[n] = 0;
	if (!str_u32(digits, &v))
		return false;
	*out = v;
	*s += n;
	return true;
}

bool probe_parse_release(const char *release, unsigned *major, unsigned *minor)
{
	unsigned a, b;

	if (!take_number(&release, &a) || *release++ != '.' || !take_number(&release, &b))
		return false;
	*major = a;
	*minor = b;
	return true;
}

bool probe_kernel_at_least(unsigned major, unsigned minor)
{
	struct utsname uts;
	unsigned a, b;

	if (uname(&uts) < 0 || !probe_parse_release(uts.release, &a, &b))
		return false;
	return a > major || (a == major && b >= minor);
}

int probe_kernel(struct lc_error *e)
{
	struct utsname uts;

	if (probe_kernel_at_least(OLDEST_MAJOR, OLDEST_MINOR))
		return 0;
	if (uname(&uts) < 0)
		return lc_err_errno(e, "uname");
	return lc_err(e, LC_EUNSUPPORTED, "Linux %s is too old: hull needs Linux %d.%d or newer",
		      uts.release, OLDEST_MAJOR, OLDEST_MINOR);
}

int probe_cap_last(uint64_t held)
{
	int cap = CAP_LAST_CAP; /* of our headers: the kernel may be older or newer */

	while (cap > 0 && !(held >> cap & 1) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
		cap--;
	while (cap < 63 && prctl(PR_CAPBSET_READ, cap + 1, 0, 0, 0) >= 0)
		cap++;
	return cap;
}

static bool exists(const char *path)
{
	return !faccessat(AT_FDCWD, path, F_OK, 0);
}

bool probe_namespace(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return exists(path);
}

bool probe_initial_userns(void)
{
	enum { FIRST_USERNS_INODE = 0xeffffffd }; /* PROC_USER_INIT_INO, fixed since Linux 3.8 */
	struct stat st;

	return !fstatat(AT_FDCWD, "/proc/self/ns/user", &st, 0) && st.st_ino == FIRST_USERNS_INODE;
}

/* The kernel looks at the bits before it looks for the (bad) descriptor. Who may not mount at all
 * is told EPERM before both; every kernel that we support has all bits of libc's header. */
bool probe_mount_attr(uint64_t attr)
{
	const uint64_t old = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			     MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME |
			     MOUNT_ATTR_IDMAP | MOUNT_ATTR_NOSYMFOLLOW;
	struct mount_attr ask = { .attr_set = attr };

	if (attr & MOUNT_ATTR__ATIME)
		ask.attr_clr = MOUNT_ATTR__ATIME;
	if (attr & MOUNT_ATTR_IDMAP)
		ask.userns_fd = INT32_MAX;
	if (!sys_mount_setattr(-1, "", AT_EMPTY_PATH, &ask))
		return true;
	if (errno == EPERM)
		return !(attr & ~old);
	return errno == EBADF;
}

bool probe_filesystem(const char *fstype)
{
	auto_fd fs = sys_fsopen(fstype);
	auto_arena a = { 0 };
	struct lc_error e;
	char *text, *line;

	if (fs >= 0)
		return true;
	if (errno == ENODEV ||
	    file_read_at(AT_FDCWD, "/proc/filesystems", &a, FILE_MAX_SIZE, &text, NULL, &e) < 0)
		return false;
	while ((line = strsep(&text, "\n"))) {
		const char *tab = strchr(line, '\t'); /* "nodev\ttmpfs" */

		if (tab && str_eq(tab + 1, fstype))
			return true;
	}
	return false;
}

/* Before Linux 6.5 overlay's options are only collected, whatever they are, and looked at when the
 * file system is made: taking this one says nothing where nonsense is taken too. */
bool probe_overlay_lowerdir_add(void)
{
	auto_fd fs = sys_fsopen("overlay");

	if (fs < 0)
		return errno != ENODEV && probe_kernel_at_least(6, 8);
	return sys_fsconfig_string(fs, "lowerdir+nonsense", "/") < 0 &&
	       !sys_fsconfig_string(fs, "lowerdir+", "/");
}

/* The words of a file, its newlines made blanks; "" when it cannot be read. */
static char *read_words(struct arena *a, const char *path)
{
	struct lc_error e;
	char *text;
	size_t n;

	if (file_read_at(AT_FDCWD, path, a, FILE_MAX_SIZE, &text, &n, &e) < 0)
		return arena_strdup(a, "");
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = 0;
	for (char *s = text; *s; s++)
		if (*s == '\n')
			*s = ' ';
	return text;
}

bool probe_seccomp_action(uint32_t action)
{
	return !sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

/* Flags are looked at before the filter, which is at a bad address here. */
bool probe_seccomp_flag(unsigned flag)
{
	/* This one stands only beside another. */
	if (flag & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

char *probe_seccomp_actions(struct arena *a)
{
	return read_words(a, "/proc/sys/kernel/seccomp/actions_avail");
}

bool probe_apparmor(void)
{
	auto_arena a = { 0 };

	return str_eq(read_words(&a, "/sys/module/apparmor/parameters/enabled"), "Y");
}

bool probe_selinux(void)
{
	auto_fd fd = openat(AT_FDCWD, "/sys/fs/selinux", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && fd_is_fs(fd, SELINUX_MAGIC);
}

char *probe_lsms(struct arena *a)
{
	return read_words(a, "/sys/kernel/security/lsm");
}

bool probe_numa_node(unsigned node)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u", node);
	return exists(path);
}
