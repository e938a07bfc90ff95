/* SPDX-License-Identifier: Apache-2.0 */
/* intake: POST /v1/events/{source}, from the raw request to its answer. */
#ifndef FCGI_INTAKE_H
#define FCGI_INTAKE_H

#include "fcgi/batch.h"
#include "fcgi/waiting.h"

/* Answers a delivery that the batch is through with (batch_answer_fn). */
void intake_answer(struct batch_item *item, const struct intake_result *result);
/* Answers a delivery whose wait is over (waiting_answer_fn). */
void intake_waited(struct waiter *waiter, const char *state, const char *reason);

#endif
