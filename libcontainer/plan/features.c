/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The OCI features document, from the tables that read the configuration. */
#include "plan/documents.h"
#include "cgroups/cgroup.h"
#include "json/encode.h"
#include "seccomp/seccomp.h"

#include "commit.h"
#include "config.h"

static void add_list(struct json_writer *w, const char *key, const char *const *list)
{
	json_open(w, key, '[');
	for (; *list; list++)
		json_add_string(w, NULL, *list);
	json_close(w, ']');
}

static void add_words(struct json_writer *w, const char *key, const struct word *words)
{
	json_open(w, key, '[');
	for (; words->name; words++)
		json_add_string(w, NULL, words->name);
	json_close(w, ']');
}

static void add_enabled(struct json_writer *w, const char *key, bool enabled)
{
	json_open(w, key, '{');
	json_add_bool(w, "enabled", enabled);
	json_close(w, '}');
}

/* Those of the kernel that runs. */
static void add_capabilities(struct json_writer *w, const struct plan_host *host)
{
	json_open(w, "capabilities", '[');
	for (int cap = 0; cap <= host->cap_last && plan_cap_name(cap); cap++)
		json_add_string(w, NULL, plan_cap_name(cap));
	json_close(w, ']');
}

static void add_namespaces(struct json_writer *w, const struct plan_host *host)
{
	json_open(w, "namespaces", '[');
	for (const struct word *word = ns_type_words; word->name; word++)
		if (word->value != NS_TIME || host->time_ns)
			json_add_string(w, NULL, word->name);
	json_close(w, ']');
}

static void add_cgroup(struct json_writer *w)
{
	bool systemd = cgroup_systemd_is_there();

	json_open(w, "cgroup", '{');
	json_add_bool(w, "v1", false);
	json_add_bool(w, "v2", true);
	json_add_bool(w, "systemd", systemd);
	json_add_bool(w, "systemdUser", systemd);
	json_add_bool(w, "rdma", true);
	json_close(w, '}');
}

static void add_seccomp(struct json_writer *w)
{
	const char *flags[16];
	size_t n = seccomp_supported_flags(flags, ARRAY_SIZE(flags));

	json_open(w, "seccomp", '{');
	json_add_bool(w, "enabled", true);
	add_list(w, "actions", seccomp_actions());
	add_list(w, "operators", seccomp_operators());
	add_list(w, "archs", seccomp_architectures());
	add_list(w, "knownFlags", seccomp_known_flags());
	json_open(w, "supportedFlags", '[');
	for (size_t i = 0; i < n; i++)
		json_add_string(w, NULL, flags[i]);
	json_close(w, ']');
	json_close(w, '}');
}

static void add_linux(struct json_writer *w, const struct plan_host *host)
{
	json_open(w, "linux", '{');
	add_namespaces(w, host);
	add_capabilities(w, host);
	add_cgroup(w);
	add_seccomp(w);
	add_enabled(w, "apparmor", true);
	add_enabled(w, "selinux", true);
	json_open(w, "memoryPolicy", '{');
	add_words(w, "modes", mempolicy_mode_words);
	add_words(w, "flags", mempolicy_flag_words);
	json_close(w, '}');
	json_open(w, "intelRdt", '{');
	json_add_bool(w, "enabled", true);
	json_add_bool(w, "schemata", true);
	json_add_bool(w, "monitoring", true);
	json_close(w, '}');
	json_open(w, "mountExtensions", '{');
	add_enabled(w, "idmap", true);
	json_close(w, '}');
	add_enabled(w, "netDevices", true);
	json_close(w, '}');
}

char *features_text(struct arena *a, const struct plan_host *host, size_t *len)
{
	static const char *const hooks[] = { "prestart",
					     "createRuntime",
					     "createContainer",
					     "startContainer",
					     "poststart",
					     "poststop",
					     NULL };
	/* Those that change what a container may do; a name with a dot at the end is a prefix. */
	static const char *const unsafe[] = { "dev.hull.", "org.criu.config",
					      "org.systemd.property.", "run.oci.", NULL };
	struct json_writer w = { .out = { .arena = a }, .indent = 2 };

	json_open(&w, NULL, '{');
	json_add_string(&w, "ociVersionMin", "1.0.0");
	json_add_string(&w, "ociVersionMax", "1.3.0");
	add_list(&w, "hooks", hooks);
	add_list(&w, "mountOptions", plan_mount_words(a));
	add_linux(&w, host);
	json_open(&w, "annotations", '{');
	json_add_string(&w, "dev.hull.version", PACKAGE_VERSION);
	json_add_string(&w, "dev.hull.commit", HULL_COMMIT);
	json_close(&w, '}');
	add_list(&w, "potentiallyUnsafeConfigAnnotations", unsafe);
	json_close(&w, '}');
	buf_add(&w.out, "\n");
	*len = w.out.len;
	return w.out.str;
}
