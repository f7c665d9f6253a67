/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding a kernel among those that are installed. */
#include "microvm/kernel.h"
#include "base/own.h"
#include "base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define OWN_KERNEL  "/usr/lib/hull/vmlinuz"
#define MODULES_DIR "/usr/lib/modules"
#define RELEASE_MAX 128
#define KERNELS_MAX 64

/* ---- what an image says of itself ---- */

/* Linux/x86 boot protocol: at 0x20e the place of the version's text, counted from 0x200. */
static ssize_t read_version(const char *path, char *text, size_t size)
{
	auto_fd fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	char magic[4];
	uint16_t at;

	if (fd < 0 || pread(fd, magic, 4, 0x202) != 4 || memcmp(magic, "HdrS", 4) != 0 ||
	    pread(fd, &at, 2, 0x20e) != 2 || !at)
		return -1;
	return pread(fd, text, size, 0x200 + at);
}

char *vm_kernel_release(struct arena *a, const char *path)
{
	char text[RELEASE_MAX + 1];
	ssize_t n = read_version(path, text, RELEASE_MAX);

	if (n <= 0)
		return NULL;
	text[n] = 0;
	text[strcspn(text, " \n")] = 0;
	return *text && !strchr(text, '/') ? arena_strdup(a, text) : NULL;
}

/* ---- which is newer ---- */

/* As versions are read: runs of digits as numbers. */
static int compare_releases(const char *x, const char *y)
{
	while (*x && *y) {
		if (*x >= '0' && *x <= '9' && *y >= '0' && *y <= '9') {
			char *x_end, *y_end;
			unsigned long m = strtoul(x, &x_end, 10), n = strtoul(y, &y_end, 10);

			if (m != n)
				return m < n ? -1 : 1;
			x = x_end;
			y = y_end;
		} else if (*x != *y) {
			return *x < *y ? -1 : 1;
		} else {
			x++;
			y++;
		}
	}
	return *x ? 1 : *y ? -1 : 0;
}

/* ---- candidates ---- */

struct candidates {
	struct arena *arena;
	struct vm_kernel v[KERNELS_MAX];
	size_t n;
};

static void consider(struct candidates *c, char *path)
{
	char *release = vm_kernel_release(c->arena, path);

	if (!release || c->n == KERNELS_MAX)
		return;
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->v[i].release, release))
			return;
	c->v[c->n++] = (struct vm_kernel){ .path = path, .release = release };
}

/* Debian up to 13 keeps images in /boot, later ones beside the modules. */
static void collect(struct candidates *c)
{
	DIR *boot = opendir("/boot"), *modules = opendir(MODULES_DIR);
	struct dirent *entry;

	while (boot && (entry = readdir(boot)))
		if (str_starts(entry->d_name, "vmlinuz-"))
			consider(c, arena_printf(c->arena, "/boot/%s", entry->d_name));
	while (modules && (entry = readdir(modules)))
		if (*entry->d_name != '.')
			consider(c,
				 arena_printf(c->arena, MODULES_DIR "/%s/vmlinuz", entry->d_name));
	if (boot)
		closedir(boot);
	if (modules)
		closedir(modules);
}

static bool is_cloud(const struct vm_kernel *k)
{
	return strstr(k->release, "cloud");
}

/* Smaller is better. */
static int rank(const struct vm_kernel *k, const char *host)
{
	return is_cloud(k) ? 0 : !strcmp(k->release, host) ? 1 : 2;
}

static const char *why(int rank)
{
	static const char *const reasons[] = { "a cloud kernel", "the host's own", "installed" };

	return reasons[rank];
}

static void sort(struct candidates *c, const char *host)
{
	for (size_t i = 1; i < c->n; i++) {
		for (size_t j = i; j > 0; j--) {
			struct vm_kernel *x = &c->v[j - 1], *y = &c->v[j], swap = *x;
			int order = rank(x, host) - rank(y, host);

			if (order < 0 || (!order && compare_releases(x->release, y->release) >= 0))
				break;
			*x = *y;
			*y = swap;
		}
	}
}

struct vm_kernel *vm_kernel_list(struct arena *a)
{
	struct candidates *c = arena_alloc(a, sizeof(*c));
	struct vm_kernel *list;
	struct utsname host;
	size_t n = 0;

	c->arena = a;
	uname(&host);
	collect(c);
	sort(c, host.release);
	list = arena_array(a, c->n + 2, sizeof(*list));
	if (access(OWN_KERNEL, R_OK) == 0)
		list[n++] = (struct vm_kernel){ arena_strdup(a, OWN_KERNEL),
						vm_kernel_release(a, OWN_KERNEL), "hull's own" };
	for (size_t i = 0; i < c->n; i++) {
		list[n] = c->v[i];
		list[n++].why = why(rank(&c->v[i], host.release));
	}
	return list;
}

int vm_kernel_find(struct arena *a, const char *path, struct vm_kernel *out, struct lc_error *e)
{
	struct stat st;

	if (!path) {
		*out = vm_kernel_list(a)[0];
		return out->path ? 0
				 : lc_err(e, LC_ENOTFOUND,
					  "no kernel is installed that a virtual machine could "
					  "boot (Debian: apt-get install linux-image-cloud-amd64)");
	}
	if (stat(path, &st) < 0)
		return lc_err_errno(e, "kernel %s", path);
	if (!S_ISREG(st.st_mode))
		return lc_err(e, LC_ECONFIG, "kernel %s is no regular file", path);
	*out = (struct vm_kernel){ arena_strdup(a, path), vm_kernel_release(a, path), "given" };
	return 0;
}
