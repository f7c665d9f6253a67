/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull-vmm: the monitor of one virtual machine. */
#include "base/own.h"
#include "sys/confine.h"
#include "control.h"
#include "machine.h"
#include "network.h"
#include "relay.h"
#include "state.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static struct machine machine;

/* The relay, as a source of the loop. */
struct hub {
	struct source source;
	struct relay *relay;
	struct lc_error error;
};

static struct hub hub;

/* Why the machine is no more: 0 when the guest reset or switched itself off. */
static int outcome(const struct machine *m, struct lc_error *e)
{
	switch (m->end) {
	case MACHINE_FAILED:
		return lc_err(e, LC_ESYSTEM, "the virtual machine cannot go on (KVM reason %u)",
			      m->end_reason);
	default:
		return 0;
	}
}

/* Once the machine is made nothing can make another, or read its kernel again. */
static void close_boot(struct vmm_options *o)
{
	fd_release(&o->kvm);
	fd_release(&o->kernel);
	fd_release(&o->initrd);
	fd_release(&o->template_memory);
	fd_release(&o->template_state);
	machine.kvm.dev = -1;
}

/* What cannot be restored boots, if it can: the machine is the same, only later. */
static int find_template(struct vmm_options *o, struct arena *a, struct snapshot *s,
			 struct lc_error *e)
{
	struct lc_error why = { 0 };

	if (o->template_state < 0)
		return 0;
	if (state_open(&machine, o, a, s, &why) == 0)
		return 1;
	lc_err_in(&why, "template");
	if (o->kernel < 0) {
		*e = why;
		return -1;
	}
	relay_warn(hub.relay, why.msg);
	o->template_state = o->template_memory = -1;
	return 0;
}

/* The machine is ready to run. */
static int boot(struct vmm_options *o, struct lc_error *e)
{
	auto_arena a = { 0 };
	struct snapshot s;
	int found = find_template(o, &a, &s, e);

	if (found < 0 || machine_init(&machine, o, found ? &s : NULL, e) < 0)
		return -1;
	if (found && state_restore(&machine, &s, e) < 0)
		return lc_err_in(e, "template");
	if (found)
		relay_restored(hub.relay);
	else if (machine_boot(&machine, o, e) < 0)
		return -1;
	if (machine.saves && state_prepare(&machine, e) < 0)
		return -1;
	close_boot(o);
	return 0;
}

static int run(struct vmm_options *o, struct lc_error *e)
{
	if (boot(o, e) < 0 || machine_run(&machine, e) < 0)
		return -1;
	return outcome(&machine, e);
}

static void hub_ready(struct source *s, uint32_t events)
{
	(void)s;
	(void)events;
	if (relay_step(hub.relay, &hub.error) <= 0)
		machine.loop.stop = true;
}

static void set_paused(void *ctx, bool stop)
{
	struct machine *m = ctx;

	if (stop)
		machine_pause(m);
	else
		machine_resume(m);
}

static int appear(void *ctx, unsigned link, const uint8_t mac[6], struct lc_error *e)
{
	return machine_net(ctx, link, mac, e);
}

/* With the relay the process is the container's: it ends as the container did. */
static int run_container(struct vmm_options *o, struct lc_error *e)
{
	int pair[2], result;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return lc_err_errno(e, "socketpair");
	o->port = pair[0];
	relay_on_pause(hub.relay, set_paused, &machine);
	relay_on_network(hub.relay, appear, &machine);
	if (relay_begin(hub.relay, pair[1], e) < 0 || boot(o, e) < 0)
		return -1;
	hub.source = (struct source){ .fd = relay_fd(hub.relay), .ready = hub_ready };
	if (loop_add(&machine.loop, &hub.source, EPOLLIN, e) < 0 || machine_run(&machine, e) < 0)
		return -1;
	if (machine.end == MACHINE_RUNS) /* the relay had enough */
		return 0;
	result = outcome(&machine, e);
	/* What the guest sent before it stopped is still read, and then the end of file. */
	close(pair[0]);
	while (result == 0 && relay_step(hub.relay, e) > 0)
		;
	return result;
}

/* ---- a template is made ---- */

/* The guest has some more time after the agent's first word: what the kernel does late in its boot
 * is done once for all machines then. */
enum { SETTLE_MS = 300 };

static struct {
	struct source port, timer;
	struct control_in in;
	bool ready;
} maker;

static void hear_agent(struct source *s, uint32_t events)
{
	struct itimerspec later = { .it_value.tv_nsec = SETTLE_MS * 1000000L };
	struct lc_error e = { 0 };
	struct control_frame f;
	int n = control_read(&maker.in, s->fd, &e);

	(void)events;
	if (n > 0) {
		n = control_next(&maker.in, CONTROL_GUEST, &f, &e);
		if (n == 0) /* the rest of it is to come */
			return;
	}
	if (n <= 0 || maker.ready || f.head.what != CONTROL_HELLO ||
	    f.head.value != CONTROL_VERSION) {
		maker.ready = false;
		machine.loop.stop = true;
		return;
	}
	maker.ready = true;
	timerfd_settime(maker.timer.fd, 0, &later, NULL);
}

static void is_time(struct source *s, uint32_t events)
{
	(void)s;
	(void)events;
	machine.loop.stop = true;
}

static int watch_agent(int port, struct lc_error *e)
{
	maker.port = (struct source){ .fd = port, .ready = hear_agent };
	maker.timer = (struct source){ .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
				       .ready = is_time };
	if (maker.timer.fd < 0)
		return lc_err_errno(e, "timerfd_create");
	if (loop_add(&machine.loop, &maker.timer, EPOLLIN, e) < 0)
		return -1;
	return loop_add(&machine.loop, &maker.port, EPOLLIN, e);
}

static int make_template(struct vmm_options *o, struct lc_error *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return lc_err_errno(e, "socketpair");
	o->port = pair[0];
	if (boot(o, e) < 0 || watch_agent(pair[1], e) < 0 || machine_run(&machine, e) < 0 ||
	    outcome(&machine, e) < 0)
		return -1;
	if (!maker.ready)
		return lc_err(e, LC_ESYSTEM, "the guest has no agent of hull's");
	return state_save(&machine, o, e);
}

static int serve_files(int sock, struct lc_error *e)
{
	if (broker_main(sock, e) == 0)
		return 0;
	dprintf(2, "hull-vmm: broker: %s\n", e->msg);
	return 1;
}

static int serve_network(const struct vmm_options *o, struct lc_error *e)
{
	int taps[VMM_NETS_MAX];

	for (unsigned i = 0; i < o->n_nets; i++)
		taps[i] = o->nets[i].fd;
	if (network_main(o->fd, taps, o->n_nets, e) == 0)
		return 0;
	dprintf(2, "hull-vmm: network: %s\n", e->msg);
	return 1;
}

int main(int argc, char **argv)
{
	struct vmm_options o;
	struct lc_error e = { 0 };
	int result;

	hub.relay = relay_new();
	result = vmm_parse(argc, argv, &o, hub.relay, &e);
	if (result == 0 && o.is_broker)
		return serve_files(o.fd, &e);
	if (result == 0 && o.is_network)
		return serve_network(&o, &e);
	if (result == 0)
		result = confine_process(0, &e);
	if (result == 0 && o.with_relay) {
		if (run_container(&o, &e) < 0)
			relay_fail(hub.relay, &e);
		relay_end(hub.relay);
	}
	if (result == 0)
		result = o.save_state >= 0 ? make_template(&o, &e) : run(&o, &e);
	if (result < 0) {
		dprintf(2, "hull-vmm: %s\n", e.msg);
		return e.code == LC_EUSAGE ? 2 : 1;
	}
	return 0;
}
