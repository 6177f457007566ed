/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds that a unit only waits for somebody, such as behind a dialog, before its time is up: it has written nothing, used no
   processor time, and the screen has stayed the same, from one look to the next, while it has a window. */
#include "host/cli/test/evidence_text.h"
#include "host/cli/test/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)4 << 20) /* bytes of the evidence's text */
#define CPU_PERCENT 1              /* of the time between two looks, that counts as none */

bool test_agent_has(const struct test *test, const char *rpc)
{
    const char *have = periscope_strings_get(&test->properties, "periscope.rpcs");
    size_t len = strlen(rpc);
    for (; have && *have; have = strchr(have, ' ') ? strchr(have, ' ') + 1 : NULL)
        if (strncmp(have, rpc, len) == 0 && have[len] == ':')
            return true;
    return false;
}

/* Returns the number behind "KEY=" in a line of ps, else 0. */
static uint64_t quiet_number(const char *line, const char *key)
{
    const char *found = strstr(line, key);
    return found ? strtoull(found + strlen(key), NULL, 10) : 0;
}

static bool quiet_look_at_processes(struct test *test, uint64_t pid, struct test_quiet *look)
{
    char option[32];
    struct periscope_strings lines;
    snprintf(option, sizeof option, "pid=%" PRIu64, pid);
    if (periscope_ps(test->cli->periscope, (const char *const[]){option, "tree=1", NULL}, &lines))
        return false;
    for (size_t i = 0; i < lines.count; i++) {
        if (strncmp(lines.items[i], "process\t", 8) != 0)
            continue;
        look->pids += quiet_number(lines.items[i], "\tpid=");
        look->cpu_ms += quiet_number(lines.items[i], "\tcpu-ms=");
    }
    periscope_strings_free(&lines);
    return true;
}

static bool quiet_look_at_output(struct test *test, const char *file, struct test_quiet *look)
{
    struct periscope_strings facts;
    if (periscope_stat(test->cli->periscope, file, NULL, &facts))
        return false;
    const char *size = periscope_strings_get(&facts, "size");
    look->written = size ? strtoull(size, NULL, 10) : 0;
    periscope_strings_free(&facts);
    return true;
}

/* Looks at a small picture, which is not sent while it stays the same. */
static bool quiet_look_at_screen(struct test *test, struct test_quiet *look)
{
    struct periscope_strings facts;
    uint8_t *bytes;
    size_t len;
    if (periscope_screenshot(test->cli->periscope, (const char *const[]){"scale=1/4", "cursor=0", NULL}, &facts, &bytes,
                             &len))
        return false;
    const char *hash = periscope_strings_get(&facts, "hash");
    snprintf(look->screen, sizeof look->screen, "%s", hash ? hash : "");
    periscope_strings_free(&facts);
    free(bytes);
    return *look->screen != '\0';
}

/* Reads which window it seems to wait in. */
static void quiet_name_window(struct test *test, struct test_unit *unit, uint64_t pid, int64_t ms)
{
    char name[64];
    uint8_t *text = NULL;
    size_t len;
    struct evidence read;
    snprintf(name, sizeof name, ".periscope/evidence-%" PRIu64 ".txt", pid);
    if (periscope_get_bytes(test->cli->periscope, name, TEXT_MAX, &text, &len))
        return;
    if (evidence_read((const char *)text, &read)) {
        if (read.has_window) {
            unit->waits_for = strdup(read.summary);
            test_warn(test, "%s: no output, no processor time and no change of the screen for %" PRId64 " s: %s%s%s",
                      unit->name, (ms + 500) / 1000, read.summary, read.says ? ": " : "", read.says ? read.says : "");
        }
        evidence_deinit(&read);
    }
    free(text);
}

static bool quiet_is_same(const struct test_quiet *before, const struct test_quiet *now, int64_t ms)
{
    return before->valid && before->written == now->written && before->pids == now->pids &&
           now->cpu_ms - before->cpu_ms <= (uint64_t)ms * CPU_PERCENT / 100;
}

void test_look_for_dialog(struct test *test, struct test_unit *unit, uint64_t pid, const char *file, int64_t ms)
{
    struct test_quiet *before = &unit->quiet, now = {.valid = true};
    if (unit->waits_for || !test_agent_has(test, "ps"))
        return;
    now.valid = quiet_look_at_output(test, file, &now) && quiet_look_at_processes(test, pid, &now);
    bool same = now.valid && quiet_is_same(before, &now, ms);
    bool looked = same && quiet_look_at_screen(test, &now);
    if (looked && strcmp(before->screen, now.screen) == 0)
        quiet_name_window(test, unit, pid, ms);
    *before = now;
}
