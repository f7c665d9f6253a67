/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's event loop: one thread that waits for descriptors and calls who asked for them. */
#ifndef MICROVM_LOOP_H
#define MICROVM_LOOP_H

#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

struct source {
	int fd; /* borrowed */
	void (*ready)(struct source *s, uint32_t events); /* EPOLL* */
	uint32_t events; /* waited for; loop_change() sets it */
	bool added;
};

struct loop {
	int epoll; /* owned */
	bool stop;
};

int loop_init(struct loop *l, struct lc_error *e) lc_checked;
void loop_release(struct loop *l);

/* Waits for @events of @s->fd from now on. @s stays where it is until removed. */
int loop_add(struct loop *l, struct source *s, uint32_t events, struct lc_error *e) lc_checked;
void loop_change(struct loop *l, struct source *s, uint32_t events);
void loop_remove(struct loop *l, struct source *s);

/* Until someone sets @l->stop. */
int loop_run(struct loop *l, struct lc_error *e) lc_checked;

#endif
