/* SPDX-License-Identifier: Apache-2.0 */
/* prefer: what a client would like (RFC 7240); only `wait` means anything here.
 *
 * A preference that is malformed is as good as none: RFC 7240 has it ignored,
 * never refused. */
#ifndef FCGI_PREFER_H
#define FCGI_PREFER_H

#define PREFER_WAIT_MAX_S 25 /* nginx waits longer than this and a commit (snippets/fastcgi.conf) */

/* Seconds of the first "wait" among all header lines Prefer, of the environment
 * as FastCGI has it ("HTTP_PREFER=…", ends with NULL); more than
 * PREFER_WAIT_MAX_S is cut to that.  0: not asked for, or not readable. */
int prefer_wait_s(char *const *environment);

#endif
