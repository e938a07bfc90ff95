/* SPDX-License-Identifier: Apache-2.0 */
/* answer: just enough HTTP/1.1 to know where nginx's answer ends. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

enum answer_progress { ANSWER_PART, ANSWER_WHOLE, ANSWER_BAD };

struct answer {
    int status;
    bool closes; /* the server ends the connection after it */
};

/* Looks at what has come of one answer; `text` ends with a NUL at `len`. */
enum answer_progress answer_look(const char *text, size_t len, struct answer *answer);

#endif
