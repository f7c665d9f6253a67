/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Without protobuf-c nobody can talk to criu. */
#include "run/container.h"

static int refuse(struct lc_error *e)
{
	return lc_err(e, LC_EUNSUPPORTED,
		      "this build has no checkpoint and restore: configure found no protobuf-c "
		      "(Debian: apt-get install libprotobuf-c-dev protobuf-c-compiler)");
}

int lc_checkpoint(struct lc *lc, const char *id, const struct lc_criu *how, struct lc_error *e)
{
	(void)lc, (void)id, (void)how;
	return refuse(e);
}

int lc_restore(struct lc *lc, const char *id, const struct lc_create *how,
	       const struct lc_criu *criu, int *status, struct lc_error *e)
{
	(void)lc, (void)id, (void)how, (void)criu, (void)status;
	return refuse(e);
}
