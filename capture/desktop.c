/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/desktop.h"

#include "picture/hash.h"
#include "platform/clock.h"

#include <stdio.h>
#include <string.h>

#define LOOK_MS 2000 /* that one look may take: a display server that hangs is then a reason */
#define PAUSE_MS 40  /* between two looks: what happens together is seen together, and a flood of events costs little */

/* ---- the decision ---- */

/* Returns the first state of which there is a reason. A session that is to have a screen makes "none" a "starting". */
static enum desktop_state desktop_find_state(const struct desktop_scene *scene, const char **why)
{
    const struct {
        const char *why;
        enum desktop_state state;
    } rules[] = {
        {scene->ending, DESKTOP_SHUTTING_DOWN},
        {scene->updating, DESKTOP_UPDATING},
        {scene->no_screen, *scene->expected || *scene->booting || *scene->greeter ? DESKTOP_STARTING : DESKTOP_NONE},
        {scene->greeter, DESKTOP_GREETER},
        {scene->booting, DESKTOP_STARTING},
        {scene->unmanaged, DESKTOP_STARTING},
        {scene->locked, DESKTOP_LOCKED},
        {scene->asleep, DESKTOP_ASLEEP},
        {scene->unsettled, DESKTOP_STARTING},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        *why = rules[i].why;
        if (**why)
            return rules[i].state;
    }
    *why = scene->manager;
    return DESKTOP_READY;
}

enum desktop_state desktop_decide(const struct desktop_scene *scene, struct strlist *reasons)
{
    const char *const others[] = {scene->no_screen, scene->greeter,   scene->booting, scene->unmanaged, scene->locked,
                                  scene->asleep,    scene->unsettled, scene->manager, scene->expected};
    const char *why;
    enum desktop_state state = desktop_find_state(scene, &why);
    if (*why)
        strlist_add(reasons, why);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i] != why && *others[i])
            strlist_add(reasons, others[i]);
    return state;
}

bool desktop_is_bare(const struct desktop_scene *scene)
{
    const char *why;
    (void)desktop_find_state(scene, &why);
    return scene->is_bare && why == scene->unmanaged;
}

/* ---- for the systems ---- */

/* What is compared between looks. */
static char desktop_layout[4096];
static int64_t desktop_layout_ms; /* when it was seen to change; 0: never */

void desktop_note_layout(const char *layout, struct desktop_look *look)
{
    if (*desktop_layout && strncmp(desktop_layout, layout, sizeof desktop_layout - 1) != 0)
        desktop_layout_ms = os_clock_ms();
    snprintf(desktop_layout, sizeof desktop_layout, "%s", layout);
    int64_t left = desktop_layout_ms ? desktop_layout_ms + DESKTOP_SETTLE_MS - os_clock_ms() : 0;
    if (left <= 0)
        return;
    snprintf(look->scene.unsettled, sizeof look->scene.unsettled, "the outputs have changed less than %d ms ago",
             DESKTOP_SETTLE_MS);
    look->tick_ms = (int)left + 1;
}

void desktop_list_outputs(struct capturer *capturer, const struct capture_options *options, struct desktop_look *look)
{
    struct strlist facts = {0};
    struct error err = {0};
    char key[48];
    const char *name = "";
    int status = capturer_displays(capturer, options, &facts, &err);
    for (unsigned i = 0; status == 0 && name; i++) {
        snprintf(key, sizeof key, "display.%u.name", i);
        name = strlist_get(&facts, key);
        snprintf(key, sizeof key, "display.%u.geometry", i);
        const char *place = strlist_get(&facts, key);
        if (name && place)
            strlist_addf(&look->lines, "output=%s %.*s", name, (int)strcspn(place, "+-"), place);
    }
    strlist_deinit(&facts);
}

/* ---- facts ---- */

static void desktop_add_facts(const struct desktop_look *look, struct strlist *facts)
{
    struct strlist reasons = {0};
    struct buffer text;
    enum desktop_state state = desktop_decide(&look->scene, &reasons);
    buffer_init(&text, 16 * DESKTOP_TEXT_SIZE);
    for (size_t i = 0; i < reasons.count; i++)
        buffer_printf(&text, "%s%s", i ? "; " : "", reasons.items[i]);
    strlist_addf(facts, "desktop.state=%s", desktop_state_name(state));
    strlist_addf(facts, "desktop.reason=%.*s", (int)text.len, text.data ? (const char *)text.data : "");
    if (desktop_is_bare(&look->scene))
        strlist_add(facts, "desktop.unmanaged=1");
    facts->failed |= text.failed || reasons.failed;
    buffer_deinit(&text);
    strlist_deinit(&reasons);
}

static int desktop_look_once(struct capturer *capturer, const struct capture_options *options, bool outputs,
                             struct strlist *facts, int *tick_ms, struct error *err)
{
    struct desktop_look look = {0};
    struct capture_options own = *options;
    own.timeout_ms = options->timeout_ms > 0 && options->timeout_ms < LOOK_MS ? options->timeout_ms : LOOK_MS;
    int status = desktop_look(capturer, &own, outputs, &look, err);
    if (status == 0) {
        desktop_add_facts(&look, facts);
        for (size_t i = 0; i < look.lines.count; i++)
            strlist_add(facts, look.lines.items[i]);
        if (facts->failed || look.lines.failed)
            status = error_set(err, ERR_NO_MEMORY, "no memory for the state of the desktop");
    }
    *tick_ms = look.tick_ms;
    strlist_deinit(&look.lines);
    return status;
}

int desktop_facts(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                  struct error *err)
{
    struct strlist all = {0};
    int tick_ms, status = desktop_look_once(capturer, options, false, &all, &tick_ms, err);
    for (size_t i = 0; i < all.count; i++)
        if (strncmp(all.items[i], "desktop.", 8) == 0)
            strlist_add(facts, all.items[i]);
    strlist_deinit(&all);
    if (status == 0 && facts->failed)
        status = error_set(err, ERR_NO_MEMORY, "no memory for the state of the desktop");
    return status;
}

/* ---- changes ---- */

static uint64_t desktop_hash(const struct strlist *facts)
{
    struct xxh64 hash;
    xxh64_begin(&hash);
    for (size_t i = 0; i < facts->count; i++)
        xxh64_add(&hash, facts->items[i], strlen(facts->items[i]) + 1);
    return xxh64_end(&hash);
}

/* Waits for an event, a moment at least. */
static void desktop_pause(struct capturer *capturer, int tick_ms, int64_t deadline_ms)
{
    int64_t tick = tick_ms ? os_deadline(tick_ms) : OS_FOREVER;
    desktop_await(capturer, tick < deadline_ms ? tick : deadline_ms);
    if (os_time_left(deadline_ms) > PAUSE_MS)
        os_sleep_ms(PAUSE_MS);
}

int desktop_watch(struct capturer *capturer, const struct capture_options *options, uint64_t seen,
                  struct strlist *facts, struct error *err)
{
    int64_t deadline_ms = os_deadline(options->timeout_ms > LOOK_MS ? options->timeout_ms - LOOK_MS : 0);
    for (;;) {
        int tick_ms, status = desktop_look_once(capturer, options, true, facts, &tick_ms, err);
        uint64_t hash = desktop_hash(facts);
        if (status == 0 && hash == seen && os_time_left(deadline_ms) > 0) {
            desktop_pause(capturer, tick_ms, deadline_ms);
            strlist_deinit(facts);
            continue;
        }
        if (status == 0)
            strlist_addf(facts, "hash=%llu", (unsigned long long)hash);
        return status;
    }
}
