/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/timeline/recording.h"

#include "picture/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LINE_MAX_LEN 4096
#define TIME_MAX_US (INT64_MAX / 4)
#define SAME_CLOCK_US 5000000                      /* by how much a boot's clocks may drift apart, steps included */
#define OFF_MAX_US ((int64_t)30 * 86400 * 1000000) /* how long a guest may have been off, as far as is believed */

/* What remains of a line, word by word. */
struct words {
    const char *at, *end;
};

static struct slice words_next(struct words *words)
{
    const char *start = words->at;
    const char *blank = memchr(start, ' ', (size_t)(words->end - start));
    const char *end = blank ? blank : words->end;
    words->at = blank ? blank + 1 : words->end;
    return (struct slice){(const uint8_t *)start, (size_t)(end - start)};
}

static bool words_is(struct slice word, const char *text)
{
    return word.len == strlen(text) && memcmp(word.data, text, word.len) == 0;
}

/* Takes digits at *p, and the character behind them unless that is 0. */
static bool words_take_number(const char **p, const char *end, char behind, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    const char *at = *p;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (sum > (max - (uint64_t)(*at - '0')) / 10)
            return false;
        sum = sum * 10 + (uint64_t)(*at - '0');
    }
    if (at == *p || (behind && (at == end || *at != behind)))
        return false;
    *value = sum;
    *p = at + (behind ? 1 : 0);
    return true;
}

static bool words_number(struct slice word, uint64_t max, uint64_t *value)
{
    const char *p = (const char *)word.data, *end = p + word.len;
    return words_take_number(&p, end, 0, max, value) && p == end;
}

/* Reads "WxH", or "WxH+X+Y" if a place is wanted. */
static bool words_area(struct slice word, uint32_t *w, uint32_t *h, uint32_t *x, uint32_t *y)
{
    const char *p = (const char *)word.data, *end = p + word.len;
    uint64_t number[4] = {0};
    bool good = words_take_number(&p, end, 'x', IMAGE_SIZE_MAX, &number[0]) &&
                words_take_number(&p, end, x ? '+' : 0, IMAGE_SIZE_MAX, &number[1]);
    if (good && x)
        good = words_take_number(&p, end, '+', IMAGE_SIZE_MAX, &number[2]) &&
               words_take_number(&p, end, 0, IMAGE_SIZE_MAX, &number[3]);
    if (!good || p != end || image_check_size("a picture", number[0], number[1], NULL))
        return false;
    *w = (uint32_t)number[0];
    *h = (uint32_t)number[1];
    if (x) {
        *x = (uint32_t)number[2];
        *y = (uint32_t)number[3];
    }
    return true;
}

/* Returns whether a name is that of the picture with this number. */
static bool words_is_file(struct slice word, uint64_t number)
{
    char name[RECORDING_NAME_SIZE];
    snprintf(name, sizeof name, "%06" PRIu64 ".png", number);
    return words_is(word, name);
}

struct slice recording_fact(struct slice text, const char *name)
{
    struct words words = {(const char *)text.data, (const char *)text.data + text.len};
    size_t len = strlen(name);
    while (words.at < words.end) {
        struct slice word = words_next(&words);
        if (word.len > len && word.data[len] == '=' && memcmp(word.data, name, len) == 0)
            return (struct slice){word.data + len + 1, word.len - len - 1};
    }
    return (struct slice){(const uint8_t *)"", 0};
}

/* ---- what grows ---- */

struct growing {
    struct recording *recording;
    size_t entry_room, picture_room, boot_room;
    struct slice boot_id;
    int64_t latest_us;
    bool no_memory;
};

/* Makes room for one more item. */
static bool growing_more(struct growing *g, void **items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t more = *room ? *room * 2 : 64;
    void *grown = realloc(*items, more * size);
    if (!grown) {
        g->no_memory = true;
        return false;
    }
    *items = grown;
    *room = more;
    return true;
}

static struct recording_entry *growing_entry(struct growing *g)
{
    void *items = g->recording->entries;
    bool good = growing_more(g, &items, g->recording->entry_count, &g->entry_room, sizeof *g->recording->entries);
    g->recording->entries = items;
    return good ? &g->recording->entries[g->recording->entry_count] : NULL;
}

static struct recording_picture *growing_picture(struct growing *g)
{
    void *items = g->recording->pictures;
    bool good = growing_more(g, &items, g->recording->picture_count, &g->picture_room, sizeof *g->recording->pictures);
    g->recording->pictures = items;
    return good ? &g->recording->pictures[g->recording->picture_count] : NULL;
}

static bool growing_boot(struct growing *g, int64_t at_us, int64_t mono_us, int64_t wall_us)
{
    void *items = g->recording->boots;
    bool good = growing_more(g, &items, g->recording->boot_count, &g->boot_room, sizeof *g->recording->boots);
    g->recording->boots = items;
    if (good)
        g->recording->boots[g->recording->boot_count++] = (struct recording_boot){at_us, mono_us, wall_us};
    return good;
}

/* ---- lines ---- */

/* Finds a picture by its number: numbers grow. */
static int64_t recording_find(const struct recording *recording, uint64_t number)
{
    size_t low = 0, high = recording->picture_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (recording->pictures[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < recording->picture_count && recording->pictures[low].number == number ? (int64_t)low : -1;
}

/* Checks that a part lies on the screen, and what it changes is a picture of the same size. */
static bool recording_place_part(const struct recording *recording, struct recording_picture *picture,
                                 struct slice facts)
{
    uint64_t number;
    struct slice base = recording_fact(facts, "base"), at = recording_fact(facts, "at");
    if (!words_number(base, UINT32_MAX, &number) || !words_area(at, &picture->w, &picture->h, &picture->x, &picture->y))
        return false;
    picture->base = recording_find(recording, number);
    if (picture->base < 0)
        return false;
    const struct recording_picture *under = &recording->pictures[picture->base];
    return under->base < 0 && under->width == picture->width && under->height == picture->height &&
           picture->w <= picture->width - (picture->x < picture->width ? picture->x : picture->width) &&
           picture->h <= picture->height - (picture->y < picture->height ? picture->y : picture->height);
}

/* Reads "N HASH WxH FILE", and what places a part. */
static bool recording_add_picture(struct growing *g, struct words words, bool part, uint32_t *index)
{
    struct recording *recording = g->recording;
    struct recording_picture *picture = growing_picture(g);
    if (!picture)
        return false;
    *picture = (struct recording_picture){.base = -1};
    struct slice number = words_next(&words), hash = words_next(&words), size = words_next(&words);
    picture->file = words_next(&words);
    if (!words_number(number, UINT32_MAX, &picture->number) || hash.len == 0 ||
        !words_area(size, &picture->width, &picture->height, NULL, NULL) ||
        !words_is_file(picture->file, picture->number))
        return false;
    if (recording->picture_count && recording->pictures[recording->picture_count - 1].number >= picture->number)
        return false;
    picture->w = picture->width;
    picture->h = picture->height;
    struct slice facts = {(const uint8_t *)words.at, (size_t)(words.end - words.at)};
    if (part && !recording_place_part(recording, picture, facts))
        return false;
    *index = (uint32_t)recording->picture_count++;
    return true;
}

/* Reads the number of an earlier picture. */
static bool recording_show_again(const struct recording *recording, struct words words, uint32_t *index)
{
    uint64_t number;
    int64_t found = words_number(words_next(&words), UINT32_MAX, &number) ? recording_find(recording, number) : -1;
    if (found >= 0)
        *index = (uint32_t)found;
    return found >= 0;
}

static enum recording_kind recording_kind_of(struct slice word)
{
    static const struct {
        const char *name;
        enum recording_kind kind;
    } kinds[] = {{"start", RECORDING_START}, {"picture", RECORDING_PICTURE}, {"part", RECORDING_PICTURE},
                 {"same", RECORDING_SAME},   {"event", RECORDING_EVENT},     {"input", RECORDING_INPUT},
                 {"fail", RECORDING_FAIL},   {"dropped", RECORDING_DROPPED}, {"stop", RECORDING_STOP}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (words_is(word, kinds[i].name))
            return kinds[i].kind;
    return RECORDING_OTHER;
}

/* Returns whether an entry begins the recording of another boot: by its id and, where that is not known, by the clock that
   has begun anew. */
static bool recording_is_new_boot(const struct growing *g, const struct recording_entry *entry, int64_t mono_us)
{
    if (g->recording->boot_count == 0)
        return true;
    if (entry->kind != RECORDING_START)
        return false;
    struct slice id = recording_fact(entry->text, "boot");
    bool same = id.len == g->boot_id.len && (id.len == 0 || memcmp(id.data, g->boot_id.data, id.len) == 0);
    return !same || mono_us < g->recording->boots[g->recording->boot_count - 1].mono_us;
}

/* Counts from the first entry of its boot; another boot begins as long after the last one as the wall clock says, if
   that can be. Events may stand late, and before the first entry they count as of its time. */
static bool recording_time(struct growing *g, struct recording_entry *entry, int64_t mono_us)
{
    struct recording *recording = g->recording;
    const struct recording_entry *last = recording->entry_count ? entry - 1 : NULL;
    if (recording_is_new_boot(g, entry, mono_us)) {
        int64_t off = last ? entry->wall_us - last->wall_us : 0;
        int64_t at_us = last ? g->latest_us + (off > 0 && off < OFF_MAX_US ? off : 1) : 0;
        if (!growing_boot(g, at_us, mono_us, entry->wall_us))
            return false;
        g->boot_id = recording_fact(entry->text, "boot");
    }
    const struct recording_boot *boot = &recording->boots[recording->boot_count - 1];
    entry->at_us = boot->at_us + (mono_us > boot->mono_us ? mono_us - boot->mono_us : 0);
    entry->order = (uint32_t)recording->entry_count;
    if (entry->at_us > g->latest_us)
        g->latest_us = entry->at_us;
    return true;
}

/* Reads "MONO_US WALL_US KIND ...". Returns false for a bad line, and without memory. */
static bool recording_add_line(struct growing *g, struct words words)
{
    uint64_t mono, wall;
    struct recording_entry *entry = growing_entry(g);
    if (!entry)
        return false;
    struct slice mono_word = words_next(&words), wall_word = words_next(&words), kind = words_next(&words);
    if (!words_number(mono_word, TIME_MAX_US, &mono) || !words_number(wall_word, TIME_MAX_US, &wall) || kind.len == 0)
        return false;
    *entry = (struct recording_entry){.kind = recording_kind_of(kind), .wall_us = (int64_t)wall};
    entry->text = (struct slice){(const uint8_t *)words.at, (size_t)(words.end - words.at)};
    bool good = true;
    if (entry->kind == RECORDING_PICTURE)
        good = recording_add_picture(g, words, words_is(kind, "part"), &entry->picture);
    else if (entry->kind == RECORDING_SAME)
        good = recording_show_again(g->recording, words, &entry->picture);
    else if (entry->kind == RECORDING_DROPPED && recording_show_again(g->recording, words, &entry->picture))
        g->recording->pictures[entry->picture].dropped = true;
    if (!good || !recording_time(g, entry, (int64_t)mono))
        return false;
    g->recording->entry_count++;
    return true;
}

/* Reads the sum before a line, eight digits of the lower case and a blank, and compares it. */
static bool recording_check_sum(const char *line, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t sum = 0;
    if (len < 9 || len > LINE_MAX_LEN || line[8] != ' ')
        return false;
    for (size_t i = 0; i < 8; i++) {
        const char *digit = line[i] ? strchr(digits, line[i]) : NULL;
        if (!digit)
            return false;
        sum = sum << 4 | (uint32_t)(digit - digits);
    }
    return sum == crc32(0, (const Bytef *)line + 9, (uInt)(len - 9));
}

static int recording_compare(const void *one, const void *other)
{
    const struct recording_entry *a = one, *b = other;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

int recording_read(struct recording *out, struct slice index, struct error *err)
{
    struct growing growing = {.recording = out};
    const char *at = (const char *)index.data, *end = at + index.len;
    *out = (struct recording){0};
    while (at < end && out->entry_count < RECORDING_ENTRIES_MAX) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline || !recording_check_sum(at, (size_t)(newline - at)) ||
            !recording_add_line(&growing, (struct words){at + 9, newline}))
            break;
        at = newline + 1;
    }
    out->cut = (size_t)(end - at);
    if (!growing.no_memory && out->entry_count) {
        qsort(out->entries, out->entry_count, sizeof *out->entries, recording_compare);
        return 0;
    }
    recording_free(out);
    if (growing.no_memory)
        return error_set(err, ERR_NO_MEMORY, "no memory for the index");
    return error_set(err, ERR_INVALID, "its first line is no line of a recording's index");
}

void recording_free(struct recording *recording)
{
    free(recording->entries);
    free(recording->pictures);
    free(recording->boots);
    *recording = (struct recording){0};
}

int64_t recording_when(const struct recording *recording, int64_t mono_us, int64_t wall_us)
{
    const struct recording_boot *best = &recording->boots[0];
    for (size_t i = recording->boot_count; i-- > 0;) {
        const struct recording_boot *boot = &recording->boots[i];
        int64_t drift = (wall_us - mono_us) - (boot->wall_us - boot->mono_us);
        if (drift > -SAME_CLOCK_US && drift < SAME_CLOCK_US && mono_us >= boot->mono_us - SAME_CLOCK_US)
            return boot->at_us + (mono_us - boot->mono_us);
        if (boot->wall_us <= wall_us && best == &recording->boots[0])
            best = boot;
    }
    return best->at_us + (wall_us - best->wall_us);
}
