/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From config.json's words to what will be done, case by case. */
#include "lc_test.h"
#include "plan-host.h"
#include "base/str.h"
#include "json/encode.h"
#include "plan/documents.h"
#include "plan/make.h"
#include "plan/mount-words.h"

#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

/* Pieces of a config.json; NULL: nothing there. */
struct config {
	const char *process; /* more members of process: ", \"env\": []" */
	const char *mounts, *namespaces; /* elements */
	const char *linux_, *top; /* more members */
};

static struct arena arena;

static const struct plan_options fs_options = { .id = "web", .bundle = "/b" };

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static struct spec *load(const struct config *c)
{
	struct lc_error e;
	struct spec *spec;
	char *text =
		arena_printf(&arena,
			     "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},"
			     "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]%s},\"mounts\":[%s],"
			     "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}%s%s]%s}%s}",
			     or_empty(c->process), or_empty(c->mounts), c->namespaces ? "," : "",
			     or_empty(c->namespaces), or_empty(c->linux_), or_empty(c->top));

	if (spec_load(&arena, "config.json", text, strlen(text), NULL, &spec, &e) < 0)
		FAIL("%s\n%s", e.msg, text);
	return spec;
}

/* The plan, or NULL and what was wrong in @wrong. */
static struct plan *try_plan(const struct config *c, const struct plan_options *options,
			     const struct plan_host *host, struct lc_error *wrong)
{
	struct plan *plan = arena_alloc(&arena, sizeof(*plan));

	if (plan_make(&arena, load(c), options, host, plan, wrong) < 0)
		return NULL;
	return plan;
}

static struct plan *plan_for(const struct config *c, const struct plan_host *host)
{
	struct lc_error e;
	struct plan *plan = try_plan(c, &fs_options, host, &e);

	if (!plan)
		FAIL("%s", e.msg);
	return plan;
}

static struct plan *plan_of(const struct config *c)
{
	struct plan_host host = root_host();

	return plan_for(c, &host);
}

/* The error that root gets. */
static const char *error_of(const struct config *c)
{
	struct plan_host host = root_host();
	struct lc_error e = { .msg = "no error" };

	try_plan(c, &fs_options, &host, &e);
	return arena_strdup(&arena, e.msg);
}

static const char *joined(const struct strs *list)
{
	struct buf b = { .arena = &arena };

	buf_add(&b, "");
	for (size_t i = 0; i < list->n; i++)
		buf_addf(&b, "%s%s", i ? "," : "", list->v[i]);
	return b.str;
}

/* All notes, "!" in front of warnings. */
static const char *notes_of(const struct plan *plan)
{
	struct buf b = { .arena = &arena };

	buf_add(&b, "");
	for (size_t i = 0; i < plan->notes.n; i++)
		buf_addf(&b, "%s%s%s: %s", i ? "; " : "", plan->notes.v[i].warning ? "!" : "",
			 plan->notes.v[i].member, plan->notes.v[i].text);
	return b.str;
}

/* ---- mounts ---- */

/* "kind set-clear [rset-clear] [prop] [data] switches" */
static const char *describe(const struct plan_mount *m)
{
	static const char *const kinds[] = { "fs", "bind", "cgroup", "remount" };
	const struct {
		bool on;
		const char *name;
	} switches[] = {
		{ m->recursive, "recursive" },	     { m->flags_given, "given" },
		{ m->tmpcopyup, "tmpcopyup" },	     { m->copy_symlink, "copy-symlink" },
		{ m->src_nofollow, "src-nofollow" }, { m->dest_nofollow, "dest-nofollow" },
		{ m->mode_from_target, "mode" },     { m->idmap, "idmap" },
		{ m->idmap_rec, "idmap-rec" },	     { m->source_in_root, "in-root" },
		{ m->must_be_proc, "must-be-proc" },
	};
	struct buf b = { .arena = &arena };

	buf_addf(&b, "%s %llx-%llx", kinds[m->kind], (unsigned long long)m->attr_set,
		 (unsigned long long)m->attr_clear);
	if (m->attr_set_rec || m->attr_clear_rec)
		buf_addf(&b, " r%llx-%llx", (unsigned long long)m->attr_set_rec,
			 (unsigned long long)m->attr_clear_rec);
	if (m->propagation)
		buf_addf(&b, " %s%s", m->propagation_rec ? "r" : "",
			 m->propagation == MS_SHARED	   ? "shared"
			 : m->propagation == MS_SLAVE	   ? "slave"
			 : m->propagation == MS_PRIVATE	   ? "private"
			 : m->propagation == MS_UNBINDABLE ? "unbindable"
							   : "?");
	if (m->data.n)
		buf_addf(&b, " [%s]", joined(&m->data));
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (switches[i].on)
			buf_addf(&b, " %s", switches[i].name);
	return b.str;
}

/* A mount of @type with these options, as JSON words. */
static struct config mount_config(const char *type, const char *options)
{
	const char *words = *options ? arena_printf(&arena, "\"%s\"", options) : "";

	return (struct config){
		.mounts = arena_printf(&arena,
				       "{\"destination\":\"/m\",\"type\":\"%s\","
				       "\"source\":\"/s\",\"options\":[%s]}",
				       type, words),
		.namespaces = "{\"type\":\"cgroup\"}",
	};
}

#define AND "\",\""

TEST(mount_options_become_flags)
{
	static const struct {
		const char *type, *options, *wanted;
	} cases[] = {
		{ "tmpfs", "", "fs 0-0 mode" },
		{ "tmpfs", "defaults", "fs 0-0 mode" },
		{ "tmpfs", "mode=755", "fs 0-0 [mode=755]" },
		{ "tmpfs", "nosuid" AND "noexec" AND "nodev", "fs e-0 mode" },
		{ "tmpfs", "ro", "fs 1-0 mode" },
		{ "tmpfs", "ro" AND "rw", "fs 0-1 mode" },
		{ "tmpfs", "rw" AND "ro", "fs 1-0 mode" },
		{ "tmpfs", "size=64k" AND "nr_inodes=5" AND "noswap",
		  "fs 0-0 [size=64k,nr_inodes=5,noswap] mode" },
		{ "tmpfs", "tmpcopyup", "fs 0-0 tmpcopyup mode" },
		{ "tmpfs", "strictatime", "fs 20-70 mode" },
		{ "tmpfs", "sync" AND "dirsync" AND "lazytime",
		  "fs 0-0 [sync,dirsync,lazytime] mode" },
		{ "tmpfs", "async" AND "nolazytime", "fs 0-0 [async,nolazytime] mode" },
		{ "tmpfs", "silent" AND "loud" AND "iversion" AND "noiversion" AND "nomand",
		  "fs 0-0 mode" },
		{ "ext4", "ro" AND "acl", "fs 1-0 [ro,acl]" },
		{ "proc", "hidepid=2", "fs 0-0 [hidepid=2]" },
		{ "overlay", "lowerdir=/a:/b", "fs 0-0 [lowerdir=/a:/b]" },
		{ "cgroup", "ro" AND "nsdelegate", "cgroup 1-0 [nsdelegate]" },
		{ "cgroup2", "", "cgroup 0-0" },
		{ "none", "bind", "bind 0-0" },
		{ "bind", "", "bind 0-0" },
		{ "tmpfs", "rbind", "bind 0-0 recursive" },
		{ "bind", "bind" AND "rbind", "bind 0-0 recursive" },
		{ "bind", "rbind" AND "bind", "bind 0-0 recursive" },
		{ "bind", "bind" AND "ro", "bind 1-0 given" },
		{ "bind", "bind" AND "rw", "bind 0-1 given" },
		{ "bind", "bind" AND "dev", "bind 0-4 given" },
		{ "bind", "bind" AND "suid" AND "exec", "bind 0-a given" },
		{ "bind", "bind" AND "rprivate", "bind 0-0 rprivate" },
		{ "bind", "bind" AND "shared", "bind 0-0 shared" },
		{ "bind", "bind" AND "rshared" AND "slave", "bind 0-0 slave" },
		{ "bind", "bind" AND "runbindable", "bind 0-0 runbindable" },
		{ "bind", "rbind" AND "rro", "bind 0-0 r1-0 recursive" },
		{ "bind", "rbind" AND "rro" AND "ro", "bind 1-0 r1-0 recursive given" },
		{ "bind", "rbind" AND "rrw" AND "rnosuid" AND "rexec", "bind 0-0 r2-9 recursive" },
		{ "bind", "bind" AND "noatime", "bind 10-70 given" },
		{ "bind", "bind" AND "atime", "bind 0-70 given" },
		{ "bind", "bind" AND "noatime" AND "atime", "bind 0-70 given" },
		{ "bind", "bind" AND "strictatime" AND "norelatime", "bind 20-70 given" },
		{ "bind", "bind" AND "strictatime" AND "relatime", "bind 0-70 given" },
		{ "bind", "bind" AND "nodiratime", "bind 80-70 given" },
		{ "bind", "bind" AND "diratime", "bind 0-80 given" },
		{ "bind", "bind" AND "nosymfollow", "bind 200000-0 given" },
		{ "bind", "bind" AND "symfollow", "bind 0-200000 given" },
		{ "bind", "rbind" AND "rnoatime" AND "rnodiratime", "bind 0-0 r90-70 recursive" },
		{ "bind", "rbind" AND "rstrictatime", "bind 0-0 r20-70 recursive" },
		{ "bind", "rbind" AND "rnostrictatime", "bind 0-0 r0-70 recursive" },
		{ "bind", "rbind" AND "rsymfollow" AND "rnosymfollow",
		  "bind 0-0 r200000-0 recursive" },
		{ "bind", "bind" AND "copy-symlink" AND "src-nofollow" AND "dest-nofollow",
		  "bind 0-0 copy-symlink src-nofollow dest-nofollow" },
		{ "bind", "bind" AND "sync", "bind 0-0" },
		{ "bind", "bind" AND "size=5", "bind 0-0" },
		{ "none", "remount" AND "ro", "remount 1-0 given" },
		{ "bind", "bind" AND "remount" AND "ro", "remount 1-0 given" },
		{ "none", "rshared", "remount 0-0 rshared" },
		/* labels with commas, as engines write them for mount(8) */
		{ "overlay", "lowerdir=/a" AND "context=\\\"u:r:t:s0:c1,c2\\\"",
		  "fs 0-0 [lowerdir=/a,context=u:r:t:s0:c1,c2]" },
		{ "overlay", "rootcontext=\\\"u:r:t:s0:c1" AND "c2" AND "c3\\\"" AND "lowerdir=/a",
		  "fs 0-0 [rootcontext=u:r:t:s0:c1,c2,c3,lowerdir=/a]" },
		{ "overlay", "context=\\\"u:r:t:s0" AND "c1", "fs 0-0 [context=\"u:r:t:s0,c1]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = mount_config(cases[i].type, cases[i].options);

		CHECK_STR(describe(&plan_of(&c)->mounts.v[0]), cases[i].wanted);
	}
}

static void ignore_note(void *ctx, bool warning, const char *word, const char *text)
{
	(void)ctx;
	(void)warning;
	(void)word;
	(void)text;
}

/* Those of the OCI runtime specification 1.3.0 (config.md, "Linux mount options"): none may reach a
 * file system as if it were one of its own. */
TEST(every_option_of_the_specification_is_understood)
{
	static const char *const words[] = {
		/* MUST */
		"async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec",
		"iversion", "lazytime", "loud", "noatime", "nodev", "nodiratime", "noexec",
		"noiversion", "nolazytime", "norelatime", "nostrictatime", "nosuid", "private",
		"rbind", "relatime", "remount", "ro", "rprivate", "rshared", "rslave",
		"runbindable", "rw", "shared", "silent", "slave", "strictatime", "suid", "sync",
		"unbindable",
		/* SHOULD */
		"nosymfollow", "symfollow", "idmap", "ridmap", "ratime", "rdev", "rdiratime",
		"rexec", "rnoatime", "rnodev", "rnodiratime", "rnoexec", "rnorelatime",
		"rnostrictatime", "rnosuid", "rnosymfollow", "rrelatime", "rro", "rrw",
		"rstrictatime", "rsuid", "rsymfollow",
		/* MAY */
		"mand", "nomand", "tmpcopyup"
	};
	const char *const *known = plan_mount_words(&arena);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct strs one = { (char **)&words[i], 1 };
		struct mount_words m;
		size_t k = 0;

		while (known[k] && strcmp(known[k], words[i]) != 0)
			k++;
		if (!known[k])
			FAIL("%s is not among the features", words[i]);
		mount_words_read(&arena, &one, ignore_note, NULL, &m);
		if (m.others.n)
			FAIL("%s is taken for an option of the file system", words[i]);
	}
}

TEST(mount_options_that_make_no_sense_are_refused)
{
	static const struct {
		const char *type, *options, *wanted;
	} cases[] = {
		{ "bind", "bind" AND "nosiud",
		  "mounts[0].options: unknown option nosiud for a bind; did you mean nosuid?" },
		{ "bind", "rbind" AND "frobnicate",
		  "mounts[0].options: unknown option frobnicate for a bind" },
		{ "none", "", "mounts[0].type: needed, since options name neither bind nor rbind" },
		{ "bind", "bind" AND "tmpcopyup",
		  "mounts[0].options: tmpcopyup is for a tmpfs only" },
		{ "tmpfs", "copy-symlink", "mounts[0].options: copy-symlink is for a bind only" },
		{ "bind", "bind" AND "idmap=uids=0-1-10;gids=0-1",
		  "mounts[0].options: expected idmap=uids=ID-HOSTID-COUNT;gids=ID-HOSTID-COUNT, "
		  "found \"uids=0-1-10;gids=0-1\"" },
		{ "bind", "bind" AND "idmap=uids=0-1-10",
		  "mounts[0].gidMappings: uids and gids are mapped together, or neither" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = mount_config(cases[i].type, cases[i].options);

		CHECK_STR(error_of(&c), cases[i].wanted);
	}
}

TEST(mount_options_without_effect_are_noted)
{
	static const struct {
		const char *type, *options, *wanted;
	} cases[] = {
		{ "tmpfs", "mand",
		  "!mounts[0].options: mand has no effect: Linux 5.15 has no mandatory locks" },
		{ "bind", "bind" AND "size=5",
		  "!mounts[0].options: size=5 has no effect: a bind has no options of a file "
		  "system" },
		{ "bind", "bind" AND "async",
		  "mounts[0].options: async has no effect: it belongs to the file system, not to "
		  "a bind of it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = mount_config(cases[i].type, cases[i].options);

		CHECK_STR(notes_of(plan_of(&c)), cases[i].wanted);
	}
}

TEST(mount_sources_and_targets_are_absolute)
{
	static const struct {
		const char *destination, *source, *wanted;
	} cases[] = {
		{ "/a", "/s", "/s -> /a" },
		{ "a/b", "/s", "/s -> /a/b" },
		{ "//a///b/./c/", "/s//t/", "/s/t -> /a/b/c" },
		{ "/a/../../b", "/s", "/s -> /b" },
		{ "/", "/s", "/s -> /" },
		{ "/a", "data", "/b/data -> /a" },
		{ "/a", "./data/../x", "/b/data/../x -> /a" },
		{ "/a", "rootfs/usr", "in root: /usr -> /a" },
		{ "/a", "/b/rootfs/usr/lib", "in root: /usr/lib -> /a" },
		{ "/a", "/b/rootfs", "in root: / -> /a" },
		{ "/a", "/b/rootfs2", "/b/rootfs2 -> /a" },
		{ "/a", "/b", "/b -> /a" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = { .mounts = arena_printf(
					    &arena,
					    "{\"destination\":\"%s\",\"source\":\"%s\","
					    "\"options\":[\"bind\"]}",
					    cases[i].destination, cases[i].source) };
		const struct plan_mount *m = &plan_of(&c)->mounts.v[0];

		CHECK_STR(arena_printf(&arena, "%s%s -> %s", m->source_in_root ? "in root: " : "",
				       m->source, m->target),
			  cases[i].wanted);
	}
}

TEST(proc_can_only_be_covered_where_it_is_harmless)
{
	static const struct {
		const char *mounts, *wanted;
	} cases[] = {
		{ "{\"destination\":\"/proc\",\"type\":\"proc\"}", "no error" },
		{ "{\"destination\":\"/proc\",\"source\":\"/proc\",\"options\":[\"rbind\"]}",
		  "no error" },
		{ "{\"destination\":\"/proc\",\"type\":\"tmpfs\"}",
		  "mounts[0].destination: only a proc file system may be mounted on /proc" },
		{ "{\"destination\":\"/x/../proc\",\"type\":\"tmpfs\"}",
		  "mounts[0].destination: only a proc file system may be mounted on /proc" },
		{ "{\"destination\":\"/proc\",\"type\":\"proc\"},"
		  "{\"destination\":\"/proc/cpuinfo\",\"source\":\"/c\",\"options\":[\"bind\"]}",
		  "no error" },
		{ "{\"destination\":\"/proc\",\"type\":\"proc\"},"
		  "{\"destination\":\"/proc/self\",\"source\":\"/c\",\"options\":[\"bind\"]}",
		  "mounts[1].destination: /proc/self inside of proc cannot be mounted over" },
		{ "{\"destination\":\"/proc\",\"type\":\"proc\"},"
		  "{\"destination\":\"/proc/sys\",\"type\":\"tmpfs\"}",
		  "mounts[1].destination: /proc/sys inside of proc cannot be mounted over" },
		{ "{\"destination\":\"/proc/self\",\"type\":\"tmpfs\"}", "no error" },
		{ "{\"destination\":\"/proceed\",\"type\":\"tmpfs\"}", "no error" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = { .mounts = cases[i].mounts };

		CHECK_STR(error_of(&c), cases[i].wanted);
	}
}

static const char user_ns[] = "{\"type\":\"user\"}";
#define MAPS \
	",\"uidMappings\":[{\"containerID\":0,\"hostID\":100,\"size\":10}," \
	"{\"containerID\":20,\"hostID\":500,\"size\":5}]," \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":200,\"size\":50}]"

static const char *maps_text(const plan_id_maps *maps)
{
	struct buf b = { .arena = &arena };

	buf_add(&b, "");
	for (size_t i = 0; i < maps->n; i++)
		buf_addf(&b, "%s%u-%u-%u", i ? "," : "", maps->v[i].inside, maps->v[i].outside,
			 maps->v[i].count);
	return b.str;
}

TEST(idmap_takes_its_mappings_from_where_they_are)
{
	static const struct {
		const char *option, *more, *wanted;
	} cases[] = {
		{ "idmap", "", "bind 0-0 idmap uids= gids=" },
		{ "ridmap", "", "bind 0-0 idmap idmap-rec uids= gids=" },
		{ "bind",
		  ",\"uidMappings\":[{\"containerID\":0,\"hostID\":7,\"size\":1}],"
		  "\"gidMappings\":[{\"containerID\":0,\"hostID\":8,\"size\":1}]",
		  "bind 0-0 idmap uids=0-7-1 gids=0-8-1" },
		{ "idmap=uids=0-1-10#10-11-10;gids=0-100-10", "",
		  "bind 0-0 idmap uids=0-1-10,10-11-10 gids=0-100-10" },
		{ "idmap=uids=@1-3-5;gids=@0-40-10", "",
		  "bind 0-0 idmap uids=1-103-5 gids=0-240-10" },
		{ "idmap=uids=@0-21-4;gids=0-0-1", "", "bind 0-0 idmap uids=0-501-4 gids=0-0-1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = {
			.mounts = arena_printf(&arena,
					       "{\"destination\":\"/m\",\"source\":\"/s\","
					       "\"options\":[\"bind\",\"%s\"]%s}",
					       cases[i].option, cases[i].more),
			.namespaces = user_ns,
			.linux_ = MAPS,
		};
		const struct plan_mount *m = &plan_of(&c)->mounts.v[0];

		CHECK_STR(arena_printf(&arena, "%s uids=%s gids=%s", describe(m),
				       maps_text(&m->uid_maps), maps_text(&m->gid_maps)),
			  cases[i].wanted);
	}
}

TEST(a_relative_idmap_stays_within_one_range)
{
	struct config c = { .mounts = "{\"destination\":\"/m\",\"source\":\"/s\",\"options\":"
				      "[\"bind\",\"idmap=uids=@0-8-4;gids=0-0-1\"]}",
			    .namespaces = user_ns,
			    .linux_ = MAPS };

	CHECK_CONTAINS(error_of(&c), "mounts[0].options: expected idmap=");
}

/* In a user namespace the host's is bound, unless the namespace that it shows is the container's
 * own. */
static void check_bound(const char *mount, const char *path, const char *own)
{
	struct config c = { .mounts = mount, .namespaces = user_ns, .linux_ = MAPS };

	CHECK_STR(plan_of(&c)->mounts.v[0].fallback_bind, path);
	c.namespaces = own;
	CHECK_STR(plan_of(&c)->mounts.v[0].fallback_bind, NULL);
	c.namespaces = c.linux_ = NULL;
	CHECK_STR(plan_of(&c)->mounts.v[0].fallback_bind, NULL);
}

TEST(sysfs_of_another_network_namespace_is_bound)
{
	struct config c = {
		.mounts = "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"options\":[\"ro\"]}",
		.namespaces = user_ns,
		.linux_ = MAPS
	};

	CHECK_STR(describe(&plan_of(&c)->mounts.v[0]), "fs 1-0 r1-0");
	check_bound("{\"destination\":\"/sys\",\"type\":\"sysfs\"}", "/sys",
		    "{\"type\":\"user\"},{\"type\":\"network\"}");
	check_bound(c.mounts, "/sys", "{\"type\":\"user\"},{\"type\":\"network\"}");
}

TEST(mqueue_of_another_ipc_namespace_is_bound)
{
	check_bound("{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\"}", "/dev/mqueue",
		    "{\"type\":\"user\"},{\"type\":\"ipc\"}");
}

TEST(owners_of_file_systems_must_be_mapped)
{
	struct config c = { .mounts = "{\"destination\":\"/dev/pts\",\"type\":\"devpts\","
				      "\"options\":[\"mode=620\",\"gid=5\",\"gid=60\"]}",
			    .namespaces = user_ns,
			    .linux_ = MAPS };
	const struct plan *plan = plan_of(&c);

	CHECK_STR(describe(&plan->mounts.v[0]), "fs 0-0 [mode=620,gid=5]");
	CHECK_STR(notes_of(plan), "!mounts[0].options: gid=60 is left out: not mapped in the user "
				  "namespace");
	c.mounts = "{\"destination\":\"/m\",\"type\":\"tmpfs\",\"options\":[\"uid=15\"]}";
	CHECK_STR(error_of(&c), "mounts[0].options: uid=15 is not mapped in the user namespace");
}

TEST(mount_words_are_all_there_for_features)
{
	static const char *const some[] = { "async",	    "bind",	  "rro",
					    "rnosymfollow", "tmpcopyup",  "idmap",
					    "loud",	    "unbindable", "noiversion" };
	const char *const *words = plan_mount_words(&arena);
	size_t n = 0;

	for (; words[n]; n++)
		if (n)
			CHECK_INT(strcmp(words[n - 1], words[n]) < 0, 1);
	CHECK_INT(n >= 63, 1);
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		size_t k = 0;

		while (words[k] && strcmp(words[k], some[i]))
			k++;
		CHECK_STR(words[k], some[i]);
	}
}

/* ---- the root and the namespaces ---- */

TEST(rootfs_propagation_never_leaks_by_itself)
{
	static const struct {
		const char *given;
		uint64_t inside, host;
	} cases[] = {
		{ NULL, 0, MS_SLAVE | MS_REC },
		{ "shared", MS_SHARED, MS_SHARED | MS_REC },
		{ "slave", MS_SLAVE, MS_SLAVE | MS_REC },
		{ "private", MS_PRIVATE, MS_PRIVATE | MS_REC },
		{ "unbindable", MS_UNBINDABLE, MS_PRIVATE | MS_REC },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = { 0 };
		const struct plan_root *root;

		if (cases[i].given)
			c.linux_ = arena_printf(&arena, ",\"rootfsPropagation\":\"%s\"",
						cases[i].given);
		root = &plan_of(&c)->root;
		CHECK_INT(root->propagation, cases[i].inside);
		CHECK_INT(root->host_propagation, cases[i].host);
		CHECK_STR(root->path, "/b/rootfs");
	}
}

TEST(masked_paths_come_once)
{
	struct config c = { .linux_ = ",\"maskedPaths\":[\"/proc/kcore\",\"/proc//kcore/\","
				      "\"/sys/firmware\"],\"readonlyPaths\":[\"/proc/sys\"]" };
	const struct plan *plan = plan_of(&c);

	CHECK_STR(joined(&plan->masked), "/proc/kcore,/sys/firmware");
	CHECK_STR(joined(&plan->readonly), "/proc/sys");
}

TEST(id_maps_are_written_by_who_may)
{
	static const char own[] =
		",\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]";
	struct plan_host root = root_host(), user = user_host();
	struct config c = { .namespaces = user_ns, .linux_ = own };
	const struct plan *plan = plan_for(&c, &user);

	CHECK_INT(plan->ns.deny_setgroups, 1);
	CHECK_INT(plan->ns.use_newidmap, 0);
	CHECK_INT(plan->process->user.keep_groups, 1);
	CHECK_INT(plan->rootless, 1);
	c.linux_ = MAPS;
	plan = plan_for(&c, &user);
	CHECK_INT(plan->ns.deny_setgroups, 0);
	CHECK_INT(plan->ns.use_newidmap, 1);
	plan = plan_for(&c, &root);
	CHECK_INT(plan->ns.deny_setgroups, 0);
	CHECK_INT(plan->ns.use_newidmap, 0);
	CHECK_INT(plan->process->user.keep_groups, 0);
	CHECK_INT(plan->rootless, 0);
	CHECK_STR(maps_text(&plan->ns.uid_maps), "0-100-10,20-500-5");
}

TEST(a_user_needs_a_user_namespace)
{
	struct plan_host user = user_host();
	struct config c = { 0 };
	struct lc_error e;

	CHECK_INT(!!try_plan(&c, &fs_options, &user, &e), 0);
	CHECK_CONTAINS(e.msg, "linux.namespaces: uid 1000 needs a user namespace");
}

TEST(clock_offsets_become_text)
{
	struct config c = { .namespaces = "{\"type\":\"time\"}",
			    .linux_ = ",\"timeOffsets\":{\"boottime\":{\"secs\":-7},"
				      "\"monotonic\":{\"secs\":3,\"nanosecs\":9}}" };
	struct plan_host old = root_host();
	struct lc_error e;

	CHECK_STR(plan_of(&c)->ns.time_offsets, "monotonic 3 9\nboottime -7 0\n");
	old.time_ns = false;
	CHECK_INT(!!try_plan(&c, &fs_options, &old, &e), 0);
	CHECK_STR(e.msg, "linux.namespaces: this kernel has no time namespaces");
	CHECK_INT(e.code, LC_EUNSUPPORTED);
}

TEST(sysctl_names_become_paths)
{
	static const struct {
		const char *key, *path;
	} cases[] = {
		{ "net.ipv4.ip_forward", "net/ipv4/ip_forward" },
		{ "net/ipv4/ip_forward", "net/ipv4/ip_forward" },
		{ "net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding" },
		{ "net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = { .namespaces = "{\"type\":\"network\"}",
				    .linux_ = arena_printf(&arena, ",\"sysctl\":{\"%s\":\"1\"}",
							   cases[i].key) };

		CHECK_STR(plan_of(&c)->sysctls.v[0].path, cases[i].path);
		CHECK_STR(plan_of(&c)->sysctls.v[0].key, cases[i].key);
	}
}

TEST(network_devices_keep_their_name_unless_given_one)
{
	const struct config c = {
		.namespaces = "{\"type\":\"network\"}",
		.linux_ = ",\"netDevices\":{\"eth1\":{},\"eth2\":{\"name\":\"lan\"}}",
	};
	const struct plan *plan = plan_of(&c);

	CHECK_INT(plan->net_devices.n, 2);
	CHECK_STR(plan->net_devices.v[0].name, "eth1");
	CHECK_STR(plan->net_devices.v[0].rename, NULL);
	CHECK_STR(plan->net_devices.v[1].rename, "lan");
}

TEST(classes_of_service)
{
	static const struct {
		const char *rdt, *wanted;
	} cases[] = {
		{ "", "web: monitor=0 shared=0" },
		{ "\"closID\":\"gold\",\"enableMonitoring\":true", "gold: monitor=1 shared=1" },
		{ "\"closID\":\"/\"", "/: monitor=0 shared=1" },
		{ "\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=20\"",
		  "web:L3:0=f,MB:0=20 monitor=0 shared=0" },
		{ "\"l3CacheSchema\":\"MB:0=9\\nL3:0=f\\nMB:1=9\",\"memBwSchema\":\"MB:0=20\"",
		  "web:L3:0=f,MB:0=20 monitor=0 shared=0" },
		{ "\"l3CacheSchema\":\"MB:0=9\\nL3:0=f\\n\"",
		  "web:MB:0=9,L3:0=f monitor=0 shared=0" },
		{ "\"schemata\":[\"L2:0=f\",\"L3:0=7\"],\"memBwSchema\":\"MB:0=20\"",
		  "web:MB:0=20,L2:0=f,L3:0=7 monitor=0 shared=0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = { .linux_ = arena_printf(&arena, ",\"intelRdt\":{%s}",
							   cases[i].rdt) };
		const struct plan_rdt *r = plan_of(&c)->rdt;

		CHECK_STR(arena_printf(&arena, "%s:%s monitor=%d shared=%d", r->group,
				       joined(&r->schemata), r->monitor, r->shared),
			  cases[i].wanted);
	}
	CHECK(!plan_of(&(struct config){ .linux_ = "" })->rdt);
}

#define NOTIFYING \
	",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"%s,\"syscalls\":[{\"names\":" \
	"[\"mkdir\"],\"action\":\"%s\"}]}"

#define VM(members) ",\"vm\":{\"kernel\":{\"path\":\"/k\",\"parameters\":[\"quiet\"]}" members "}"

TEST(a_virtual_machine_is_hulls_own_kind)
{
	static const struct {
		struct config config;
		const char *wanted;
	} cases[] = {
		{ { .top = VM(",\"hypervisor\":{\"path\":\"/usr/bin/qemu\"}") },
		  "vm.hypervisor.path: not supported: hull has a monitor of its own" },
		{ { .top = VM(",\"hypervisor\":{\"path\":\"" LIBEXECDIR
			      "/hull-vmm\",\"parameters\":[\"-x\"]}") },
		  "vm.hypervisor.parameters: not supported" },
		{ { .top = VM(",\"hwConfig\":{\"deviceTree\":\"/x.dtb\"}") },
		  "vm.hwConfig.deviceTree: not supported" },
		{ { .top = VM(",\"hwConfig\":{\"dtdevs\":[\"/soc/a\"]}") },
		  "vm.hwConfig.dtdevs: not supported" },
		{ { .top = VM(",\"hwConfig\":{\"iomems\":[{\"firstMFN\":1,\"nrMFNs\":1}]}") },
		  "vm.hwConfig.iomems: not supported" },
		{ { .top = VM(",\"hwConfig\":{\"irqs\":[112]}") },
		  "vm.hwConfig.irqs: not supported" },
		{ { .top = VM(",\"image\":{\"path\":\"/i\",\"format\":\"qcow2\"}") },
		  "vm.image.format: not supported: qcow2" },
		{ { .top = VM(",\"image\":{\"path\":\"/i\",\"format\":\"raw\"}") },
		  "vm.image.path: not supported: the root file system of hull's machines is "
		  "root.path, found \"/i\"" },
		{ { .top = ",\"annotations\":{\"dev.hull.isolation\":\"VM\"}" },
		  "annotations.dev.hull.isolation: expected container or vm, found \"VM\"" },
		{ { .top = VM("") }, "no error" },
		{ { .top = VM(",\"hypervisor\":{\"path\":\"" LIBEXECDIR "/hull-vmm\"}") },
		  "no error" },
		{ { .top = VM(",\"hwConfig\":{\"vcpus\":2,\"memory\":268435456}") }, "no error" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_CONTAINS(error_of(&cases[i].config), cases[i].wanted);
}

TEST(a_virtual_machine_is_chosen_and_never_taken_back)
{
	static const struct {
		struct config config;
		bool vm;
	} cases[] = {
		{ { .top = "" }, false },
		{ { .top = VM("") }, true },
		{ { .top = VM(",\"hwConfig\":{}") ",\"annotations\":{\"dev.hull.isolation\":"
						  "\"container\"}" },
		  true },
		{ { .top = ",\"annotations\":{\"dev.hull.isolation\":\"vm\"}" }, true },
		{ { .top = ",\"annotations\":{\"dev.hull.isolation\":\"container\"}" }, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_INT(plan_of(&cases[i].config)->vm, cases[i].vm);
}

/* What the annotations of a machine make of it, with all of them allowed. */
TEST(annotations_change_the_machine)
{
	static const char machine_and_other[] = "\"dev.hull.vm.kernel\":\"/boot/other\","
						"\"dev.hull.vm.memory\":\"536870912\",\"a\":\"b\"";
	static const char section[] = VM(",\"hwConfig\":{\"vcpus\":2,\"memory\":268435456}");
	struct config c = { .top = arena_printf(&arena, "%s,\"annotations\":{%s}", section,
						machine_and_other) };
	static const struct {
		const char *annotations, *wanted;
	} wrong[] = {
		{ "\"dev.hull.vm.vcpus\":\"0\"",
		  "annotations.dev.hull.vm.vcpus: expected a number of processors, found \"0\"" },
		{ "\"dev.hull.vm.memory\":\"1G\"",
		  "annotations.dev.hull.vm.memory: expected a number of bytes, found \"1G\"" },
		{ "\"dev.hull.vm.kernel\":\"vmlinuz\"",
		  "annotations.dev.hull.vm.kernel: expected an absolute path" },
		{ "\"dev.hull.vm.template\":\"on\"",
		  "annotations.dev.hull.vm.template: expected off, found \"on\"" },
		{ "\"dev.hull.vm.kernels\":\"/k\"", "there is no such annotation" },
		{ "\"dev.hull.vm.\":\"/k\"", "there is no such annotation" },
	};
	struct plan_host host = root_host();
	struct plan_options options = fs_options;
	const struct plan_machine *machine;
	struct lc_error e;

	options.vm_annotations = "dev.hull.vm.kernel, dev.hull.vm.memory dev.hull.vm.vcpus "
				 "dev.hull.vm.template";
	machine = &try_plan(&c, &options, &host, &e)->machine;
	CHECK_STR(machine->kernel, "/boot/other");
	CHECK_INT(machine->memory.v, 536870912);
	CHECK_INT(machine->vcpus.v, 2);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		c.top = arena_printf(&arena, ",\"annotations\":{%s}", wrong[i].annotations);
		CHECK(!try_plan(&c, &options, &host, &e));
		CHECK_CONTAINS(e.msg, wrong[i].wanted);
	}
	c.top = ",\"annotations\":{\"dev.hull.vm.vcpus\":\"1\"}";
	CHECK_INT(try_plan(&c, &options, &host, &e)->machine.vcpus.v, 1);
	CHECK_INT(try_plan(&c, &options, &host, &e)->vm, false);
	CHECK_INT(try_plan(&c, &options, &host, &e)->machine.no_template, false);
	c.top = ",\"annotations\":{\"dev.hull.vm.template\":\"off\"}";
	CHECK_INT(try_plan(&c, &options, &host, &e)->machine.no_template, true);
	c.top = ",\"annotations\":{\"dev.hull.vm.vcpus\":\"1\"}";
	options.vm_annotations = "dev.hull.vm.vcpu dev.hull.vm.vcpus2";
	CHECK(!try_plan(&c, &options, &host, &e));
	CHECK_CONTAINS(e.msg, "annotations.dev.hull.vm.vcpus: refused: hull.conf does not");
	CHECK_CONTAINS(error_of(&c), "annotations.dev.hull.vm.vcpus: refused: hull.conf does not");
}

TEST(filters_are_early_only_where_privileges_can_be_gained)
{
	struct config c = { .linux_ = arena_printf(&arena, NOTIFYING, "", "SCMP_ACT_ERRNO") };
	const struct plan *plan = plan_of(&c);

	CHECK_INT(plan->seccomp.early, 1);
	CHECK_INT(plan->seccomp.filter.n > 0, 1);
	CHECK_INT(plan->seccomp.filter.n % 8, 0);
	c.process = ",\"noNewPrivileges\":true";
	CHECK_INT(plan_of(&c)->seccomp.early, 0);
}

TEST(listeners_are_for_filters_that_notify)
{
	static const char path[] = ",\"listenerPath\":\"/sock/agent\",\"listenerMetadata\":\"m\"";
	struct config c = { .linux_ = arena_printf(&arena, NOTIFYING, path, "SCMP_ACT_NOTIFY") };
	const struct plan *plan = plan_of(&c);

	CHECK_STR(plan->seccomp.listener_path, "/sock/agent");
	CHECK_STR(plan->seccomp.listener_metadata, "m");
	c.linux_ = arena_printf(&arena, NOTIFYING, path, "SCMP_ACT_ERRNO");
	plan = plan_of(&c);
	CHECK_STR(plan->seccomp.listener_path, NULL);
	CHECK_CONTAINS(notes_of(plan), "linux.seccomp.listenerPath: no action is SCMP_ACT_NOTIFY");
}

TEST(a_listener_has_one_receiver)
{
	struct plan_host host = root_host();
	struct plan_options options = fs_options;
	struct config c = { .linux_ = arena_printf(&arena, NOTIFYING, "", "SCMP_ACT_NOTIFY") };
	struct lc_error e;

	CHECK_STR(error_of(&c), "linux.seccomp: SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath");
	options.seccomp_receiver = "/run/variable";
	CHECK_STR(try_plan(&c, &options, &host, &e)->seccomp.listener_path, "/run/variable");
	c.top = ",\"annotations\":{\"run.oci.seccomp.receiver\":\"/run/annotation\"}";
	CHECK_STR(try_plan(&c, &options, &host, &e)->seccomp.listener_path, "/run/annotation");
	c.linux_ = arena_printf(&arena, NOTIFYING, ",\"listenerPath\":\"/run/member\"",
				"SCMP_ACT_NOTIFY");
	CHECK_STR(try_plan(&c, &options, &host, &e)->seccomp.listener_path, "/run/member");
	c.linux_ = arena_printf(&arena, NOTIFYING, "", "SCMP_ACT_NOTIFY");
	c.top = ",\"annotations\":{\"run.oci.seccomp.receiver\":\"socket\"}";
	CHECK_STR(error_of(&c), "annotations.run.oci.seccomp.receiver: expected an absolute path, "
				"found \"socket\"");
}

TEST(a_filter_of_the_callers_own)
{
	static const struct {
		const char *base64, *wrong;
	} cases[] = {
		{ "BgAAAAAA/38=", NULL }, /* return SECCOMP_RET_ALLOW */
		{ "BgAAAAAAwH8=",
		  "it notifies an agent, which only a profile in linux.seccomp may" },
		{ "BgAAAAAA/w==", "not a whole number of BPF instructions of 8 bytes" },
		{ "", "not a whole number of BPF instructions of 8 bytes" },
		{ "BgAAAAAA/38", "expected a filter in base64" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = {
			.linux_ = ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_KILL\"}",
			.top = arena_printf(&arena,
					    ",\"annotations\":{\"run.oci.seccomp_bpf_data\":"
					    "\"%s\"}",
					    cases[i].base64),
		};

		if (cases[i].wrong)
			CHECK_STR(error_of(&c),
				  arena_printf(&arena, "annotations.run.oci.seccomp_bpf_data: %s",
					       cases[i].wrong));
		else
			CHECK_INT(plan_of(&c)->seccomp.filter.n, 8);
	}
}

TEST(hooks_are_handed_on)
{
	struct config c = {
		.top = ",\"hooks\":{\"createContainer\":[{\"path\":\"/bin/"
		       "a\",\"args\":[\"x\",\"y\"],"
		       "\"env\":[],\"timeout\":3},{\"path\":\"/bin/b\"}],"
		       "\"poststop\":[{\"path\":\"/bin/c\"}]}",
	};
	const struct plan_hook_lists *hooks = &plan_of(&c)->hooks;

	CHECK_INT(hooks->create_container.n, 2);
	CHECK_STR(hooks->create_container.v[0].path, "/bin/a");
	CHECK_STR(joined(&hooks->create_container.v[0].args), "x,y");
	CHECK_INT(hooks->create_container.v[0].timeout, 3);
	CHECK_INT(!hooks->create_container.v[0].env.v, 0); /* given, though empty */
	CHECK_INT(!hooks->create_container.v[1].env.v, 1);
	CHECK_STR(hooks->poststop.v[0].path, "/bin/c");
	CHECK_INT(hooks->prestart.n, 0);
}

/* ---- devices ---- */

static const char *devices_text(const struct plan *plan)
{
	struct buf b = { .arena = &arena };

	buf_add(&b, "");
	for (size_t i = 0; i < plan->devices.n; i++) {
		const struct plan_device *d = &plan->devices.v[i];

		buf_addf(&b, "%s%s %c %u:%u %o %u:%u%s%s%s", i ? "; " : "", d->path, d->type,
			 d->major, d->minor, d->mode, d->uid, d->gid, d->bind ? " bind" : "",
			 d->outside ? " outside" : "", d->standard ? " standard" : "");
	}
	return b.str;
}

#define STANDARD_DEVICES \
	"/dev/null c 1:3 666 0:0 standard; /dev/zero c 1:5 666 0:0 standard; " \
	"/dev/full c 1:7 666 0:0 standard; /dev/random c 1:8 666 0:0 standard; " \
	"/dev/urandom c 1:9 666 0:0 standard; /dev/tty c 5:0 666 0:0 standard"

TEST(default_devices_are_always_there)
{
	struct config c = { 0 };

	CHECK_STR(devices_text(plan_of(&c)), STANDARD_DEVICES);
	CHECK_INT(plan_of(&c)->symlinks.n, 6);
	CHECK_STR(plan_of(&c)->symlinks.v[0].path, "/dev/fd");
	CHECK_STR(plan_of(&c)->symlinks.v[0].target, "/proc/self/fd");
}

TEST(configured_devices_follow_or_replace_them)
{
	static const struct {
		const char *devices, *wanted;
	} cases[] = {
		{ "{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229,"
		  "\"fileMode\":432,\"uid\":5,\"gid\":6}",
		  STANDARD_DEVICES "; /dev/fuse c 10:229 660 5:6" },
		{ "{\"path\":\"/dev/a/\",\"type\":\"u\",\"major\":1,\"minor\":3}",
		  STANDARD_DEVICES "; /dev/a c 1:3 666 0:0" },
		{ "{\"path\":\"/pipe\",\"type\":\"p\"}", STANDARD_DEVICES "; /pipe p 0:0 666 0:0" },
		{ "{\"path\":\"/dev/tty\",\"type\":\"c\",\"major\":5,\"minor\":0,\"fileMode\":438}",
		  STANDARD_DEVICES },
		{ "{\"path\":\"/dev/ptmx\",\"type\":\"c\",\"major\":5,\"minor\":2}",
		  STANDARD_DEVICES },
		{ "{\"path\":\"/dev/sda\",\"type\":\"b\",\"major\":8,\"minor\":0},"
		  "{\"path\":\"/dev//sda\",\"type\":\"b\",\"major\":8,\"minor\":16}",
		  STANDARD_DEVICES "; /dev/sda b 8:16 666 0:0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = { .linux_ = arena_printf(&arena, ",\"devices\":[%s]",
							   cases[i].devices) };

		CHECK_STR(devices_text(plan_of(&c)), cases[i].wanted);
	}
}

TEST(devices_are_bound_where_mknod_is_not_possible)
{
	struct config c = { .namespaces = user_ns,
			    .linux_ = MAPS ",\"devices\":[{\"path\":\"/p\",\"type\":\"p\"}]" };
	struct plan_host inside = userns_host(), weak = root_host();
	const struct plan *plan = plan_of(&c);

	CHECK_INT(plan->devices.v[0].bind, 1);
	CHECK_INT(plan->devices.v[6].bind, 0); /* a FIFO can be made by anybody */
	c = (struct config){ 0 };
	CHECK_INT(plan_for(&c, &inside)->devices.v[0].bind, 1);
	weak.caps_held &= ~(1ULL << CAP_MKNOD);
	CHECK_INT(plan_for(&c, &weak)->devices.v[0].bind, 1);
}

/* Of a user namespace, by a caller who may: what config.json lists, and nothing of the others. */
TEST(devices_of_a_user_namespace_are_made_outside)
{
	struct config c = {
		.namespaces = user_ns,
		.linux_ = MAPS
		",\"devices\":[{\"path\":\"/dev/kvm\",\"type\":\"c\",\"major\":10,"
		"\"minor\":232,\"fileMode\":432,\"gid\":3},{\"path\":\"/p\",\"type\":\"p\"}]"
	};
	struct plan_host host = root_host(), inside = userns_host();
	const char *wanted = "/dev/kvm c 10:232 660 0:3 bind outside; /p p 0:0 666 0:0";
	const char *by_host = "/dev/kvm c 10:232 660 0:3 bind; /p p 0:0 666 0:0";
	const struct plan *plan = plan_for(&c, &host);

	CHECK_INT(plan->devices.v[0].bind, 1);
	CHECK_INT(plan->devices.v[0].outside, 0);
	CHECK_CONTAINS(devices_text(plan), wanted);
	CHECK_CONTAINS(devices_text(plan_for(&c, &inside)), by_host);
	host.caps_held &= ~(1ULL << CAP_MKNOD);
	CHECK_CONTAINS(devices_text(plan_for(&c, &host)), by_host);
	host.caps_held |= 1ULL << CAP_MKNOD;
	c.namespaces = NULL;
	c.linux_ =
		",\"devices\":[{\"path\":\"/dev/kvm\",\"type\":\"c\",\"major\":10,\"minor\":232}]";
	CHECK_CONTAINS(devices_text(plan_for(&c, &host)), "/dev/kvm c 10:232 666 0:0");
	CHECK(!strstr(devices_text(plan_for(&c, &host)), "outside"));
}

TEST(a_bound_dev_is_left_as_it_is)
{
	struct config c = { .mounts = "{\"destination\":\"/dev\",\"source\":\"/dev\","
				      "\"options\":[\"rbind\"]}",
			    .linux_ = ",\"devices\":[{\"path\":\"/p\",\"type\":\"p\"}]" };
	const struct plan *plan = plan_of(&c);

	CHECK_INT(plan->devices.n, 0);
	CHECK_INT(plan->symlinks.n, 0);
	CHECK_CONTAINS(notes_of(plan), "linux.devices: none is made");
}

TEST(devices_that_cannot_be_are_refused)
{
	static const struct {
		struct config config;
		const char *wanted;
	} cases[] = {
		{ { .namespaces = user_ns,
		    .linux_ = MAPS ",\"devices\":[{\"path\":\"/d\",\"type\":\"p\",\"uid\":99}]" },
		  "linux.devices[0]: owner 99:0 is not mapped (linux.uidMappings, "
		  "linux.gidMappings)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(error_of(&cases[i].config), cases[i].wanted);
}

/* ---- the process ---- */

TEST(of_the_same_variables_the_last_stays)
{
	static const struct {
		const char *env, *wanted;
		bool home;
	} cases[] = {
		{ "", "", true },
		{ "\"A=1\",\"B=2\"", "A=1,B=2", true },
		{ "\"A=1\",\"B=2\",\"A=3\"", "B=2,A=3", true },
		{ "\"HOME=/x\"", "HOME=/x", false },
		{ "\"HOME=\"", "", true },
		{ "\"HOME=/x\",\"HOME=\"", "", true },
		{ "\"HOME=\",\"HOME=/y\"", "HOME=/y", false },
		{ "\"A\",\"A=\",\"AB=1\"", "A=,AB=1", true },
		{ "\"A=x\\ny\"", "A=x\ny", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = { .process =
					    arena_printf(&arena, ",\"env\":[%s]", cases[i].env) };
		const struct plan_process *p = plan_of(&c)->process;

		CHECK_STR(joined(&p->env), cases[i].wanted);
		CHECK_INT(p->home_from_passwd, cases[i].home);
		CHECK_STR(p->env.v[p->env.n], NULL);
		CHECK_STR(p->env.v[p->env.n + 1], NULL); /* room for HOME */
	}
}

static const char *caps_text(const struct plan_caps *caps)
{
	return arena_printf(
		&arena, "%llx %llx %llx %llx %llx", (unsigned long long)caps->bounding,
		(unsigned long long)caps->permitted, (unsigned long long)caps->effective,
		(unsigned long long)caps->inheritable, (unsigned long long)caps->ambient);
}

TEST(capabilities_are_made_consistent)
{
	static const struct {
		const char *caps, *wanted, *note;
	} cases[] = {
		{ "", "0 0 0 0 0", "" },
		{ "\"bounding\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"],"
		  "\"effective\":[\"CAP_KILL\"]",
		  "20 20 20 0 0", "" },
		{ "\"bounding\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\",\"CAP_CHOWN\"],"
		  "\"effective\":[\"CAP_CHOWN\"]",
		  "20 20 0 0 0", "" },
		{ "\"bounding\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"],"
		  "\"ambient\":[\"CAP_KILL\"]",
		  "20 20 0 0 0",
		  "!process.capabilities.ambient: can't raise ambient capability CAP_KILL: not "
		  "both permitted and inheritable" },
		{ "\"bounding\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"],"
		  "\"inheritable\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]",
		  "20 20 0 20 20", "" },
		{ "\"bounding\":[\"CAP_FLY\",\"CAP_KILL\",\"CAP_FLYING\"],"
		  "\"permitted\":[\"CAP_FLY\"]",
		  "20 0 0 0 0", "!process.capabilities: unknown, left out: CAP_FLY, CAP_FLYING" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = { .process = arena_printf(&arena, ",\"capabilities\":{%s}",
							    cases[i].caps) };
		const struct plan *plan = plan_of(&c);

		CHECK_STR(caps_text(&plan->process->caps), cases[i].wanted);
		CHECK_STR(notes_of(plan), cases[i].note);
	}
}

TEST(only_held_capabilities_are_granted)
{
	struct config c = { .process = ",\"capabilities\":{\"bounding\":[\"CAP_SYS_RESOURCE\","
				       "\"CAP_KILL\"]}" };
	struct plan_host weak = root_host();
	const struct plan *plan;

	weak.caps_held &= ~(1ULL << CAP_SYS_RESOURCE);
	plan = plan_for(&c, &weak);
	CHECK_STR(caps_text(&plan->process->caps), "20 0 0 0 0");
	CHECK_STR(notes_of(plan),
		  "!process.capabilities: not available here, left out: CAP_SYS_RESOURCE");
	c.namespaces = user_ns;
	c.linux_ = MAPS;
	CHECK_STR(caps_text(&plan_for(&c, &weak)->process->caps), "1000020 0 0 0 0");
	c = (struct config){ 0 };
	CHECK_STR(caps_text(&plan_of(&c)->process->caps), "0 0 0 0 0");
	CHECK_INT(plan_of(&c)->process->caps.given, 1);
}

TEST(users_must_be_mapped)
{
	static const struct {
		const char *user, *wanted;
	} cases[] = {
		{ "\"uid\":5,\"gid\":5,\"additionalGids\":[6,7]", "no error" },
		{ "\"uid\":20,\"gid\":49", "no error" },
		{ "\"uid\":10,\"gid\":0",
		  "process.user.uid: 10 is not mapped in the user namespace" },
		{ "\"uid\":0,\"gid\":50",
		  "process.user.gid: 50 is not mapped in the user namespace" },
		{ "\"uid\":0,\"gid\":0,\"additionalGids\":[1,60]",
		  "process.user.additionalGids[1]: 60 is not mapped in the user namespace" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = { .process =
					    arena_printf(&arena, ",\"user\":{%s}", cases[i].user),
				    .namespaces = user_ns,
				    .linux_ = MAPS };

		CHECK_STR(error_of(&c), cases[i].wanted);
	}
}

TEST(the_umask_is_022_unless_given)
{
	struct config c = { 0 };

	CHECK_INT(plan_of(&c)->process->user.umask.v, 022);
	c.process = ",\"user\":{\"uid\":0,\"gid\":0,\"umask\":63}";
	CHECK_INT(plan_of(&c)->process->user.umask.v, 077);
	CHECK_INT(plan_of(&c)->process->user.umask.set, 1);
}

TEST(priorities_and_policies_become_numbers)
{
	struct config c = {
		.process = ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":5},"
			   "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2048,"
			   "\"deadline\":4096,\"period\":8192,"
			   "\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]}",
		.linux_ = ",\"personality\":{\"domain\":\"LINUX32\"},"
			  "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-2,64\","
			  "\"flags\":[\"MPOL_F_STATIC_NODES\"]}",
	};
	const struct plan_process *p = plan_of(&c)->process;

	CHECK_INT(p->ioprio.v, 2 << 13 | 5);
	CHECK_INT(p->scheduler->policy, 6);
	CHECK_INT(p->scheduler->flags, 1);
	CHECK_INT(p->scheduler->period, 8192);
	CHECK_INT(p->personality.v, 8);
	CHECK_INT(p->mempolicy->mode, 2 | 1 << 15);
	CHECK_INT(p->mempolicy->nodes[0], 7);
	CHECK_INT(p->mempolicy->nodes[1], 1);
}

TEST(node_lists_are_strict)
{
	static const char *const wrong[] = { "1024", "0-1024", "3-1", "0,,1", "0-", "-1", "x" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct config c = { .linux_ = arena_printf(&arena,
							   ",\"memoryPolicy\":{\"mode\":"
							   "\"MPOL_BIND\",\"nodes\":\"%s\"}",
							   wrong[i]) };
		struct plan_host host = root_host();
		struct lc_error e = { .msg = "no error" };
		struct spec *spec;
		struct plan plan;
		char *text = arena_printf(&arena,
					  "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},"
					  "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},"
					  "\"linux\":{%s}}",
					  c.linux_ + 1);

		if (spec_load(&arena, "c", text, strlen(text), NULL, &spec, &e) == 0)
			CHECK_INT(plan_make(&arena, spec, &fs_options, &host, &plan, &e), -1);
		CHECK_CONTAINS(e.msg, "linux.memoryPolicy.nodes: ");
	}
}

TEST(labels_without_their_module_are_refused)
{
	struct plan_host host = root_host();
	struct config c = { .process = ",\"apparmorProfile\":\"web\"" };
	struct lc_error e;

	CHECK_STR(error_of(&c), "process.apparmorProfile: AppArmor is not in force on this host");
	host.apparmor = host.selinux = true;
	CHECK_STR(plan_for(&c, &host)->process->apparmor, "web");
	c.process = ",\"apparmorProfile\":\"unconfined\"";
	CHECK_STR(plan_of(&c)->process->apparmor, NULL);
	c.linux_ = ",\"mountLabel\":\"a:b:m:s0\"";
	CHECK_STR(plan_for(&c, &host)->mount_label, "a:b:m:s0");
	CHECK_STR(plan_for(&c, &host)->mount_label_option, "context");
	CHECK_STR(plan_of(&c)->mount_label, NULL);
	c.linux_ = ",\"mountLabel\":\"\"";
	CHECK_STR(plan_for(&c, &host)->mount_label, NULL);
	c.linux_ = ",\"mountLabel\":\"a:b:m:s0\"";
	c.top = ",\"annotations\":{\"run.oci.mount_context_type\":\"rootcontext\"}";
	CHECK_STR(plan_for(&c, &host)->mount_label_option, "rootcontext");
	c.top = ",\"annotations\":{\"run.oci.mount_context_type\":\"label\"}";
	CHECK_STR(error_of(&c), "annotations.run.oci.mount_context_type: expected context, "
				"fscontext, defcontext or rootcontext, found \"label\"");
	c.top = NULL;
	c.process = ",\"selinuxLabel\":\"a:b:c:s0\"";
	CHECK_STR(error_of(&c), "process.selinuxLabel: SELinux is not in force on this host");
	CHECK_STR(plan_for(&c, &host)->process->selinux, "a:b:c:s0");
	c.process = ",\"selinuxLabel\":\"a:b:c:s0\",\"apparmorProfile\":\"web\"";
	CHECK(!try_plan(&c, &fs_options, &host, &e));
	CHECK_STR(e.msg, "process.selinuxLabel: not beside process.apparmorProfile");
}

TEST(a_user_keeps_the_oom_score_it_has)
{
	struct plan_host user = userns_host();
	struct config c = { .process = ",\"oomScoreAdj\":-500" };
	const struct plan *plan;

	user.oom_score_adj = 100;
	CHECK_INT(plan_of(&c)->process->oom_score_adj.v, -500);
	plan = plan_for(&c, &user);
	CHECK_INT(plan->process->oom_score_adj.v, 100);
	CHECK_CONTAINS(notes_of(plan), "!process.oomScoreAdj: -500 needs CAP_SYS_RESOURCE");
	c.process = NULL;
	CHECK_INT(plan_for(&c, &user)->process->oom_score_adj.set, 0);
}

/* ---- the cgroup ---- */

TEST(cgroup_paths_are_chosen)
{
	struct plan_host hosts[] = { root_host(), userns_host() };
	static const struct {
		const char *given;
		bool rootless;
		const char *wanted;
		bool required;
	} cases[] = {
		{ "", false, "/hull/web", true },
		{ "/a/b", false, "/a/b", true },
		{ "a/b", false, "/a/b", true },
		{ "//a//b/", false, "/a/b", true },
		{ "", true, "/user.slice/user-1000.slice/user@1000.service/app.slice/hull-web",
		  false },
		{ "a/b", true, "/user.slice/user-1000.slice/user@1000.service/app.slice/a/b",
		  true },
		{ "/a/b", true, "/a/b", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = { .linux_ = arena_printf(&arena, ",\"cgroupsPath\":\"%s\"",
							   cases[i].given) };
		const struct plan_cgroup *cgroup = &plan_for(&c, &hosts[cases[i].rootless])->cgroup;

		CHECK_STR(cgroup->path, cases[i].wanted);
		CHECK_INT(cgroup->required, cases[i].required);
	}
}

TEST(the_root_cgroup_is_nobodys)
{
	struct config c = { .linux_ = ",\"cgroupsPath\":\"/\"" };

	CHECK_CONTAINS(error_of(&c), "linux.cgroupsPath: / is the root cgroup");
}

TEST(without_a_cgroup_there_are_no_limits)
{
	struct plan_options disabled = fs_options;
	struct plan_host host = root_host();
	struct config c = { 0 };
	struct lc_error e = { 0 };

	disabled.cgroup_driver = CGROUP_DISABLED;
	CHECK_STR(try_plan(&c, &disabled, &host, &e)->cgroup.path, NULL);
	c.linux_ = ",\"resources\":{\"pids\":{\"limit\":5}}";
	CHECK_INT(!!try_plan(&c, &disabled, &host, &e), 0);
	CHECK_STR(e.msg, "linux.resources.pids.limit: needs a cgroup, and the cgroup manager is "
			 "\"disabled\"");
}

TEST(units_come_from_the_cgroups_path)
{
	static const struct {
		const char *given;
		bool rootless;
		const char *wanted;
	} cases[] = {
		{ "", false, "system.slice hull-web.scope" },
		{ "", true, "user.slice hull-web.scope" },
		{ "system.slice:docker:abc", false, "system.slice docker-abc.scope" },
		{ ":libpod:abc", false, "system.slice libpod-abc.scope" },
		{ "machine.slice:libpod:abc", true, "machine.slice libpod-abc.scope" },
		{ "a.slice::b", false, "a.slice b.scope" },
		{ "a.slice", false,
		  "linux.cgroupsPath: expected \"slice:prefix:name\" for systemd, found "
		  "\"a.slice\"" },
		{ "a:b:", false,
		  "linux.cgroupsPath: expected \"slice:prefix:name\" for systemd, found \"a:b:\"" },
		{ "a:b:c:d", false,
		  "linux.cgroupsPath: expected \"slice:prefix:name\" for systemd, found "
		  "\"a:b:c:d\"" },
		{ "a:b/c:d", false, "linux.cgroupsPath: a:b/c:d: not names of units" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_linux lx = { .cgroupsPath = (char *)cases[i].given };
		struct pair annotations[] = { { (char *)"org.systemd.property.TimeoutStopUSec",
						(char *)"uint64 5" },
					      { (char *)"other", (char *)"x" } };
		struct spec spec = { .linux_ = &lx, .annotations = { annotations, 2 } };
		struct plan_options options = { .id = "web", .cgroup_driver = CGROUP_SYSTEMD };
		struct plan plan = { .id = (char *)"web", .rootless = cases[i].rootless };
		struct plan_host host = root_host();
		struct lc_error e = { 0 };
		struct planner p = { .a = &arena,
				     .spec = &spec,
				     .linux_ = &lx,
				     .options = &options,
				     .host = &host,
				     .plan = &plan,
				     .e = &e };

		if (planner_cgroup(&p) < 0) {
			CHECK_STR(e.msg, cases[i].wanted);
			continue;
		}
		CHECK_STR(arena_printf(&arena, "%s %s", plan.cgroup.slice, plan.cgroup.scope),
			  cases[i].wanted);
		CHECK_INT(plan.cgroup.user_instance, cases[i].rootless);
		CHECK_INT(plan.cgroup.systemd_properties.n, 1);
		CHECK_STR(plan.cgroup.systemd_properties.v[0].key, "TimeoutStopUSec");
	}
}

static const char *rules_text(const struct plan_cgroup *cgroup)
{
	struct buf b = { .arena = &arena };

	buf_add(&b, "");
	for (size_t i = 0; i < cgroup->device_rules.n; i++) {
		const struct plan_device_rule *r = &cgroup->device_rules.v[i];

		buf_addf(&b, "%s%c%c %lld:%lld %u", i ? ", " : "", r->allow ? '+' : '-', r->type,
			 (long long)r->major, (long long)r->minor, r->access);
	}
	return b.str;
}

#define DEFAULT_RULES \
	"+c -1:-1 1, +b -1:-1 1, +c 1:3 7, +c 1:5 7, +c 1:7 7, +c 1:8 7, +c 1:9 7, +c 5:0 7, " \
	"+c 5:2 7, +c 136:-1 7, +c 10:200 7"

TEST(device_rules_are_followed_by_the_defaults)
{
	struct plan_host inside = userns_host();
	struct config c = { 0 };
	const struct plan *plan = plan_of(&c);

	CHECK_STR(rules_text(&plan->cgroup), DEFAULT_RULES);
	CHECK_INT(plan->cgroup.device_program.n > 0, 1);
	c.linux_ = ",\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},"
		   "{\"allow\":true,\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"rw\"},"
		   "{\"allow\":false,\"type\":\"b\",\"major\":8}]}";
	CHECK_STR(rules_text(&plan_of(&c)->cgroup),
		  "-a -1:-1 7, +c 10:229 6, -b 8:-1 7, " DEFAULT_RULES);
	plan = plan_for(&c, &inside);
	CHECK_INT(plan->cgroup.device_program.n, 0);
	CHECK_CONTAINS(notes_of(plan), "linux.resources.devices: not enforced");
}

TEST(the_cgroup_is_delegated_only_where_it_is_seen_and_writable)
{
	static const struct {
		const char *namespaces, *option;
		bool wanted;
	} cases[] = {
		{ "{\"type\":\"user\"},{\"type\":\"cgroup\"}", "rw", true },
		{ "{\"type\":\"user\"},{\"type\":\"cgroup\"}", "ro", false },
		{ "{\"type\":\"user\"}", "rw", false },
		{ "{\"type\":\"cgroup\"}", "rw", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config c = {
			.mounts = arena_printf(&arena,
					       "{\"destination\":\"/sys/fs/cgroup\",\"type\":"
					       "\"cgroup\",\"options\":[\"%s\"]}",
					       cases[i].option),
			.namespaces = cases[i].namespaces,
			.linux_ = strstr(cases[i].namespaces, "user") ? MAPS : "",
		};

		CHECK_INT(plan_of(&c)->cgroup.chown, cases[i].wanted);
	}
}

TEST(update_plans_only_what_is_given)
{
	static const char pids[] = "{\"pids\":{\"limit\":5}}";
	static const char devices[] = "{\"devices\":[{\"allow\":false}]}";
	struct plan_host host = root_host();
	struct spec_resources *resources;
	struct plan plan;
	const struct plan_cgroup *cgroup = &plan.cgroup;
	struct lc_error e;

	CHECK_INT(spec_resources_load(&arena, "r", pids, strlen(pids), NULL, &resources, &e), 0);
	CHECK_INT(plan_update(&arena, resources, &host, &plan, &e), 0);
	CHECK_INT(cgroup->files.n, 1);
	CHECK_STR(cgroup->files.v[0].file, "pids.max");
	CHECK_INT(cgroup->device_program.n, 0);
	CHECK_INT(spec_resources_load(&arena, "r", devices, strlen(devices), NULL, &resources, &e),
		  0);
	CHECK_INT(plan_update(&arena, resources, &host, &plan, &e), 0);
	CHECK_INT(cgroup->files.n, 0);
	CHECK_STR(rules_text(cgroup), "-a -1:-1 7, " DEFAULT_RULES);
	CHECK_INT(cgroup->device_program.n > 0, 1);
}

/* ---- exec ---- */

static const struct config exec_container = {
	.process = ",\"env\":[\"A=1\",\"PATH=/bin\"],\"noNewPrivileges\":true,\"user\":{\"uid\":3,"
		   "\"gid\":4,\"umask\":7,\"additionalGids\":[9]},\"capabilities\":"
		   "{\"bounding\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"],"
		   "\"effective\":[\"CAP_KILL\"]},\"rlimits\":[{\"type\":\"RLIMIT_CORE\","
		   "\"soft\":1,\"hard\":2}]",
};

static const struct plan *exec_plan(const struct plan_exec_options *exec, struct lc_error *e)
{
	struct plan *plan = arena_alloc(&arena, sizeof(*plan));
	struct plan_host host = root_host();

	if (plan_exec(&arena, load(&exec_container), exec, &fs_options, &host, plan, e) < 0)
		return NULL;
	return plan;
}

TEST(exec_changes_the_containers_process)
{
	static const char *const args[] = { "ls", "-l", NULL }, *const env[] = { "A=2", NULL },
				 *const caps[] = { "CAP_CHOWN", NULL };
	static const uint32_t gids[] = { 11, 12 };
	struct plan_exec_options exec = { .args = args,
					  .env = env,
					  .cwd = "/tmp",
					  .user = "7",
					  .caps = caps,
					  .additional_gids = gids,
					  .n_additional_gids = 2,
					  .tty = true };
	struct lc_error e = { 0 };
	const struct plan *plan = exec_plan(&exec, &e);
	const struct plan_process *p;

	CHECK_STR(e.msg, "");
	p = plan->process;
	CHECK_STR(joined(&p->args), "ls,-l");
	CHECK_STR(joined(&p->env), "PATH=/bin,A=2");
	CHECK_STR(p->cwd, "/tmp");
	CHECK_INT(p->user.uid, 7);
	CHECK_INT(p->user.gid, 4);
	CHECK_INT(p->user.umask.v, 7);
	CHECK_INT(p->user.groups.n, 2);
	CHECK_INT(p->user.groups.v[1], 12);
	CHECK_INT(p->terminal, 1);
	CHECK_INT(p->no_new_privs, 1);
	CHECK_STR(caps_text(&p->caps), "21 21 21 0 0");
	CHECK_INT(p->rlimits.n, 1);
	CHECK_STR(plan->id, "web");
}

TEST(exec_users_are_digits)
{
	static const struct {
		const char *user;
		bool good;
		uint32_t uid, gid;
	} cases[] = {
		{ "1", true, 1, 4 },	       { "1:2", true, 1, 2 },
		{ "0:0", true, 0, 0 },	       { "1:", false, 0, 0 },
		{ ":1", false, 0, 0 },	       { "-1", false, 0, 0 },
		{ "1x", false, 0, 0 },	       { "", false, 0, 0 },
		{ "root", false, 0, 0 },       { "4294967296", false, 0, 0 },
		{ "4294967295", false, 0, 0 }, { "1:2:3", false, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_exec_options exec = { .user = cases[i].user };
		struct lc_error e = { 0 };
		const struct plan *plan = exec_plan(&exec, &e);

		CHECK_INT(!!plan, cases[i].good);
		if (plan) {
			CHECK_INT(plan->process->user.uid, cases[i].uid);
			CHECK_INT(plan->process->user.gid, cases[i].gid);
		} else {
			CHECK_CONTAINS(e.msg, "user: expected UID or UID:GID in digits");
			CHECK_INT(e.code, LC_EUSAGE);
		}
	}
}

TEST(a_process_document_is_completed_from_the_container)
{
	static const char text[] = "{\"cwd\":\"/\",\"args\":[\"id\"],\"env\":[\"B=1\"],"
				   "\"user\":{\"uid\":0,\"gid\":0}}";
	struct plan_exec_options exec = { 0 };
	struct lc_error e = { 0 };
	struct spec_process *process;
	const struct plan_process *p;

	CHECK_INT(spec_process_load(&arena, "process.json", text, strlen(text), NULL, &process, &e),
		  0);
	exec.process = process;
	p = exec_plan(&exec, &e)->process;
	CHECK_STR(joined(&p->env), "B=1");
	CHECK_INT(p->home_from_passwd, 1);
	CHECK_INT(p->no_new_privs, 1);
	CHECK_INT(p->user.uid, 0);
	CHECK_INT(p->user.umask.v, 7);
	CHECK_INT(p->user.groups.n, 0);
	CHECK_STR(caps_text(&p->caps), "20 20 20 0 0");
	CHECK_INT(p->rlimits.n, 1);
}

TEST(exec_refuses_unknown_capabilities)
{
	static const char *const caps[] = { "CAP_FLY", NULL };
	struct plan_exec_options exec = { .caps = caps };
	struct lc_error e = { 0 };

	CHECK_INT(!!exec_plan(&exec, &e), 0);
	CHECK_STR(e.msg, "unknown capability CAP_FLY");
}

/* ---- what hull writes itself ---- */

TEST(the_default_specs_validate_and_have_a_plan)
{
	static const char *const args[] = { "/bin/echo", "hi", NULL };
	static const struct {
		struct default_spec how;
		const char *contains;
	} cases[] = {
		{ { .terminal = true }, "\"terminal\": true" },
		{ { .rootless = true, .terminal = true }, "\"containerID\": 0" },
		{ { .rootfs = "/r", .args = args }, "\"/bin/echo\"" },
		{ { .rootfs = "/r", .args = args, .rootless = true }, "SCMP_ACT_" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_host host = cases[i].how.rootless ? user_host() : root_host();
		struct lc_error e = { 0 };
		struct spec *spec;
		struct plan plan;
		size_t len;
		char *text = default_spec_text(&arena, &cases[i].how, &host, &len);

		CHECK_CONTAINS(text, cases[i].contains);
		CHECK_INT(len, strlen(text));
		if (spec_load(&arena, "config.json", text, len, NULL, &spec, &e) < 0 ||
		    plan_make(&arena, spec, &fs_options, &host, &plan, &e) < 0)
			FAIL("%s\n%s", e.msg, text);
		for (size_t k = 0; k < plan.notes.n; k++)
			if (plan.notes.v[k].warning)
				FAIL("%s", notes_of(&plan));
	}
}

TEST(plans_survive_the_wire)
{
	struct plan_host host = root_host();
	struct default_spec how = { .rootfs = "/r", .terminal = true };
	struct spec *spec = default_spec_make(&arena, &how, &host);
	struct plan plan, *back = arena_alloc(&arena, sizeof(*back));
	struct lc_error e = { 0 };
	char *first, *second;
	size_t n, m;

	if (plan_make(&arena, spec, &fs_options, &host, &plan, &e) < 0 ||
	    plan_print(&arena, &plan, &first, &n, &e) < 0 ||
	    plan_read(&arena, first, n, back, &e) < 0 ||
	    plan_print(&arena, back, &second, &m, &e) < 0)
		FAIL("%s", e.msg);
	CHECK_STR(second, first);
	CHECK_INT(back->seccomp.filter.n, plan.seccomp.filter.n);
	CHECK_INT(memcmp(back->seccomp.filter.v, plan.seccomp.filter.v, plan.seccomp.filter.n), 0);
}

/* ---- on the wire ---- */

static size_t size_of(const struct field *f)
{
	switch (f->kind) {
	case K_CHAR:
	case K_BOOL:
	case K_U8:
		return 1;
	case K_U32:
	case K_I32:
	case K_ENUM:
		return 4;
	case K_OPT_BOOL:
		return sizeof(struct opt_bool);
	case K_OPT_U32:
	case K_OPT_I32:
		return sizeof(struct opt_u32);
	case K_OPT_I64:
	case K_OPT_U64:
		return sizeof(struct opt_u64);
	case K_STRS:
	case K_ENUMS:
	case K_U32S:
	case K_BYTES:
	case K_PAIRS:
	case K_OBJECTS:
	case K_OBJECT_MAP:
		return sizeof(struct strs);
	case K_U64_ARRAY:
		return f->count * sizeof(uint64_t);
	case K_STRUCT:
		return f->shape->size;
	case K_STRUCT_ARRAY:
		return f->count * f->shape->size;
	default:
		return 8;
	}
}

static size_t alignment_of(const struct field *f)
{
	size_t size = size_of(f);

	return f->kind == K_OPT_BOOL ? 1 : size < 8 ? size : f->kind == K_OPT_U32 ? 4 : 8;
}

/* Every byte belongs to a field or is padding in front of one. */
static void check_covered(const char *name, const struct shape *shape)
{
	size_t end = 0;

	for (const struct field *f = shape->fields; f->name; f++) {
		if (f->offset < end || f->offset - end >= 8 ||
		    (f->offset > end && f->offset - end >= alignment_of(f)))
			FAIL("%s: something before %s is not printed (bytes %zu to %zu)", name,
			     f->name, end, f->offset);
		end = f->offset + size_of(f);
		if (f->shape)
			check_covered(f->name, f->shape);
	}
	if (shape->size - end >= 8)
		FAIL("%s: the last member is not printed", name);
}

TEST(every_member_of_a_plan_is_printed)
{
	check_covered("plan", &plan_shape);
}

static void fill(const struct shape *shape, void *out);

static void fill_list(const struct field *f, void *p)
{
	struct strs *list = p;

	list->n = 1;
	list->v = arena_alloc(&arena, f->shape ? f->shape->size : 2 * sizeof(char *));
	if (f->shape)
		fill(f->shape, list->v);
	else if (f->kind == K_STRS)
		list->v[0] = (char *)"x";
	else if (f->kind == K_PAIRS)
		*(struct pair *)(void *)list->v = (struct pair){ (char *)"k", (char *)"v" };
	else
		memset(list->v, 1, sizeof(uint32_t)); /* bytes, numbers */
}

/* Something that is not zero. */
static void fill_field(const struct field *f, void *p)
{
	switch (f->kind) {
	case K_STRING:
		*(const char **)p = f->name;
		return;
	case K_CHAR:
		*(char *)p = 'c';
		return;
	case K_BOOL:
		*(bool *)p = true;
		return;
	case K_ENUM:
		*(int *)p = f->words[1].value;
		return;
	case K_OPT_U32:
		*(struct opt_u32 *)p = (struct opt_u32){ true, 7 };
		return;
	case K_OPT_I64:
		*(struct opt_i64 *)p = (struct opt_i64){ true, -7 };
		return;
	case K_FLAGS:
	case K_BITS:
		*(uint64_t *)p = 3ULL << 62 | 5;
		return;
	case K_STRUCT:
		fill(f->shape, p);
		return;
	case K_STRUCT_ARRAY:
		for (size_t i = 0; i < f->count; i++)
			fill(f->shape, (char *)p + i * f->shape->size);
		return;
	case K_OBJECT:
		*(void **)p = arena_alloc(&arena, f->shape->size);
		fill(f->shape, *(void **)p);
		return;
	case K_STRS:
	case K_U32S:
	case K_BYTES:
	case K_PAIRS:
	case K_OBJECTS:
		fill_list(f, p);
		return;
	default:
		memset(p, 1, size_of(f));
	}
}

static void fill(const struct shape *shape, void *out)
{
	for (const struct field *f = shape->fields; f->name; f++)
		fill_field(f, (char *)out + f->offset);
}

TEST(a_plan_that_was_sent_is_the_same)
{
	struct plan plan = { 0 }, back;
	struct lc_error e = { 0 };
	char *first, *second;
	size_t n, m;

	fill(&plan_shape, &plan);
	if (plan_print(&arena, &plan, &first, &n, &e) < 0 ||
	    plan_read(&arena, first, n, &back, &e) < 0 ||
	    plan_print(&arena, &back, &second, &m, &e) < 0)
		FAIL("%s", e.msg);
	CHECK_STR(second, first);
	CHECK_CONTAINS(first, "\"fallback_bind\": \"fallback_bind\"");
	CHECK_STR(back.process->env.v[back.process->env.n], NULL);
	CHECK_STR(back.process->env.v[back.process->env.n + 1], NULL);
}

TEST(the_features_are_complete)
{
	static const struct {
		const char *path, *wanted;
	} cases[] = {
		{ "ociVersionMin", "the string \"1.0.0\"" },
		{ "ociVersionMax", "the string \"1.3.0\"" },
		{ "hooks[5]", "the string \"poststop\"" },
		{ "linux.namespaces[7]", "the string \"time\"" },
		{ "linux.capabilities[40]", "the string \"CAP_CHECKPOINT_RESTORE\"" },
		{ "linux.cgroup.v2", "true" },
		{ "linux.seccomp.enabled", "true" },
		{ "linux.mountExtensions.idmap.enabled", "true" },
		{ "linux.memoryPolicy.modes[0]", "the string \"MPOL_DEFAULT\"" },
	};
	struct plan_host host = root_host();
	struct lc_error e = { 0 };
	struct json *root;
	size_t len;
	char *text = features_text(&arena, &host, &len), found[96];

	if (json_parse(&arena, "features", text, len, NULL, &root, &e) < 0)
		FAIL("%s", e.msg);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(json_describe(json_lookup(root, cases[i].path), found, sizeof(found)),
			  cases[i].wanted);
	CHECK_CONTAINS(text, "\"rro\"");
	CHECK_CONTAINS(text, "\"SCMP_ACT_NOTIFY\"");
	CHECK_CONTAINS(text, "\"SCMP_CMP_MASKED_EQ\"");
	CHECK_CONTAINS(text, "\"SCMP_ARCH_X86_64\"");
}

TEST(the_host_can_be_asked)
{
	struct plan_host host;
	struct lc_error e = { 0 };

	if (plan_host_ask(&arena, NULL, &host, &e) < 0)
		FAIL("%s", e.msg);
	CHECK_INT(host.cap_last >= CAP_CHECKPOINT_RESTORE, 1);
}
