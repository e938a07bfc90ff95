/* SPDX-License-Identifier: Apache-2.0 */
/* Why: a URL that a panel's operator writes down must not become a way into the
 * bridge's own network.  The rule is asked about the address that a socket is
 * about to connect to, never about a name, which may mean another address the
 * next time it is looked up.
 *
 * Of IPv6 only what is given out to the public (2000::/3) counts, so that what
 * is not listed here is refused.  Forms that carry an IPv4 address inside (6to4,
 * Teredo, NAT64) are refused as a whole. */
#include "provider/address.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The first `bits` bits of an address. */
struct special {
    unsigned char bytes[16];
    unsigned bits;
};

static const struct special special_v4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* shared by carriers */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local; also where clouds keep their metadata */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* 6to4 relays */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 3},           /* multicast, reserved, broadcast */
};

static const struct special public_v6 = {{0x20}, 3};
static const struct special special_v6[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0D, 0xB8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4 */
    {{0x3F, 0xFF}, 20},             /* documentation */
};

static bool special_holds(const struct special *special, const unsigned char *bytes)
{
    unsigned whole = special->bits / 8, rest = special->bits % 8;
    unsigned char mask = (unsigned char)(0xFF00u >> rest);

    return memcmp(special->bytes, bytes, whole) == 0 &&
           (rest == 0 || ((special->bytes[whole] ^ bytes[whole]) & mask) == 0);
}

static bool any_holds(const struct special *specials, size_t count, const unsigned char *bytes)
{
    for (size_t i = 0; i < count; i++)
        if (special_holds(&specials[i], bytes))
            return true;
    return false;
}

/* The bytes of an address and how many there are: 4, 16 or 0. */
static size_t address_bytes(const struct sockaddr *address, unsigned char out[16])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        memcpy(out, &v4.sin_addr, 4);
        return 4;
    }
    if (address->sa_family != AF_INET6)
        return 0;
    memcpy(&v6, address, sizeof v6);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        memcpy(out, v6.sin6_addr.s6_addr + 12, 4);
        return 4;
    }
    memcpy(out, &v6.sin6_addr, 16);
    return 16;
}

void address_text(const struct sockaddr *address, char out[INET6_ADDRSTRLEN])
{
    unsigned char bytes[16];
    size_t len = address_bytes(address, bytes);

    out[0] = '\0';
    if (len > 0)
        (void)inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, out, INET6_ADDRSTRLEN);
}

bool address_is_public(const struct sockaddr *address)
{
    unsigned char bytes[16];

    switch (address_bytes(address, bytes)) {
    case 4:
        return !any_holds(special_v4, sizeof special_v4 / sizeof special_v4[0], bytes);
    case 16:
        return special_holds(&public_v6, bytes) &&
               !any_holds(special_v6, sizeof special_v6 / sizeof special_v6[0], bytes);
    default:
        return false;
    }
}
