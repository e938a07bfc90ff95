/* SPDX-License-Identifier: Apache-2.0 */
/* Why: a body that is almost JSON, a number that is almost exact or a member that
 * stands there twice must not become a purchase or a balance.
 *
 * jansson reads every number with a point or an exponent as a double.  Below 1e9
 * a decimal of at most six places has at most 15 digits and survives the double
 * unchanged, so it is printed with six places and must read back as the same
 * double.  An exponent cannot be seen any more after parsing, so the raw text is
 * looked at before.
 *
 * Owns the parsed tree for the length of answer_read(). */
#include "provider/answer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "provider/mask.h"
#include "provider/verdict.h"

/* Above, a double skips whole numbers. */
#define WHOLE_DOUBLE_MAX 9007199254740992.0

struct shape {
    int depth;
    bool exponent; /* a digit and an e outside of texts */
};

static struct shape shape_of(const char *body, size_t len)
{
    struct shape shape = {0};
    int depth = 0;
    bool in_text = false;

    for (size_t i = 0; i < len; i++) {
        char c = body[i];

        if (in_text) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            depth++;
            shape.depth = depth > shape.depth ? depth : shape.depth;
        } else if (c == '}' || c == ']') {
            depth--;
        } else if ((c == 'e' || c == 'E') && i > 0 && body[i - 1] >= '0' && body[i - 1] <= '9') {
            shape.exponent = true;
        }
    }
    return shape;
}

/* NULL unless the body is one complete object. */
static json_t *body_parse(const struct observation *seen, bool *inexact)
{
    struct shape shape;
    json_t *json;

    if (seen->end != CALL_END_WHOLE || seen->body_cut || seen->body_len == 0)
        return NULL;
    shape = shape_of(seen->body, seen->body_len);
    if (shape.depth > ANSWER_DEPTH_MAX)
        return NULL;
    *inexact = shape.exponent;
    json = json_loadb(seen->body, seen->body_len, JSON_REJECT_DUPLICATES, NULL);
    if (json != NULL && !json_is_object(json)) {
        json_decref(json);
        json = NULL;
    }
    return json;
}

static const char *message_copy(const char *words, const struct secret *token, struct arena *arena)
{
    size_t len = strlen(words);
    char *copy = arena_strndup(arena, words, len);

    mask_token(copy, len, token); /* again: it may have been spelt with escapes */
    if (len > ANSWER_MESSAGE_MAX) {
        len = ANSWER_MESSAGE_MAX;
        while ((copy[len] & 0xC0) == 0x80) /* not through the middle of a letter */
            len--;
        copy[len] = '\0';
    }
    return copy;
}

static const char *member_text(const json_t *json, const char *name)
{
    const char *words = json_string_value(json_object_get(json, name));

    return words != NULL && words[0] != '\0' ? words : NULL;
}

/* The upstream's letters are UTF-8 and not folded: only ASCII loses its case. */
static bool hint_found(const json_t *json, const char *hint)
{
    static const char *const members[] = {"message", "error", "error_code"};
    const char *words;

    if (hint == NULL || hint[0] == '\0')
        return false;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        words = member_text(json, members[i]);
        for (; words != NULL && *words != '\0'; words++)
            if (strncasecmp(words, hint, strlen(hint)) == 0)
                return true;
    }
    return false;
}

static void words_read(struct answer *answer, const json_t *json, const struct config_account *account,
                       struct arena *arena)
{
    const char *words = member_text(json, "message");

    if (words == NULL)
        words = member_text(json, "error");
    if (words != NULL)
        answer->message = message_copy(words, &account->token, arena);
    answer->hint_short_of_credits = hint_found(json, account->hint_short_of_credits);
    answer->hint_exists = hint_found(json, account->hint_exists);
    answer->hint_already = hint_found(json, account->hint_already);
}

static struct said said_of(const json_t *json)
{
    const json_t *success = json_object_get(json, "success");
    struct said said = {.object = json != NULL, .code = member_text(json, "error_code")};

    if (json_is_boolean(success))
        said.success = json_is_true(success) ? SAID_TRUE : SAID_FALSE;
    return said;
}

static bool double_same(double a, double b)
{
    return a >= b && a <= b;
}

static bool real_text(double value, char out[CREDITS_TEXT_MAX])
{
    if (signbit(value) || !(value < (double)(CREDITS_MAX / CREDITS_ONE)))
        return false;
    snprintf(out, CREDITS_TEXT_MAX, "%.6f", value);
    return double_same(strtod(out, NULL), value);
}

bool answer_credits(const struct answer *answer, const json_t *value, credits_t *out)
{
    char spelt[CREDITS_TEXT_MAX];
    const char *words = json_string_value(value);
    credits_t credits;

    if (json_is_integer(value)) {
        if (json_integer_value(value) < 0 || json_integer_value(value) > CREDITS_MAX / CREDITS_ONE)
            return false;
        *out = json_integer_value(value) * CREDITS_ONE;
        return true;
    }
    if (json_is_real(value)) {
        if (answer->inexact || !real_text(json_real_value(value), spelt))
            return false;
        words = spelt;
    }
    if (words == NULL || !credits_parse(words, &credits) || credits < 0)
        return false;
    *out = credits;
    return true;
}

const char *answer_id(const json_t *value, struct arena *arena)
{
    const char *words = json_string_value(value);
    double real = json_real_value(value);

    if (words != NULL)
        return words[0] != '\0' && strlen(words) <= ANSWER_MESSAGE_MAX ? arena_strdup(arena, words) : NULL;
    if (json_is_integer(value))
        return arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (!json_is_real(value) || !(real > -WHOLE_DOUBLE_MAX && real < WHOLE_DOUBLE_MAX))
        return NULL;
    return double_same((double)(json_int_t)real, real) ? arena_printf(arena, "%.0f", real) : NULL;
}

bool answer_flag(const json_t *value)
{
    const char *words = json_string_value(value);

    if (words != NULL)
        return strcmp(words, "1") == 0 || strcasecmp(words, "true") == 0 || strcasecmp(words, "yes") == 0 ||
               strcasecmp(words, "on") == 0;
    return json_is_true(value) || (json_is_integer(value) && json_integer_value(value) != 0);
}

void answer_read(struct answer *answer, const struct provider *provider, enum call_name name,
                 const struct config_account *account, const struct observation *seen, struct arena *arena)
{
    struct said said = {0};
    json_t *json;

    *answer = (struct answer){.call = name, .expires_ms = INT64_MIN, .activated_ms = INT64_MIN, .seen = *seen};
    json = body_parse(seen, &answer->inexact);
    if (json != NULL) {
        said = said_of(json);
        words_read(answer, json, account, arena);
    }
    verdict_decide(answer, &said, arena);
    if (answer->verdict == VERDICT_DONE)
        provider->read(answer, name, json, account, arena);
    json_decref(json);
}
