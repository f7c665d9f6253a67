/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan on its way into a guest. */
#include "microvm/order.h"
#include "json/encode.h"

static const struct field order_fields[] = {
	F_OBJECT(struct order, plan, plan, REQUIRED),
	F_BOOL(struct order, exec, OMIT_ZERO),
	F_BOOL(struct order, keep_newlines, OMIT_ZERO),
	F_U32(struct order, timeout_ms),
	F_STRING(struct order, state),
	F_STRING(struct order, state_tail),
	{},
};
SHAPE(order);

char *order_encode(struct arena *a, const struct order *order, size_t *len)
{
	return encode(a, &order_shape, order, 0, len);
}

int order_decode(struct arena *a, const char *text, size_t len, struct order *order,
		 struct lc_error *e)
{
	*order = (struct order){ 0 };
	if (decode_text(a, "plan", text, len, &order_shape, order, NULL, e) < 0)
		return -1;
	plan_make_room(a, order->plan);
	return 0;
}
