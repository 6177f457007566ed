/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/facts.h"
#include "host/cli/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The facts that may occur several times, and the names of their arrays; NULL: the verb adds its own. */
static const struct {
    const char *key, *array;
} repeated[] = {{"warning", "warnings"}, {"refused", "refused"}, {"drm.plane", "planes"}, {"crc", NULL}};
#define REPEATED_COUNT (sizeof repeated / sizeof *repeated)

const char *fact_value(const char *fact, const char *key)
{
    size_t len = strlen(key);
    return strncmp(fact, key, len) == 0 && fact[len] == '=' ? fact + len + 1 : NULL;
}

bool facts_add(struct periscope_strings *facts, const char *format, ...)
{
    va_list args;
    char **items = realloc(facts->items, (facts->count + 2) * sizeof *items);
    if (!items)
        return false;
    facts->items = items;
    va_start(args, format);
    items[facts->count] = out_format(format, args);
    va_end(args);
    if (!items[facts->count])
        return false;
    items[++facts->count] = NULL;
    return true;
}

static bool facts_may_repeat(const char *fact)
{
    for (size_t i = 0; i < REPEATED_COUNT; i++)
        if (fact_value(fact, repeated[i].key))
            return true;
    return false;
}

static void facts_add_array(struct json *reply, const char *name, const char *key,
                            const struct periscope_strings *facts)
{
    json_array_begin(reply, name);
    for (size_t i = 0; i < facts->count; i++) {
        const char *value = fact_value(facts->items[i], key);
        if (value)
            json_text(reply, NULL, value);
    }
    json_array_end(reply);
}

void facts_json(struct json *reply, const struct periscope_strings *facts)
{
    json_object_begin(reply, "facts");
    for (size_t i = 0; i < facts->count; i++) {
        const char *fact = facts->items[i], *equals = strchr(fact, '=');
        char key[64];
        if (facts_may_repeat(fact) || !equals || (size_t)(equals - fact) >= sizeof key)
            continue;
        snprintf(key, sizeof key, "%.*s", (int)(equals - fact), fact);
        json_text(reply, key, equals + 1);
    }
    json_object_end(reply);
    for (size_t i = 0; i < REPEATED_COUNT; i++)
        if (repeated[i].array)
            facts_add_array(reply, repeated[i].array, repeated[i].key, facts);
}

/* Returns whether a person wants to see it: the result, or without any the reasons; all with --verbose. */
static bool facts_is_asked_for(const struct cli *cli, const char *fact, const char *result, bool has_result)
{
    return cli->verbose || (result && (has_result ? fact_value(fact, result) : fact_value(fact, "refused")));
}

void facts_print(struct cli *cli, struct periscope_strings *facts, const char *result, bool on_stderr)
{
    bool has_result = result && periscope_strings_get(facts, result);
    cli_make_printable(facts);
    for (size_t i = 0; i < facts->count; i++) {
        const char *fact = facts->items[i], *warning = fact_value(fact, "warning");
        int len = (int)strcspn(fact, "=");
        if (warning)
            cli_warn(cli, "%s: warning: %s", cli->target, warning);
        else if (!facts_is_asked_for(cli, fact, result, has_result))
            continue;
        else if (on_stderr || cli->quiet)
            cli_note(cli, "%.*s: %s", len, fact, fact[len] ? fact + len + 1 : "");
        else
            cli_print(cli, "%-9.*s %s\n", len, fact, fact[len] ? fact + len + 1 : "");
    }
}
