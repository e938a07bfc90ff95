/* SPDX-License-Identifier: Apache-2.0 */
/* config_check: what a text in the configuration may be, and which members go
 * together.
 *
 * Exists so that a mistake shows when the file is loaded and not when an order
 * is on its way.  Owns nothing and changes nothing.  Never resolves a name and
 * never opens a connection. */
#include "base/config_parts.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

#define NAME_MAX_LEN 64
#define ZONE_FOLDER  "/usr/share/zoneinfo/"
#define PLAIN        "http://"
#define LETTERS      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS       "0123456789"

static bool consists_of(const char *text, const char *bytes)
{
    size_t len = strlen(text);

    return len > 0 && len <= NAME_MAX_LEN && strspn(text, bytes) == len;
}

const char *config_check_name(const char *text)
{
    if (consists_of(text, LETTERS DIGITS "._-") && text[0] != '.' && text[0] != '-')
        return NULL;
    return "is not 1 to 64 letters, digits, '_', '-' and '.'";
}

const char *config_check_endpoint(const char *text)
{
    return consists_of(text, LETTERS DIGITS "._-/") ? NULL : "is not an endpoint like activate.php";
}

const char *config_check_event(const char *text)
{
    return consists_of(text, LETTERS DIGITS "._-:/") ? NULL : "is not an event type like invoice.created";
}

static bool port_ok(const char *port, size_t len)
{
    int value = 0;

    if (len == 0 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (port[i] < '0' || port[i] > '9')
            return false;
        value = value * 10 + (port[i] - '0');
    }
    return value >= 1 && value <= 65535;
}

/* "host", "host:443", "[2001:db8::1]:443". */
static bool host_ok(const char *host, size_t len)
{
    size_t name = host[0] == '[' ? strspn(host + 1, DIGITS "abcdefABCDEF:.") + 1 : strspn(host, LETTERS DIGITS ".-");

    if (host[0] == '[') {
        if (name < 3 || host[name] != ']')
            return false;
        name++;
    }
    if (name == 0 || name > len)
        return false;
    return name == len || (host[name] == ':' && port_ok(host + name + 1, len - name - 1));
}

/* What follows the scheme of a URL. */
static const char *check_url(const char *text, size_t scheme)
{
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c))
            return "holds a character that no URL may";
    const char *host = text + scheme;
    size_t len = strcspn(host, "/?#");
    if (memchr(host, '@', len))
        return "may not hold a user or a password";
    if (!host_ok(host, len))
        return "has no proper host and port";
    return strchr(text, '#') ? "may not have a fragment" : NULL;
}

static const char *check_https(const char *text)
{
    static const char scheme[] = "https://";

    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
        return "does not begin with https://";
    return check_url(text, sizeof(scheme) - 1);
}

const char *config_check_base_url(const char *text)
{
    const char *problem = check_https(text);

    if (problem)
        return problem;
    if (strchr(text, '?'))
        return "may not have a query";
    return text[strlen(text) - 1] == '/' ? "may not end in a slash" : NULL;
}

static bool is_plain(const char *url)
{
    return strncmp(url, PLAIN, sizeof(PLAIN) - 1) == 0;
}

const char *config_check_callback_url(const char *text)
{
    /* To which addresses plain http may go: config_check_source(). */
    return is_plain(text) ? check_url(text, sizeof(PLAIN) - 1) : check_https(text);
}

const char *config_check_time_zone(const char *text)
{
    char path[sizeof(ZONE_FOLDER) + NAME_MAX_LEN] = ZONE_FOLDER;
    struct stat status;

    if (!consists_of(text, LETTERS DIGITS "_+-/") || text[0] == '/')
        return "is not a time zone like Europe/Istanbul";
    memcpy(path + sizeof(ZONE_FOLDER) - 1, text, strlen(text) + 1);
    /* libc would take an unknown zone for UTC and say nothing. */
    return stat(path, &status) == 0 && S_ISREG(status.st_mode)
               ? NULL
               : "is not a time zone that this system knows (package tzdata)";
}

const char *config_check_credits(const char *text)
{
    size_t whole = strspn(text, DIGITS);
    const char *rest = text + whole;
    size_t places = rest[0] == '.' ? strspn(rest + 1, DIGITS) : 0;

    if (whole < 1 || whole > 9 || (rest[0] && (rest[0] != '.' || places < 1 || places > 6 || rest[1 + places])))
        return "is not an amount of credits like 6 or 4.5";
    return NULL;
}

struct prefix {
    int family;
    unsigned char bytes[sizeof(struct in6_addr)];
    unsigned bits;
};

/* IPv4 in IPv6 counts as IPv4: a dual-stack listener reports its peers so. */
static bool address_read(const char *text, struct prefix *out)
{
    static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};

    out->family = AF_INET;
    out->bits = 32;
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        return true;
    if (inet_pton(AF_INET6, text, out->bytes) != 1)
        return false;
    if (memcmp(out->bytes, mapped, sizeof(mapped)) == 0) {
        memmove(out->bytes, out->bytes + sizeof(mapped), 4);
        return true;
    }
    out->family = AF_INET6;
    out->bits = 128;
    return true;
}

static bool bit_of(const unsigned char *bytes, unsigned bit)
{
    return (bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

static bool prefix_read(const char *text, struct prefix *out)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    int64_t bits;

    if (len >= sizeof(address))
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (!address_read(address, out))
        return false;
    if (!slash)
        return true;
    /* The length of an IPv4 prefix in IPv6 spelling would be ambiguous. */
    if (out->family == AF_INET && strchr(address, ':'))
        return false;
    if (slash[1] == '-' || !text_parse_int(slash + 1, 0, out->bits, &bits))
        return false;
    for (unsigned bit = (unsigned)bits; bit < out->bits; bit++)
        if (bit_of(out->bytes, bit))
            return false;
    out->bits = (unsigned)bits;
    return true;
}

const char *config_check_prefix(const char *text)
{
    struct prefix prefix;

    if (prefix_read(text, &prefix))
        return NULL;
    return "is not an address or a prefix like 192.0.2.0/24 or 2001:db8::/32 (no bits set behind the prefix)";
}

bool config_source_allows(const struct config_source *source, const char *address)
{
    return source->allow_count == 0 || config_prefixes_hold(source->allow, source->allow_count, address);
}

bool config_prefixes_hold(const char *const *prefixes, size_t count, const char *address)
{
    struct prefix peer;
    struct prefix allowed;

    if (!address || !address_read(address, &peer))
        return false;
    for (size_t i = 0; i < count; i++) {
        unsigned same = 0;
        if (!prefix_read(prefixes[i], &allowed) || allowed.family != peer.family)
            continue;
        while (same < allowed.bits && bit_of(peer.bytes, same) == bit_of(allowed.bytes, same))
            same++;
        if (same == allowed.bits)
            return true;
    }
    return false;
}

/* Whether the file gives the option another value than "". */
static bool is_given(cfg_t *node, const char *option)
{
    if (cfg_size(node, option) == 0)
        return false;
    const struct config_given *given = cfg_getnptr(node, option, 0);
    return given->text[0] != '\0';
}

bool config_check_account(struct config_loader *loader, cfg_t *node, const void *record)
{
    const struct config_account *account = record;

    if (text_same(account->provider, "724license") && !is_given(node, "token_file"))
        return config_fail(loader, config_line(node, "token_file"), node, "token_file",
                           "is missing: 724license answers nobody without a token");
    for (const struct config_account *other = loader->config->accounts; other < account; other++)
        if (account->token.len > 0 && text_same(other->base_url, account->base_url) &&
            secret_equals(&other->token, account->token.bytes, account->token.len))
            return config_fail(loader, config_line(node, "token_file"), node, "token_file",
                               "is the token of account %s too; one balance must have one account", other->name);
    return true;
}

static bool secret_shared(const struct config_source *a, const struct config_source *b)
{
    for (size_t i = 0; i < a->secret_count; i++)
        for (size_t k = 0; k < b->secret_count; k++)
            if (!(a == b && i <= k) && secret_equals(&a->secrets[i], b->secrets[k].bytes, b->secrets[k].len))
                return true;
    return false;
}

/* Whoever checks the notices of one source could sign as the other. */
static bool secret_told(const struct config_source *told, const struct config_source *owner)
{
    for (size_t i = 0; i < told->callback_secret_count; i++)
        for (size_t k = 0; k < owner->secret_count; k++)
            if (told != owner &&
                secret_equals(&told->callback_secrets[i], owner->secrets[k].bytes, owner->secrets[k].len))
                return true;
    return false;
}

bool config_check_source(struct config_loader *loader, cfg_t *node, const void *record)
{
    const struct config_source *source = record;
    int line = config_line(node, "secrets");

    if (!source->retired && source->secret_count == 0)
        return config_fail(loader, line, node, "secrets", "is missing: a source needs at least one");
    if (!source->retired && source->product_count == 0)
        return config_fail(loader, config_line(node, "products"), node, "products",
                           "is missing: a source needs at least one");
    /* A signature tells which source speaks, so a secret has one owner. */
    for (const struct config_source *other = loader->config->sources; other <= source; other++)
        if (secret_shared(source, other))
            return config_fail(loader, line, node, "secrets", "a secret is listed twice, the other time in source %s",
                               other->name);
    for (const struct config_source *other = loader->config->sources; other <= source; other++)
        if (secret_told(source, other) || secret_told(other, source))
            return config_fail(loader, config_line(node, "callback_secrets"), node, "callback_secrets",
                               "a secret signs the notices of one source and the events of another: %s", other->name);
    if (source->callback_url && is_plain(source->callback_url) && source->callback_allow_count == 0)
        return config_fail(loader, config_line(node, "callback_url"), node, "callback_url",
                           "is plain http, which goes to the addresses of callback_allow alone: there are none");
    return config_mapping_check(loader, node, source);
}
