/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has the screen that a person sees, of an X server, or of the cards by a compositor of Wayland. */
#include "capture/desktop.h"

#include "capture/capturer.h"
#include "capture/drm/backend.h"
#include "capture/linux/scene.h"
#include "capture/x11/backend.h"
#include "platform/clock.h"
#include "platform/desktop.h"
#include "platform/gpu.h"
#include "platform/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SILENT_TICK_MS 250 /* between looks for what the kernel has no event for: a compositor that opens a card */
#define ASLEEP_TICK_MS 500 /* or a display that wakes */
#define LOCK_MS 500        /* that logind may take to say whether the session is locked */

/* ---- an X server ---- */

/* Returns the server that DISPLAY names, else the one that is shown, else one in memory; or NULL. */
static const struct choice_server *desktop_find_server(const struct choice_scene *scene)
{
    const struct choice_server *found = NULL;
    for (size_t i = 0; i < scene->server_count; i++) {
        const struct choice_server *server = &scene->servers[i];
        if (server->rootless)
            continue;
        if (server->chosen)
            return server;
        bool in_memory = !server->vt && !server->cards && !*scene->session && scene->card_count == 0;
        if ((server->shown && (!found || !found->shown)) || (in_memory && !found))
            found = server;
    }
    return found;
}

static enum capture_result desktop_run(struct slot *slot, const struct capture_options *options, void *context,
                                       struct error *err)
{
    struct strlist *facts = context;
    strlist_deinit(facts);
    if (!slot->backend->desktop)
        return CAPTURE_FAILED;
    int status = slot->backend->desktop(slot->capture, options, facts, err);
    if (status == 0)
        return CAPTURE_OK;
    return status == ERR_CLOSED ? CAPTURE_LOST : CAPTURE_FAILED;
}

static void desktop_copy_fact(const struct strlist *facts, const char *key, char *out, size_t size)
{
    const char *value = strlist_get(facts, key);
    snprintf(out, size, "%s", value ? value : "");
}

static void desktop_ask_server(struct capturer *capturer, const struct choice_server *server,
                               const struct capture_options *options, struct desktop_look *look)
{
    struct desktop_scene *scene = &look->scene;
    struct strlist facts = {0};
    struct task task = {desktop_run, &facts, STAGE_LIST};
    struct capture_candidate candidate = {.backend = "x11"};
    struct error err = {0};
    snprintf(candidate.source, sizeof candidate.source, ":%u", server->number);
    if (capturer_try(capturer, &candidate, options, &task, &err) < 0) {
        snprintf(scene->unmanaged, sizeof scene->unmanaged, "%.*s", DESKTOP_TEXT_SIZE - 1, err.text);
        look->tick_ms = SILENT_TICK_MS;
    } else {
        desktop_copy_fact(&facts, "manager", scene->manager, sizeof scene->manager);
        desktop_copy_fact(&facts, "unmanaged", scene->unmanaged, sizeof scene->unmanaged);
        scene->is_bare = *scene->unmanaged;
        desktop_copy_fact(&facts, "locked", scene->locked, sizeof scene->locked);
        desktop_copy_fact(&facts, "asleep", scene->asleep, sizeof scene->asleep);
        const char *layout = strlist_get(&facts, "layout");
        desktop_note_layout(layout ? layout : "", look);
    }
    strlist_deinit(&facts);
}

/* ---- a compositor ---- */

static void desktop_find_compositor(struct desktop_look *look)
{
    struct desktop_scene *scene = &look->scene;
    struct choice_compositor compositor = {0};
    compositor_find("", COMPOSITOR_MS, &compositor);
    if (compositor.pid) {
        snprintf(scene->manager, sizeof scene->manager, "the compositor %s (process %d) has the cards", compositor.name,
                 compositor.pid);
        return;
    }
    snprintf(scene->unmanaged, sizeof scene->unmanaged, "%s",
             compositor.is_unsure ? "whether a compositor of the session has a card open was not found out in time"
                                  : "no compositor of the session has a card open");
    look->tick_ms = SILENT_TICK_MS;
}

static void desktop_check_cards(const struct choice_scene *cards, struct desktop_scene *scene)
{
    if (drm_all_asleep("", cards))
        snprintf(scene->asleep, sizeof scene->asleep, "each display is asleep");
}

/* ---- the rest ---- */

static void desktop_check_lock(struct desktop_scene *scene)
{
    struct error err;
    bool locked;
    if (os_session_locked(os_deadline(LOCK_MS), &locked, &err) == 0 && locked && !*scene->locked)
        snprintf(scene->locked, sizeof scene->locked, "the session is locked");
}

/* Finds why there is no desktop on a terminal. */
static void desktop_explain_none(const struct choice_scene *cards, struct desktop_scene *scene)
{
    if (cards->vt_mode == VT_MODE_TEXT)
        snprintf(scene->no_screen, sizeof scene->no_screen, "terminal %u shows text", cards->vt);
    else if (cards->card_count == 0)
        snprintf(scene->no_screen, sizeof scene->no_screen, "no X server runs, and there is no card in /dev/dri");
    else
        snprintf(scene->no_screen, sizeof scene->no_screen, "no X server and no compositor runs");
}

static bool desktop_is_wayland(const struct choice_scene *cards)
{
    return strcmp(cards->session_type, "wayland") == 0 && cards->vt_mode != VT_MODE_TEXT;
}

/* Looks at the screen: the server's, or the seat's. */
static void desktop_look_at_screen(struct capturer *capturer, const struct capture_options *options,
                                   const struct choice_scene *cards, struct desktop_look *look)
{
    const struct choice_server *server = desktop_find_server(cards);
    struct desktop_scene *scene = &look->scene;
    bool on_seat = !server || server->shown || server->vt || server->cards;
    if (!on_seat) /* DISPLAY names it, or there is nothing else: whoever has the seat does not have this one */
        *scene->greeter = *scene->expected = '\0';
    if (server) {
        desktop_ask_server(capturer, server, options, look);
    } else if (desktop_is_wayland(cards)) {
        desktop_find_compositor(look);
        desktop_check_cards(cards, scene);
    } else {
        desktop_explain_none(cards, scene);
    }
    if (on_seat && !*scene->no_screen)
        desktop_check_lock(scene);
    if (*scene->asleep && !look->tick_ms)
        look->tick_ms = ASLEEP_TICK_MS;
}

int desktop_look(struct capturer *capturer, const struct capture_options *options, bool outputs,
                 struct desktop_look *look, struct error *err)
{
    struct os_desktop system;
    struct desktop_scene *scene = &look->scene;
    struct choice_scene *cards = linux_scene_read(options);
    if (!cards)
        return error_set(err, ERR_NO_MEMORY, "no memory to look at the desktop");
    os_desktop_read("", &system);
    _Static_assert(DESKTOP_TEXT_SIZE == OS_DESKTOP_TEXT_SIZE, "copied as they are");
    memcpy(scene->ending, system.ending, sizeof scene->ending);
    memcpy(scene->updating, system.updating, sizeof scene->updating);
    memcpy(scene->booting, system.booting, sizeof scene->booting);
    memcpy(scene->greeter, system.greeter, sizeof scene->greeter);
    if (system.is_graphical)
        memcpy(scene->expected, system.session, sizeof scene->expected);
    desktop_look_at_screen(capturer, options, cards, look);
    os_gpu_list_drivers(&look->lines);
    /* Opening a card could keep a display server that starts from becoming its master. */
    if (outputs && *scene->manager)
        desktop_list_outputs(capturer, options, look);
    free(cards);
    return 0;
}

void desktop_await(struct capturer *capturer, int64_t deadline_ms)
{
    os_desktop_await(capturer_watch(capturer, "x11"), deadline_ms);
}
