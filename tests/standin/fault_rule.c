/* SPDX-License-Identifier: Apache-2.0 */
/* Why: rules come as JSON and are shown as JSON.  Owns the words of a rule.
 * Never fires one: fault.c does. */
#include "fault_rule.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

static void rule_clear(struct rule *rule)
{
    free(rule->endpoint);
    free(rule->type);
    free(rule->ip);
    free(rule->account);
    free(rule->license_key);
    fault_clear(&rule->fault);
}

static char *word_copy(json_t *object, const char *name)
{
    const char *word = json_string_value(json_object_get(object, name));

    return word ? need_copy(word) : NULL;
}

static long number_get(json_t *object, const char *name, long otherwise)
{
    json_t *value = json_object_get(object, name);

    return json_is_integer(value) ? (long)json_integer_value(value) : otherwise;
}

static const char *rule_check(json_t *object)
{
    static const char *const known[] = {"endpoint", "type",  "ip",          "account",  "license_key",
                                        "skip",     "times", "probability", "delay_ms", "retry_after",
                                        "status",   "body",  "fault",       "when",     "patience_ms"};
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && strcmp(known[i], name) != 0)
            i++;
        if (i == sizeof known / sizeof *known)
            return "a rule has an unknown member";
    }
    return NULL;
}

static const char *rule_read(json_t *object, struct rule *rule)
{
    const char *fault = json_string_value(json_object_get(object, "fault"));
    const char *when = json_string_value(json_object_get(object, "when"));
    json_t *probability = json_object_get(object, "probability");
    int kind = FAULT_NONE + 1;

    if (!fault)
        return "a rule needs a fault";
    if (strcmp(fault, "status") == 0)
        fault = fault_name(FAULT_STATUS);
    while (kind < FAULT_COUNT && strcmp(fault_name((enum fault_kind)kind), fault) != 0)
        kind++;
    if (kind == FAULT_COUNT)
        return "unknown fault";
    if (when && strcmp(when, "before") != 0 && strcmp(when, "after") != 0)
        return "when is before or after";
    *rule = (struct rule){.endpoint = word_copy(object, "endpoint"),
                          .type = word_copy(object, "type"),
                          .ip = word_copy(object, "ip"),
                          .account = word_copy(object, "account"),
                          .license_key = word_copy(object, "license_key"),
                          .skip = number_get(object, "skip", 0),
                          .times = number_get(object, "times", 1),
                          .probability = json_is_number(probability) ? json_number_value(probability) : 1};
    rule->fault = (struct fault){.kind = (enum fault_kind)kind,
                                 .after = when && strcmp(when, "after") == 0,
                                 .delay_ms = number_get(object, "delay_ms", kind == FAULT_HANG ? 600000 : 1000),
                                 .patience_ms = number_get(object, "patience_ms", 600000),
                                 .retry_after = number_get(object, "retry_after", -1),
                                 .status = (int)number_get(object, "status", 0),
                                 .body = word_copy(object, "body")};
    return NULL;
}

static json_t *word_show(const char *word)
{
    return word ? json_string(word) : json_null();
}

static json_t *rule_show(const struct rule *rule)
{
    const struct fault *fault = &rule->fault;

    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:s,s:s,s:I,s:I,s:f,s:I,s:I,s:I,s:i,s:I,s:I}", "endpoint",
                     word_show(rule->endpoint), "type", word_show(rule->type), "ip", word_show(rule->ip), "account",
                     word_show(rule->account), "license_key", word_show(rule->license_key), "fault",
                     fault_name(fault->kind), "when", fault->after ? "after" : "before", "skip", (json_int_t)rule->skip,
                     "times_left", (json_int_t)rule->times, "probability", rule->probability, "delay_ms",
                     (json_int_t)fault->delay_ms, "patience_ms", (json_int_t)fault->patience_ms, "retry_after",
                     (json_int_t)fault->retry_after, "status", fault->status, "seen", (json_int_t)rule->seen, "hits",
                     (json_int_t)rule->hits);
}

json_t *faults_show(const struct faults *faults)
{
    json_t *shown = json_array();

    for (size_t i = 0; i < faults->count; i++)
        json_array_append_new(shown, rule_show(&faults->rules[i]));
    return shown;
}

void faults_seed(struct faults *faults, uint64_t seed)
{
    faults->random = seed;
}

void faults_drop(struct faults *faults, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rule_clear(&faults->rules[i]);
    faults->count -= count;
    if (faults->count > 0)
        memmove(faults->rules, faults->rules + count, faults->count * sizeof *faults->rules);
}

void faults_clear(struct faults *faults)
{
    faults_drop(faults, faults->count);
    free(faults->rules);
    faults->rules = NULL;
}

const char *faults_add(struct faults *faults, json_t *list)
{
    size_t before = faults->count;
    const char *wrong = json_is_array(list) ? NULL : "rules is a list";
    size_t i;
    json_t *object;

    json_array_foreach(list, i, object)
    {
        struct rule rule = {0};
        wrong = rule_check(object);
        if (!wrong)
            wrong = rule_read(object, &rule);
        if (wrong)
            break;
        faults->rules = need(reallocarray(faults->rules, faults->count + 1, sizeof rule));
        faults->rules[faults->count++] = rule;
    }
    while (wrong && faults->count > before)
        rule_clear(&faults->rules[--faults->count]);
    return wrong;
}
