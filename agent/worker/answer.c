/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/worker/answer.h"
#include "capture/capture.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_SIZE 4u /* bytes of a list's count */

static int answer_refuse_entry(const struct entry *entry, struct error *err)
{
    return error_set(err, ERR_PROTOCOL, "the capture worker answered with an entry of type %d and %llu bytes",
                     entry->type, (unsigned long long)entry->size);
}

/* Reads an entry's bytes into the list from which they are relayed. */
static int answer_read_payload(struct source *source, const struct entry *entry, struct buffer *list, uint8_t **bytes,
                               struct error *err)
{
    write_entry_header(list, entry->type, entry->size);
    bool fits = !list->failed && entry->size <= list->limit - list->len;
    *bytes = fits ? buffer_extend(list, (size_t)entry->size) : NULL;
    if (!fits)
        return error_set(err, ERR_LIMIT, "the capture worker's answer exceeds the limit of %zu bytes (WIRE_REPLY_MAX)",
                         list->limit);
    if (list->over_budget)
        return budget_error(list->budget, err);
    if (!*bytes)
        return error_set(err, ERR_NO_MEMORY, "no memory for %llu bytes of the capture worker's answer",
                         (unsigned long long)entry->size);
    return source_read(source, *bytes, (size_t)entry->size, err);
}

static int answer_read_entry(struct source *source, const struct entry *entry, struct buffer *list, struct error *err)
{
    uint8_t *bytes;
    bool is_text = entry->type == WIRE_STRING || entry->type == WIRE_ERROR;
    if (entry->type == WIRE_UNDEFINED && entry->size == 0) {
        write_entry_undefined(list);
        return 0;
    }
    if (entry->type != WIRE_DATA && !(is_text && entry->size >= 1 && entry->size <= WIRE_STRING_MAX))
        return answer_refuse_entry(entry, err);
    int status = answer_read_payload(source, entry, list, &bytes, err);
    if (status || !is_text)
        return status;
    if (memchr(bytes, 0, (size_t)entry->size) != bytes + entry->size - 1)
        return error_set(err, ERR_PROTOCOL,
                         "the capture worker answered with a string that does not end in its only NUL");
    return 0;
}

/* Reads facts, and then a file. */
static int answer_read_whole(struct list_reader *reader, struct source *source, struct buffer *list, struct error *err)
{
    struct entry entry = {.type = WIRE_STRING};
    int got = 0;
    while ((entry.type == WIRE_STRING || reader->index == reader->count) &&
           (got = list_read_entry(reader, &entry, err)) > 0) {
        int status = answer_read_entry(source, &entry, list, err);
        if (status)
            return status;
        reader->left = 0; /* read here */
    }
    /* An `e` stands alone: behind one that did not, the rest would be taken for the answer to the next request. */
    if (got == 0 && entry.type == WIRE_ERROR && reader->count == 1)
        return error_set(err, ERR_UNAVAILABLE, "%s", (const char *)list->data + COUNT_SIZE + WIRE_ENTRY_HEADER_SIZE);
    if (got == 0 && entry.type == WIRE_ERROR)
        return error_set(err, ERR_PROTOCOL, "the capture worker answered with an error among other entries");
    return got > 0 ? error_set(err, ERR_PROTOCOL, "the capture worker's answer goes on behind its file") : got;
}

/* Reads a reason, and the rest, so that the next request can be asked. */
static int answer_take_failure(struct list_reader *reader, struct error *err)
{
    char *reason;
    int status = list_read_text(reader, WIRE_STRING_MAX, &reason, err);
    if (status)
        return status;
    status = list_read_end(reader, err);
    if (status == 0)
        status = error_set(err, ERR_UNAVAILABLE, "%s", reason);
    free(reason);
    return status;
}

/* Reads the entries of an answer in pieces. */
static int answer_read_pieces(struct list_reader *reader, struct source *source, struct buffer *list,
                              const struct answer_taker *taker, struct error *err)
{
    struct entry entry;
    int got;
    while ((got = list_read_entry(reader, &entry, err)) > 0) {
        size_t whole = list->len;
        int status =
            entry.type == WIRE_ERROR ? answer_take_failure(reader, err) : answer_read_entry(source, &entry, list, err);
        if (status) {
            list->len = whole;
            list->failed = list->over_budget = false; /* what it has is right */
            return status;
        }
        reader->left = 0; /* read here */
        if (entry.type == WIRE_DATA)
            taker->came(taker->context, list);
    }
    return got;
}

int answer_read(struct source *source, struct buffer *list, const struct answer_taker *taker, struct error *err)
{
    struct list_reader reader;
    int got = list_read_begin(&reader, source, err);
    if (got)
        return got;
    write_u32(list, reader.count);
    return taker ? answer_read_pieces(&reader, source, list, taker, err)
                 : answer_read_whole(&reader, source, list, err);
}

/* ---- an answer that was read ---- */

/* Moves *pos past an entry of a list that is known to be valid. *payload is the entry's content. */
static enum wire_type answer_next(const struct buffer *list, size_t *pos, struct slice *payload)
{
    enum wire_type type = (enum wire_type)list->data[*pos];
    uint64_t size = 0;
    for (size_t i = 1; i < WIRE_ENTRY_HEADER_SIZE; i++)
        size = size << 8 | list->data[*pos + i];
    *payload = (struct slice){list->data + *pos + WIRE_ENTRY_HEADER_SIZE, (size_t)size};
    *pos += WIRE_ENTRY_HEADER_SIZE + (size_t)size;
    return type;
}

void answer_add_lines(const struct buffer *list, struct strlist *lines)
{
    struct slice payload;
    for (size_t pos = COUNT_SIZE; pos < list->len;)
        if (answer_next(list, &pos, &payload) == WIRE_STRING)
            strlist_add(lines, (const char *)payload.data);
}

bool answer_devices_are_used(void)
{
    for (size_t i = 0; capture_backends[i]; i++)
        if (strcmp(capture_backends[i]->name, "dxgi") == 0)
            return true;
    return false;
}

const char *answer_lost_device(const struct strlist *lines, const char *reason)
{
    static const char type[] = "gpu-reset: ", fact[] = "dxgi.removed=", refused[] = "refused=dxgi: ";
    const char *found = strstr(reason, type);
    for (size_t i = 0; i < lines->count && !found; i++) {
        if (strncmp(lines->items[i], fact, sizeof fact - 1) == 0)
            return lines->items[i] + sizeof fact - 1;
        if (strncmp(lines->items[i], refused, sizeof refused - 1) == 0)
            found = strstr(lines->items[i], type);
    }
    return found ? found + sizeof type - 1 : NULL;
}

struct slice answer_file(const struct buffer *list)
{
    struct slice payload;
    for (size_t pos = COUNT_SIZE; pos < list->len;)
        if (answer_next(list, &pos, &payload) == WIRE_DATA)
            return payload;
    return (struct slice){0};
}

static uint32_t answer_count(const struct buffer *list)
{
    uint32_t count = 0;
    for (size_t i = 0; i < COUNT_SIZE; i++)
        count = count << 8 | list->data[i];
    return count;
}

bool answer_break_off(struct buffer *list, const char *reason)
{
    struct slice payload;
    uint32_t left = answer_count(list);
    for (size_t pos = COUNT_SIZE; pos < list->len; left--)
        answer_next(list, &pos, &payload);
    if (left > 0)
        write_entry_text(list, WIRE_ERROR, reason);
    for (; left > 1; left--)
        write_entry_undefined(list);
    return !list->failed;
}

void answer_put_lines(struct buffer *list, const struct strlist *lines)
{
    struct buffer more;
    size_t len = list->len;
    uint32_t count = answer_count(list);
    buffer_init(&more, 65536);
    write_u32(&more, count + (uint32_t)lines->count);
    for (size_t i = 0; i < lines->count; i++)
        write_entry_text(&more, WIRE_STRING, lines->items[i]);
    if (!more.failed && buffer_extend(list, more.len - COUNT_SIZE)) {
        memmove(list->data + more.len, list->data + COUNT_SIZE, len - COUNT_SIZE);
        memcpy(list->data, more.data, more.len);
    } else {
        list->failed = list->over_budget = false; /* nothing of it has changed */
    }
    buffer_deinit(&more);
}
