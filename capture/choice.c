/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/choice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct choosing {
    const struct choice_scene *scene;
    struct capture_candidates *candidates;
    unsigned screen; /* of the next candidates */
};

/* ---- candidates ---- */

static bool choice_is_listed(const struct choosing *choosing, const char *backend, const char *source)
{
    for (size_t i = 0; i < choosing->candidates->count; i++) {
        const struct capture_candidate *candidate = &choosing->candidates->items[i];
        if (strcmp(candidate->backend, backend) == 0 && strcmp(candidate->source, source) == 0)
            return true;
    }
    return false;
}

/* Adds a candidate and returns it, so that its reason can be written. Returns NULL when it is listed already or the
   list is full. */
static struct capture_candidate *choice_add(struct choosing *choosing, const char *backend, const char *source,
                                            bool is_shown)
{
    struct capture_candidates *candidates = choosing->candidates;
    if (candidates->count == CAPTURE_CANDIDATES_MAX || choice_is_listed(choosing, backend, source))
        return NULL;
    struct capture_candidate *candidate = &candidates->items[candidates->count++];
    *candidate = (struct capture_candidate){.backend = backend, .screen = choosing->screen, .is_shown = is_shown};
    snprintf(candidate->source, sizeof candidate->source, "%s", source);
    return candidate;
}

static void describe_card(const struct choice_card *card, char *text, size_t size)
{
    snprintf(text, size, "card%u (%s%s%s) is %s", card->number,
             card->identity.driver[0] ? card->identity.driver : "driver not known", card->identity.pci[0] ? ", " : "",
             card->identity.pci, card_class_name(card->class));
}

static void describe_server(const struct choice_server *server, char *text, size_t size)
{
    if (server->pid)
        snprintf(text, size, "X server :%u (%.15s, process %d)", server->number, server->name, server->pid);
    else
        snprintf(text, size, "X server :%u", server->number);
}

/* Describes what is in the foreground: "vt2 is active and shows graphics, session 3 is wayland". */
static void describe_foreground(const struct choice_scene *scene, char *text, size_t size)
{
    static const char *const modes[] = {"", " and shows text", " and shows graphics"};
    int len;
    if (scene->vt)
        len = snprintf(text, size, "vt%u is active%s", scene->vt, modes[scene->vt_mode]);
    else
        len = snprintf(text, size, "there is no virtual terminal");
    if (scene->session[0] && len > 0 && (size_t)len < size)
        snprintf(text + len, size - (size_t)len, ", session %s is %s", scene->session,
                 scene->session_type[0] ? scene->session_type : "of no known type");
}

/* ---- the order of cards ---- */

static bool is_foreground(const struct choice_server *server)
{
    return server->shown && !server->rootless;
}

/* Returns whether the server is hidden, because another virtual terminal than its own is active. */
static bool is_behind(const struct choice_scene *scene, const struct choice_server *server)
{
    return scene->vt && server->vt && server->vt != scene->vt;
}

static bool has_card(uint64_t cards, const struct choice_card *card)
{
    return card->number < CHOICE_CARDS_MAX && cards >> card->number & 1;
}

static bool drives(const struct choice_server *server, const struct choice_card *card)
{
    return has_card(server->cards, card);
}

/* Returns whether the card shows the foreground, as far as is known: the X server that is shown, the session's compositor,
   or the text console. */
static bool has_foreground(const struct choice_scene *scene, const struct choice_card *card)
{
    bool server_in_front = scene->compositor.cards != 0;
    if (has_card(scene->compositor.cards, card))
        return true;
    for (size_t i = 0; i < scene->server_count; i++) {
        if (is_foreground(&scene->servers[i]) && drives(&scene->servers[i], card))
            return true;
        server_in_front |= is_foreground(&scene->servers[i]);
    }
    return card->has_text && scene->vt_mode != VT_MODE_GRAPHICS && !server_in_front;
}

/* Returns whether the server is shown, as far as that can be told of one on no known card: a server of the user is not
   while the terminal shows text, or a Wayland compositor. */
static bool is_trusted_foreground(const struct choice_scene *scene, const struct choice_server *server)
{
    bool other_in_front = scene->vt_mode == VT_MODE_TEXT || strcmp(scene->session_type, "wayland") == 0;
    return is_foreground(server) && (server->of_root || !other_in_front);
}

/* Returns whether what has the foreground has the card open. Another card that is on still shows what was on it before. */
static bool is_held(const struct choice_scene *scene, const struct choice_card *card)
{
    for (size_t i = 0; i < scene->server_count; i++)
        if (is_trusted_foreground(scene, &scene->servers[i]) && drives(&scene->servers[i], card))
            return true;
    return has_card(scene->compositor.cards, card);
}

/* Computes the rank of a card; the lowest comes first. It depends on the class, then on whether the card shows the
   foreground, then on its number. */
static unsigned choice_rank(const struct choice_scene *scene, const struct choice_card *card)
{
    return (unsigned)card->class << 16 | (has_foreground(scene, card) ? 0 : 1u << 8) | (card->number & 0xff);
}

/* Finds the card that follows `after` (NULL: the first one) by rank, among those of the classes first to last that have
   an active output or, for !active, that have none. */
static const struct choice_card *next_card(const struct choice_scene *scene, const struct choice_card *after,
                                           enum card_class first, enum card_class last, bool active)
{
    const struct choice_card *next = NULL;
    for (size_t i = 0; i < scene->card_count; i++) {
        const struct choice_card *card = &scene->cards[i];
        if (card->class < first || card->class > last || (card->active_outputs > 0) != active)
            continue;
        if (after && choice_rank(scene, card) <= choice_rank(scene, after))
            continue;
        if (!next || choice_rank(scene, card) < choice_rank(scene, next))
            next = card;
    }
    return next;
}

/* ---- cards ---- */

static void choice_add_server(struct choosing *choosing, const struct choice_server *server, const char *why,
                              bool is_shown)
{
    char source[16], name[64];
    snprintf(source, sizeof source, ":%u", server->number);
    struct capture_candidate *candidate = choice_add(choosing, "x11", source, is_shown);
    describe_server(server, name, sizeof name);
    if (!candidate)
        return;
    candidate->is_display = server->chosen;
    snprintf(candidate->reason, sizeof candidate->reason, "%s %s", name, why);
}

/* Returns whether a card's picture is what a program on DISPLAY draws on: DISPLAY's server drives the card, or is in the
   foreground, as an Xwayland is whose compositor has the card. */
static bool shows_display(const struct choice_scene *scene, const struct choice_card *card)
{
    for (size_t i = 0; i < scene->server_count; i++) {
        const struct choice_server *server = &scene->servers[i];
        if (server->chosen &&
            (server->shown || server->rootless || (drives(server, card) && !is_behind(scene, server))))
            return true;
    }
    return false;
}

/* Adds a card with active outputs. The kernel's picture is what the monitor gets, including the cursor. The X server's
   picture is of the same screen, for where the kernel's can't be read. */
static void add_active_card(struct choosing *choosing, const struct choice_card *card)
{
    const struct choice_scene *scene = choosing->scene;
    char source[16], name[96], foreground[96], where[64] = ", on this card";
    snprintf(source, sizeof source, "card%u", card->number);
    describe_card(card, name, sizeof name);
    describe_foreground(scene, foreground, sizeof foreground);
    struct capture_candidate *candidate = choice_add(choosing, "drm", source, true);
    if (has_card(scene->compositor.cards, card))
        snprintf(where, sizeof where, ", and %.15s (process %d) has it open", scene->compositor.name,
                 scene->compositor.pid);
    if (candidate) {
        candidate->is_display = shows_display(scene, card);
        snprintf(candidate->reason, sizeof candidate->reason, "%s and has %u output%s on; %s%s", name,
                 card->active_outputs, card->active_outputs == 1 ? "" : "s", foreground,
                 has_foreground(scene, card) ? where : "");
    }
    for (size_t i = 0; i < scene->server_count; i++)
        if (is_foreground(&scene->servers[i]) && drives(&scene->servers[i], card))
            choice_add_server(choosing, &scene->servers[i], "drives the card and is shown", true);
    choosing->screen++;
}

static void add_inactive_card(struct choosing *choosing, const struct choice_card *card)
{
    char source[16], name[96];
    snprintf(source, sizeof source, "card%u", card->number);
    describe_card(card, name, sizeof name);
    struct capture_candidate *candidate = choice_add(choosing, "drm", source, false);
    if (candidate)
        snprintf(candidate->reason, sizeof candidate->reason, "%s and has no output on, but nothing else can be seen",
                 name);
    choosing->screen++;
}

static void add_active_cards(struct choosing *choosing, enum card_class first, enum card_class last)
{
    for (const struct choice_card *card = NULL; (card = next_card(choosing->scene, card, first, last, true));)
        add_active_card(choosing, card);
}

/* Adds the cards of what has the foreground, whatever their class. */
static void add_held_cards(struct choosing *choosing)
{
    const struct choice_scene *scene = choosing->scene;
    for (const struct choice_card *card = NULL;
         (card = next_card(scene, card, CARD_PASSED_THROUGH, CARD_VIRTUAL, true));)
        if (is_held(scene, card))
            add_active_card(choosing, card);
}

static void add_inactive_cards(struct choosing *choosing)
{
    const struct choice_scene *scene = choosing->scene;
    for (const struct choice_card *card = NULL;
         (card = next_card(scene, card, CARD_PASSED_THROUGH, CARD_VIRTUAL, false));)
        add_inactive_card(choosing, card);
}

/* ---- X servers ---- */

/* Returns whether no monitor shows the server. Such a server is chosen only when DISPLAY names it, or when there is no
   other. */
static bool choice_is_headless(const struct choice_scene *scene, const struct choice_server *server)
{
    return !server->rootless && !server->shown && !is_behind(scene, server) && server->cards == 0;
}

static void report_passed_over(struct choosing *choosing, const struct choice_server *server)
{
    char name[64];
    struct strlist *list = &choosing->candidates->passed_over;
    describe_server(server, name, sizeof name);
    if (server->rootless)
        strlist_addf(list, "x11: %s: the root window of a rootless Xwayland is never shown", name);
    else
        strlist_addf(list, "x11: %s: its virtual terminal vt%u is not the active one, vt%u", name, server->vt,
                     choosing->scene->vt);
}

static void add_chosen_server(struct choosing *choosing)
{
    const struct choice_scene *scene = choosing->scene;
    for (size_t i = 0; i < scene->server_count; i++)
        if (scene->servers[i].chosen && choice_is_headless(scene, &scene->servers[i])) {
            choice_add_server(choosing, &scene->servers[i], "is the agent's DISPLAY and has no virtual terminal", true);
            choosing->screen++;
        }
}

static bool drives_active_card(const struct choice_scene *scene, const struct choice_server *server)
{
    for (size_t i = 0; i < scene->card_count; i++)
        if (scene->cards[i].active_outputs > 0 && drives(server, &scene->cards[i]))
            return true;
    return false;
}

/* Returns whether a screen may be on a card that the kernel does not know to be on: not while a server in the foreground
   has one that is. Only one server can hold the virtual terminal, and any program of its user can say that it does. */
static bool may_be_unreported(const struct choice_scene *scene)
{
    for (size_t i = 0; i < scene->server_count; i++)
        if (is_foreground(&scene->servers[i]) && drives_active_card(scene, &scene->servers[i]))
            return false;
    return true;
}

/* Adds each server that is shown, but on none of the cards with an active output. Its monitor is on a card that the
   kernel does not report, as with a driver that has its own way to the display. */
static void add_unreported_screens(struct choosing *choosing)
{
    const struct choice_scene *scene = choosing->scene;
    for (size_t i = 0; i < scene->server_count && may_be_unreported(scene); i++)
        if (is_trusted_foreground(scene, &scene->servers[i]) && !drives_active_card(scene, &scene->servers[i])) {
            choice_add_server(choosing, &scene->servers[i], "is shown, and on no card that the kernel knows to be on",
                              true);
            choosing->screen++;
        }
}

static void add_headless_servers(struct choosing *choosing)
{
    const struct choice_scene *scene = choosing->scene;
    for (size_t i = 0; i < scene->server_count; i++) {
        const struct choice_server *server = &scene->servers[i];
        if (server->rootless || is_behind(scene, server)) {
            report_passed_over(choosing, server);
            continue;
        }
        choice_add_server(choosing, server, "is shown on no monitor, and nothing else can be seen", false);
        choosing->screen++;
    }
}

/* ---- the choice ---- */

static void make_auto(struct choosing *choosing)
{
    add_chosen_server(choosing);
    add_held_cards(choosing);
    add_active_cards(choosing, CARD_PASSED_THROUGH, CARD_PASSED_THROUGH);
    add_unreported_screens(choosing);
    add_active_cards(choosing, CARD_EMULATED, CARD_VIRTUAL);
    add_headless_servers(choosing);
    add_inactive_cards(choosing);
}

/* Lists the candidates for an output by name. All cards are searched together, so that a name that several have is
   noticed. */
static void make_named(struct choosing *choosing, const char *output)
{
    struct capture_candidates *candidates = choosing->candidates;
    size_t count = candidates->count;
    make_auto(choosing);
    size_t end = candidates->count;
    candidates->count = count;
    for (size_t i = count; i < end; i++) {
        struct capture_candidate named = candidates->items[i];
        bool drm = strcmp(named.backend, "drm") == 0, is_display = drm || named.is_display;
        struct capture_candidate *candidate = choice_add(choosing, named.backend, drm ? "" : named.source, false);
        if (!candidate)
            continue;
        candidate->is_display = is_display;
        snprintf(candidate->reason, sizeof candidate->reason, "the output '%.64s' was asked for by name", output);
    }
}

/* Lists the candidates for all outputs: those of every card or, where no card has any, those of the X servers. */
static void make_all(struct choosing *choosing)
{
    bool active = next_card(choosing->scene, NULL, CARD_PASSED_THROUGH, CARD_VIRTUAL, true) != NULL;
    struct capture_candidate *candidate = active ? choice_add(choosing, "drm", "", true) : NULL;
    if (candidate) {
        candidate->is_display = true; /* and all others */
        snprintf(candidate->reason, sizeof candidate->reason, "all outputs were asked for");
    }
    choosing->screen++;
    add_chosen_server(choosing);
    add_unreported_screens(choosing);
    add_headless_servers(choosing);
}

void choice_make(const struct choice_scene *scene, const char *output, struct capture_candidates *candidates)
{
    struct choosing choosing = {.scene = scene, .candidates = candidates};
    snprintf(candidates->display, sizeof candidates->display, "%s", scene->display);
    candidates->is_unsure = scene->compositor.is_unsure;
    if (!output)
        make_auto(&choosing);
    else if (strcmp(output, "all") == 0)
        make_all(&choosing);
    else
        make_named(&choosing, output);
}
