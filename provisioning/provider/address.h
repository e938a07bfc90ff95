/* SPDX-License-Identifier: Apache-2.0 */
/* address: whether an address is one of the public internet.
 *
 * Private to this room. */
#ifndef PROVIDER_ADDRESS_H
#define PROVIDER_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Numbers only, "192.0.2.1" or "2001:db8::1", an IPv4 address in IPv6 spelling
 * as IPv4; "" for what is no address of either family. */
void address_text(const struct sockaddr *address, char out[INET6_ADDRSTRLEN]);
/* Neither private, loopback, link-local, multicast, documentation nor otherwise
 * special (IANA's registries of special-purpose addresses). */
bool address_is_public(const struct sockaddr *address);

#endif
