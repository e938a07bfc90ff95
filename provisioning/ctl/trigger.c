/* SPDX-License-Identifier: Apache-2.0 */
/* trigger: one signed delivery, as a panel would send it.
 *
 * Signs with the source's first secret, which never leaves this process.  Sends
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
    const struct config_source *source;
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
    for (size_t i = 0; (field = argument_nth(&ctl->arguments, "field", i)) != NULL; i++)
        if (strncmp(field, key, sizeof key - 1) == 0 &&
            config_product_find(ctl->config, field + sizeof key - 1) != NULL)
            return config_product_find(ctl->config, field + sizeof key - 1);
    return source->product_count > 0 ? source->products[0] : NULL;
}

static int body_build(struct ctl *ctl, struct delivery *delivery)
{
    const struct config_product *product = product_choose(ctl, delivery->source);
    const char *fields[ARGUMENTS_OPTIONS], *problem;
    struct event_spec spec = {
        .type = ctl_word(ctl, 0), .id = delivery->id, .now_ms = clock_wall_ms(&clock_system), .fields = fields};

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

static int delivery_prepare(struct ctl *ctl, struct delivery *delivery)
{
    const char *name = ctl_option(ctl, "source"), *url = ctl_option(ctl, "url"), *file = ctl_option(ctl, "body");
    int status = ctl_load(ctl, false);

    if (status != EX_OK)
        return status;
    delivery->source = config_source_find(ctl->config, name);
    if (delivery->source == NULL)
        return ctl_fail(EX_DATAERR, "no source %s in %s", name, ctl->config->path);
    if ((file == NULL) == (ctl_word(ctl, 0) == NULL))
        return ctl_misuse(ctl, "either TYPE or --body FILE");
    if (file != NULL && argument_given(&ctl->arguments, "field"))
        return ctl_misuse(ctl, "--field changes an example, not a file");
    /* The bridge's address, or the whole URL. */
    url = url == NULL ? URL_DEFAULT : url;
    size_t len = strlen(url);
    delivery->url = strstr(url, EVENTS_PATH) != NULL
                        ? url
                        : arena_printf(&ctl->arena, "%.*s" EVENTS_PATH "%s",
                                       (int)(len > 0 && url[len - 1] == '/' ? len - 1 : len), url, name);
    status = id_choose(ctl, delivery);
    if (status != EX_OK)
        return status;
    return file != NULL ? body_read(ctl, file, delivery) : body_build(ctl, delivery);
}

static void delivery_post(struct ctl *ctl, const struct delivery *delivery, struct webhook_reply *reply)
{
    char seconds[SECONDS_TEXT], signature[SIGNATURE_TEXT_MAX];

    (void)snprintf(seconds, sizeof seconds, "%" PRId64, clock_wall_ms(&clock_system) / 1000);
    const struct signature_message message = {
        .id = delivery->id, .timestamp = seconds, .body = delivery->body, .body_len = delivery->body_len};
    signature_sign(&delivery->source->secrets[0], &message, signature);
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

int trigger_event(struct ctl *ctl)
{
    struct delivery delivery = {0};
    struct webhook_reply reply = {0};
    int status = delivery_prepare(ctl, &delivery);

    if (status != EX_OK)
        return status;
    if (ctl_flag(ctl, "dry-run")) {
        fprintf(stderr, "would post to %s\n", delivery.url);
        fwrite(delivery.body, 1, delivery.body_len, stdout);
        putchar('\n');
        return EX_OK;
    }
    delivery_post(ctl, &delivery, &reply);
    if (reply.problem != NULL)
        return ctl_fail(EX_UNAVAILABLE, "%s: %s%s", delivery.url, reply.problem,
                        reply.sent ? " (it may have arrived: try again with the same --id)" : "");
    reply_show(ctl, &delivery, &reply);
    if (reply.status >= 200 && reply.status < 300)
        return EX_OK;
    return reply.status == 429 || reply.status >= 500 ? EX_TEMPFAIL : EX_DATAERR;
}
