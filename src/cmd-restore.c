/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull restore: make a container from what checkpoint has written. */
#include "cli.h"
#include <string.h>

struct restore_args {
	const char *bundle, *config, *console_socket, *pid_file, *image_path, *work_path,
		*manage_cgroups, *network_lock, *empty_ns, *lsm_profile, *lsm_mount_context;
	bool detach, keep, no_pivot, tcp_established, tcp_close, ext_unix_sk, shell_job, file_locks,
		lazy_pages, auto_dedup;
};

static const struct option_def restore_options[] = {
	OPT_STRING(struct restore_args, bundle, "bundle", 'b', "DIR",
		   "directory of the bundle (default: .)"),
	OPT_STRING(struct restore_args, config, "config", 'f', "FILE",
		   "read this instead of the bundle's config.json"),
	OPT_FLAG(struct restore_args, detach, "detach", 'd', "return when the program runs"),
	OPT_FLAG(struct restore_args, keep, "keep", 0, "keep the stopped container until `delete`"),
	OPT_STRING(struct restore_args, console_socket, "console-socket", 0, "SOCKET",
		   "unix socket that is sent the terminal's master"),
	OPT_STRING(struct restore_args, pid_file, "pid-file", 0, "FILE",
		   "write the first process' pid there"),
	OPT_STRING(struct restore_args, image_path, "image-path", 0, "DIR",
		   "where the images are (default: ./checkpoint)"),
	OPT_STRING(struct restore_args, work_path, "work-path", 0, "DIR",
		   "where criu writes its log (default: the image path)"),
	OPT_FLAG(struct restore_args, tcp_established, "tcp-established", 0,
		 "established TCP connections too"),
	OPT_FLAG(struct restore_args, tcp_close, "tcp-close", 0,
		 "TCP connections that were established come back closed"),
	OPT_FLAG(struct restore_args, ext_unix_sk, "ext-unix-sk", 0,
		 "unix sockets to the outside too"),
	OPT_FLAG(struct restore_args, shell_job, "shell-job", 0,
		 "processes of a terminal of the host's too"),
	OPT_FLAG(struct restore_args, file_locks, "file-locks", 0, "file locks too"),
	OPT_FLAG(struct restore_args, lazy_pages, "lazy-pages", 0,
		 "fetch memory when it is used, through `criu lazy-pages` in the work path"),
	OPT_FLAG(struct restore_args, auto_dedup, "auto-dedup", 0,
		 "take out of the images what was restored"),
	OPT_STRING(struct restore_args, manage_cgroups, "manage-cgroups-mode", 0, "MODE",
		   "soft (default), full, strict or ignore"),
	OPT_STRING(struct restore_args, empty_ns, "empty-ns", 0, "NAMESPACE",
		   "network: leave it empty"),
	OPT_STRING(struct restore_args, network_lock, "network-lock", 0, "METHOD",
		   "iptables or nftables"),
	OPT_STRING(struct restore_args, lsm_profile, "lsm-profile", 0, "TYPE:NAME",
		   "apparmor:NAME or selinux:LABEL in place of the one that was"),
	OPT_STRING(struct restore_args, lsm_mount_context, "lsm-mount-context", 0, "CONTEXT",
		   "SELinux context of mounts in place of the one that was"),
	OPT_FLAG(struct restore_args, no_pivot, "no-pivot", 0,
		 "root file systems on a ramdisk (criu finds its own way)"),
	OPT_IGNORED("no-subreaper"),
	OPT_END,
};

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct restore_args *args = given;
	struct lc_create how = {
		.size = sizeof(how),
		.bundle = args->bundle,
		.config = args->config,
		.console_socket = args->console_socket,
		.pid_file = args->pid_file,
		.no_pivot = args->no_pivot,
		.detach = args->detach,
		.keep = args->keep,
	};
	struct lc_criu criu = {
		.size = sizeof(criu),
		.image_path = args->image_path,
		.work_path = args->work_path,
		.manage_cgroups = args->manage_cgroups,
		.network_lock = args->network_lock,
		.lsm_profile = args->lsm_profile,
		.lsm_mount_context = args->lsm_mount_context,
		.tcp_established = args->tcp_established,
		.tcp_close = args->tcp_close,
		.ext_unix_sk = args->ext_unix_sk,
		.shell_job = args->shell_job,
		.file_locks = args->file_locks,
		.lazy_pages = args->lazy_pages,
		.auto_dedup = args->auto_dedup,
		.empty_network = args->empty_ns != NULL,
	};
	int status = 0;

	if (args->empty_ns && strcmp(args->empty_ns, "network"))
		return lc_err(e, LC_EUSAGE, "--empty-ns: expected network, found \"%s\"",
			      args->empty_ns);
	if (lc_restore(cli->lc, words[0], &how, &criu, &status, e) < 0)
		return -1;
	return status;
}

const struct command cmd_restore = {
	.name = "restore",
	.usage = "[options] ID",
	.summary = "make a container go on from where a checkpoint was taken",
	.about = "   config.json says what surrounds it: root, bind mounts, cgroup, hooks.\n"
		 "   In the foreground the exit status is the program's, as with `run`.\n",
	.options = restore_options,
	.args_size = sizeof(struct restore_args),
	.min_words = 1,
	.max_words = 1,
	.runs_program = true,
	.enters = true,
	.run = run,
};
