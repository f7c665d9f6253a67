/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The initramfs of a guest: the agent as /init, and the modules that its kernel needs for the
 * monitor's devices, unpacked, with a list of them in the order of loading.  A cpio archive in the
 * format "newc" (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "microvm/kernel.h"
#include "run/helper.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define AGENT	    LIBEXECDIR "/hull-guest"
#define MODULE_MAX  (64 << 20)
#define DEPENDS_MAX (1 << 20)

/* What the monitor's devices need, and (optional) what a container may ask of the kernel. */
static const struct {
	const char *name;
	bool optional;
} modules[] = {
	{ "virtio_mmio", false }, { "virtio_console", false }, { "virtiofs", false },
	{ "virtio_net", true },	  { "virtio_blk", true },      { "virtio_balloon", true },
	{ "virtio_rng", true },	  { "overlay", true },	       { "tun", true },
};

/* ---- modules ---- */

/* "insmod FILE [options]" a line, or "builtin NAME". */
static void take_lines(struct arena *a, char *text, char **files, size_t *n, size_t max)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		bool known = false;

		if (!str_starts(line, "insmod "))
			continue;
		line += strlen("insmod ");
		line[strcspn(line, " ")] = 0;
		for (size_t i = 0; i < *n && !known; i++)
			known = !strcmp(files[i], line);
		if (!known && *n < max)
			files[(*n)++] = arena_strdup(a, line);
	}
}

char **vm_modules(struct arena *a, const char *release, struct lc_error *e)
{
	const size_t max = 128;
	char **files = arena_array(a, max + 1, sizeof(*files));
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		char *argv[] = { (char *)"modprobe",	  (char *)"--show-depends",
				 (char *)"--set-version", (char *)release,
				 (char *)modules[i].name, NULL };
		int status;
		char *text;

		status = helper_run(argv, true, 0, a, DEPENDS_MAX, &text, e);
		if (status < 0)
			return NULL;
		if (status == 127) {
			lc_err(e, LC_EUNSUPPORTED,
			       "modprobe, which finds the modules of kernel %s, cannot be "
			       "executed (Debian: apt-get install kmod)",
			       release);
			return NULL;
		}
		if (status && !modules[i].optional) {
			text[strcspn(text, "\n")] = 0;
			lc_err(e, LC_EUNSUPPORTED, "kernel %s has no %s: %s", release,
			       modules[i].name, text);
			return NULL;
		}
		if (!status)
			take_lines(a, text, files, &n, max);
	}
	return files;
}

static const char *unpacker(const char *file)
{
	static const struct {
		const char *end, *program;
	} kinds[] = { { ".xz", "xz" }, { ".zst", "zstd" }, { ".gz", "gzip" } };
	size_t len = strlen(file);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t n = strlen(kinds[i].end);

		if (len > n && !strcmp(file + len - n, kinds[i].end))
			return kinds[i].program;
	}
	return NULL;
}

static int read_module(struct arena *a, char *file, char **data, size_t *len, struct lc_error *e)
{
	char *program = (char *)unpacker(file);
	char *argv[] = { program, (char *)"-d", (char *)"-c", (char *)"-q", file, NULL };
	int status;

	if (!program)
		return file_read_at(AT_FDCWD, file, a, MODULE_MAX, data, len, e);
	status = helper_run_sized(argv, a, MODULE_MAX, data, len, e);
	if (status < 0)
		return -1;
	if (status == 127)
		return lc_err(e, LC_EUNSUPPORTED,
			      "%s, which unpacks %s, cannot be executed (Debian: apt-get install "
			      "%s)",
			      program, file, !strcmp(program, "xz") ? "xz-utils" : program);
	return status ? lc_err(e, LC_ESYSTEM, "%s cannot unpack %s", program, file) : 0;
}

/* ---- cpio ---- */

struct cpio {
	struct buf out;
	unsigned inode;
};

static void pad(struct buf *b)
{
	static const char zeros[4];

	buf_addn(b, zeros, -b->len & 3);
}

static void add(struct cpio *c, const char *name, unsigned mode, const char *data, size_t len)
{
	buf_addf(&c->out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ++c->inode,
		 mode, 0, 0, 1, 0, (unsigned)len, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0);
	buf_addn(&c->out, name, strlen(name) + 1);
	pad(&c->out);
	buf_addn(&c->out, data, len);
	pad(&c->out);
}

static int add_modules(struct cpio *c, const char *release, struct lc_error *e)
{
	struct arena *a = c->out.arena;
	struct buf order = { .arena = a };
	char **files = vm_modules(a, release, e);

	if (!files)
		return -1;
	buf_add(&order, "");
	add(c, "modules", S_IFDIR | 0755, NULL, 0);
	for (size_t i = 0; files[i]; i++) {
		char *data, *name = arena_printf(a, "modules/%zu.ko", i);
		size_t len;

		if (read_module(a, files[i], &data, &len, e) < 0)
			return -1;
		add(c, name, S_IFREG | 0644, data, len);
		buf_addf(&order, "%zu.ko\n", i);
	}
	add(c, "modules/order", S_IFREG | 0644, order.str, order.len);
	return 0;
}

static int make(struct cpio *c, const struct vm_kernel *kernel, struct lc_error *e)
{
	char *agent;
	size_t len;

	if (file_read_at(AT_FDCWD, AGENT, c->out.arena, MODULE_MAX, &agent, &len, e) < 0)
		return lc_err_in(e, "the agent for virtual machines");
	add(c, "init", S_IFREG | 0755, agent, len);
	add(c, "newroot", S_IFDIR | 0755, NULL, 0);
	if (kernel->release && add_modules(c, kernel->release, e) < 0)
		return -1;
	add(c, "TRAILER!!!", 0, NULL, 0);
	return 0;
}

/* ---- kept ---- */

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
	for (const unsigned char *p = data; len--; p++)
		hash = (hash ^ *p) * 0x100000001b3; /* FNV-1a */
	return hash;
}

static uint64_t mix_file(uint64_t hash, const char *path)
{
	struct stat st = { 0 };
	uint64_t facts[5];

	(void)!stat(path, &st);
	facts[0] = st.st_dev;
	facts[1] = st.st_ino;
	facts[2] = (uint64_t)st.st_size;
	facts[3] = (uint64_t)st.st_mtim.tv_sec;
	facts[4] = (uint64_t)st.st_mtim.tv_nsec;
	return mix(hash, facts, sizeof(facts));
}

/* Another agent, kernel or set of modules has another name.  The directory is the caller's alone,
 * so nobody can prepare one that fits. */
static char *name_of(struct arena *a, const struct vm_kernel *kernel)
{
	uint64_t hash = mix_file(0xcbf29ce484222325, AGENT);

	hash = mix_file(hash, kernel->path);
	if (kernel->release)
		hash = mix_file(hash,
				arena_printf(a, "/lib/modules/%s/modules.dep", kernel->release));
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		hash = mix(hash, modules[i].name, strlen(modules[i].name) + 1);
	return arena_printf(a, "initramfs-%s-%016llx.cpio",
			    kernel->release ? kernel->release : "plain", (unsigned long long)hash);
}

static int open_cache(const char *path, struct lc_error *e)
{
	auto_fd fd = -1;
	struct stat st;

	if (file_mkdirs(path, 0700, e) < 0)
		return -1;
	fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return lc_err_errno(e, "open %s", path);
	if (st.st_uid != geteuid() || st.st_mode & 022)
		return lc_err(e, LC_ESTATE, "%s: others may write there", path);
	return fd_take(&fd);
}

static int open_kept(int dir, const char *name)
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & 022)
		return -1;
	return fd_take(&fd);
}

static int in_memory(const struct buf *data, struct lc_error *e)
{
	auto_fd fd = memfd_create("initramfs", MFD_CLOEXEC);

	if (fd < 0 || fd_write_all(fd, data->str, data->len) < 0)
		return lc_err_errno(e, "initramfs in memory");
	return fd_take(&fd);
}

int vm_initramfs(const struct vm_kernel *kernel, const char *cache, const struct lc_log *log,
		 struct lc_error *e)
{
	auto_arena a = { 0 };
	struct cpio c = { .out = { .arena = &a } };
	char *name = name_of(&a, kernel);
	auto_fd dir = cache ? open_cache(cache, e) : -1;
	int fd = dir >= 0 ? open_kept(dir, name) : -1;

	if (fd >= 0 || (cache && dir < 0))
		return fd;
	log_debug(log, "vm: making %s", name);
	if (make(&c, kernel, e) < 0)
		return lc_err_in(e, "initramfs for %s", kernel->path);
	if (dir < 0)
		return in_memory(&c.out, e);
	if (file_replace_at(dir, name, c.out.str, c.out.len, 0600, e) < 0)
		return lc_err_in(e, "%s", cache);
	fd = open_kept(dir, name);
	return fd < 0 ? lc_err_errno(e, "open %s/%s", cache, name) : fd;
}
