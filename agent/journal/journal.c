/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/journal/journal.h"
#include "agent/log.h"
#include "platform/append.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/random.h"
#include "platform/sysinfo.h"
#include "platform/thread.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 4200 /* bytes */
#define NONCE_SIZE 17  /* bytes */

struct journal_slot {
    char *bytes; /* owned; NULL: no file, or one that is of no use */
    size_t len;
    struct journal_boot boot;
};

struct journal {
    struct journal_program program;
    char *folder, *run_as; /* owned */
    struct journal_boot boot;
    const char *how;
    unsigned slot;                        /* the file of this boot */
    bool has_slot;                        /* it is there already */
    struct journal_end boot_end, run_end; /* of the boot before this one, and of the run before in this boot */

    struct os_mutex
        *commit; /* held while the disk is waited for; guards what follows, and is taken before the owner's */
    struct os_append *owner; /* keeps other agents out */
    struct os_append *file;  /* NULL after a failure */
    size_t size, limit;      /* bytes */
    uint64_t written, synced;

    struct os_mutex *lock; /* guards what follows; nothing waits with it */
    struct buffer pending;
    uint32_t chain;
    uint64_t appended;            /* records; the others are compared with it */
    bool off;                     /* after a failure: nothing is appended */
    bool committing, write_again; /* somebody has `commit`, and is to write what has been appended meanwhile */
    struct error failure;
    int64_t again_ms; /* when to try again */
};

/* ---- failures ---- */

/* Keeps nothing from here on. What was appended since is had from the owner once there is another try. */
static void journal_fail(struct journal *journal, const struct error *why)
{
    os_append_close(journal->file);
    journal->file = NULL;
    os_mutex_lock(journal->lock);
    bool is_new = journal->failure.status == 0 || strcmp(journal->failure.text, why->text) != 0;
    journal->failure = *why;
    journal->off = true;
    journal->again_ms = os_clock_ms() + JOURNAL_AGAIN_MS;
    buffer_deinit(&journal->pending);
    buffer_init(&journal->pending, JOURNAL_PENDING);
    os_mutex_unlock(journal->lock);
    if (is_new)
        log_line("the journal keeps nothing: %s", why->text);
}

static void journal_works(struct journal *journal)
{
    os_mutex_lock(journal->lock);
    bool again = journal->failure.status != 0;
    journal->failure = (struct error){0};
    os_mutex_unlock(journal->lock);
    if (again)
        log_line("the journal is kept again");
}

void journal_failure(struct journal *journal, struct error *why)
{
    os_mutex_lock(journal->lock);
    *why = journal->failure;
    os_mutex_unlock(journal->lock);
}

const struct journal_end *journal_last_end(const struct journal *journal, bool of_this_boot)
{
    return of_this_boot ? &journal->run_end : &journal->boot_end;
}

const char *journal_folder(const struct journal *journal)
{
    return journal->folder;
}

const struct journal_boot *journal_this_boot(const struct journal *journal)
{
    return &journal->boot;
}

/* ---- names ---- */

static void journal_path(const struct journal *journal, const char *name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%.4096s/%s", journal->folder, name);
}

static void journal_slot_path(const struct journal *journal, unsigned slot, char path[PATH_SIZE])
{
    char name[32];
    snprintf(name, sizeof name, "boot-%u.journal", slot);
    journal_path(journal, name, path);
}

/* Prefixes the reason with the folder. */
static int journal_error(const struct journal *journal, struct error *err)
{
    return error_prefix(err, err->status, "'%s'", journal->folder);
}

/* ---- reading ---- */

static void find_this_boot(struct journal_boot *boot)
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
static void read_whole(struct os_file *file, uint64_t size, struct journal_slot *slot)
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
static bool read_boot(const struct journal_slot *slot, const struct journal_boot *this_boot, struct journal_boot *boot)
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

static void read_slot(struct journal *journal, unsigned index, struct journal_slot *slot)
{
    char path[PATH_SIZE];
    struct os_file *file;
    struct error reason;
    uint64_t size;
    journal_slot_path(journal, index, path);
    *slot = (struct journal_slot){0};
    int status = os_file_open_own(&file, path, &size, &reason);
    if (status) {
        if (status != ERR_NOT_FOUND)
            log_line("'%s' is not read: %s", path, reason.text);
        return;
    }
    read_whole(file, size, slot);
    os_file_close(file);
    if (slot->bytes && read_boot(slot, &journal->boot, &slot->boot))
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

static void visit_slot(struct journal *journal, unsigned index, struct journal_slot *slot)
{
    struct journal_record record;
    struct journal_reader reader = {.bytes = slot->bytes, .len = slot->len};
    while (journal_record_read(&reader, &record)) {
        if (record.kind == JOURNAL_AGENT)
            slot->boot.time_s = (int64_t)record.numbers[0];
        note_end(slot->boot.is_this ? &journal->run_end : &journal->boot_end, &record);
        journal->program.visit(journal->program.context, &slot->boot, &record);
    }
    if (reader.at < slot->len)
        log_line("the journal of boot %" PRIu64 " is cut at its first bad line: %zu of %zu bytes", slot->boot.sequence,
                 reader.at, slot->len);
    if (slot->boot.is_this) {
        journal->slot = index;
        journal->has_slot = true;
        journal->boot.sequence = slot->boot.sequence;
    }
}

/* Returns the slot of the lowest sequence that is above `after`, or JOURNAL_FILES. */
static unsigned next_slot(const struct journal_slot slots[JOURNAL_FILES], uint64_t after)
{
    unsigned found = JOURNAL_FILES;
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        if (slots[i].bytes && slots[i].boot.sequence > after &&
            (found == JOURNAL_FILES || slots[i].boot.sequence < slots[found].boot.sequence))
            found = i;
    return found;
}

/* Takes a slot of no use for this boot, else the oldest one's. */
static void choose_slot(struct journal *journal, const struct journal_slot slots[JOURNAL_FILES], uint64_t last)
{
    journal->slot = next_slot(slots, 0);
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        if (!slots[i].bytes)
            journal->slot = i;
    journal->boot.sequence = last + 1;
}

static void read_slots(struct journal *journal)
{
    struct journal_slot slots[JOURNAL_FILES];
    uint64_t last = 0;
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        read_slot(journal, i, &slots[i]);
    for (unsigned i; (i = next_slot(slots, last)) < JOURNAL_FILES; last = slots[i].boot.sequence)
        visit_slot(journal, i, &slots[i]);
    if (!journal->has_slot)
        choose_slot(journal, slots, last);
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        free(slots[i].bytes);
}

/* Takes the folder for this agent alone. */
static int take_folder(struct journal *journal, struct error *err)
{
    char path[PATH_SIZE];
    journal_path(journal, "lock", path);
    return journal->owner ? 0 : os_append_open(&journal->owner, path, 0, err);
}

struct journal *journal_new(const char *folder, const char *run_as, const struct journal_program *program)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return NULL;
    journal->folder = strdup(folder);
    journal->run_as = strdup(run_as);
    if (!journal->folder || !journal->run_as) {
        free(journal->folder);
        free(journal->run_as);
        free(journal);
        return NULL;
    }
    journal->program = *program;
    journal->commit = os_mutex_new();
    journal->lock = os_mutex_new();
    journal->off = true;
    buffer_init(&journal->pending, JOURNAL_PENDING);
    return journal;
}

void journal_read(struct journal *journal)
{
    struct error err;
    find_this_boot(&journal->boot);
    if (!*journal->folder)
        return;
    int status = os_own_folder_make(journal->folder, journal->run_as, &err);
    if (status == 0 && !*journal->boot.id)
        status = error_set(&err, ERR_UNAVAILABLE, "the system does not tell one boot from another");
    if (status == 0)
        status = take_folder(journal, &err);
    if (status) {
        journal_error(journal, &err);
        journal_fail(journal, &err);
    } else {
        read_slots(journal);
    }
}

/* ---- writing ---- */

/* Appends a record to what waits. The lock is held. */
static void append_pending(struct journal *journal, struct journal_record *record)
{
    record->boot_ms = os_boot_clock_ms();
    record->wall_ms = os_wall_time_ms();
    journal_record_append(&journal->pending, &journal->chain, record);
    journal->appended++;
}

void journal_append(struct journal *journal, struct journal_record *record)
{
    os_mutex_lock(journal->lock);
    if (!journal->off)
        append_pending(journal, record);
    os_mutex_unlock(journal->lock);
}

static void append_agent(struct journal *journal)
{
    struct journal_record record = {
        .kind = JOURNAL_AGENT, .numbers = {(uint64_t)journal->boot.time_s}, .texts = {journal->how, PERISCOPE_VERSION}};
    append_pending(journal, &record);
}

void journal_live_begin(struct journal *journal)
{
    uint64_t nonce = 0;
    char text[NONCE_SIZE];
    (void)os_random(&nonce, NULL);
    snprintf(text, sizeof text, "%016" PRIx64, nonce);
    struct journal_record record = {
        .kind = JOURNAL_BOOT, .numbers = {JOURNAL_VERSION, journal->boot.sequence}, .texts = {journal->boot.id, text}};
    os_mutex_lock(journal->lock);
    buffer_clear(&journal->pending);
    journal->chain = 0;
    journal->off = false;
    append_pending(journal, &record);
    append_agent(journal);
    os_mutex_unlock(journal->lock);
}

/* Takes what waits; the caller owns it. Returns the number of the last record in it. */
static uint64_t take_pending(struct journal *journal, struct buffer *out)
{
    os_mutex_lock(journal->lock);
    *out = journal->pending;
    buffer_init(&journal->pending, JOURNAL_PENDING);
    uint64_t last = journal->appended;
    os_mutex_unlock(journal->lock);
    return last;
}

static int check_taken(const struct buffer *bytes, struct error *err)
{
    return bytes->failed ? error_set(err, ERR_NO_MEMORY, "too much waits for the disk, or there is no memory") : 0;
}

static int write_new_file(struct journal *journal, const struct buffer *bytes, struct error *err)
{
    char fresh[PATH_SIZE], path[PATH_SIZE];
    struct os_append *file;
    journal_path(journal, "next", fresh);
    journal_slot_path(journal, journal->slot, path);
    int status = os_append_open(&file, fresh, 0, err);
    if (status)
        return status;
    status = os_append_write(file, bytes->data, bytes->len, err);
    if (status == 0)
        status = os_append_sync(file, err);
    os_append_close(file);
    if (status == 0)
        status = os_append_rename(fresh, path, err);
    return status ? status : os_append_open(&journal->file, path, bytes->len, err);
}

/* Writes the file of this boot anew, with what is still of use. */
static int rewrite(struct journal *journal, struct error *err)
{
    struct buffer bytes;
    os_append_close(journal->file);
    journal->file = NULL;
    int status = take_folder(journal, err);
    if (status)
        return status;
    journal->program.live(journal->program.context, journal);
    uint64_t last = take_pending(journal, &bytes);
    status = check_taken(&bytes, err);
    if (status == 0)
        status = write_new_file(journal, &bytes, err);
    if (status == 0) {
        journal->size = bytes.len;
        journal->limit = bytes.len > JOURNAL_BYTES / 2 ? 2 * bytes.len : JOURNAL_BYTES;
        journal->written = journal->synced = last;
        journal_works(journal);
    }
    buffer_deinit(&bytes);
    return status;
}

static int push(struct journal *journal, bool sync, struct error *err)
{
    struct buffer bytes;
    uint64_t last = take_pending(journal, &bytes);
    int status = check_taken(&bytes, err);
    if (status == 0 && bytes.len)
        status = os_append_write(journal->file, bytes.data, bytes.len, err);
    journal->size += bytes.len;
    buffer_deinit(&bytes);
    if (status == 0)
        journal->written = last;
    if (status || !sync)
        return status;
    status = os_append_sync(journal->file, err);
    if (status == 0)
        journal->synced = last;
    return status;
}

/* Returns whether there is a file to write to, or it is time to try again. */
static bool may_commit(const struct journal *journal)
{
    return journal->file ||
           (*journal->folder && *journal->boot.id && journal->boot.sequence && os_clock_ms() >= journal->again_ms);
}

static void commit_once(struct journal *journal, bool sync)
{
    struct error err;
    if (!may_commit(journal))
        return;
    int status = !journal->file || journal->size > journal->limit ? rewrite(journal, &err) : push(journal, sync, &err);
    if (status) {
        journal_error(journal, &err);
        journal_fail(journal, &err);
    }
}

static void begin_commit(struct journal *journal)
{
    os_mutex_lock(journal->lock);
    journal->committing = true;
    os_mutex_unlock(journal->lock);
}

/* Returns whether more is to be written, or ends the commit. */
static bool is_to_write_again(struct journal *journal)
{
    os_mutex_lock(journal->lock);
    bool again = journal->committing = journal->write_again;
    journal->write_again = false;
    os_mutex_unlock(journal->lock);
    return again;
}

static void journal_commit(struct journal *journal, bool sync)
{
    os_mutex_lock(journal->lock);
    uint64_t last = journal->appended;
    os_mutex_unlock(journal->lock);
    os_mutex_lock(journal->commit);
    bool done = journal->file && (sync ? journal->synced : journal->written) >= last;
    begin_commit(journal);
    if (!done)
        commit_once(journal, sync);
    while (is_to_write_again(journal))
        commit_once(journal, false);
    os_mutex_unlock(journal->commit);
}

/* Leaves it to who is at it: an exit is not to be noticed later because another host waits for the disk. */
void journal_write(struct journal *journal)
{
    if (!journal)
        return;
    os_mutex_lock(journal->lock);
    bool left = journal->write_again = journal->committing;
    os_mutex_unlock(journal->lock);
    if (!left)
        journal_commit(journal, false);
}

void journal_sync(struct journal *journal)
{
    if (journal)
        journal_commit(journal, true);
}

void journal_open(struct journal *journal, const char *how)
{
    struct error err;
    journal->how = how;
    os_mutex_lock(journal->commit);
    if (!journal->file && journal->boot.sequence) {
        int status = take_folder(journal, &err);
        if (status == 0)
            status = rewrite(journal, &err);
        if (status) {
            journal_error(journal, &err);
            journal_fail(journal, &err);
        }
    }
    os_mutex_unlock(journal->commit);
}

void journal_close(struct journal *journal)
{
    journal_sync(journal);
    os_mutex_lock(journal->commit);
    os_append_close(journal->file);
    os_append_close(journal->owner);
    journal->file = journal->owner = NULL;
    os_mutex_lock(journal->lock);
    journal->off = true;
    os_mutex_unlock(journal->lock);
    os_mutex_unlock(journal->commit);
}

void journal_end(struct journal *journal, const char *how)
{
    journal_append(journal, &(struct journal_record){.kind = JOURNAL_END, .texts = {how}});
    journal_sync(journal);
}
