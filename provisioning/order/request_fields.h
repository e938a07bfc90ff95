/* SPDX-License-Identifier: Apache-2.0 */
/* request_fields: the spelling of the single fields of a request, whatever order
 * they belong to; and of a license that is taken over, which later requests name. */
#ifndef ORDER_REQUEST_FIELDS_H
#define ORDER_REQUEST_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum field_spelling {
    FIELD_TEXT, /* free text, may be empty */
    FIELD_NAME, /* not empty */
    FIELD_IP,   /* is made canonical */
    FIELD_DATE, /* YYYY-MM-DD */
    FIELD_HOST,
    FIELD_EMAIL,
};

/* What is wrong with *value (never NULL) as the end of a sentence that begins
 * with the field's name; NULL when nothing is.  No spelling allows control
 * characters or more than max bytes.  FIELD_IP points *value to its canonical
 * spelling in the arena. */
const char *field_problem(enum field_spelling spelling, size_t max, const char **value, struct arena *arena);

#endif
