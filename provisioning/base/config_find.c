/* SPDX-License-Identifier: Apache-2.0 */
/* config_find: looks things up in a configuration, a finished one or one that is
 * still being filled; pure. */
#include "base/config.h"

#include "base/text.h"

const struct config_account *config_account_find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->account_count; i++)
        if (text_same(config->accounts[i].name, name))
            return &config->accounts[i];
    return NULL;
}

const struct config_product *config_product_find(const struct config *config, const char *code)
{
    for (size_t i = 0; i < config->product_count; i++)
        if (text_same(config->products[i].code, code))
            return &config->products[i];
    return NULL;
}

const struct config_source *config_source_find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->source_count; i++)
        if (text_same(config->sources[i].name, name))
            return &config->sources[i];
    return NULL;
}

bool config_source_permits(const struct config_source *source, const struct config_product *product)
{
    /* By code, not by address: the product may come from a reloaded file. */
    for (size_t i = 0; i < source->product_count; i++)
        if (text_same(source->products[i]->code, product->code))
            return true;
    return false;
}
