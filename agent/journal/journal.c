/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/journal/journal.h"

#include "agent/log.h"
#include "platform/append.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/random.h"
#include "platform/thread.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_SIZE 17 /* bytes */

struct journal {
    struct journal_program program;
    char *folder, *run_as; /* owned */
    struct journal_past past;
    const char *how;

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
    return of_this_boot ? &journal->past.run_end : &journal->past.boot_end;
}

const char *journal_folder(const struct journal *journal)
{
    return journal->folder;
}

const struct journal_boot *journal_this_boot(const struct journal *journal)
{
    return &journal->past.boot;
}

/* Prefixes the reason with the folder. */
static int journal_error(const struct journal *journal, struct error *err)
{
    return error_prefix(err, err->status, "'%s'", journal->folder);
}

/* ---- its life ---- */

/* Takes the folder for this agent alone. */
static int take_folder(struct journal *journal, struct error *err)
{
    char path[JOURNAL_PATH_SIZE];
    journal_path(journal->folder, "lock", path);
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
    journal_find_boot(&journal->past.boot);
    if (!*journal->folder)
        return;
    int status = os_own_folder_make(journal->folder, journal->run_as, &err);
    if (status == 0 && !*journal->past.boot.id)
        status = error_set(&err, ERR_UNAVAILABLE, "the system does not tell one boot from another");
    if (status == 0)
        status = take_folder(journal, &err);
    if (status) {
        journal_error(journal, &err);
        journal_fail(journal, &err);
    } else {
        journal_read_slots(&journal->past, journal->folder, journal->program.visit, journal->program.context);
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
    struct journal_record record = {.kind = JOURNAL_AGENT,
                                    .numbers = {(uint64_t)journal->past.boot.time_s},
                                    .texts = {journal->how, PERISCOPE_VERSION}};
    append_pending(journal, &record);
}

void journal_live_begin(struct journal *journal)
{
    uint64_t nonce = 0;
    char text[NONCE_SIZE];
    (void)os_random(&nonce, NULL);
    snprintf(text, sizeof text, "%016" PRIx64, nonce);
    struct journal_record record = {.kind = JOURNAL_BOOT,
                                    .numbers = {JOURNAL_VERSION, journal->past.boot.sequence},
                                    .texts = {journal->past.boot.id, text}};
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
    char fresh[JOURNAL_PATH_SIZE], path[JOURNAL_PATH_SIZE];
    struct os_append *file;
    journal_path(journal->folder, "next", fresh);
    journal_slot_path(journal->folder, journal->past.slot, path);
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
    return journal->file || (*journal->folder && *journal->past.boot.id && journal->past.boot.sequence &&
                             os_clock_ms() >= journal->again_ms);
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
    if (!journal->file && journal->past.boot.sequence) {
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
