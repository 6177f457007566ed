/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/record/stored.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void stored_deinit(struct stored *stored)
{
    free(stored->items);
    *stored = (struct stored){0};
}

uint32_t stored_find(const struct stored *stored, const char *key)
{
    for (unsigned i = 0; i < STORED_WINDOW; i++)
        if (stored->window[i].number && strcmp(stored->window[i].key, key) == 0)
            return stored->window[i].number;
    return 0;
}

static bool stored_reserve(struct stored *stored)
{
    if (stored->count < stored->capacity)
        return true;
    size_t capacity = stored->capacity ? stored->capacity * 2 : 64;
    struct stored_picture *items = realloc(stored->items, capacity * sizeof *items);
    if (!items)
        return false;
    stored->items = items;
    stored->capacity = capacity;
    return true;
}

static void key_set(struct stored_key *key, uint32_t number, const char *text)
{
    key->number = number;
    snprintf(key->key, sizeof key->key, "%s", text);
}

static bool stored_put(struct stored *stored, const struct stored_picture *picture)
{
    if (!stored_reserve(stored))
        return false;
    stored->items[stored->count++] = *picture;
    stored->bytes += picture->bytes;
    stored->shown = picture->number;
    return true;
}

static void stored_know(struct stored *stored, uint32_t number, const char *key)
{
    key_set(&stored->window[stored->next++ % STORED_WINDOW], number, key);
}

bool stored_add(struct stored *stored, const struct stored_picture *picture, const char *key, const char *hash)
{
    if (!stored_put(stored, picture))
        return false;
    if (picture->base == 0)
        key_set(&stored->whole, picture->number, hash);
    stored_know(stored, picture->number, key);
    return true;
}

void stored_pin(struct stored *stored)
{
    for (size_t i = 0; i < stored->count; i++)
        stored->items[i].pinned |= stored->items[i].number == stored->shown;
}

static bool stored_has_part(const struct stored *stored, size_t whole)
{
    for (size_t i = whole + 1; i < stored->count; i++)
        if (stored->items[i].base == stored->items[whole].number)
            return true;
    return false;
}

/* The last picture stays, and with it the whole one that it is drawn on, as parts to come will be. */
const struct stored_picture *stored_oldest(const struct stored *stored)
{
    for (size_t i = 1; i < stored->count; i++) { /* not the first */
        const struct stored_picture *picture = &stored->items[i];
        if (!picture->pinned && picture->number != stored->shown && i + 1 < stored->count &&
            (picture->base || !stored_has_part(stored, i)))
            return picture;
    }
    return NULL;
}

void stored_drop(struct stored *stored, uint32_t number)
{
    size_t i = 0;
    while (i < stored->count && stored->items[i].number != number)
        i++;
    if (i == stored->count)
        return;
    stored->bytes -= stored->items[i].bytes;
    stored->count--;
    memmove(&stored->items[i], &stored->items[i + 1], (stored->count - i) * sizeof *stored->items);
    for (i = 0; i < STORED_WINDOW; i++)
        if (stored->window[i].number == number)
            stored->window[i].number = 0;
}

/* The pictures first, since one that is put is the one that is shown; the keys from the oldest on. */
void stored_save(const struct stored *stored, struct buffer *out, const char *before)
{
    for (size_t i = 0; i < stored->count; i++) {
        const struct stored_picture *picture = &stored->items[i];
        buffer_printf(out, "%sp %" PRIu32 " %" PRIu32 " %" PRIu64 " %d\n", before, picture->number, picture->base,
                      picture->bytes, picture->pinned);
    }
    for (unsigned i = 0; i < STORED_WINDOW; i++) {
        const struct stored_key *key = &stored->window[(stored->next + i) % STORED_WINDOW];
        if (key->number)
            buffer_printf(out, "%sk %" PRIu32 " %s\n", before, key->number, key->key);
    }
    if (stored->whole.number)
        buffer_printf(out, "%sw %" PRIu32 " %s\n", before, stored->whole.number, stored->whole.key);
    buffer_printf(out, "%ss %" PRIu32 "\n", before, stored->shown);
}

bool stored_restore(struct stored *stored, const char *line)
{
    struct stored_picture picture;
    char key[STORED_KEY_SIZE];
    uint32_t number;
    int pinned;
    if (sscanf(line, "p %" SCNu32 " %" SCNu32 " %" SCNu64 " %d", &picture.number, &picture.base, &picture.bytes,
               &pinned) == 4) {
        picture.pinned = pinned;
        return stored_put(stored, &picture);
    }
    if (sscanf(line, "k %" SCNu32 " %22s", &number, key) == 2)
        stored_know(stored, number, key);
    else if (sscanf(line, "w %" SCNu32 " %22s", &number, key) == 2)
        key_set(&stored->whole, number, key);
    else
        return sscanf(line, "s %" SCNu32, &stored->shown) == 1;
    return true;
}
