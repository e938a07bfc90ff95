/* SPDX-License-Identifier: Apache-2.0 */
/* program: one bridge-fcgi process from its first loop round to its last. */
#ifndef FCGI_PROGRAM_H
#define FCGI_PROGRAM_H

#include <sys/types.h>

#include "base/config.h"
#include "fcgi/front.h"

struct program_options {
    const char *name; /* "intake" or "ops" */
    const struct route *routes;
    const char *role;        /* database user unless the configuration names one */
    bool takes_deliveries;   /* needs a session of its own for batches */
    const char *config_path; /* read again on SIGHUP */
    const char *socket_path; /* NULL: passed_socket */
    int passed_socket;       /* by the service manager */
    mode_t socket_mode;
};

/* Runs until SIGTERM or SIGINT and the end of what is asked; takes the
 * configuration over.  Returns a sysexits status. */
int program_run(const struct program_options *options, struct config **config);

#endif
