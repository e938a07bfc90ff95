/* SPDX-License-Identifier: Apache-2.0 */
/* money: credits as whole ten-thousandths, so that sums are exact. */
#ifndef STANDIN_MONEY_H
#define STANDIN_MONEY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MONEY_ONE 10000

/* "4", "-0.25", "120.5000"; at most four places, at most eleven digits before. */
bool money_parse(const char *text, int64_t *money);
/* Shortest exact decimal: "4", "4.25". */
void money_text(int64_t money, char *text, size_t size);
/* That text as a JSON string. */
json_t *money_json(int64_t money);

#endif
