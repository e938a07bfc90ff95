/* SPDX-License-Identifier: Apache-2.0 */
/* trigger: one signed delivery, as a panel would send it, or one notice as the
 * bridge would.
 *
 * Signs with a secret that never leaves this process.  Sends
 * once: repeating is what a panel does, and --id lets a person do it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/signature.h"
#include "base/text.h"
#include "ctl/ctl.h"
#include "ctl/event.h"
#include "ctl/output.h"
#include "provider/webhook.h"

#define BODY_MAX     (1024 * 1024) /* more than any bridge takes, so that its 413 can be seen */
#define ID_BYTES     12
#define TIMEOUT_MS   40000 /* longer than the longest Prefer: wait */
#define URL_DEFAULT  "https://localhost"
#define EVENTS_PATH  "/v1/events/"
#define SECONDS_TEXT 24

struct delivery {
    const struct config_source *source; /* NULL: --secret-file alone */
    const struct secret *secret;
    struct secret given; /* --secret-file */
    const char *id;
    const char *url;
    const char *body;
    size_t body_len;
};

static int body_read(struct ctl *ctl, const char *path, struct delivery *delivery)
{
    FILE *file = fopen(path, "rb");
    struct text text;
    char chunk[4096];
    size_t got;
    int status = EX_OK;

    if (file == NULL)
        return ctl_fail(EX_NOINPUT, "%s: %s", path, strerror(errno));
    text_init(&text, BODY_MAX);
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        text_add(&text, chunk, got);
    if (ferror(file) != 0)
        status = ctl_fail(EX_IOERR, "%s: cannot be read", path);
    else if (text.cut)
        status = ctl_fail(EX_DATAERR, "%s: larger than %d bytes", path, BODY_MAX);
    delivery->body = arena_strndup(&ctl->arena, text_str(&text), text.len);
    delivery->body_len = text.len;
    text_clear(&text);
    (void)fclose(file);
    return status;
}

/* The product that the example is about: as given, or the source's first. */
static const struct config_product *product_choose(const struct ctl *ctl, const struct config_source *source)
{
    static const char key[] = "product_code=";
    const char *field;
    for (size_t i = 0; ctl->config != NULL && (field = argument_nth(&ctl->arguments, "field", i)) != NULL; i++)
        if (strncmp(field, key, sizeof key - 1) == 0 &&
            config_product_find(ctl->config, field + sizeof key - 1) != NULL)
            return config_product_find(ctl->config, field + sizeof key - 1);
    return source != NULL && source->product_count > 0 ? source->products[0] : NULL;
}

static int body_build(struct ctl *ctl, struct delivery *delivery)
{
    const struct config_product *product = product_choose(ctl, delivery->source);
    const char *fields[ARGUMENTS_OPTIONS], *problem;
    struct event_spec spec = {.type = ctl_word(ctl, 0),
                              .source = delivery->source != NULL ? delivery->source->name : "example",
                              .provider = PROVIDER_724LICENSE,
                              .product_code = "cpanel",
                              .id = delivery->id,
                              .now_ms = clock_wall_ms(&clock_system),
                              .fields = fields};

    while ((fields[spec.field_count] = argument_nth(&ctl->arguments, "field", spec.field_count)) != NULL)
        spec.field_count++;
    if (product != NULL) {
        spec.product_code = product->code;
        (void)provider_kind_parse(product->account->provider, &spec.provider);
    }
    delivery->body = event_build(&spec, &ctl->arena, &problem);
    if (delivery->body == NULL)
        return ctl_misuse(ctl, "%s", problem);
    delivery->body_len = strlen(delivery->body);
    return EX_OK;
}

static int id_choose(struct ctl *ctl, struct delivery *delivery)
{
    unsigned char bits[ID_BYTES];
    char hex[2 * ID_BYTES + 1];

    delivery->id = ctl_option(ctl, "id");
    if (delivery->id != NULL)
        return EX_OK;
    if (getrandom(bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return ctl_fail(EX_OSERR, "no random bytes: %s", strerror(errno));
    text_hex(bits, sizeof bits, hex);
    delivery->id = arena_printf(&ctl->arena, "msg_%s", hex);
    return EX_OK;
}

static bool is_notice(const struct ctl *ctl)
{
    return ctl_word(ctl, 0) != NULL && event_is_notice(ctl_word(ctl, 0));
}

/* The secret that signs: a file's, or the source's first one for this direction. */
static int signer_choose(struct ctl *ctl, struct delivery *delivery)
{
    const char *name = ctl_option(ctl, "source"), *path = ctl_option(ctl, "secret-file");
    int status = name == NULL ? EX_OK : ctl_load(ctl, false);

    if (status != EX_OK)
        return status;
    if (name == NULL && path == NULL)
        return ctl_misuse(ctl, "--source or --secret-file is needed to sign");
    delivery->source = name == NULL ? NULL : config_source_find(ctl->config, name);
    if (name != NULL && delivery->source == NULL)
        return ctl_fail(EX_DATAERR, "no source %s in %s", name, ctl->config->path);
    if (path != NULL) {
        delivery->secret = &delivery->given;
        return ctl_secret(path, &delivery->given);
    }
    bool own = is_notice(ctl) && delivery->source->callback_secret_count > 0;
    delivery->secret = own ? &delivery->source->callback_secrets[0] : &delivery->source->secrets[0];
    return delivery->source->secret_count > 0 || own ? EX_OK : ctl_fail(EX_DATAERR, "source %s has no secret", name);
}

/* Whether a URL says more than where the host is. */
static bool has_path(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host == NULL ? NULL : strpbrk(host + 3, "/?");
    return path != NULL && strcmp(path, "/") != 0;
}

/* A whole URL is taken as it is; of the bridge's events its address is enough. */
static int url_choose(struct ctl *ctl, struct delivery *delivery)
{
    const char *url = ctl_option(ctl, "url");
    if (is_notice(ctl)) {
        delivery->url = url != NULL || delivery->source == NULL ? url : delivery->source->callback_url;
        return delivery->url != NULL ? EX_OK : ctl_misuse(ctl, "--url is needed: there is no callback_url");
    }
    url = url == NULL ? URL_DEFAULT : url;
    delivery->url = url;
    if (has_path(url))
        return EX_OK;
    if (delivery->source == NULL)
        return ctl_misuse(ctl, "without --source the URL must be a whole one, like " URL_DEFAULT EVENTS_PATH "NAME");
    size_t len = strlen(url);
    delivery->url = arena_printf(&ctl->arena, "%.*s" EVENTS_PATH "%s",
                                 (int)(len > 0 && url[len - 1] == '/' ? len - 1 : len), url, delivery->source->name);
    return EX_OK;
}

static int delivery_prepare(struct ctl *ctl, struct delivery *delivery)
{
    const char *file = ctl_option(ctl, "body");
    int status;

    if ((file == NULL) == (ctl_word(ctl, 0) == NULL))
        return ctl_misuse(ctl, "either TYPE or --body FILE");
    if (file != NULL && argument_given(&ctl->arguments, "field"))
        return ctl_misuse(ctl, "--field changes an example, not a file");
    if ((status = signer_choose(ctl, delivery)) != EX_OK || (status = url_choose(ctl, delivery)) != EX_OK ||
        (status = id_choose(ctl, delivery)) != EX_OK)
        return status;
    return file != NULL ? body_read(ctl, file, delivery) : body_build(ctl, delivery);
}

static void delivery_post(struct ctl *ctl, const struct delivery *delivery, struct webhook_reply *reply)
{
    char seconds[SECONDS_TEXT], signature[SIGNATURE_TEXT_MAX];

    (void)snprintf(seconds, sizeof seconds, "%" PRId64, clock_wall_ms(&clock_system) / 1000);
    const struct signature_message message = {
        .id = delivery->id, .timestamp = seconds, .body = delivery->body, .body_len = delivery->body_len};
    signature_sign(delivery->secret, &message, signature);
    const char *headers[] = {arena_printf(&ctl->arena, "webhook-id: %s", delivery->id),
                             arena_printf(&ctl->arena, "webhook-timestamp: %s", seconds),
                             arena_printf(&ctl->arena, "webhook-signature: %s", signature)};
    const struct webhook webhook = {.url = delivery->url,
                                    .ca_file = ctl_option(ctl, "ca"),
                                    .headers = headers,
                                    .header_count = sizeof headers / sizeof headers[0],
                                    .body = delivery->body,
                                    .body_len = delivery->body_len,
                                    .timeout_ms = TIMEOUT_MS};
    webhook_post(&webhook, &ctl->arena, reply);
}

static void reply_show(const struct ctl *ctl, const struct delivery *delivery, const struct webhook_reply *reply)
{
    if (ctl->json) {
        json_t *parsed = json_loadb(reply->body, reply->body_len, 0, NULL);
        json_t *shown = json_object();
        json_object_set_new(shown, "delivery_id", json_text(delivery->id));
        json_object_set_new(shown, "status", json_integer(reply->status));
        json_object_set_new(shown, "location", json_text(reply->location));
        json_object_set_new(shown, "body", parsed != NULL ? parsed : json_text(reply->body));
        json_print(shown, stdout);
        json_decref(shown);
        return;
    }
    printf("delivery  %s\nstatus    %ld\n", delivery->id, reply->status);
    if (reply->location != NULL) {
        fputs("location  ", stdout);
        text_print(reply->location, stdout);
        putchar('\n');
    }
    text_print(reply->body, stdout);
    putchar('\n');
}

static int delivery_send(struct ctl *ctl, const struct delivery *delivery)
{
    struct webhook_reply reply = {0};

    if (ctl_flag(ctl, "dry-run")) {
        fprintf(stderr, "would post to %s\n", delivery->url);
        fwrite(delivery->body, 1, delivery->body_len, stdout);
        putchar('\n');
        return EX_OK;
    }
    delivery_post(ctl, delivery, &reply);
    if (reply.problem != NULL)
        return ctl_fail(EX_UNAVAILABLE, "%s: %s%s", delivery->url, reply.problem,
                        reply.sent ? " (it may have arrived: try again with the same --id)" : "");
    reply_show(ctl, delivery, &reply);
    if (reply.status >= 200 && reply.status < 300)
        return EX_OK;
    return reply.status == 429 || reply.status >= 500 ? EX_TEMPFAIL : EX_DATAERR;
}

int trigger_event(struct ctl *ctl)
{
    struct delivery delivery = {0};
    int status = delivery_prepare(ctl, &delivery);

    if (status == EX_OK)
        status = delivery_send(ctl, &delivery);
    secret_clear(&delivery.given);
    return status;
}
