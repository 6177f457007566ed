/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/damage.h"

#include "platform/clock.h"

#include <X11/extensions/damagewire.h>
#include <stdio.h>
#include <string.h>

#define EVENTS_MAX 65536 /* that are taken at once: a program may make properties change all the time */
#define WHOLE_MS 2000    /* after which all of the screen is got again: not all that is drawn is told */

/* Returns whether a compositor draws the screen: into a window of the server's that XDamage may not see. */
static bool x11_is_composited(struct x11_connection *connection, int screen)
{
    char name[32];
    snprintf(name, sizeof name, "_NET_WM_CM_S%d", screen);
    Atom manager = X11_CALL(XInternAtom)(connection->display, name, True);
    return manager != None && X11_CALL(XGetSelectionOwner)(connection->display, manager) != None;
}

static bool x11_damage_watch(struct x11_damage *damage, struct x11_connection *connection, int screen)
{
    Display *display = connection->display;
    int event, error;
    damage->is_refused = true;
    if (x11_missing(X11_LIB_XDAMAGE) || x11_missing(X11_LIB_XFIXES) ||
        !X11_CALL(XFixesQueryExtension)(display, &event, &error) ||
        !X11_CALL(XDamageQueryExtension)(display, &damage->event, &error))
        return false;
    (void)x11_take_error(connection);
    damage->event += XDamageNotify;
    damage->screen = screen;
    X11_CALL(XSelectInput)(display, RootWindow(display, screen), PropertyChangeMask | StructureNotifyMask);
    if (connection->randr >= 103)
        X11_CALL(XRRSelectInput)
    (display, RootWindow(display, screen),
     RRScreenChangeNotifyMask | RRCrtcChangeNotifyMask | RROutputChangeNotifyMask);
    damage->damage = X11_CALL(XDamageCreate)(display, RootWindow(display, screen), XDamageReportNonEmpty);
    damage->region = X11_CALL(XFixesCreateRegion)(display, NULL, 0);
    damage->is_refused = x11_take_error(connection) != 0;
    return !damage->is_refused;
}

void x11_damage_begin(struct x11_damage *damage, struct x11_connection *connection, const struct x11_screen *screen)
{
    bool other = damage->damage && damage->screen != screen->number;
    damage->number = 0;
    damage->watches = !damage->is_refused && !other && !x11_is_composited(connection, screen->number);
    if (damage->watches && !damage->damage)
        damage->watches = x11_damage_watch(damage, connection, screen->number);
    if (!damage->watches)
        return;
    (void)x11_damage_has_come(damage, connection);
    X11_CALL(XDamageSubtract)(connection->display, damage->damage, None, None);
}

bool x11_damage_continues(const struct x11_damage *damage, const struct x11_screen *screen, const struct rect *area,
                          uint64_t since)
{
    const struct rect *last = &damage->area;
    return since != 0 && since == damage->number && damage->screen == screen->number &&
           damage->changed == screen->changed && area->x == last->x && area->y == last->y &&
           area->width == last->width && area->height == last->height && os_clock_ms() - damage->whole_ms < WHOLE_MS;
}

static void x11_damage_write_asked(char text[256], const struct capture_options *options)
{
    const struct rect *region = &options->region;
    int len = snprintf(text, 256, "%d %ux%u%+d%+d %s", options->has_region, region->width, region->height, region->x,
                       region->y, options->output ? options->output : "");
    if (len >= 256)
        text[0] = 0; /* equal to none */
}

bool x11_damage_is_all(const struct x11_damage *damage, const struct x11_screen *screen,
                       const struct capture_options *options)
{
    char asked[256];
    if (!options->damage || !damage->asked[0] ||
        !x11_damage_continues(damage, screen, &damage->area, options->damage->since))
        return false;
    x11_damage_write_asked(asked, options);
    return strcmp(asked, damage->asked) == 0 && !damage->is_disturbed;
}

void x11_damage_ask(struct x11_damage *damage, const struct capture_options *options)
{
    damage->is_disturbed = false;
    x11_damage_write_asked(damage->asked, options);
}

bool x11_damage_has_come(struct x11_damage *damage, struct x11_connection *connection)
{
    bool has_come = false;
    for (int i = 0; !connection->lost && X11_CALL(XPending)(connection->display) > 0; i++) {
        XEvent event;
        if (i == EVENTS_MAX) /* the rest may be of any kind */
            return damage->is_disturbed = true;
        X11_CALL(XNextEvent)(connection->display, &event);
        if (event.type != damage->event)
            damage->is_disturbed = true;
        else if (event.xany.serial >= damage->taken) /* else it is of what was taken */
            has_come = true;
    }
    return has_come;
}

/* Adds the part of a rectangle that lies in the area. */
static void x11_damage_add(const struct rect *area, const XRectangle *drawn, struct capture_damage *told)
{
    int64_t left = drawn->x - (int64_t)area->x, top = drawn->y - (int64_t)area->y;
    int64_t right = left + drawn->width, bottom = top + drawn->height;
    left = left > 0 ? left : 0;
    top = top > 0 ? top : 0;
    right = right < area->width ? right : area->width;
    bottom = bottom < area->height ? bottom : area->height;
    if (left < right && top < bottom)
        told->rects[told->count++] =
            (struct rect){(int32_t)left, (int32_t)top, (uint32_t)(right - left), (uint32_t)(bottom - top)};
}

static bool x11_damage_is_small(const struct rect *area, const struct capture_damage *told)
{
    uint64_t pixels = 0;
    for (uint32_t i = 0; i < told->count; i++)
        pixels += (uint64_t)told->rects[i].width * told->rects[i].height;
    return pixels * 2 < (uint64_t)area->width * area->height;
}

void x11_damage_take_all(const struct x11_damage *damage, struct capture_damage *told)
{
    told->rects[0] = (struct rect){0, 0, damage->area.width, damage->area.height};
    told->count = 1;
}

bool x11_damage_take(struct x11_damage *damage, struct x11_connection *connection, struct capture_damage *told)
{
    int count = 0;
    damage->number = 0; /* until there is another picture */
    damage->taken = NextRequest(connection->display);
    (void)x11_forget_error();
    X11_CALL(XDamageSubtract)(connection->display, damage->damage, None, damage->region);
    XRectangle *drawn = X11_CALL(XFixesFetchRegion)(connection->display, damage->region, &count);
    bool is_told = drawn && count >= 0 && x11_forget_error() == 0;
    bool fits = is_told && (uint32_t)count + told->count <= CAPTURE_DAMAGE_MAX;
    for (int i = 0; fits && i < count; i++)
        x11_damage_add(&damage->area, &drawn[i], told);
    if (drawn)
        X11_CALL(XFree)(drawn);
    if (!fits || !x11_damage_is_small(&damage->area, told))
        x11_damage_take_all(damage, told);
    return is_told;
}

void x11_damage_note(struct x11_damage *damage, const struct x11_screen *screen, const struct rect *area,
                     struct capture_damage *told)
{
    if (!damage->watches)
        return;
    damage->area = *area;
    damage->changed = screen->changed;
    damage->number = told->number = (uint64_t)os_clock_us();
    if (!told->is_known)
        damage->whole_ms = os_clock_ms();
}
