/* SPDX-License-Identifier: Apache-2.0 */
/* ip: one spelling per address.
 *
 * Readers disagree about leading zeros (octal or decimal), so they are refused;
 * so are ports, prefixes, zones, spaces and short forms.  IPv6 comes out in the
 * RFC 5952 form; an IPv4-mapped IPv6 address is refused, because it would name
 * the same server as its IPv4 spelling. */
#ifndef ORDER_IP_H
#define ORDER_IP_H

#include <stdbool.h>

#define IP_TEXT_MAX 46

/* Writes the canonical spelling; *problem (a static text) says why not.  The
 * unspecified, loopback, multicast and broadcast addresses are refused. */
bool ip_canonical(const char *text, char out[IP_TEXT_MAX], const char **problem);

#endif
