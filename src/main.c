/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. */
#include "config.h"
#include "commit.h"
#include <stdio.h>

int main(void)
{
	printf("hull version %s\ncommit: %s\n", PACKAGE_VERSION, HULL_COMMIT);
	return 0;
}
