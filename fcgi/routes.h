/* SPDX-License-Identifier: Apache-2.0 */
/* routes: which paths the front door has, and the functions that serve them,
 * each in a file of its own.  The operators' are in ops.h. */
#ifndef FCGI_ROUTES_H
#define FCGI_ROUTES_H

#include "fcgi/front.h"

extern const struct route ROUTES_INTAKE[];

void intake_serve(struct front *front, struct request *request, const char *rest);
void order_serve(struct front *front, struct request *request, const char *rest);
void products_serve(struct front *front, struct request *request, const char *rest);
void licenses_serve(struct front *front, struct request *request, const char *rest);
void service_serve(struct front *front, struct request *request, const char *rest);
void health_live_serve(struct front *front, struct request *request, const char *rest);
void health_ready_serve(struct front *front, struct request *request, const char *rest);

#endif
