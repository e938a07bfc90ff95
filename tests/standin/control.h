/* SPDX-License-Identifier: Apache-2.0 */
/* control: what tests read and set, under /_control/. */
#ifndef STANDIN_CONTROL_H
#define STANDIN_CONTROL_H

#include <stdbool.h>

#include "book.h"
#include "reply.h"
#include "request.h"

#define CONTROL_PREFIX "/_control/"

void control_serve(struct book *book, const struct request *request, struct reply *reply);

/* The reading half: false when there is no such page. */
bool control_show(struct book *book, const struct request *request, const char *page, struct reply *reply);

#endif
