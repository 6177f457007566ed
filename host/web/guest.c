/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/guest.h"

#include "host/web/gateway.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdio.h>
#include <string.h>

#define OUTPUTS_MAX 64
#define CHANGE_TOLD_MS 1000

struct guest *guest_find(struct gateway *gateway, const char *name)
{
    for (size_t i = 0; i < gateway->guest_count; i++)
        if (strcmp(gateway->guests[i].config->name, name) == 0)
            return &gateway->guests[i];
    return NULL;
}

void guest_lock(struct guest *guest)
{
    os_mutex_lock(guest->lock);
}

void guest_unlock(struct guest *guest)
{
    os_mutex_unlock(guest->lock);
}

enum guest_state guest_state(struct guest *guest)
{
    guest_lock(guest);
    enum guest_state state = guest->state;
    guest_unlock(guest);
    return state;
}

int64_t guest_last_seen_ms(struct guest *guest)
{
    guest_lock(guest);
    int64_t time = guest->last_seen_ms;
    guest_unlock(guest);
    return time;
}

void guest_changed(struct guest *guest)
{
    atomic_fetch_add(&guest->version, 1);
    gateway_wake(guest->gateway);
}

void guest_screen_changed(struct guest *guest, const char *hash, uint32_t width, uint32_t height)
{
    guest_lock(guest);
    guest->last_change_ms = os_wall_time_ms();
    if (hash)
        snprintf(guest->hash, sizeof guest->hash, "%s", hash);
    if (width) {
        guest->width = width;
        guest->height = height;
    }
    bool tells = os_clock_ms() - guest->change_told_ms >= CHANGE_TOLD_MS;
    if (tells)
        guest->change_told_ms = os_clock_ms();
    guest_unlock(guest);
    if (tells)
        guest_changed(guest);
    else
        gateway_wake(guest->gateway);
}

/* ---- what the API tells ---- */

static void guest_json_time(struct json *json, const char *key, int64_t ms)
{
    if (ms)
        json_integer(json, key, ms);
    else
        json_null(json, key);
}

static void guest_json_list(struct json *json, const char *key, const struct strlist *list)
{
    json_array_begin(json, key);
    for (size_t i = 0; i < list->count; i++)
        json_text(json, NULL, list->items[i]);
    json_array_end(json);
}

static bool guest_takes_input(const struct guest *guest)
{
    const char *input = periscope_strings_get(&guest->properties, "periscope.input");
    return input && strcmp(input, "on") == 0;
}

/* Tells what runs: by its name, or the number of the programs where the agent does not name them. */
static void guest_json_test(struct guest *guest, struct json *json)
{
    char text[64];
    const char *running = periscope_strings_get(&guest->properties, "children.running");
    if (guest->state != GUEST_TESTING || *guest->test) {
        json_text(json, "test", guest->state == GUEST_TESTING ? guest->test : NULL);
        return;
    }
    snprintf(text, sizeof text, "%.20s program%s", running ? running : "?",
             running && strcmp(running, "1") == 0 ? "" : "s");
    json_text(json, "test", text);
}

static void guest_json_outputs(struct guest *guest, struct json *json)
{
    json_array_begin(json, "outputs");
    for (unsigned i = 0; i < OUTPUTS_MAX; i++) {
        char key[40];
        snprintf(key, sizeof key, "display.%u.name", i);
        const char *name = periscope_strings_get(&guest->properties, key);
        if (!name)
            break;
        snprintf(key, sizeof key, "display.%u.geometry", i);
        json_object_begin(json, NULL);
        json_text(json, "name", name);
        json_text(json, "geometry", periscope_strings_get(&guest->properties, key));
        json_object_end(json);
    }
    json_array_end(json);
}

static void guest_json_state(struct guest *guest, struct json *json)
{
    json_text(json, "name", guest->config->name);
    json_text(json, "address", guest->address);
    json_text(json, "group", guest->config->group);
    json_text(json, "state", guest_state_name(guest->state));
    guest_json_list(json, "reasons", &guest->reasons);
    guest_json_time(json, "since", guest->since_ms);
    guest_json_test(guest, json);
    guest_json_time(json, "lastChange", guest->last_change_ms);
    guest_json_time(json, "lastSeen", guest->last_seen_ms);
    json_number(json, "width", guest->width);
    json_number(json, "height", guest->height);
    json_text(json, "hash", *guest->hash ? guest->hash : NULL);
    json_text(json, "gpu", periscope_strings_get(&guest->properties, "gpu.0.name"));
    json_bool(json, "input", guest_takes_input(guest));
    json_text(json, "boot", periscope_strings_get(&guest->properties, "boot.id"));
}

void guest_json(struct guest *guest, struct json *json, const char *key, bool detailed)
{
    guest_lock(guest);
    json_object_begin(json, key);
    guest_json_state(guest, json);
    if (detailed) {
        json_facts(json, "properties", guest->properties.items, guest->properties.count);
        guest_json_list(json, "events", &guest->events);
        guest_json_outputs(guest, json);
    }
    json_object_end(json);
    guest_unlock(guest);
}
