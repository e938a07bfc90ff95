/* SPDX-License-Identifier: Apache-2.0 */
/* ip: why strict: the address is the licence's identity upstream; two spellings
 * of one address would be two purchases, and one spelling that two readers
 * understand differently would be somebody else's server.
 *
 * Owns the spelling and the list of addresses no licence can live on.  Private
 * addresses are allowed: licences exist in laboratories.  Pure; a crash leaves
 * nothing behind. */
#include "order/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Exactly four decimal groups.  inet_pton accepts no octal either, but whether
 * it tolerates leading zeros has differed between C libraries, so the groups are
 * read here. */
static bool v4_read(const char *text, uint32_t *address)
{
    uint32_t value = 0;
    for (int group = 0; group < 4; group++) {
        if (group > 0 && *text++ != '.')
            return false;
        uint32_t number = 0;
        int digits = 0;
        for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
            number = number * 10 + (uint32_t)(*text - '0');
        if (digits == 0 || digits > 3 || number > 255 || (digits > 1 && text[-digits] == '0'))
            return false;
        value = value << 8 | number;
    }
    *address = value;
    return *text == '\0';
}

static const char *v4_problem(uint32_t address)
{
    if (address >> 24 == 0)
        return "is an unspecified address";
    if (address >> 24 == 127)
        return "is a loopback address";
    if (address >> 28 == 14)
        return "is a multicast address";
    if (address == 0xffffffff)
        return "is the broadcast address";
    return NULL;
}

static const char *v6_problem(const struct in6_addr *address)
{
    if (IN6_IS_ADDR_UNSPECIFIED(address))
        return "is an unspecified address";
    if (IN6_IS_ADDR_LOOPBACK(address))
        return "is a loopback address";
    if (IN6_IS_ADDR_MULTICAST(address))
        return "is a multicast address";
    if (IN6_IS_ADDR_V4MAPPED(address) || IN6_IS_ADDR_V4COMPAT(address))
        return "is an IPv4 address in IPv6 spelling: give the IPv4 spelling";
    return NULL;
}

bool ip_canonical(const char *text, char out[IP_TEXT_MAX], const char **problem)
{
    uint32_t v4;
    struct in6_addr v6;
    if (v4_read(text, &v4)) {
        *problem = v4_problem(v4);
        if (*problem != NULL)
            return false;
        snprintf(out, IP_TEXT_MAX, "%u.%u.%u.%u", v4 >> 24, v4 >> 16 & 255, v4 >> 8 & 255, v4 & 255);
        return true;
    }
    if (strchr(text, ':') == NULL || inet_pton(AF_INET6, text, &v6) != 1) {
        *problem = "is not an IPv4 or IPv6 address in plain spelling (no leading zeros, port, prefix or zone)";
        return false;
    }
    *problem = v6_problem(&v6);
    /* glibc writes the RFC 5952 form: lower case, the first longest run of two or
     * more zero groups as "::". */
    return *problem == NULL && inet_ntop(AF_INET6, &v6, out, IP_TEXT_MAX) != NULL;
}
