/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/wire.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_STEP 16384u /* bytes of a text for which there is memory before they came */

int source_read(struct source *source, void *bytes, size_t len, struct error *err)
{
    size_t done = 0;
    while (done < len) {
        int got = source->read(source, (uint8_t *)bytes + done, len - done, err);
        if (got < 0)
            return got;
        if (got == 0)
            return error_set(err, ERR_CLOSED, "the connection ended %s",
                             done ? "in the middle of a message" : "where a message should begin");
        done += (size_t)got;
    }
    return 0;
}

int source_skip(struct source *source, uint64_t len, struct error *err)
{
    uint8_t scrap[16384];
    while (len > 0) {
        size_t step = len < sizeof scrap ? (size_t)len : sizeof scrap;
        int status = source_read(source, scrap, step, err);
        if (status)
            return status;
        len -= step;
    }
    return 0;
}

static uint64_t big_endian(const uint8_t *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

int list_read_begin(struct list_reader *list, struct source *source, struct error *err)
{
    uint8_t bytes[4];
    *list = (struct list_reader){.source = source};
    int status = source_read(source, bytes, sizeof bytes, err);
    if (status)
        return status;
    uint32_t count = (uint32_t)big_endian(bytes, 4);
    if (count >= WIRE_COUNT_FATAL)
        return error_set(err, ERR_PROTOCOL, "a list of %u entries: the peer does not speak this protocol", count);
    list->count = count;
    return 0;
}

int list_read_entry(struct list_reader *list, struct entry *entry, struct error *err)
{
    uint8_t header[WIRE_ENTRY_HEADER_SIZE];
    int status = source_skip(list->source, list->left, err);
    if (status)
        return status;
    list->left = 0;
    if (list->index == list->count)
        return 0;
    status = source_read(list->source, header, sizeof header, err);
    if (status)
        return status;
    list->index++;
    list->left = big_endian(header + 1, 8);
    *entry = (struct entry){.type = (enum wire_type)header[0], .size = list->left};
    return 1;
}

static int read_number(struct list_reader *list, int size, uint64_t *value, struct error *err)
{
    uint8_t bytes[8];
    if (list->left != (uint64_t)size)
        return error_set(err, ERR_INVALID, "Expected a parameter of size %d but got %llu instead", size,
                         (unsigned long long)list->left);
    int status = source_read(list->source, bytes, (size_t)size, err);
    if (status)
        return status;
    list->left = 0;
    *value = big_endian(bytes, size);
    return 0;
}

int list_read_u32(struct list_reader *list, uint32_t *value, struct error *err)
{
    uint64_t number = 0;
    int status = read_number(list, 4, &number, err);
    *value = (uint32_t)number;
    return status;
}

int list_read_u64(struct list_reader *list, uint64_t *value, struct error *err)
{
    return read_number(list, 8, value, err);
}

int list_hold(struct list_reader *list, size_t more, struct error *err)
{
    if (!budget_resize(list->budget, list->held, list->held + more))
        return budget_error(list->budget, err);
    list->held += more;
    if (list->held > list->most)
        list->most = list->held;
    return 0;
}

static void list_give_back(struct list_reader *list, size_t less)
{
    budget_resize(list->budget, list->held, list->held - less);
    list->held -= less;
}

void list_release(struct list_reader *list)
{
    list_give_back(list, list->held);
}

/* Reads the next bytes of a text behind the first `have`. *text grows for them. */
static int text_read_step(struct list_reader *list, char **text, size_t have, size_t step, struct error *err)
{
    int status = list_hold(list, step, err);
    if (status)
        return status;
    char *bytes = realloc(*text, have + step);
    if (!bytes) {
        list_give_back(list, step);
        return error_set(err, ERR_NO_MEMORY, "no memory for a string of %zu bytes", have + step);
    }
    *text = bytes;
    status = source_read(list->source, bytes + have, step, err);
    if (status)
        list_give_back(list, step);
    else
        list->left -= step;
    return status;
}

/* Reads the text's `size` bytes in steps, each as long as all before it. */
static int text_read_bytes(struct list_reader *list, size_t size, char **text, struct error *err)
{
    size_t have = 0;
    int status = 0;
    *text = NULL;
    while (have < size && status == 0) {
        size_t step = have > TEXT_STEP ? have : TEXT_STEP;
        if (step > size - have)
            step = size - have;
        status = text_read_step(list, text, have, step, err);
        if (status == 0)
            have += step;
    }
    if (status == 0)
        return 0;
    free(*text);
    *text = NULL;
    list_give_back(list, have);
    return status;
}

int list_read_text(struct list_reader *list, uint64_t max, char **text, struct error *err)
{
    *text = NULL;
    uint64_t size = list->left;
    if (size > max)
        return error_set(err, ERR_LIMIT, "a string of %llu bytes exceeds the limit of %llu", (unsigned long long)size,
                         (unsigned long long)max);
    if (size == 0)
        return error_set(err, ERR_INVALID, "a string of size 0 has no terminating NUL");
    char *bytes;
    int status = text_read_bytes(list, (size_t)size, &bytes, err);
    if (status)
        return status;
    const char *nul = memchr(bytes, 0, (size_t)size);
    if (nul != bytes + size - 1) {
        free(bytes);
        list_give_back(list, (size_t)size);
        return error_set(err, ERR_INVALID,
                         nul ? "a string of %llu bytes holds a NUL before its end"
                             : "a string of %llu bytes has no terminating NUL",
                         (unsigned long long)size);
    }
    *text = bytes;
    return 0;
}

int list_read_data(struct list_reader *list, void *bytes, size_t max, struct error *err)
{
    if (list->left == 0)
        return 0;
    if (max > list->left)
        max = (size_t)list->left;
    if (max > INT32_MAX)
        max = INT32_MAX;
    int got = list->source->read(list->source, bytes, max, err);
    if (got == 0)
        return error_set(err, ERR_CLOSED, "the connection ended with %llu bytes of data to come",
                         (unsigned long long)list->left);
    if (got > 0)
        list->left -= (uint64_t)got;
    return got;
}

int list_read_end(struct list_reader *list, struct error *err)
{
    struct entry entry;
    int got;
    while ((got = list_read_entry(list, &entry, err)) > 0)
        ;
    return got;
}
