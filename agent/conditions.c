/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/conditions.h"

#include "base/number.h"
#include "platform/desktop_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_FACT "desktop.state"
#define REASON_FACT "desktop.reason"
#define CONDITIONS_SIZE_MAX 65535 /* pixels a side of an output */

/* ---- what is wanted ---- */

static bool conditions_set_state(struct conditions_wanted *wanted, const char *value)
{
    enum desktop_state state = desktop_state_find(value);
    if (state < DESKTOP_STATE_COUNT)
        wanted->states |= 1u << state;
    return state < DESKTOP_STATE_COUNT;
}

static bool conditions_set_text(const char **text, const char *value)
{
    *text = value;
    return *value && strlen(value) <= 255;
}

static bool conditions_set_mode(struct conditions_wanted *wanted, const char *value)
{
    uint64_t width, height;
    wanted->mode = value;
    return number_take(&value, CONDITIONS_SIZE_MAX, &width) && *value++ == 'x' &&
           number_take(&value, CONDITIONS_SIZE_MAX, &height) && *value == 0 && width && height;
}

static bool conditions_set_number(int *number, const char *value, int min, int max)
{
    uint64_t parsed;
    if (!number_take(&value, (uint64_t)max, &parsed) || *value || parsed < (uint64_t)min)
        return false;
    *number = (int)parsed;
    return true;
}

static bool conditions_set(struct conditions_wanted *wanted, const char *key, const char *value)
{
    if (strcmp(key, "state") == 0)
        return conditions_set_state(wanted, value);
    if (strcmp(key, "output") == 0)
        return conditions_set_text(&wanted->output, value);
    if (strcmp(key, "mode") == 0)
        return conditions_set_mode(wanted, value);
    if (strcmp(key, "gpu") == 0)
        return conditions_set_text(&wanted->gpu, value);
    if (strcmp(key, "still-ms") == 0)
        return conditions_set_number(&wanted->still_ms, value, 1, CONDITIONS_STILL_MAX_MS);
    if (strcmp(key, "cpu") == 0)
        return conditions_set_number(&wanted->cpu, value, 0, 100);
    if (strcmp(key, "disk") == 0)
        return conditions_set_number(&wanted->disk, value, 0, 100);
    return conditions_set_number(&wanted->idle_ms, value, CONDITIONS_SAMPLE_MS, CONDITIONS_IDLE_MAX_MS);
}

int conditions_parse(struct conditions_wanted *wanted, const char *option, struct error *err)
{
    static const struct {
        const char *key, *expected;
    } known[] = {{"state", "a state of the desktop"},
                 {"output", "the name of an output, or any"},
                 {"mode", "WxH"},
                 {"gpu", "a PCI address, a driver, or any"},
                 {"still-ms", "1 to 60000"},
                 {"cpu", "0 to 100"},
                 {"disk", "0 to 100"},
                 {"idle-ms", "200 to 10000"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t len = strlen(known[i].key);
        if (strncmp(option, known[i].key, len) != 0 || option[len] != '=')
            continue;
        if (conditions_set(wanted, known[i].key, option + len + 1))
            return 0;
        return error_set(err, ERR_INVALID, "waitready: %s='%.255s' is not %s", known[i].key, option + len + 1,
                         known[i].expected);
    }
    return error_set(err, ERR_INVALID, "waitready: unknown option '%.80s'", option);
}

/* ---- what is known ---- */

static const struct conditions_fact *conditions_find(const struct conditions_known *known, const char *line)
{
    for (size_t i = 0; i < known->fact_count; i++)
        if (strcmp(known->facts[i].line, line) == 0)
            return &known->facts[i];
    return NULL;
}

static void conditions_free_facts(struct conditions_fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(facts[i].line);
    free(facts);
}

void conditions_take_facts(struct conditions_known *known, const struct strlist *lines, int64_t now_ms)
{
    struct conditions_fact *facts = calloc(lines->count + 1, sizeof *facts);
    size_t count = 0;
    for (size_t i = 0; facts && i < lines->count; i++) {
        const struct conditions_fact *old = conditions_find(known, lines->items[i]);
        facts[count] = (struct conditions_fact){strdup(lines->items[i]), old ? old->since_ms : now_ms};
        count += facts[count].line != NULL;
    }
    conditions_free_facts(known->facts, known->fact_count);
    known->facts = facts;
    known->fact_count = count;
}

void conditions_add_sample(struct conditions_known *known, const struct os_activity *sample)
{
    if (known->sample_count == CONDITIONS_SAMPLES) {
        memmove(known->samples, known->samples + 1, (CONDITIONS_SAMPLES - 1) * sizeof *sample);
        known->sample_count--;
    }
    known->samples[known->sample_count++] = *sample;
}

void conditions_deinit(struct conditions_known *known)
{
    conditions_free_facts(known->facts, known->fact_count);
    *known = (struct conditions_known){.sample_count = 0};
}

/* ---- conditions ---- */

/* Returns the value of the first fact with this key, from the fact *at on, which is moved behind it; or NULL. */
static const char *conditions_next(const struct conditions_known *known, const char *key, size_t *at, int64_t *since_ms)
{
    size_t len = strlen(key);
    while (*at < known->fact_count) {
        const struct conditions_fact *fact = &known->facts[(*at)++];
        if (strncmp(fact->line, key, len) == 0 && fact->line[len] == '=') {
            *since_ms = fact->since_ms;
            return fact->line + len + 1;
        }
    }
    return NULL;
}

bool conditions_is_ending(const struct conditions_known *known, int64_t now_ms)
{
    return *known->ending && now_ms - known->ending_ms < CONDITIONS_ENDING_MS;
}

static void conditions_check_state(const struct conditions_wanted *wanted, const struct conditions_known *known,
                                   int64_t now_ms, struct condition *out)
{
    size_t at = 0, behind = 0;
    int64_t since_ms;
    const char *state = conditions_next(known, STATE_FACT, &at, &out->since_ms);
    const char *reason = conditions_next(known, REASON_FACT, &behind, &since_ms);
    if (conditions_is_ending(known, now_ms)) {
        state = desktop_state_name(DESKTOP_SHUTTING_DOWN);
        reason = known->ending;
        out->since_ms = known->ending_ms;
    }
    enum desktop_state found = state ? desktop_state_find(state) : DESKTOP_STATE_COUNT;
    out->met = found < DESKTOP_STATE_COUNT && (!wanted->states || (wanted->states & 1u << found));
    if (state)
        snprintf(out->text, sizeof out->text, "%s: %.*s", state, CONDITIONS_TEXT_SIZE / 2, reason ? reason : "");
    else
        snprintf(out->text, sizeof out->text, "%.*s", CONDITIONS_TEXT_SIZE - 1,
                 *known->failure ? known->failure : "not looked at yet");
}

/* Checks "output=NAME WxH". */
static void conditions_check_output(const struct conditions_wanted *wanted, const struct conditions_known *known,
                                    struct condition *out)
{
    const char *name = wanted->output ? wanted->output : "any", *value;
    size_t at = 0;
    int64_t since_ms = 0;
    snprintf(out->text, sizeof out->text, "no output is shown");
    while ((value = conditions_next(known, "output", &at, &since_ms)) && !out->met) {
        const char *size = strrchr(value, ' ');
        size_t len = size ? (size_t)(size - value) : 0;
        bool is_it = strcmp(name, "any") == 0 || (strlen(name) == len && strncmp(name, value, len) == 0);
        out->met = size && is_it && (!wanted->mode || strcmp(size + 1, wanted->mode) == 0);
        out->since_ms = since_ms;
        snprintf(out->text, sizeof out->text, "%s", value);
    }
}

/* Checks "gpu=ADDRESS DRIVER". */
static void conditions_check_gpu(const struct conditions_wanted *wanted, const struct conditions_known *known,
                                 struct condition *out)
{
    const char *value;
    size_t at = 0;
    int64_t since_ms = 0;
    snprintf(out->text, sizeof out->text, "there is no graphics card");
    while ((value = conditions_next(known, "gpu", &at, &since_ms)) && !out->met) {
        size_t len = strcspn(value, " ");
        const char *driver = value[len] ? value + len + 1 : "-";
        bool is_it = strcmp(wanted->gpu, "any") == 0 || strcmp(wanted->gpu, driver) == 0 ||
                     (strlen(wanted->gpu) == len && strncmp(wanted->gpu, value, len) == 0);
        out->met = is_it && strcmp(driver, "-") != 0;
        out->since_ms = since_ms;
        snprintf(out->text, sizeof out->text, "%.*s: %s", (int)len, value,
                 strcmp(driver, "-") == 0 ? "no driver is bound to it" : driver);
    }
}

static void conditions_check_still(const struct conditions_wanted *wanted, const struct conditions_known *known,
                                   struct condition *out)
{
    int64_t since_ms = known->still_since_ms;
    out->met = since_ms && known->still_until_ms - since_ms >= wanted->still_ms;
    out->since_ms = since_ms;
    if (*known->still_failure)
        snprintf(out->text, sizeof out->text, "%.*s", CONDITIONS_TEXT_SIZE - 1, known->still_failure);
    else
        snprintf(out->text, sizeof out->text, "the screen %s the same for %d ms",
                 out->met ? "shows" : "has not yet shown", wanted->still_ms);
}

/* Finds two samples that are at least so far apart, and no more than needed. Returns false when there are none yet. */
static bool conditions_find_samples(const struct conditions_known *known, int idle_ms, const struct os_activity **first,
                                    const struct os_activity **last)
{
    *last = known->sample_count ? &known->samples[known->sample_count - 1] : NULL;
    for (size_t i = known->sample_count; i-- > 0;) {
        *first = &known->samples[i];
        if ((*last)->at_ms - (*first)->at_ms >= idle_ms)
            return true;
    }
    return false;
}

static unsigned conditions_percent(uint64_t part, uint64_t all)
{
    return all && part < all ? (unsigned)(part * 100 / all) : all ? 100 : 0;
}

static void conditions_check_idle(const struct conditions_wanted *wanted, const struct conditions_known *known,
                                  bool disk, struct condition *out)
{
    const struct os_activity *first, *last;
    int most = disk ? wanted->disk : wanted->cpu;
    if (!conditions_find_samples(known, wanted->idle_ms, &first, &last)) {
        snprintf(out->text, sizeof out->text, "not measured for %d ms yet", wanted->idle_ms);
        return;
    }
    if (disk ? !last->has_disk : !last->cpu_total) {
        snprintf(out->text, sizeof out->text, "this system does not tell");
        return;
    }
    unsigned percent = disk ? conditions_percent(last->disk_ms - first->disk_ms, (uint64_t)(last->at_ms - first->at_ms))
                            : conditions_percent(last->cpu_busy - first->cpu_busy, last->cpu_total - first->cpu_total);
    out->met = percent <= (unsigned)most;
    out->since_ms = first->at_ms;
    snprintf(out->text, sizeof out->text, "%u %% busy in the last %lld ms, %d %% at most", percent,
             (long long)(last->at_ms - first->at_ms), most);
}

size_t conditions_check(const struct conditions_wanted *wanted, const struct conditions_known *known, int64_t now_ms,
                        struct condition out[CONDITIONS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < CONDITIONS_MAX; i++)
        out[i] = (struct condition){.met = false};
    if (wanted->gpu) {
        out[count].name = "gpu";
        conditions_check_gpu(wanted, known, &out[count++]);
    }
    out[count].name = "desktop";
    conditions_check_state(wanted, known, now_ms, &out[count++]);
    if (wanted->output || wanted->mode) {
        out[count].name = "output";
        conditions_check_output(wanted, known, &out[count++]);
    }
    if (wanted->still_ms) {
        out[count].name = "still";
        conditions_check_still(wanted, known, &out[count++]);
    }
    if (wanted->cpu >= 0) {
        out[count].name = "cpu";
        conditions_check_idle(wanted, known, false, &out[count++]);
    }
    if (wanted->disk >= 0) {
        out[count].name = "disk";
        conditions_check_idle(wanted, known, true, &out[count++]);
    }
    return count;
}

/* Adds bytes to a hash: FNV-1a. */
static uint64_t conditions_add_hash(uint64_t hash, const char *text)
{
    do {
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    } while (*text++);
    return hash;
}

uint64_t conditions_hash(const struct condition *conditions, size_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < count; i++) {
        const struct condition *condition = &conditions[i];
        bool is_measured = strcmp(condition->name, "cpu") == 0 || strcmp(condition->name, "disk") == 0;
        hash = conditions_add_hash(hash, condition->met ? "met" : "unmet");
        hash = conditions_add_hash(hash, is_measured ? "" : condition->text);
    }
    return hash;
}
