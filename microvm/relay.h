/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hub inside the monitor, between the control port and everything outside: the container's
 * standard streams, the `create`, `run` or `start` that waits for it (in init's own words, sync.h),
 * signals that reach the monitor, and clients of the control socket.  It knows descriptors only.
 *
 * The monitor's process stands for the container's: it is what engines wait for and signal, and it
 * ends as the container's process did.
 *
 * What comes from the guest is believed in nothing: lengths, sessions and credits are checked,
 * every buffer is bounded, and a guest that breaks the rules ends with its machine.
 */
#ifndef LC_RELAY_H
#define LC_RELAY_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

struct relay;

/* Option --@name=@value of the monitor that is meant for the relay: 1, 0 when there is none of that
 * name, -1 with @e when the value is wrong. */
int relay_option(struct relay *r, const char *name, const char *value, struct lc_error *e);

/* What stops the machine's processors and lets them go on, when a client asks for it. */
void relay_on_pause(struct relay *r, void (*pause)(void *ctx, bool stop), void *ctx);

/* What makes the machine's network device number @link be there, with this address. */
void relay_on_network(struct relay *r,
		      int (*appear)(void *ctx, unsigned link, const uint8_t mac[6],
				    struct lc_error *e),
		      void *ctx);

/* A warning to whoever waits. */
void relay_warn(struct relay *r, const char *text);

/* The guest was restored from a template: its agent has said its first word long ago, and gets the
 * time and randomness of its own before all else. */
void relay_restored(struct relay *r);

/* For one `exec`, over a connection to the monitor's relay: the plan is @text (owned), @sync is who
 * waits for the program to run (owned), and nobody says start. */
void relay_for_exec(struct relay *r, char *text, size_t len, int sync, bool tty);

/* Before any thread is made: signals are blocked here.  @port: the other end of the control port's
 * socket pair, owned by the relay.  Nothing is read yet: relay_step() does, once whoever calls it
 * has given up what it does not need. */
struct relay *relay_new(void);
int relay_begin(struct relay *r, int port, struct lc_error *e) lc_checked;

/* A descriptor for epoll: readable when there is something to do. */
int relay_fd(const struct relay *r);

/* Does what there is to do: 1, 0 when the container has ended and all it wrote is passed on, -1
 * when the guest broke the rules or is gone (whoever waits is told). */
int relay_step(struct relay *r, struct lc_error *e) lc_checked;

/* Tells whoever waits for the container that the monitor cannot go on. */
void relay_fail(struct relay *r, const struct lc_error *e);

/* Ends the process as the container's ended: its exit code, or its signal. */
noreturn void relay_end(struct relay *r);

#endif
