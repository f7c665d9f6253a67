/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written to a terminal for a table that is drawn in place; amounts for people. */
#include "lc_test.h"
#include "src/live.h"
#include "src/quantity.h"

#include <string.h>

/* The frame, with E for the escape character. */
static const char *frame(const char *text, int rows, int columns, bool bold)
{
	static char copy[512];
	struct arena arena = { 0 };
	struct buf b = { .arena = &arena };

	live_frame(&b, text, rows, columns, bold);
	snprintf(copy, sizeof(copy), "%s", b.str);
	arena_release(&arena);
	for (char *c = copy; *c; c++)
		if (*c == '\033')
			*c = 'E';
	return copy;
}

TEST(each_line_ends_cleared_and_what_was_below_is_gone)
{
	CHECK_STR(frame("ID\na\n", 10, 20, false), "E[HIDE[K\r\naE[K\r\nE[J");
	CHECK_STR(frame("", 10, 20, false), "E[HE[J");
}

TEST(the_first_line_is_bold_where_that_is_wanted)
{
	CHECK_STR(frame("ID\na\n", 10, 20, true), "E[HE[1mIDE[0mE[K\r\naE[K\r\nE[J");
}

TEST(a_full_screen_does_not_scroll)
{
	CHECK_STR(frame("ID\na\n", 2, 20, false), "E[HIDE[K\r\naE[K");
}

TEST(lines_without_room_are_counted)
{
	CHECK_STR(frame("ID\na\nb\nc\nd\n", 3, 20, false), "E[HIDE[K\r\naE[K\r\n(3 more)E[K");
	CHECK_STR(frame("ID\na\n", 1, 20, false), "E[H(2 more)E[K");
}

TEST(lines_are_cut_to_the_width_and_keep_their_last_character)
{
	CHECK_STR(frame("abcdefgh\n", 5, 4, false), "E[Habcd\r\nE[J");
	CHECK_STR(frame("abcd\n", 5, 4, false), "E[Habcd\r\nE[J");
	CHECK_STR(frame("abc\n", 5, 4, false), "E[HabcE[K\r\nE[J");
	CHECK_STR(frame("\303\244\303\266\303\274\303\237x\n", 5, 4, false),
		  "E[H\303\244\303\266\303\274\303\237\r\nE[J");
}

TEST(what_is_shown_cannot_command_the_terminal)
{
	CHECK_STR(frame("a\033[2Jb\r\177\n", 5, 20, false), "E[Ha?[2Jb??E[K\r\nE[J");
}

TEST(ages_are_short)
{
	static const struct {
		uint64_t seconds;
		const char *wanted;
	} cases[] = {
		{ 0, "0s ago" },      { 119, "119s ago" },	    { 120, "2m ago" },
		{ 7199, "119m ago" }, { 7200, "2h ago" },	    { 172799, "47h ago" },
		{ 172800, "2d ago" }, { UINT64_MAX, "99999d ago" },
	};
	char text[QUANTITY_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(quantity_print_age(cases[i].seconds, text), cases[i].wanted);
}

TEST(bytes_are_in_human_units)
{
	char text[QUANTITY_TEXT];

	CHECK_STR(quantity_print(0, text), "0B");
	CHECK_STR(quantity_print(1536, text), "1.50KiB");
	CHECK_STR(quantity_print(67108864, text), "64.0MiB");
}
