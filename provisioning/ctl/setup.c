/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that set a bridge up: migrate, check-config, dump-config, version.
 *
 * migrate is the only one that changes anything, one transaction per migration. */
#include <stdio.h>
#include <sysexits.h>

#include "ctl/ctl.h"
#include "store/migrate.h"

#define MIGRATE_ERROR_MAX 512

int setup_version(struct ctl *ctl)
{
    if (ctl->json)
        printf("{\"version\": \"%s\", \"schema\": %d}\n", BRIDGE_VERSION, migrate_latest());
    else
        printf("bridgectl %s, schema %d\n", BRIDGE_VERSION, migrate_latest());
    return EX_OK;
}

/* As the calling user: only a person who may own the schema can migrate it, so
 * no role is assumed. */
int setup_migrate(struct ctl *ctl)
{
    const char *conninfo;
    char error[MIGRATE_ERROR_MAX];
    int status = ctl_conninfo(ctl, &conninfo);

    if (status != EX_OK)
        return status;
    bool dry_run = ctl_flag(ctl, "dry-run");
    if (!migrate_run(conninfo, dry_run, stdout, error, sizeof error))
        return ctl_fail(EX_UNAVAILABLE, "%s", error);
    if (!dry_run)
        printf("schema %d\n", migrate_latest());
    return EX_OK;
}

int setup_check_config(struct ctl *ctl)
{
    int status = ctl_load(ctl, true);
    if (status == EX_OK)
        printf("%s: ok (accounts: %zu, products: %zu, sources: %zu)\n", ctl->config->path, ctl->config->account_count,
               ctl->config->product_count, ctl->config->source_count);
    return status;
}

int setup_dump_config(struct ctl *ctl)
{
    int status = ctl_load(ctl, true);
    if (status == EX_OK)
        config_dump(ctl->config, stdout);
    return status;
}
