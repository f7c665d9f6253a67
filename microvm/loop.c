/* SPDX-License-Identifier: GPL-2.0-or-later */
/* epoll, level-triggered. */
#include "loop.h"
#include "base/own.h"

#include <sys/epoll.h>

int loop_init(struct loop *l, struct lc_error *e)
{
	l->stop = false;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	return l->epoll < 0 ? lc_err_errno(e, "epoll_create1") : 0;
}

void loop_release(struct loop *l)
{
	fd_release(&l->epoll);
}

int loop_add(struct loop *l, struct source *s, uint32_t events, struct lc_error *e)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &ev) < 0)
		return lc_err_errno(e, "epoll_ctl add descriptor %d", s->fd);
	s->events = events;
	s->added = true;
	return 0;
}

void loop_change(struct loop *l, struct source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (!s->added || s->events == events)
		return;
	s->events = events;
	epoll_ctl(l->epoll, EPOLL_CTL_MOD, s->fd, &ev);
}

void loop_remove(struct loop *l, struct source *s)
{
	if (s->added)
		epoll_ctl(l->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	s->added = false;
}

int loop_run(struct loop *l, struct lc_error *e)
{
	struct epoll_event ev[16];

	while (!l->stop) {
		int n = epoll_wait(l->epoll, ev, ARRAY_SIZE(ev), -1);

		if (n < 0 && errno != EINTR)
			return lc_err_errno(e, "epoll_wait");
		for (int i = 0; i < n && !l->stop; i++) {
			struct source *s = ev[i].data.ptr;

			if (s->added) /* an earlier one of this round may have removed it */
				s->ready(s, ev[i].events);
		}
	}
	return 0;
}
