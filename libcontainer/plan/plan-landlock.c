/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The annotation dev.hull.landlock (docs/LANDLOCK.md): JSON in a string, read by tables.  What it
 * asks for is enforced or refused, so a member that nobody reads is an error here.
 */
#include "plan/make.h"
#include "base/str.h"
#include "json/decode.h"
#include "sys/landlock.h"

#include <string.h>

#define ANNOTATION "dev.hull.landlock"

static const struct word access_words[] = {
	{ "read", LANDLOCK_READ_FILE | LANDLOCK_READ_DIR },
	{ "execute", LANDLOCK_EXECUTE },
	{ "write", LANDLOCK_WRITE_FILE | LANDLOCK_TRUNCATE },
	{ "create", LANDLOCK_MAKE_REG | LANDLOCK_MAKE_DIR | LANDLOCK_MAKE_SYM | LANDLOCK_MAKE_FIFO |
			    LANDLOCK_MAKE_SOCK },
	{ "remove", LANDLOCK_REMOVE_FILE | LANDLOCK_REMOVE_DIR },
	{ "move", LANDLOCK_REFER },
	{ "devices", LANDLOCK_MAKE_CHAR | LANDLOCK_MAKE_BLOCK },
	{ "ioctl", LANDLOCK_IOCTL_DEV },
	{},
};

static const struct word scope_words[] = {
	{ "abstractUnixSockets", LANDLOCK_ABSTRACT_UNIX },
	{ "signals", LANDLOCK_SIGNAL },
	{},
};

/* An enum, so that the tables take it; its values are sets of rights. */
enum rights { NO_RIGHTS };
typedef LIST_OF(enum rights) right_list;

struct asked_path {
	char *path;
	right_list access;
	bool optional;
};

struct asked {
	LIST_OF(struct asked_path) paths;
	struct u32s bindTcp, connectTcp;
	right_list scope;
	struct opt_u32 minimumAbi;
};

static const char *absolute(const char *path)
{
	return path[0] == '/' ? NULL : "expected an absolute path";
}

static const struct field asked_path_fields[] = {
	F_STRING(struct asked_path, path, REQUIRED, VALID(absolute)),
	F_ENUMS(struct asked_path, access, access_words, REQUIRED),
	F_BOOL(struct asked_path, optional),
	{},
};
static SHAPE(asked_path);

static const struct field asked_fields[] = {
	F_OBJECTS(struct asked, paths, asked_path),
	F_U32S(struct asked, bindTcp, RANGE(0, 65535)),
	F_U32S(struct asked, connectTcp, RANGE(0, 65535)),
	F_ENUMS(struct asked, scope, scope_words),
	F_OPT_U32(struct asked, minimumAbi, RANGE(1, LANDLOCK_FILES_ABI)),
	{},
};
static SHAPE(asked);

static void keep_unknown(void *ctx, const struct remark *remark)
{
	struct lc_error *e = ctx;
	char text[1024];

	if (remark->kind == REMARK_UNKNOWN && e->code == LC_OK)
		lc_err(e, LC_ECONFIG, "%s", remark_text(remark, text, sizeof(text)));
}

static int read_annotation(struct planner *p, const char *text, struct asked *out)
{
	struct lc_error unknown = { 0 };
	struct report report = { keep_unknown, &unknown };

	if (decode_text(p->a, ANNOTATION, text, strlen(text), &asked_shape, out, &report, p->e) < 0)
		return -1;
	if (unknown.code != LC_OK) {
		*p->e = unknown;
		return -1;
	}
	if (out->paths.v || out->bindTcp.v || out->connectTcp.v || out->scope.n)
		return 0;
	return lc_err(p->e, LC_ECONFIG,
		      ANNOTATION ": it restricts nothing: give paths, bindTcp, "
				 "connectTcp or scope");
}

static uint64_t all_of(const right_list *list)
{
	uint64_t rights = 0;

	for (size_t i = 0; i < list->n; i++)
		rights |= (uint64_t)list->v[i];
	return rights;
}

/* The oldest version of the kernel's that enforces what is asked. Only of the rights to files may
 * the annotation do without the newest. */
static uint32_t oldest_abi(const struct asked *asked)
{
	uint32_t abi = 1;

	if (asked->paths.v)
		abi = asked->minimumAbi.set ? asked->minimumAbi.v : LANDLOCK_FILES_ABI;
	if ((asked->bindTcp.v || asked->connectTcp.v) && abi < LANDLOCK_PORT_ABI)
		abi = LANDLOCK_PORT_ABI;
	if (asked->scope.n && abi < LANDLOCK_SCOPE_ABI)
		abi = LANDLOCK_SCOPE_ABI;
	return abi;
}

static void fill(struct planner *p, const struct asked *asked, struct plan_landlock *to)
{
	*to = (struct plan_landlock){
		.minimum_abi = oldest_abi(asked),
		.restrict_files = asked->paths.v != NULL,
		.bind_tcp = asked->bindTcp,
		.connect_tcp = asked->connectTcp,
		.scopes = all_of(&asked->scope),
	};
	to->ports = (asked->bindTcp.v ? LANDLOCK_BIND_TCP : 0) |
		    (asked->connectTcp.v ? LANDLOCK_CONNECT_TCP : 0);
	to->paths.v = arena_array(p->a, asked->paths.n, sizeof(*to->paths.v));
	for (size_t i = 0; i < asked->paths.n; i++)
		to->paths.v[to->paths.n++] = (struct plan_landlock_path){
			.path = path_inside(p->a, asked->paths.v[i].path),
			.rights = all_of(&asked->paths.v[i].access),
			.optional = asked->paths.v[i].optional,
		};
}

/* A guest's kernel is asked by its own init. */
static int check_kernel(struct planner *p, const struct plan_landlock *l)
{
	int abi = p->host->landlock_abi;

	if (p->plan->vm)
		return 0;
	if (!abi)
		return lc_err(p->e, LC_EUNSUPPORTED,
			      ANNOTATION
			      ": this kernel has no Landlock (it is not built in, or not "
			      "in lsm= of its command line)");
	if (abi < (int)l->minimum_abi)
		return lc_err(p->e, LC_EUNSUPPORTED,
			      ANNOTATION ": this kernel offers version %d of Landlock, and %u is "
					 "needed",
			      abi, l->minimum_abi);
	if (l->restrict_files && abi < LANDLOCK_FILES_ABI)
		planner_note(p, true, ANNOTATION,
			     "not restricted, as minimumAbi allows: %sioctl of devices",
			     abi < 3 ? "truncation, " : "");
	return 0;
}

int planner_landlock(struct planner *p)
{
	const char *text = annotation(p, ANNOTATION);
	struct asked asked = { 0 };
	struct plan_landlock *to;

	if (!text)
		return 0;
	to = arena_alloc(p->a, sizeof(*to));
	if (read_annotation(p, text, &asked) < 0)
		return -1;
	fill(p, &asked, to);
	if (check_kernel(p, to) < 0)
		return -1;
	if (p->plan->process && !p->plan->process->no_new_privs)
		return lc_err(p->e, LC_ECONFIG,
			      ANNOTATION ": needs process.noNewPrivileges: set-user-ID programs "
					 "must not step out of it");
	p->plan->landlock = to;
	return 0;
}
