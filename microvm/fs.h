/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-fs (virtio 1.2, 5.11): FUSE requests of the guest.  File data moves here, between guest
 * memory and descriptors that the broker opened; everything with a name goes to the broker.  A
 * thread of its own, so that a slow disk holds up nothing else.
 */
#ifndef MICROVM_FS_H
#define MICROVM_FS_H

#include "broker.h"
#include "mmio.h"
#include <linux/virtio_fs.h>

struct fs_file {
	int fd; /* owned; -1: free */
	uint32_t generation;
};

struct fs {
	struct vdev dev;
	struct virtio_fs_config config;
	int broker; /* owned once there */
	pthread_t thread;
	struct fs_file *files;
	uint32_t n_files, max_files, free_hint;
	bool ready; /* FUSE_INIT was answered */

	struct chain chain;
	struct iovec iov[CHAIN_MAX];
	_Alignas(8) uint8_t in[BROKER_MAX];
	_Alignas(8) uint8_t out[BROKER_MAX];
};

/* The guest mounts tag "hull". @broker: a seqpacket socket to it. */
int fs_init(struct fs *f, const struct memory *mem, int broker, struct lc_error *e) lc_checked;

/* Starts the thread. */
int fs_start(struct fs *f, struct lc_error *e) lc_checked;

/* Answers the request in @f->chain; returns bytes written to it. */
uint32_t fs_answer(struct fs *f);

#endif
