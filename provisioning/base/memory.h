/* SPDX-License-Identifier: Apache-2.0 */
/* memory: what a library does when there is none left.
 *
 * Our own code ends the process then (arena.h).  libcrypto here and jansson in each main do the same; otherwise they
 * would take a piece of memory that is missing for bad input, or crash where they do not look. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* Before anything else uses libcrypto. */
void memory_guard_crypto(void);

#endif
