/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hull setup: tell an engine about this runtime, by a file of hull's own beside the engine's. */
#include "cli.h"
#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct setup_args {
	const char *etc, *path;
	bool print, remove, make_default;
};

static const struct option_def setup_options[] = {
	OPT_FLAG(struct setup_args, print, "print", 0, "print what would be written, and where"),
	OPT_FLAG(struct setup_args, remove, "remove", 0, "remove what setup has written"),
	OPT_FLAG(struct setup_args, make_default, "default", 0,
		 "make it the engine's default runtime as well"),
	OPT_STRING(struct setup_args, path, "path", 0, "FILE",
		   "the runtime that the engine shall call (default: this program)"),
	OPT_STRING(struct setup_args, etc, "etc", 0, "DIR",
		   "write below this directory in place of /etc"),
	OPT_END,
};

/* What is written: PATH stands for the runtime's path, the line after DEFAULT is there with
 * --default only.  contrib/engines has the same files, for who copies them by hand. */
static const char podman_text[] = "# podman and buildah: `podman --runtime hull run ...`.  The two "
				  "lists repeat what is built\n"
				  "# into podman, since they replace it; podman goes by names.\n"
				  "[engine]\n"
				  "\1runtime = \"hull\"\n"
				  "runtime_supports_json = [\"crun\", \"runc\", \"kata\", "
				  "\"runsc\", \"youki\", \"krun\", \"hull\"]\n"
				  "runtime_supports_nocgroup = [\"crun\", \"krun\", \"hull\"]\n"
				  "\n"
				  "[engine.runtimes]\n"
				  "hull = [\"\2\"]\n";

static const char docker_text[] = "{\n"
				  "\1  \"default-runtime\": \"hull\",\n"
				  "  \"runtimes\": {\n"
				  "    \"hull\": {\n"
				  "      \"path\": \"\2\"\n"
				  "    }\n"
				  "  }\n"
				  "}\n";

static const char containerd_text[] =
	"# containerd (CRI): a RuntimeClass with the handler hull.\n"
	"version = 2\n"
	"\n"
	"\1[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n"
	"\1  default_runtime_name = \"hull\"\n"
	"\1\n"
	"[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.hull]\n"
	"  runtime_type = \"io.containerd.runc.v2\"\n"
	"[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.hull.options]\n"
	"  BinaryName = \"\2\"\n";

static const char containerd_imports_text[] = "version = 2\n"
					      "imports = [\"/etc/containerd/conf.d/*.toml\"]\n";

static const char crio_text[] = "# CRI-O: a RuntimeClass with the handler hull.\n"
				"\1[crio.runtime]\n"
				"\1default_runtime = \"hull\"\n"
				"\1\n"
				"[crio.runtime.runtimes.hull]\n"
				"runtime_path = \"\2\"\n"
				"runtime_type = \"oci\"\n"
				"runtime_root = \"/run/hull\"\n";

static const struct engine_file {
	const char *engine, *name; /* below /etc */
	const char *text; /* \1 begins a line for --default, \2 is the path */
	const char *instead; /* what to do where the file is somebody else's; NULL: an error */
} files[] = {
	{ "podman", "containers/containers.conf.d/50-hull.conf", podman_text, NULL },
	{ "docker", "docker/daemon.json", docker_text, NULL },
	{ "containerd", "containerd/conf.d/hull.toml", containerd_text, NULL },
	{ "containerd", "containerd/config.toml", containerd_imports_text,
	  "see that it has the line: imports = [\"/etc/containerd/conf.d/*.toml\"]" },
	{ "crio", "crio/crio.conf.d/50-hull.conf", crio_text, NULL },
};

static const struct next_step {
	const char *engine, *text;
} next_steps[] = {
	{ "podman", "try: podman --runtime hull run --rm IMAGE true" },
	{ "docker", "restart docker, then: docker run --runtime hull --rm IMAGE true" },
	{ "containerd", "restart containerd, then apply contrib/engines/runtimeclass.yaml" },
	{ "crio", "restart crio, then apply contrib/engines/runtimeclass.yaml" },
};

/* The file's text for @path, on the heap. */
static char *expand(const char *text, const char *path, bool make_default)
{
	size_t size = strlen(text) + strlen(path) * 2 + 1, n = 0;
	char *out = malloc(size);

	if (!out)
		return NULL;
	for (; *text; text++) {
		if (*text == '\1' && !make_default) {
			text += strcspn(text, "\n");
		} else if (*text == '\2') {
			memcpy(out + n, path, strlen(path));
			n += strlen(path);
		} else if (*text != '\1') {
			out[n++] = *text;
		}
	}
	out[n] = 0;
	return out;
}

/* Is @text what setup writes, for whichever path?  Then nobody has changed it since. */
static bool is_made(const char *template, const char *text, bool make_default)
{
	const char *head = strchr(template, '\2');
	auto_free char *empty = expand(template, "", make_default), *whole = NULL;
	auto_free char *path = NULL;
	size_t before = 0;

	if (!empty)
		return false;
	if (!head)
		return !strcmp(empty, text);
	/* As long as the tail allows, the path is what stands between head and tail. */
	before = strlen(empty) - strlen(head + 1);
	if (strlen(text) < strlen(empty) || strncmp(text, empty, before) != 0)
		return false;
	path = strndup(text + before, strlen(text) - strlen(empty));
	if (!path || path[strcspn(path, "\"\n\\")])
		return false;
	whole = expand(template, path, make_default);
	return whole && !strcmp(whole, text);
}

enum { TEXT_MAX = 1 << 20 };

enum whose { NOBODYS, HULLS, OF_ANOTHER };

static int find_owner(const char *path, const struct engine_file *f, enum whose *whose,
		      struct lc_error *e)
{
	auto_arena a = { 0 };
	char *text;
	size_t len;

	*whose = NOBODYS;
	if (file_read_at(AT_FDCWD, path, &a, TEXT_MAX, &text, &len, e) < 0)
		return e->sys_errno == ENOENT ? 0 : -1;
	*whose = strlen(text) == len &&
				 (is_made(f->text, text, false) || is_made(f->text, text, true))
			 ? HULLS
			 : OF_ANOTHER;
	return 0;
}

static int not_ours(const char *path, const struct engine_file *f, struct lc_error *e)
{
	if (f->instead) {
		printf("%s is not hull's and was left as it is; %s\n", path, f->instead);
		return 0;
	}
	return lc_err(e, LC_ESTATE,
		      "%s is not as hull made it and was left as it is: change it by hand "
		      "(`hull setup %s --print` shows what belongs there)",
		      path, f->engine);
}

static int write_file(const char *path, const char *text, struct lc_error *e)
{
	auto_free char *dir = strdup(path);

	if (!dir)
		return lc_err(e, LC_EINTERNAL, "out of memory");
	*strrchr(dir, '/') = 0;
	if (file_mkdirs(dir, 0755, e) < 0 ||
	    file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, e) < 0)
		return -1;
	printf("wrote %s\n", path);
	return 0;
}

static int remove_file(const char *path, enum whose whose, struct lc_error *e)
{
	if (whose == NOBODYS) {
		printf("%s is not there\n", path);
		return 0;
	}
	if (unlinkat(AT_FDCWD, path, 0) < 0)
		return lc_err_errno(e, "remove %s", path);
	printf("removed %s\n", path);
	return 0;
}

static int set_up(const struct setup_args *args, const struct engine_file *f, const char *runtime,
		  struct lc_error *e)
{
	const char *etc = args->etc ? args->etc : "/etc";
	auto_free char *text = expand(f->text, runtime, args->make_default);
	char path[4096];
	enum whose whose;

	if (!text)
		return lc_err(e, LC_EINTERNAL, "out of memory");
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", etc, f->name) >= sizeof(path))
		return lc_err(e, LC_EUSAGE, "setup: --etc: %s", lc_errno_text(ENAMETOOLONG));
	if (args->print) {
		printf("==> %s <==\n%s", path, text);
		return 0;
	}
	if (find_owner(path, f, &whose, e) < 0)
		return -1;
	if (whose == OF_ANOTHER)
		return not_ours(path, f, e);
	return args->remove ? remove_file(path, whose, e) : write_file(path, text, e);
}

/* The path goes into files of several formats: it must need no escapes in any. */
static int choose_runtime(const struct setup_args *args, char *path, size_t size,
			  struct lc_error *e)
{
	ssize_t n;

	if (args->path) {
		snprintf(path, size, "%s", args->path);
	} else {
		n = readlinkat(AT_FDCWD, "/proc/self/exe", path, size - 1);
		if (n < 0)
			return lc_err_errno(e, "readlink /proc/self/exe");
		path[n] = 0;
	}
	if (path[0] != '/')
		return lc_err(e, LC_EUSAGE,
			      "setup: --path: expected an absolute path, found \"%s\"", path);
	if (path[strcspn(path, "\"\\\n")])
		return lc_err(e, LC_EUSAGE, "setup: --path: a path with quotes or backslashes");
	return 0;
}

static int run(struct cli *cli, const void *given, char **words, struct lc_error *e)
{
	const struct setup_args *args = given;
	char runtime[4096];
	bool known = false;

	(void)cli;
	if (args->print && args->remove)
		return lc_err(e, LC_EUSAGE, "setup: --print and --remove exclude each other");
	if (choose_runtime(args, runtime, sizeof(runtime), e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (strcmp(files[i].engine, words[0]) != 0)
			continue;
		known = true;
		if (set_up(args, &files[i], runtime, e) < 0)
			return -1;
	}
	if (!known)
		return lc_err(e, LC_EUSAGE,
			      "setup: expected podman, docker, containerd or crio, found \"%s\"",
			      words[0]);
	for (size_t i = 0; i < ARRAY_SIZE(next_steps); i++)
		if (!strcmp(next_steps[i].engine, words[0]) && !args->print && !args->remove)
			printf("%s\n", next_steps[i].text);
	return 0;
}

const struct command cmd_setup = {
	.name = "setup",
	.usage = "[options] podman|docker|containerd|crio",
	.summary = "make an engine know this runtime",
	.about = "   Writes a file of its own in the engine's configuration, by which the engine "
		 "knows\n   the runtime hull, and says what it wrote. A file that it did not make, "
		 "or "
		 "that\n   was changed since, is never written to nor removed.\n",
	.options = setup_options,
	.args_size = sizeof(struct setup_args),
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
