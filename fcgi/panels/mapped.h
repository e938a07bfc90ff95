/* SPDX-License-Identifier: Apache-2.0 */
/* mapped: panels that send their own payloads, read by the source's events and
 * fields (docs/panels.md, docs/configuration.md).
 *
 * An event that the source does not list is ignored.  Work that is paid for
 * needs an invoice id, which makes its operation key together with type and
 * service: so however often a panel tells of one invoice, it is bought once. */
#ifndef FCGI_PANELS_MAPPED_H
#define FCGI_PANELS_MAPPED_H

#include "fcgi/panels/panel.h"

/* Unpaid work that Blesta tells twice within so many seconds is one delivery. */
#define MAPPED_ONCE_S 10

/* "hook_code" names the event and "webhook_event_id" the delivery. */
panel_read_fn upmind_read;
/* input->event (X-Blesta-Event) names the event.  Nothing names the delivery:
 * X-Webhook-Id is the same for all.  So what was mapped makes its name, for
 * unpaid work together with the time, because a service may be suspended twice. */
panel_read_fn blesta_read;

#endif
