/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio-fs device: queues, FUSE_INIT, file data; the rest is passed on to the broker. */
#include "fs.h"
#include "base/own.h"
#include "sys/confine.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_ids.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_PAGES = 256, MAX_WRITE = MAX_PAGES * 4096, FILES_GROW = 64, MINOR_MIN = 31 };

/* ---- open files ---- */

static struct fs_file *find_file(struct fs *f, uint64_t fh)
{
	uint32_t i = (uint32_t)fh;
	struct fs_file *file = i < f->n_files ? &f->files[i] : NULL;

	return file && file->fd >= 0 && file->generation == fh >> 32 ? file : NULL;
}

/* A free place; false at the limit, which leaves descriptors for everything else. */
static bool file_room(struct fs *f)
{
	uint32_t n = f->n_files + FILES_GROW;
	struct fs_file *files;

	for (uint32_t i = 0; i < f->n_files; i++) {
		uint32_t at = (f->free_hint + i) % f->n_files;

		if (f->files[at].fd < 0) {
			f->free_hint = at;
			return true;
		}
	}
	files = n <= f->max_files ? realloc(f->files, n * sizeof(*files)) : NULL;
	if (!files)
		return false;
	for (uint32_t i = f->n_files; i < n; i++)
		files[i] = (struct fs_file){ .fd = -1 };
	f->free_hint = f->n_files;
	f->files = files;
	f->n_files = n;
	return true;
}

static uint64_t add_file(struct fs *f, int fd)
{
	struct fs_file *file = &f->files[f->free_hint];

	file->fd = fd;
	return (uint64_t)++file->generation << 32 | f->free_hint;
}

static void close_files(struct fs *f)
{
	for (uint32_t i = 0; i < f->n_files; i++)
		fd_release(&f->files[i].fd);
}

/* ---- requests about open files ---- */

struct request {
	struct fs *f;
	struct fuse_in_header in;
	struct fs_file *file;
	size_t written; /* bytes of the answer behind its header */
};

/* A fixed argument behind the header; false when the request is too short. */
static bool argument(const struct request *r, void *arg, size_t size)
{
	return chain_read(&r->f->chain, sizeof(r->in), arg, size) == size;
}

static bool answer(struct request *r, const void *data, size_t size)
{
	r->written = size;
	return chain_write(&r->f->chain, sizeof(struct fuse_out_header), data, size) == size;
}

/* Every argument struct of these begins with the handle. */
static int with_file(struct request *r, void *arg, size_t size)
{
	uint64_t fh;

	if (!argument(r, arg, size))
		return EINVAL;
	memcpy(&fh, arg, sizeof(fh));
	r->file = find_file(r->f, fh);
	return r->file ? 0 : EBADF;
}

static int do_read(struct request *r)
{
	struct fuse_read_in a;
	int err = with_file(r, &a, sizeof(a)), n;
	ssize_t got;

	if (err)
		return err;
	if (a.size > MAX_WRITE)
		a.size = MAX_WRITE;
	n = chain_slice_in(&r->f->chain, sizeof(struct fuse_out_header), a.size, r->f->iov);
	got = preadv(r->file->fd, r->f->iov, n, (off_t)a.offset);
	if (got < 0)
		return errno;
	r->written = (size_t)got;
	return 0;
}

static int do_write(struct request *r)
{
	struct fuse_write_in a;
	struct fuse_write_out out = { 0 };
	int err = with_file(r, &a, sizeof(a)), n;
	size_t before = sizeof(r->in) + sizeof(a);
	ssize_t done;

	if (err)
		return err;
	if (a.size > MAX_WRITE || r->f->chain.out_len - before < a.size)
		return EINVAL;
	n = chain_slice_out(&r->f->chain, before, a.size, r->f->iov);
	/* Without CAP_FSETID the kernel drops set-id bits by itself (FUSE_WRITE_KILL_SUIDGID). */
	done = pwritev(r->file->fd, r->f->iov, n, (off_t)a.offset);
	if (done < 0)
		return errno;
	out.size = (uint32_t)done;
	return answer(r, &out, sizeof(out)) ? 0 : EINVAL;
}

static int do_release(struct request *r)
{
	struct fuse_release_in a;
	int err = with_file(r, &a, sizeof(a));

	if (!err)
		fd_release(&r->file->fd);
	return err;
}

static int do_fsync(struct request *r)
{
	struct fuse_fsync_in a;
	int err = with_file(r, &a, sizeof(a));

	if (err)
		return err;
	err = a.fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(r->file->fd) : fsync(r->file->fd);
	return err < 0 ? errno : 0;
}

static int do_fallocate(struct request *r)
{
	struct fuse_fallocate_in a;
	int err = with_file(r, &a, sizeof(a));

	if (err)
		return err;
	return fallocate(r->file->fd, (int)a.mode, (off_t)a.offset, (off_t)a.length) < 0 ? errno
											 : 0;
}

static int do_lseek(struct request *r)
{
	struct fuse_lseek_in a;
	struct fuse_lseek_out out;
	int err = with_file(r, &a, sizeof(a));
	off_t at;

	if (err)
		return err;
	if (a.whence != SEEK_DATA && a.whence != SEEK_HOLE)
		return EINVAL; /* the guest's kernel does the others itself */
	at = lseek(r->file->fd, (off_t)a.offset, (int)a.whence);
	if (at < 0)
		return errno;
	out.offset = (uint64_t)at;
	return answer(r, &out, sizeof(out)) ? 0 : EINVAL;
}

static int do_copy(struct request *r)
{
	struct fuse_copy_file_range_in a;
	struct fuse_write_out out = { 0 };
	struct fs_file *to;
	int err = with_file(r, &a, sizeof(a));
	ssize_t n;

	if (err)
		return err;
	to = find_file(r->f, a.fh_out);
	if (!to)
		return EBADF;
	if (a.len > 64 << 20)
		a.len = 64 << 20; /* a bounded time; the caller goes on */
	n = syscall(SYS_copy_file_range, r->file->fd, &a.off_in, to->fd, &a.off_out, (size_t)a.len,
		    0);
	if (n < 0)
		return errno;
	out.size = (uint32_t)n;
	return answer(r, &out, sizeof(out)) ? 0 : EINVAL;
}

/* ---- FUSE_INIT ---- */

static int do_init(struct request *r)
{
	const uint64_t wanted = FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_ATOMIC_O_TRUNC |
				FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_AUTO_INVAL_DATA |
				FUSE_PARALLEL_DIROPS | FUSE_HANDLE_KILLPRIV_V2 | FUSE_POSIX_ACL |
				FUSE_DONT_MASK | FUSE_MAX_PAGES | FUSE_SUBMOUNTS | FUSE_ASYNC_DIO |
				FUSE_INIT_EXT;
	struct fuse_init_in a = { 0 };
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION };
	size_t got = chain_read(&r->f->chain, sizeof(r->in), &a, sizeof(a));
	uint64_t flags;

	if (got < 16)
		return EINVAL;
	if (a.major != FUSE_KERNEL_VERSION || a.minor < MINOR_MIN)
		return EPROTO;
	flags = a.flags | (a.flags & FUSE_INIT_EXT ? (uint64_t)a.flags2 << 32 : 0);
	flags &= wanted;
	close_files(r->f);
	r->f->ready = true;
	out.minor = a.minor < FUSE_KERNEL_MINOR_VERSION ? a.minor : FUSE_KERNEL_MINOR_VERSION;
	out.max_readahead = a.max_readahead;
	out.flags = (uint32_t)flags;
	out.flags2 = (uint32_t)(flags >> 32);
	out.max_background = 64;
	out.congestion_threshold = 48;
	out.max_write = MAX_WRITE;
	out.max_pages = MAX_PAGES;
	out.time_gran = 1;
	return answer(r, &out, sizeof(out)) ? 0 : EINVAL;
}

static int do_destroy(struct request *r)
{
	close_files(r->f);
	r->f->ready = false;
	return 0;
}

/* ---- dispatch ---- */

static const struct {
	uint32_t opcode;
	int (*handle)(struct request *r);
} own_ops[] = {
	{ FUSE_INIT, do_init },
	{ FUSE_DESTROY, do_destroy },
	{ FUSE_READ, do_read },
	{ FUSE_WRITE, do_write },
	{ FUSE_RELEASE, do_release },
	{ FUSE_FSYNC, do_fsync },
	{ FUSE_FALLOCATE, do_fallocate },
	{ FUSE_LSEEK, do_lseek },
	{ FUSE_COPY_FILE_RANGE, do_copy },
};

static uint32_t finish(struct request *r, int err)
{
	struct fuse_out_header head = { .error = -err, .unique = r->in.unique };

	head.len = (uint32_t)(sizeof(head) + (err ? 0 : r->written));
	return chain_write(&r->f->chain, 0, &head, sizeof(head)) == sizeof(head) ? head.len : 0;
}

static bool is_quiet(uint32_t opcode)
{
	return opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET;
}

/* A file that was opened becomes a handle; its place was made sure of before. */
static void put_handle(struct fs *f, uint32_t opcode, size_t len, int *fd)
{
	size_t at = sizeof(struct fuse_out_header);
	uint64_t fh;

	if (opcode == FUSE_CREATE)
		at += sizeof(struct fuse_entry_out);
	if (len < at + sizeof(struct fuse_open_out))
		return;
	fh = add_file(f, fd_take(fd));
	memcpy(f->out + at, &fh, sizeof(fh));
}

static uint32_t pass_on(struct request *r)
{
	struct fs *f = r->f;
	size_t len = chain_read(&f->chain, 0, f->in, sizeof(f->in)), n_fds;
	bool opens = r->in.opcode == FUSE_OPEN || r->in.opcode == FUSE_CREATE;
	auto_fd fd = -1;
	ssize_t n;

	if (len != r->in.len || f->chain.out_len != len)
		return is_quiet(r->in.opcode) ? 0 : finish(r, EINVAL);
	if (opens && !file_room(f))
		return finish(r, ENFILE);
	if (fd_send(f->broker, f->in, len, NULL, 0) < 0)
		return finish(r, EIO);
	if (is_quiet(r->in.opcode))
		return 0;
	n = fd_recv(f->broker, f->out, sizeof(f->out), &fd, 1, &n_fds);
	if (n < (ssize_t)sizeof(struct fuse_out_header))
		return finish(r, EIO);
	if (fd >= 0 && opens)
		put_handle(f, r->in.opcode, (size_t)n, &fd);
	return (uint32_t)chain_write(&f->chain, 0, f->out, (size_t)n);
}

uint32_t fs_answer(struct fs *f)
{
	struct request r = { .f = f };

	if (chain_read(&f->chain, 0, &r.in, sizeof(r.in)) != sizeof(r.in))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(own_ops); i++)
		if (own_ops[i].opcode == r.in.opcode)
			return finish(&r, own_ops[i].handle(&r));
	if (r.in.opcode == FUSE_INTERRUPT)
		return 0;
	if (!f->ready)
		return is_quiet(r.in.opcode) ? 0 : finish(&r, EIO);
	return pass_on(&r);
}

/* ---- the device ---- */

static int serve(struct fs *f, struct queue *q)
{
	int got = queue_pop(q, f->dev.mem, &f->chain);
	uint32_t len, generation = f->dev.resets;

	if (got <= 0)
		return got;
	/* The request is ours; registers may be read and written meanwhile. */
	pthread_mutex_unlock(&f->dev.lock);
	len = fs_answer(f);
	pthread_mutex_lock(&f->dev.lock);
	if (f->dev.resets == generation)
		queue_push(q, &f->chain, len);
	vdev_flush(&f->dev);
	return 1;
}

static void kick(struct vdev *d)
{
	struct fs *f = (struct fs *)d;
	int got = 0;

	for (unsigned i = 0; i < 2 && got >= 0; i++) {
		struct queue *q = &d->queues[i];

		do {
			while ((got = serve(f, q)) > 0)
				;
		} while (got == 0 && queue_rearm(q));
	}
	if (got < 0)
		vdev_broken(d);
}

static const struct vdev_ops ops = {
	.name = "file system",
	.id = VIRTIO_ID_FS,
	.queue_max = { 128, 512 },
	.kick = kick,
};

static uint32_t max_files(void)
{
	struct rlimit r = { 1024, 1024 };

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	if (r.rlim_cur > 1 << 20)
		r.rlim_cur = 1 << 20;
	return r.rlim_cur > 512 ? (uint32_t)r.rlim_cur - 256 : (uint32_t)r.rlim_cur / 2;
}

int fs_init(struct fs *f, const struct memory *mem, int broker, struct lc_error *e)
{
	memcpy(f->config.tag, "hull", 4);
	f->config.num_request_queues = 1;
	f->broker = broker;
	f->max_files = max_files();
	return vdev_init(&f->dev, &ops, mem, &f->config, sizeof(f->config), e);
}

static void *fs_main(void *arg)
{
	struct fs *f = arg;
	struct pollfd p = { .fd = f->dev.kick.fd, .events = POLLIN };

	confine_thread_or_end(CONFINE_FILES);
	while (poll(&p, 1, -1) == 1 || errno == EINTR)
		vdev_kicked(&f->dev);
	return NULL;
}

int fs_start(struct fs *f, struct lc_error *e)
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	err = pthread_create(&f->thread, &attr, fs_main, f);
	pthread_attr_destroy(&attr);
	if (!err)
		return 0;
	errno = err;
	return lc_err_errno(e, "start the file system's thread");
}
