/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of hull-vmm: --name=value, from one table. */
#include "base/sha256.h"
#include "base/str.h"
#include "relay.h"
#include "vmm.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

struct option {
	const char *name;
	int (*set)(struct vmm_options *o, const struct option *opt, const char *value,
		   struct lc_error *e);
	size_t offset;
	uint32_t max;
};

/* An open descriptor beyond the standard streams; from here on close-on-exec. */
static int parse_fd(const char *name, const char *value, int *fd, struct lc_error *e)
{
	uint32_t n;

	if (!str_u32(value, &n) || n < 3 || n > 1 << 20)
		return lc_err(e, LC_EUSAGE, "--%s: expected a descriptor, found '%s'", name, value);
	if (fcntl((int)n, F_SETFD, FD_CLOEXEC) < 0)
		return lc_err_errno(e, "--%s=%u", name, n);
	*fd = (int)n;
	return 0;
}

static int set_fd(struct vmm_options *o, const struct option *opt, const char *value,
		  struct lc_error *e)
{
	return parse_fd(opt->name, value, (int *)((char *)o + opt->offset), e);
}

static int set_number(struct vmm_options *o, const struct option *opt, const char *value,
		      struct lc_error *e)
{
	uint32_t *n = (uint32_t *)((char *)o + opt->offset);

	if (!str_u32(value, n) || !*n || *n > opt->max)
		return lc_err(e, LC_EUSAGE, "--%s: expected a number from 1 to %u, found '%s'",
			      opt->name, opt->max, value);
	return 0;
}

static int set_text(struct vmm_options *o, const struct option *opt, const char *value,
		    struct lc_error *e)
{
	(void)e;
	*(const char **)((char *)o + opt->offset) = value;
	return 0;
}

static int set_flag(struct vmm_options *o, const struct option *opt, const char *value,
		    struct lc_error *e)
{
	if (value)
		return lc_err(e, LC_EUSAGE, "--%s takes no value", opt->name);
	*(bool *)((char *)o + opt->offset) = true;
	return 0;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

static bool parse_mac(const char *s, uint8_t mac[6])
{
	for (int i = 0; i < 6; i++, s += 3) {
		int high = hex_digit(s[0]), low = high < 0 ? -1 : hex_digit(s[1]);

		if (low < 0 || s[2] != (i < 5 ? ':' : 0))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* FD: it will be an interface; FD,mac=xx:xx:xx:xx:xx:xx: it is one. */
static int set_net(struct vmm_options *o, const struct option *opt, const char *value,
		   struct lc_error *e)
{
	char fd[16] = "";
	struct vmm_net *net = &o->nets[o->n_nets];
	const char *rest = strchr(value, ',');
	size_t len = rest ? (size_t)(rest - value) : strlen(value);

	if (o->n_nets == VMM_NETS_MAX)
		return lc_err(e, LC_EUSAGE, "more than %d network interfaces", VMM_NETS_MAX);
	net->is_there = rest != NULL;
	if (len >= sizeof(fd) ||
	    (rest && (!str_starts(rest, ",mac=") || !parse_mac(rest + 5, net->mac))))
		return lc_err(e, LC_EUSAGE, "--%s: expected FD or FD,mac=ADDRESS, found '%s'",
			      opt->name, value);
	memcpy(fd, value, len);
	if (parse_fd(opt->name, fd, &net->fd, e) < 0)
		return -1;
	o->n_nets++;
	return 0;
}

static int set_disk(struct vmm_options *o, const struct option *opt, const char *value,
		    struct lc_error *e)
{
	if (o->n_disks == VMM_DISKS_MAX)
		return lc_err(e, LC_EUSAGE, "more than %d disks", VMM_DISKS_MAX);
	return parse_fd(opt->name, value, &o->disks[o->n_disks++], e);
}

#define FD(option, member) \
	{ \
		option, set_fd, offsetof(struct vmm_options, member), 0 \
	}

static const struct option options[] = {
	FD("kvm-fd", kvm),
	FD("kernel-fd", kernel),
	FD("initrd-fd", initrd),
	FD("broker-fd", broker),
	FD("console-fd", console),
	FD("port-fd", port),
	FD("memory-fd", template_memory),
	FD("state-fd", template_state),
	FD("save-memory-fd", save_memory),
	FD("save-state-fd", save_state),
	FD("fd", fd),
	{ "key", set_text, offsetof(struct vmm_options, key), 0 },
	{ "facts", set_text, offsetof(struct vmm_options, facts), 0 },
	{ "append", set_text, offsetof(struct vmm_options, append), 0 },
	{ "memory", set_number, offsetof(struct vmm_options, memory), 1 << 20 },
	{ "cpus", set_number, offsetof(struct vmm_options, cpus), 64 },
	{ "net-fd", set_net, 0, 0 },
	{ "blk-fd", set_disk, 0, 0 },
	{ "debug", set_flag, offsetof(struct vmm_options, debug), 0 },
	{ "broker", set_flag, offsetof(struct vmm_options, is_broker), 0 },
	{ "network", set_flag, offsetof(struct vmm_options, is_network), 0 },
};

static int relays_option(struct vmm_options *o, const char *arg, const char *value, struct relay *r,
			 struct lc_error *e)
{
	char name[32];
	size_t len = value ? (size_t)(value - arg) : strlen(arg);
	int taken = 0;

	if (r && str_starts(arg, "--") && len - 2 < sizeof(name)) {
		memcpy(name, arg + 2, len - 2);
		name[len - 2] = 0;
		taken = relay_option(r, name, value ? value + 1 : NULL, e);
	}
	if (taken > 0)
		o->with_relay = true;
	return taken ? taken : lc_err(e, LC_EUSAGE, "unknown option %s", arg);
}

static int parse_one(struct vmm_options *o, const char *arg, struct relay *r, struct lc_error *e)
{
	const char *value = strchr(arg, '=');
	size_t len = value ? (size_t)(value - arg) : strlen(arg);

	for (size_t i = 0; i < ARRAY_SIZE(options) && len > 2 && str_starts(arg, "--"); i++) {
		const struct option *opt = &options[i];

		if (strlen(opt->name) != len - 2 || strncmp(opt->name, arg + 2, len - 2) != 0)
			continue;
		if (!value && opt->set != set_flag)
			return lc_err(e, LC_EUSAGE, "--%s needs a value", opt->name);
		return opt->set(o, opt, value ? value + 1 : NULL, e);
	}
	return relays_option(o, arg, value, r, e);
}

static int check(const struct vmm_options *o, struct lc_error *e)
{
	if (o->is_broker || o->is_network)
		return o->fd < 0 ? lc_err(e, LC_EUSAGE, "--broker and --network need --fd") : 0;
	if (o->kvm < 0)
		return lc_err(e, LC_EUSAGE, "--kvm-fd is missing");
	if (o->n_disks)
		return lc_err(e, LC_EUSAGE, "this monitor has no disks");
	if ((o->template_memory < 0) != (o->template_state < 0))
		return lc_err(e, LC_EUSAGE, "--memory-fd and --state-fd belong together");
	if ((o->save_memory < 0) != (o->save_state < 0))
		return lc_err(e, LC_EUSAGE, "--save-memory-fd and --save-state-fd belong together");
	if (o->template_memory >= 0 && o->save_memory >= 0)
		return lc_err(e, LC_EUSAGE, "what is restored is not saved");
	if ((o->template_memory >= 0 || o->save_memory >= 0) && strlen(o->key) != 2 * SHA256_SIZE)
		return lc_err(e, LC_EUSAGE, "a template needs --key, %d digits", 2 * SHA256_SIZE);
	if (o->save_memory >= 0 && !*o->facts)
		return lc_err(e, LC_EUSAGE, "--save-state-fd needs --facts");
	if (o->template_memory < 0 && o->kernel < 0)
		return lc_err(e, LC_EUSAGE, "--kernel-fd is missing");
	return 0;
}

int vmm_parse(int argc, char **argv, struct vmm_options *o, struct relay *r, struct lc_error *e)
{
	*o = (struct vmm_options){
		.kvm = -1,
		.kernel = -1,
		.initrd = -1,
		.broker = -1,
		.console = -1,
		.port = -1,
		.template_memory = -1,
		.template_state = -1,
		.save_memory = -1,
		.save_state = -1,
		.fd = -1,
		.memory = 256,
		.cpus = 1,
		.append = "",
		.key = "",
		.facts = "",
	};
	for (int i = 1; i < argc; i++)
		if (parse_one(o, argv[i], r, e) < 0)
			return -1;
	return check(o, e);
}
