/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of templates: what is used, what is not, and who makes one. */
#include "microvm/template.h"
#include "base/own.h"
#include "lc_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

static struct lc_error e;
static struct arena a;
static char store[64], key[65];

static int create(const char *path)
{
	int fd = openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		FAIL("%s: %s", path, lc_errno_text(errno));
	return fd;
}

static char *path_of(const char *name)
{
	return arena_printf(&a, "%s/%s", store, name);
}

/* The state that belongs to the open memory, in file @path. */
static void write_state(const char *path, int memory)
{
	static const struct snapshot_extent first = { 0, 4096 };
	struct snapshot_head head = { .memory_mib = 1, .cpus = 1 };
	struct buf b = { .arena = &a };
	int fd = create(path);

	CHECK_OK(snapshot_identify(memory, &head.memory, &e), &e);
	memset(head.key, 0xab, sizeof(head.key));
	snapshot_begin(&b);
	snapshot_add(&b, PART_FACTS, 0, "facts\n", 6);
	snapshot_add(&b, PART_EXTENTS, 0, &first, sizeof(first));
	snapshot_add(&b, PART_MACHINE, 0, "machine", 7);
	snapshot_add(&b, PART_CPU, 0, "processor", 9);
	snapshot_end(&b, &head);
	CHECK(write(fd, b.str, b.len) == (ssize_t)b.len);
	close(fd);
}

/* A store with one good template, abab...; its names are removed by forget(). */
static void begin(void)
{
	int memory;

	umask(022);
	snprintf(store, sizeof(store), "/tmp/lc-template-%d", (int)getpid());
	memset(key, 0, sizeof(key));
	for (int i = 0; i < 64; i += 2)
		memcpy(key + i, "ab", 2);
	CHECK(mkdir(store, 0700) == 0 && mkdir(path_of(key), 0700) == 0);
	memory = create(arena_printf(&a, "%s/%s/memory", store, key));
	CHECK(ftruncate(memory, 1 << 20) == 0);
	write_state(arena_printf(&a, "%s/%s/state", store, key), memory);
	close(memory);
}

static void forget(const char *name)
{
	unlink(arena_printf(&a, "%s/%s/memory", store, name));
	unlink(arena_printf(&a, "%s/%s/state", store, name));
	rmdir(path_of(name));
}

static void end(void)
{
	forget(key);
	unlink(path_of("lock"));
	unlink(path_of("other"));
	rmdir(store);
}

static int try_open(const char *name)
{
	auto_template t = TEMPLATE_NONE;

	e = (struct lc_error){ 0 };
	return template_open(store, name, &t, &e);
}

TEST(one_that_is_there_is_opened_and_none_is_no_error)
{
	static const char other[] =
		"0000000000000000000000000000000000000000000000000000000000000000";

	CHECK_INT(template_open("/none", other, &(struct template)TEMPLATE_NONE, &e), 0);
	begin();
	CHECK_INT(try_open(other), 0);
	CHECK_INT(try_open(key), 1);
	end();
}

/* What somebody may have done to it; each undoes the one before. */
static char *file(const char *name)
{
	return arena_printf(&a, "%s/%s/%s", store, key, name);
}

static void spoil_mode(void)
{
	CHECK(chmod(file("state"), 0640) == 0);
}

static void spoil_folder(void)
{
	CHECK(chmod(path_of(key), 0750) == 0);
}

static void spoil_store(void)
{
	CHECK(chmod(store, 0777) == 0);
}

static void spoil_owner(void)
{
	if (chown(file("memory"), 1, -1U) < 0)
		SKIP("only root can give a file away");
}

static void spoil_name(void)
{
	CHECK(link(file("memory"), path_of("other")) == 0);
}

static void spoil_link(void)
{
	CHECK(rename(file("state"), path_of("other")) == 0);
	CHECK(symlink("../other", file("state")) == 0);
}

static void spoil_length(void)
{
	CHECK(truncate(file("state"), 200) == 0);
}

static void spoil_state(void)
{
	auto_fd fd = openat(AT_FDCWD, file("state"), O_RDWR | O_CLOEXEC);

	CHECK(pwrite(fd, "x", 1, 190) == 1);
}

static void spoil_memory(void)
{
	auto_fd fd = openat(AT_FDCWD, file("memory"), O_RDWR | O_CLOEXEC);

	usleep(20000); /* the clock of files moves by ticks */
	CHECK(pwrite(fd, "x", 1, 8192) == 1);
}

static void spoil_by_copy(void)
{
	auto_fd fd = create(file("new"));

	CHECK(ftruncate(fd, 1 << 20) == 0);
	CHECK(rename(file("new"), file("memory")) == 0);
}

static void refuse(void (*spoil)(void), const char *wanted)
{
	begin();
	spoil();
	CHECK_INT(try_open(key), -1);
	CHECK_CONTAINS(e.msg, wanted);
	end();
}

TEST(one_that_others_could_have_made_is_refused)
{
	refuse(spoil_mode, "state: others may use it (mode 0640)");
	refuse(spoil_folder, "others may use it (mode 0750)");
	refuse(spoil_store, "others may use it (mode 0777)");
	refuse(spoil_name, "memory: it has another name");
	refuse(spoil_link, "open state: ");
}

TEST(one_of_another_user_is_refused)
{
	refuse(spoil_owner, "memory: it belongs to user 1");
}

TEST(one_that_is_damaged_is_refused)
{
	refuse(spoil_length, "200 bytes, expected ");
	refuse(spoil_state, "damaged: the digest does not fit");
	refuse(spoil_memory, "the memory is not the file that was saved");
	refuse(spoil_by_copy, "the memory is not the file that was saved");
}

TEST(one_under_a_name_that_is_not_its_own_is_refused)
{
	begin();
	CHECK(rename(path_of(key), arena_printf(&a, "%s/c%s", store, key + 1)) == 0);
	key[0] = 'c';
	CHECK_INT(try_open(key), -1);
	CHECK_CONTAINS(e.msg, "it is another one's, by its key");
	end();
}

static char told[256];

static void tell(void *ctx, const char *name, const struct snapshot *s, const char *why)
{
	(void)ctx;
	snprintf(told, sizeof(told), "%.4s %u %s", name, s->head.memory_mib, why ? why : "ok");
}

TEST(they_are_listed_verified_and_removed_by_the_beginning_of_their_names)
{
	begin();
	CHECK_OK(template_list(store, false, tell, NULL, &e), &e);
	CHECK_STR(told, "abab 1 ok");
	CHECK_OK(template_list(store, true, tell, NULL, &e), &e);
	/* The digest that was written is not this memory's. */
	CHECK_STR(told, "abab 1 damaged: the memory's digest does not fit");
	CHECK_INT(template_remove(store, "cd", &e), -1);
	CHECK_STR(e.msg, "there is no template \"cd\"");
	CHECK_INT(template_remove(store, "", &e), -1);
	CHECK_OK(template_remove(store, "abab", &e), &e);
	CHECK_INT(try_open(key), 0);
	CHECK_OK(template_list("/none", false, tell, NULL, &e), &e);
	end();
}

static struct template_of machine_of(int file)
{
	return (struct template_of){ .program = file,
				     .kvm = -1,
				     .kernel = file,
				     .initrd = file,
				     .kernel_path = "/k",
				     .parameters = "quiet",
				     .memory_mib = 256,
				     .cpus = 1 };
}

static const char *name_of(const struct template_of *of)
{
	struct template_key made;

	CHECK_OK(template_key(&a, of, &made, &e), &e);
	CHECK_INT(strlen(made.text), 64);
	CHECK_CONTAINS(made.facts, "\ncpus ");
	return arena_strdup(&a, made.text);
}

TEST(another_machine_has_another_name)
{
	int fd = memfd_create("x", MFD_CLOEXEC), other = memfd_create("x", MFD_CLOEXEC);
	struct template_of of = machine_of(fd), more[7];
	const char *name = name_of(&of);

	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		more[i] = of;
	more[0].program = other;
	more[1].kernel = other;
	more[2].initrd = other;
	more[3].kernel_path = "/l";
	more[4].parameters = "quiet x";
	more[5].memory_mib = 257;
	more[6].cpus = 2;
	CHECK_STR(name_of(&of), name);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		CHECK(strcmp(name_of(&more[i]), name) != 0);
	usleep(20000);
	CHECK(write(fd, "y", 1) == 1);
	CHECK(strcmp(name_of(&of), name) != 0);
}

static int make(const char *program, bool wait)
{
	auto_fd fd = openat(AT_FDCWD, program, O_RDONLY | O_CLOEXEC);
	struct template_of of = machine_of(fd);
	struct template_key name = { .facts = (char *)"facts" };

	memcpy(name.text, key, sizeof(name.text));
	e = (struct lc_error){ 0 };
	return template_make(store, &of, &name, wait, 20000, &e);
}

TEST(who_makes_one_has_the_lock)
{
	auto_fd lock = -1;

	begin();
	lock = create(path_of("lock"));
	CHECK(flock(lock, LOCK_EX) == 0);
	CHECK_INT(make("/bin/false", false), 1);
	flock(lock, LOCK_UN);
	/* There is a good one: nothing is executed. */
	CHECK_INT(make("/bin/false", true), 0);
	end();
}

TEST(what_a_monitor_did_not_save_is_not_put_in_place)
{
	if (geteuid() != 0)
		SKIP("namespaces for the monitor are root's");
	begin();
	spoil_length();
	CHECK_INT(make("/bin/false", true), -1);
	CHECK_CONTAINS(e.msg, "the monitor failed (status 1)");
	CHECK_INT(make("/bin/true", true), -1);
	CHECK_CONTAINS(e.msg, "what the monitor saved: no template has 0 bytes");
	CHECK(access(path_of(".new"), F_OK) < 0);
	CHECK_INT(try_open(key), -1); /* the bad one is still there, and still bad */
	end();
}

TEST(what_a_killed_maker_left_is_in_nobodys_way)
{
	if (geteuid() != 0)
		SKIP("namespaces for the monitor are root's");
	begin();
	forget(key);
	CHECK(mkdir(path_of(".new"), 0700) == 0);
	close(create(path_of(".new/memory")));
	CHECK_INT(make("/bin/false", true), -1);
	CHECK_CONTAINS(e.msg, "the monitor failed (status 1)");
	CHECK(access(path_of(".new"), F_OK) < 0);
	end();
}
