/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's network as the host's side says it is: a device that has appeared is given to its
 * driver, one that shall go is taken from it, and what is new since the last time is made.
 */
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "guest/agent.h"
#include "microvm/netstate.h"
#include "sys/netlink.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* The monitor's slots as ACPI counts them; the first four are other devices'. */
#define DEVICE	"LNRO0005:%02x"
#define DEVICES "/sys/bus/platform/devices/"
#define DRIVER	"/sys/bus/platform/drivers/virtio-mmio/"
enum { FIRST_SLOT = 4 };

static struct {
	struct net_map map;
	struct net_state made, coming;
} network;

static int tell_driver(const char *file, unsigned link, struct lc_error *e)
{
	auto_fd fd = openat(AT_FDCWD, file, O_WRONLY | O_CLOEXEC);
	char name[32];
	int len = snprintf(name, sizeof(name), DEVICE, link + FIRST_SLOT);

	if (fd < 0 || write(fd, name, (size_t)len) != len)
		return lc_err_errno(e, "network device %u: write %s to %s", link, name, file);
	return 0;
}

/* The first entry of @path whose name begins with @prefix; in the arena, NULL: there is none. */
static char *entry(struct arena *a, const char *path, const char *prefix)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	char *found = NULL;

	while (dir && !found && (d = readdir(dir)))
		if (d->d_name[0] != '.' && str_starts(d->d_name, prefix))
			found = arena_printf(a, "%s/%s", path, d->d_name);
	if (dir)
		closedir(dir);
	return found;
}

/* The kernel's number of the interface that the device's driver has made. */
static int find_interface(unsigned link, int *index, struct lc_error *e)
{
	auto_arena a = { 0 };
	char *device = arena_printf(&a, DEVICES DEVICE, link + FIRST_SLOT);
	char *virtio = entry(&a, device, "virtio"), *interface = NULL, *text;
	uint32_t number;
	size_t len;

	if (virtio)
		interface = entry(&a, arena_printf(&a, "%s/net", virtio), "");
	if (!interface)
		return lc_err(e, LC_EUNSUPPORTED,
			      "network device %u: the guest's kernel has no driver for it "
			      "(virtio_net)",
			      link);
	if (file_read_at(AT_FDCWD, arena_printf(&a, "%s/ifindex", interface), &a, 64, &text, &len,
			 e) < 0)
		return -1;
	text[strcspn(text, "\n")] = 0;
	if (!str_u32(text, &number) || number > INT32_MAX)
		return lc_err(e, LC_ESYSTEM, "network device %u: no interface", link);
	*index = (int)number;
	return 0;
}

static int change_devices(struct lc_error *e)
{
	for (unsigned link = 0; link < NET_LINKS; link++) {
		bool wanted = net_link(&network.coming, link), there = network.map.index[link];

		if (wanted == there)
			continue;
		if (tell_driver(wanted ? DRIVER "bind" : DRIVER "unbind", link, e) < 0)
			return -1;
		network.map.index[link] = 0;
		if (wanted && find_interface(link, &network.map.index[link], e) < 0)
			return -1;
	}
	return 0;
}

static int change(struct lc_error *e)
{
	auto_fd sock = nl_open(0, e);

	if (sock < 0 || change_devices(e) < 0)
		return -1;
	return net_apply(sock, &network.map, &network.made, &network.coming, e);
}

int network_part(struct agent *a, const struct control_frame *f, struct lc_error *e)
{
	int r;

	if (f->head.session || !a->first) /* a test's network is the host's */
		return 0;
	if (f->head.len)
		return net_feed(&network.coming, f->data, f->head.len, e);
	r = change(e);
	network.made = network.coming;
	if (r < 0)
		network.made.n = 0; /* who knows how far it came: all of it the next time */
	network.coming.n = 0;
	return r < 0 ? lc_err_in(e, "network") : 0;
}
