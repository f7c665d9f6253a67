/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount options as words: read into flags, and listed for `features`.  For plan/ only. */
#ifndef LC_MOUNT_WORDS_H
#define LC_MOUNT_WORDS_H

#include "base/arena.h"
#include "json/decode.h"

struct mount_attrs {
	uint64_t set, clear; /* MOUNT_ATTR_* for mount_setattr(2) */
};

/* What the options of one mount say together; of contradicting words the last wins. */
struct mount_words {
	struct mount_attrs attrs, attrs_rec;
	bool attrs_given; /* some word of this mount's own attributes, also one that clears */
	bool bind, rbind, remount, tmpcopyup, copy_symlink, src_nofollow, dest_nofollow;
	bool idmap, ridmap;
	const char *idmap_value; /* behind "idmap=", NULL: none */
	uint64_t propagation;
	bool propagation_rec;
	struct strs data; /* for the file system, in order: known words and all unknown ones */
	struct strs others; /* the unknown ones of them */
};

/* Called for a word that has no effect. */
typedef void mount_word_note(void *ctx, bool warning, const char *word, const char *why);

void mount_words_read(struct arena *a, const struct strs *options, mount_word_note *note, void *ctx,
		      struct mount_words *out);

/* A word such as sync, that is for the file system and that we know. */
bool mount_word_is_data(const char *word);

/* The known word that looks most like @word, NULL when none does. */
const char *mount_word_nearest(struct arena *a, const char *word);

#endif
