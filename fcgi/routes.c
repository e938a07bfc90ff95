/* SPDX-License-Identifier: Apache-2.0 */
/* routes: which paths panels have. */
#include "fcgi/routes.h"

const struct route ROUTES_INTAKE[] = {
    {"POST", "/v1/events/+", intake_serve, NULL},       {"GET", "/v1/orders/", order_serve, NULL},
    {"GET", "/v1/products", products_serve, NULL},      {"GET", "/v1/licenses", licenses_serve, NULL},
    {"GET", "/v1/services/", service_serve, NULL},      {"GET", "/health/live", health_live_serve, NULL},
    {"GET", "/health/ready", health_ready_serve, NULL}, {NULL, NULL, NULL, NULL},
};
