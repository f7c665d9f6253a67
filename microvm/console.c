/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio console, multiport (virtio 1.2, 5.3). */
#include "console.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* 5.3.2: the order is the specification's. */
enum { LOG_RX, LOG_TX, CONTROL_RX, CONTROL_TX, PORT_RX, PORT_TX };
enum { LOG_PORT, CONTROL_PORT, LOG_WRITE_MAX = 4096 };

static struct console *console_of(struct vdev *d)
{
	return (struct console *)d;
}

/* ---- control messages (5.3.6.2) ---- */

static void flush_messages(struct console *c)
{
	struct queue *q = &c->dev.queues[CONTROL_RX];
	unsigned sent = 0;
	int got = 0;

	while (sent < c->n_pending) {
		const struct console_message *m = &c->pending[sent];
		size_t n;

		got = queue_pop(q, c->dev.mem, &c->chain);
		if (got == 0 && queue_rearm(q))
			continue;
		if (got <= 0)
			break;
		sent++;
		n = chain_write(&c->chain, 0, &m->head, sizeof(m->head));
		if (m->name)
			n += chain_write(&c->chain, n, m->name, strlen(m->name));
		queue_push(q, &c->chain, (uint32_t)n);
	}
	if (got < 0)
		vdev_broken(&c->dev);
	c->n_pending -= sent;
	memmove(c->pending, c->pending + sent, c->n_pending * sizeof(*c->pending));
}

static void say(struct console *c, uint32_t port, uint16_t event, uint16_t value, const char *name)
{
	if (c->n_pending < CONSOLE_PENDING) /* a driver that floods us misses some */
		c->pending[c->n_pending++] =
			(struct console_message){ { .id = port, .event = event, .value = value },
						  name };
}

static void port_ready(struct console *c, uint32_t port)
{
	if (port == LOG_PORT) {
		say(c, port, VIRTIO_CONSOLE_CONSOLE_PORT, 1, NULL);
		say(c, port, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	} else if (port == CONTROL_PORT) {
		say(c, port, VIRTIO_CONSOLE_PORT_NAME, 1, "hull.control");
		say(c, port, VIRTIO_CONSOLE_PORT_OPEN, c->control.fd >= 0, NULL);
	}
}

static void hear(struct console *c, const struct virtio_console_control *m)
{
	switch (m->event) {
	case VIRTIO_CONSOLE_DEVICE_READY:
		for (uint32_t i = 0; m->value == 1 && i < CONSOLE_PORTS; i++)
			say(c, i, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
		break;
	case VIRTIO_CONSOLE_PORT_READY:
		if (m->value == 1)
			port_ready(c, m->id);
		break;
	case VIRTIO_CONSOLE_PORT_OPEN:
		if (m->id == CONTROL_PORT)
			c->opened = m->value;
		break;
	}
}

static int control_requests(struct console *c)
{
	struct queue *q = &c->dev.queues[CONTROL_TX];
	int got;

	do {
		while ((got = queue_pop(q, c->dev.mem, &c->chain)) > 0) {
			struct virtio_console_control m;

			if (chain_read(&c->chain, 0, &m, sizeof(m)) == sizeof(m))
				hear(c, &m);
			queue_push(q, &c->chain, 0);
		}
	} while (got == 0 && queue_rearm(q));
	return got;
}

/* ---- port 0 ---- */

/* What the reader does not take at once is lost: a guest must not be able to stop us. */
static void write_log(struct console *c)
{
	struct pollfd p = { .fd = c->log, .events = POLLOUT };
	int n = chain_slice_out(&c->chain, 0, LOG_WRITE_MAX, c->iov);

	if (c->log < 0 || poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
		return;
	if (writev(c->log, c->iov, n) < 0 && errno != EAGAIN && errno != EINTR)
		c->log = -1;
}

static int log_requests(struct console *c)
{
	struct queue *q = &c->dev.queues[LOG_TX];
	int got;

	do {
		while ((got = queue_pop(q, c->dev.mem, &c->chain)) > 0) {
			write_log(c);
			queue_push(q, &c->chain, 0);
		}
	} while (got == 0 && queue_rearm(q));
	return got;
}

/* ---- port 1 ---- */

static void control_gone(struct console *c)
{
	loop_remove(c->loop, &c->control);
	c->control.fd = -1;
	say(c, CONTROL_PORT, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
}

/* Hands as much of the guest's request to the socket as it takes; true when it took all. */
static bool send_out(struct console *c)
{
	while (c->out_done < c->out.out_len && c->control.fd >= 0) {
		struct msghdr m = { .msg_iov = c->iov };
		ssize_t n;

		m.msg_iovlen = (size_t)chain_slice_out(&c->out, c->out_done,
						       c->out.out_len - c->out_done, c->iov);
		n = sendmsg(c->control.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0)
			control_gone(c);
		else
			c->out_done += (size_t)n;
	}
	return true;
}

static int port_out(struct console *c)
{
	struct queue *q = &c->dev.queues[PORT_TX];
	int got = 1;

	for (;;) {
		if (!c->out_busy) {
			got = queue_pop(q, c->dev.mem, &c->out);
			if (got == 0 && queue_rearm(q))
				continue;
			if (got <= 0)
				return got;
			c->out_busy = true;
			c->out_done = 0;
		}
		if (!send_out(c))
			return 0;
		c->out_busy = false;
		queue_push(q, &c->out, 0);
	}
}

/* One request's worth of what the socket has; 1 when there may be more. */
static int receive(struct console *c)
{
	struct queue *q = &c->dev.queues[PORT_RX];
	struct msghdr m = { .msg_iov = c->iov };
	char peek;
	ssize_t n = recv(c->control.fd, &peek, 1, MSG_DONTWAIT | MSG_PEEK);
	int got;

	if (n < 0)
		return 0;
	if (n == 0) {
		control_gone(c);
		return 0;
	}
	got = queue_pop(q, c->dev.mem, &c->chain);
	if (got <= 0)
		return got;
	m.msg_iovlen = (size_t)chain_slice_in(&c->chain, 0, c->chain.in_len, c->iov);
	n = c->chain.in_len ? recvmsg(c->control.fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) : 0;
	queue_push(q, &c->chain, n > 0 ? (uint32_t)n : 0);
	return 1;
}

static int port_in(struct console *c)
{
	int got = 1;

	while (got > 0 && c->opened && c->control.fd >= 0)
		got = receive(c);
	return got;
}

/* Waits for the socket only where something can be done with what it has. */
static void wait_for_socket(struct console *c)
{
	uint32_t events = 0;

	if (c->control.fd < 0)
		return;
	if (c->opened && queue_rearm(&c->dev.queues[PORT_RX]))
		events |= EPOLLIN;
	if (c->out_busy)
		events |= EPOLLOUT;
	loop_change(c->loop, &c->control, events);
}

static void work(struct console *c)
{
	if (control_requests(c) < 0 || log_requests(c) < 0 || port_out(c) < 0 || port_in(c) < 0)
		vdev_broken(&c->dev);
	flush_messages(c);
	wait_for_socket(c);
}

static void kick(struct vdev *d)
{
	work(console_of(d));
}

static void control_ready(struct source *s, uint32_t events)
{
	struct console *c = (struct console *)((char *)s - offsetof(struct console, control));

	pthread_mutex_lock(&c->dev.lock);
	work(c);
	/* Hung up, and nothing left that a read would tell. */
	if ((events & (EPOLLHUP | EPOLLERR)) && c->control.fd >= 0 && !(events & EPOLLIN))
		control_gone(c);
	vdev_flush(&c->dev);
	pthread_mutex_unlock(&c->dev.lock);
}

static void reset(struct vdev *d)
{
	struct console *c = console_of(d);

	c->n_pending = 0;
	c->opened = c->out_busy = false;
}

bool console_is_quiet(struct console *c)
{
	bool quiet;

	pthread_mutex_lock(&c->dev.lock);
	quiet = c->opened && !c->out_busy && !c->n_pending;
	pthread_mutex_unlock(&c->dev.lock);
	return quiet;
}

static const struct vdev_ops ops = {
	.name = "console",
	.id = VIRTIO_ID_CONSOLE,
	.features = 1ULL << VIRTIO_CONSOLE_F_MULTIPORT,
	.queue_max = { 64, 64, 16, 16, 64, 64 },
	.kick = kick,
	.reset = reset,
};

int console_init(struct console *c, const struct memory *mem, struct loop *loop, int log,
		 int control, struct lc_error *e)
{
	c->loop = loop;
	c->log = log;
	c->config.max_nr_ports = CONSOLE_PORTS;
	c->control = (struct source){ .fd = control, .ready = control_ready };
	if (vdev_init(&c->dev, &ops, mem, &c->config, sizeof(c->config), e) < 0)
		return -1;
	return control < 0 ? 0 : loop_add(loop, &c->control, 0, e);
}
