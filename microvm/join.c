/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An interface and the tap that it is joined with: what comes in at one goes out at the other.
 *
 * By BPF programs at tcx (since Linux 6.6), which go with the process that holds them, or by
 * filters of tc: what the interface had of those stays, ours come first.  No bridge: that would
 * have an address and ports, which the other side can see.
 */
#include "base/own.h"
#include "microvm/network.h"
#include "sys/netlink.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/tc_act/tc_mirred.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { TCX_INGRESS = 46 }; /* BPF_TCX_INGRESS, for headers before Linux 6.6 */

/* virtio 1.2, 5.1.6: the header of virtio 1 is always of 12 bytes, a tap's is 10 unless told. */
enum { VNET_HEADER = 12, NO_OFFLOADS = 0 };

/* Of our filters, so that they can be found again. */
enum { PRIORITY = 1, HANDLE = 1 };

/* ---- the tap ---- */

static int make_tap(int sock, struct join *j, struct lc_error *e)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int header = VNET_HEADER;

	memcpy(r.ifr_name, TAP_PREFIX "%d", sizeof(TAP_PREFIX "%d"));
	if (ioctl(j->tap, TUNSETIFF, &r) < 0)
		return lc_err_errno(e, "make a tap in the container's network");
	/* The second one matters: by default a tap hands on packets whose checksums are to be made.
	 */
	if (ioctl(j->tap, TUNSETVNETHDRSZ, &header) < 0 ||
	    ioctl(j->tap, TUNSETOFFLOAD, NO_OFFLOADS) < 0)
		return lc_err_errno(e, "set up a tap");
	if (ioctl(sock, SIOCGIFINDEX, &r) < 0)
		return lc_err_errno(e, "find tap %.15s", r.ifr_name);
	j->index = r.ifr_ifindex;
	return 0;
}

/* Up, and without an address of its own: the namespace's stack has nothing to say on it. */
static int set_tap(int sock, struct join *j, uint32_t mtu, struct lc_error *e)
{
	static const uint8_t none = IN6_ADDR_GEN_MODE_NONE;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
				  .ifi_index = j->index,
				  .ifi_flags = IFF_UP,
				  .ifi_change = IFF_UP };
	struct nl_request r;
	size_t spec, inet6;

	if (j->mtu == mtu)
		return 0;
	nl_begin(&r, RTM_NEWLINK, 0, &info, sizeof(info));
	nl_add_u32(&r, IFLA_MTU, mtu);
	spec = nl_nest(&r, IFLA_AF_SPEC);
	inet6 = nl_nest(&r, AF_INET6);
	nl_add(&r, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof(none));
	nl_close(&r, inet6);
	nl_close(&r, spec);
	if (nl_do(sock, &r) == 0) {
		j->mtu = mtu;
		return 0;
	}
	/* A kernel without IPv6 knows no such thing, and needs none. */
	nl_begin(&r, RTM_NEWLINK, 0, &info, sizeof(info));
	nl_add_u32(&r, IFLA_MTU, mtu);
	if (nl_do(sock, &r) < 0)
		return lc_err_errno(e, "bring up a tap of MTU %u", mtu);
	j->mtu = mtu;
	return 0;
}

/* ---- redirects by BPF ---- */

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* return bpf_redirect(@to, 0); a descriptor, or -1 with errno. */
static int load_program(int to)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = to },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SCHED_CLS,
				.insns = (uintptr_t)code,
				.insn_cnt = ARRAY_SIZE(code),
				.license = (uintptr_t) "" };

	return bpf(BPF_PROG_LOAD, &attr);
}

static int redirect_by_tcx(int from, int to)
{
	auto_fd program = load_program(to);
	union bpf_attr attr = { .link_create = { .prog_fd = (uint32_t)program,
						 .target_fd = (uint32_t)from, /* its number */
						 .attach_type = TCX_INGRESS } };

	return program < 0 ? -1 : bpf(BPF_LINK_CREATE, &attr);
}

/* ---- redirects by filters ---- */

static void begin_filter(struct nl_request *r, int type, int flags, int index)
{
	struct tcmsg info = { .tcm_family = AF_UNSPEC,
			      .tcm_ifindex = index,
			      .tcm_handle = HANDLE,
			      .tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
			      .tcm_info = TC_H_MAKE(PRIORITY << 16, htons(ETH_P_ALL)) };

	nl_begin(r, type, flags, &info, sizeof(info));
	nl_add(r, TCA_KIND, "matchall", sizeof("matchall"));
}

static void add_mirred(struct nl_request *r, int to)
{
	struct tc_mirred mirred = { .action = TC_ACT_STOLEN,
				    .eaction = TCA_EGRESS_REDIR,
				    .ifindex = (uint32_t)to };
	size_t options, actions, first, parameters;

	options = nl_nest(r, TCA_OPTIONS);
	actions = nl_nest(r, TCA_MATCHALL_ACT);
	first = nl_nest(r, 1);
	nl_add(r, TCA_ACT_KIND, "mirred", sizeof("mirred"));
	parameters = nl_nest(r, TCA_ACT_OPTIONS);
	nl_add(r, TCA_MIRRED_PARMS, &mirred, sizeof(mirred));
	nl_close(r, parameters);
	nl_close(r, first);
	nl_close(r, actions);
	nl_close(r, options);
}

static int redirect_by_filter(int sock, int from, int to)
{
	struct tcmsg info = { .tcm_family = AF_UNSPEC,
			      .tcm_ifindex = from,
			      .tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
			      .tcm_parent = TC_H_CLSACT };
	struct nl_request r;

	nl_begin(&r, RTM_NEWQDISC, NLM_F_CREATE, &info, sizeof(info));
	nl_add(&r, TCA_KIND, "clsact", sizeof("clsact"));
	if (nl_do(sock, &r) < 0 && errno != EEXIST)
		return -1;
	/* One of a machine before us, in a namespace that outlived it, leads nowhere. */
	begin_filter(&r, RTM_DELTFILTER, 0, from);
	nl_do(sock, &r);
	begin_filter(&r, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, from);
	add_mirred(&r, to);
	return nl_do(sock, &r);
}

/* ---- both ---- */

static int redirect(int sock, int from, int to, int *link, struct lc_error *e)
{
	fd_release(link);
	*link = redirect_by_tcx(from, to);
	if (*link >= 0 || redirect_by_filter(sock, from, to) == 0)
		return 0;
	return lc_err_errno(e, "redirect packets (Linux 6.6, or its modules cls_matchall and "
			       "act_mirred)");
}

int join_make(int sock, struct join *j, int other, uint32_t mtu, struct lc_error *e)
{
	if (!j->index && make_tap(sock, j, e) < 0)
		return -1;
	if (set_tap(sock, j, mtu, e) < 0)
		return -1;
	if (j->other == other)
		return 0;
	j->other = 0;
	if (redirect(sock, j->index, other, &j->links[0], e) < 0 ||
	    redirect(sock, other, j->index, &j->links[1], e) < 0)
		return -1;
	j->other = other;
	return 0;
}

void join_end(struct join *j)
{
	fd_release(&j->links[0]);
	fd_release(&j->links[1]);
	j->other = 0;
}
