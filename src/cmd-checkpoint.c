/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull checkpoint: write a running container to disk. */
#include "cli.h"
#include <string.h>

struct checkpoint_args {
	const char *image_path, *work_path, *parent_path, *manage_cgroups, *network_lock,
		*page_server, *empty_ns;
	uint32_t status_fd;
	bool leave_running, pre_dump, tcp_established, tcp_skip_in_flight, link_remap, ext_unix_sk,
		shell_job, file_locks, lazy_pages, auto_dedup;
};

static const struct option_def checkpoint_options[] = {
	OPT_STRING(struct checkpoint_args, image_path, "image-path", 0, "DIR",
		   "where the images go (default: ./checkpoint)"),
	OPT_STRING(struct checkpoint_args, work_path, "work-path", 0, "DIR",
		   "where criu writes its log (default: the image path)"),
	OPT_STRING(struct checkpoint_args, parent_path, "parent-path", 0, "DIR",
		   "an earlier pre-dump, relative to the image path: only what changed is written"),
	OPT_FLAG(struct checkpoint_args, leave_running, "leave-running", 0,
		 "the container goes on afterwards"),
	OPT_FLAG(struct checkpoint_args, pre_dump, "pre-dump", 0,
		 "only memory, and the container goes on"),
	OPT_FLAG(struct checkpoint_args, tcp_established, "tcp-established", 0,
		 "established TCP connections too"),
	OPT_FLAG(struct checkpoint_args, tcp_skip_in_flight, "tcp-skip-in-flight", 0,
		 "leave out TCP connections that are not established yet"),
	OPT_FLAG(struct checkpoint_args, link_remap, "link-remap", 0,
		 "give files that were unlinked while open a name again"),
	OPT_FLAG(struct checkpoint_args, ext_unix_sk, "ext-unix-sk", 0,
		 "unix sockets to the outside too"),
	OPT_FLAG(struct checkpoint_args, shell_job, "shell-job", 0,
		 "processes of a terminal of the host's too"),
	OPT_FLAG(struct checkpoint_args, file_locks, "file-locks", 0, "file locks too"),
	OPT_FLAG(struct checkpoint_args, lazy_pages, "lazy-pages", 0,
		 "serve memory to the restoring side when it asks (with --page-server)"),
	OPT_STRING(struct checkpoint_args, page_server, "page-server", 0, "ADDRESS:PORT",
		   "send memory there; with --lazy-pages: serve it there"),
	OPT_U32(struct checkpoint_args, status_fd, "status-fd", 0, "FD",
		"descriptor that gets a NUL byte when lazy pages can be fetched"),
	OPT_FLAG(struct checkpoint_args, auto_dedup, "auto-dedup", 0,
		 "take out of the parent's images what is written anew"),
	OPT_STRING(struct checkpoint_args, manage_cgroups, "manage-cgroups-mode", 0, "MODE",
		   "soft (default), full, strict or ignore"),
	OPT_STRING(struct checkpoint_args, empty_ns, "empty-ns", 0, "NAMESPACE",
		   "network: leave out what is in it"),
	OPT_STRING(struct checkpoint_args, network_lock, "network-lock", 0, "METHOD",
		   "iptables or nftables"),
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct checkpoint_args *args = given;
	struct lc_criu how = {
		.size = sizeof(how),
		.image_path = args->image_path,
		.work_path = args->work_path,
		.parent_path = args->parent_path,
		.manage_cgroups = args->manage_cgroups,
		.network_lock = args->network_lock,
		.page_server = args->page_server,
		.status_fd = args->status_fd,
		.leave_running = args->leave_running,
		.pre_dump = args->pre_dump,
		.tcp_established = args->tcp_established,
		.tcp_skip_in_flight = args->tcp_skip_in_flight,
		.link_remap = args->link_remap,
		.ext_unix_sk = args->ext_unix_sk,
		.shell_job = args->shell_job,
		.file_locks = args->file_locks,
		.lazy_pages = args->lazy_pages,
		.auto_dedup = args->auto_dedup,
		.empty_network = args->empty_ns != NULL,
	};

	if (args->empty_ns && strcmp(args->empty_ns, "network"))
		return lc_err(e, LC_EUSAGE, "--empty-ns: expected network, found \"%s\"",
			      args->empty_ns);
	return lc_checkpoint(cli->lc, words[0], &how, e);
}

const struct command cmd_checkpoint = {
	.name = "checkpoint",
	.usage = "[options] ID",
	.summary = "write a running container to disk",
	.about = "   criu(8) does the work. Unless --leave-running or --pre-dump is given, the "
		 "container\n"
		 "   is gone afterwards; `restore` makes it anew.\n",
	.options = checkpoint_options,
	.args_size = sizeof(struct checkpoint_args),
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
