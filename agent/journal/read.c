/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading: the files of earlier boots and of this one, the oldest first. */
#include "agent/journal/read.h"

#include "agent/log.h"
#include "platform/file.h"
#include "platform/sysinfo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    char *bytes; /* owned; NULL: no file, or one that is of no use */
    size_t len;
    struct journal_boot boot;
};

/* ---- names ---- */

void journal_path(const char *folder, const char *name, char path[JOURNAL_PATH_SIZE])
{
    snprintf(path, JOURNAL_PATH_SIZE, "%.4096s/%s", folder, name);
}

void journal_slot_path(const char *folder, unsigned slot, char path[JOURNAL_PATH_SIZE])
{
    char name[32];
    snprintf(name, sizeof name, "boot-%u.journal", slot);
    journal_path(folder, name, path);
}

/* ---- reading ---- */

void journal_find_boot(struct journal_boot *boot)
{
    struct strlist facts = {0};
    os_sysinfo(&facts);
    for (size_t i = 0; i < facts.count; i++) {
        if (strncmp(facts.items[i], "boot.id=", 8) == 0)
            snprintf(boot->id, sizeof boot->id, "%s", facts.items[i] + 8);
        if (strncmp(facts.items[i], "boot.time=", 10) == 0)
            boot->time_s = strtoll(facts.items[i] + 10, NULL, 10);
    }
    strlist_deinit(&facts);
}

/* Reads all of a file, or nothing. */
static void read_whole(struct os_file *file, uint64_t size, struct slot *slot)
{
    struct error reason;
    int got = 1;
    size_t max = size < JOURNAL_READ ? (size_t)size : JOURNAL_READ;
    slot->bytes = malloc(max + 1);
    while (slot->bytes && got > 0 && slot->len < max) {
        got = os_file_read(file, slot->bytes + slot->len, max - slot->len, &reason);
        slot->len += got > 0 ? (size_t)got : 0;
    }
    if (got >= 0)
        return;
    log_line("a file of the journal can't be read: %s", reason.text);
    free(slot->bytes);
    slot->bytes = NULL;
}

/* Reads the first line, which tells whose file it is. */
static bool read_boot(const struct slot *slot, const struct journal_boot *this_boot, struct journal_boot *boot)
{
    char first[256];
    struct journal_record record;
    struct journal_reader reader = {.bytes = first, .len = slot->len < sizeof first ? slot->len : sizeof first};
    memcpy(first, slot->bytes, reader.len);
    if (!journal_record_read(&reader, &record) || record.kind != JOURNAL_BOOT)
        return false;
    if (record.numbers[0] != JOURNAL_VERSION) {
        log_line("a file of the journal is of version %" PRIu64 " and is not read", record.numbers[0]);
        return false;
    }
    snprintf(boot->id, sizeof boot->id, "%s", record.texts[0]);
    boot->sequence = record.numbers[1];
    boot->is_this = strcmp(boot->id, this_boot->id) == 0;
    return true;
}

static void read_slot(struct slot *slot, const struct journal_boot *this_boot, const char *folder, unsigned index)
{
    char path[JOURNAL_PATH_SIZE];
    struct os_file *file;
    struct error reason;
    uint64_t size;
    journal_slot_path(folder, index, path);
    *slot = (struct slot){0};
    int status = os_file_open_own(&file, path, &size, &reason);
    if (status) {
        if (status != ERR_NOT_FOUND)
            log_line("'%s' is not read: %s", path, reason.text);
        return;
    }
    read_whole(file, size, slot);
    os_file_close(file);
    if (slot->bytes && read_boot(slot, this_boot, &slot->boot))
        return;
    free(slot->bytes);
    slot->bytes = NULL;
}

/* Notes how a run ended, as far as its last record tells. */
static void note_end(struct journal_end *end, const struct journal_record *record)
{
    if (record->kind == JOURNAL_BOOT)
        *end = (struct journal_end){.known = true};
    end->wall_ms = record->wall_ms;
    snprintf(end->how, sizeof end->how, "%s", record->kind == JOURNAL_END ? record->texts[0] : "");
}

static void visit_slot(struct journal_past *past, unsigned index, struct slot *slot, journal_visit *visit,
                       void *context)
{
    struct journal_record record;
    struct journal_reader reader = {.bytes = slot->bytes, .len = slot->len};
    while (journal_record_read(&reader, &record)) {
        if (record.kind == JOURNAL_AGENT)
            slot->boot.time_s = (int64_t)record.numbers[0];
        note_end(slot->boot.is_this ? &past->run_end : &past->boot_end, &record);
        visit(context, &slot->boot, &record);
    }
    if (reader.at < slot->len)
        log_line("the journal of boot %" PRIu64 " is cut at its first bad line: %zu of %zu bytes", slot->boot.sequence,
                 reader.at, slot->len);
    if (slot->boot.is_this) {
        past->slot = index;
        past->has_slot = true;
        past->boot.sequence = slot->boot.sequence;
    }
}

/* Returns the slot of the lowest sequence that is above `after`, or JOURNAL_FILES. */
static unsigned next_slot(const struct slot slots[JOURNAL_FILES], uint64_t after)
{
    unsigned found = JOURNAL_FILES;
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        if (slots[i].bytes && slots[i].boot.sequence > after &&
            (found == JOURNAL_FILES || slots[i].boot.sequence < slots[found].boot.sequence))
            found = i;
    return found;
}

/* Takes a slot of no use for this boot, else the oldest one's. */
static void choose_slot(struct journal_past *past, const struct slot slots[JOURNAL_FILES], uint64_t last)
{
    past->slot = next_slot(slots, 0);
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        if (!slots[i].bytes)
            past->slot = i;
    past->boot.sequence = last + 1;
}

void journal_read_slots(struct journal_past *past, const char *folder, journal_visit *visit, void *context)
{
    struct slot slots[JOURNAL_FILES];
    uint64_t last = 0;
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        read_slot(&slots[i], &past->boot, folder, i);
    for (unsigned i; (i = next_slot(slots, last)) < JOURNAL_FILES; last = slots[i].boot.sequence)
        visit_slot(past, i, &slots[i], visit, context);
    if (!past->has_slot)
        choose_slot(past, slots, last);
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        free(slots[i].bytes);
}
