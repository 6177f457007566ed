/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal over a disk in memory, which tells what was synced, and fails when a test says so. */
#include "tests/unit/check.h"

#include "agent/journal/journal.h"
#include "agent/log.h"
#include "platform/append.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/sysinfo.h"
#include "platform/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

#define NAMES 8
#define THREADS 9

/* ---- the fake disk ---- */

struct fake_file {
    char name[64];
    struct buffer bytes;
    size_t synced; /* bytes: the others go with the power */
};

struct os_append {
    struct fake_file *file;
};

struct os_file {
    const struct fake_file *file;
    size_t at;
};

static struct {
    struct fake_file files[NAMES];
    const char *boot_id;
    int writes_left; /* then the disk is full; negative: never */
    int syncs, sync_status;
    void (*in_sync)(void);
    bool folder_fails, is_locked;
    int64_t now_ms;
} disk;

static struct fake_file *find_file(const char *path, bool make)
{
    for (int i = 0; i < NAMES; i++)
        if (strcmp(disk.files[i].name, path) == 0)
            return &disk.files[i];
    for (int i = 0; i < NAMES && make; i++) {
        if (*disk.files[i].name)
            continue;
        snprintf(disk.files[i].name, sizeof disk.files[i].name, "%s", path);
        buffer_init(&disk.files[i].bytes, 64u << 20);
        return &disk.files[i];
    }
    return NULL;
}

int os_own_folder_make(const char *path, const char *run_as, struct error *err)
{
    CHECK_TEXT(path, "/j");
    CHECK_TEXT(run_as, "session");
    return disk.folder_fails ? error_set(err, ERR_DENIED, "others may write it") : 0;
}

int os_append_open(struct os_append **out, const char *path, uint64_t size, struct error *err)
{
    *out = NULL;
    if (disk.is_locked && strcmp(path, "/j/lock") == 0)
        return error_set(err, ERR_UNAVAILABLE, "another agent has it");
    *out = malloc(sizeof **out);
    (*out)->file = find_file(path, true);
    if ((*out)->file->bytes.len > size)
        (*out)->file->bytes.len = (size_t)size;
    return 0;
}

int os_append_write(struct os_append *file, const void *bytes, size_t len, struct error *err)
{
    if (disk.writes_left == 0) {
        buffer_append(&file->file->bytes, bytes, len / 2);
        return error_set(err, ERR_SYSTEM, "No space left on device");
    }
    disk.writes_left--;
    buffer_append(&file->file->bytes, bytes, len);
    return 0;
}

int os_append_sync(struct os_append *file, struct error *err)
{
    size_t len = file->file->bytes.len;
    disk.syncs++;
    if (disk.in_sync)
        disk.in_sync();
    if (disk.sync_status)
        return error_set(err, disk.sync_status, "Input/output error");
    file->file->synced = len;
    return 0;
}

int os_append_rename(const char *from, const char *to, struct error *err)
{
    struct fake_file *source = find_file(from, false), *target = find_file(to, false);
    (void)err;
    if (target) {
        buffer_deinit(&target->bytes);
        *target = (struct fake_file){.name = ""};
    }
    snprintf(source->name, sizeof source->name, "%s", to);
    return 0;
}

void os_append_close(struct os_append *file)
{
    free(file);
}

int os_file_open_own(struct os_file **out, const char *path, uint64_t *size, struct error *err)
{
    const struct fake_file *file = find_file(path, false);
    if (!file)
        return error_set(err, ERR_NOT_FOUND, "No such file or directory");
    *out = malloc(sizeof **out);
    **out = (struct os_file){file, 0};
    *size = file->bytes.len;
    return 0;
}

int os_file_read(struct os_file *file, void *bytes, size_t max, struct error *err)
{
    size_t left = file->file->bytes.len - file->at;
    (void)err;
    if (max > left)
        max = left;
    memcpy(bytes, file->file->bytes.data + file->at, max);
    file->at += max;
    return (int)max;
}

void os_file_close(struct os_file *file)
{
    free(file);
}

void os_sysinfo(struct strlist *facts)
{
    if (disk.boot_id)
        strlist_addf(facts, "boot.id=%s", disk.boot_id);
    strlist_add(facts, "boot.time=1700000000");
}

int64_t os_clock_ms(void)
{
    return disk.now_ms;
}

/* ---- the owner ---- */

static struct {
    struct buffer seen; /* what was visited: "SEQUENCE KIND NUMBER;" */
    unsigned live_count, lives;
} owner;

static void visit(void *context, const struct journal_boot *boot, const struct journal_record *record)
{
    (void)context;
    buffer_printf(&owner.seen, "%d%s %d %d;", (int)boot->sequence, boot->is_this ? "!" : "", (int)record->kind,
                  (int)record->numbers[0]);
}

static void live(void *context, struct journal *journal)
{
    (void)context;
    owner.lives++;
    journal_live_begin(journal);
    for (unsigned i = 0; i < owner.live_count; i++)
        journal_append(journal, &(struct journal_record){.kind = JOURNAL_LOST, .numbers = {i}});
}

static const struct journal_program program = {visit, live, NULL};

static void begin(void)
{
    for (int i = 0; i < NAMES; i++)
        buffer_deinit(&disk.files[i].bytes);
    memset(&disk, 0, sizeof disk);
    disk.writes_left = -1;
    disk.boot_id = "one";
    owner.live_count = owner.lives = 0;
}

/* Starts an agent, as after a crash or, with another id, a reboot. The one before is forgotten as it is. */
static struct journal *start(const char *boot_id)
{
    disk.boot_id = boot_id;
    buffer_deinit(&owner.seen);
    buffer_init(&owner.seen, 1u << 20);
    struct journal *journal = journal_new("/j", "session", &program);
    keep_in_reach(journal);
    journal_read(journal);
    buffer_append(&owner.seen, "", 1);
    journal_open(journal, "start");
    return journal;
}

static void lose(struct journal *journal, uint64_t pid)
{
    journal_append(journal, &(struct journal_record){.kind = JOURNAL_LOST, .numbers = {pid}});
}

static const char *failure(struct journal *journal)
{
    static struct error err;
    journal_failure(journal, &err);
    return err.status ? err.text : "";
}

#define SEEN ((const char *)owner.seen.data)

static void cut_power(void)
{
    for (int i = 0; i < NAMES; i++)
        if (*disk.files[i].name)
            disk.files[i].bytes.len = disk.files[i].synced;
}

static void what_was_synced_is_there_after_a_power_cut(void)
{
    begin();
    struct journal *journal = start("one");
    CHECK_TEXT(SEEN, "");
    lose(journal, 5);
    journal_sync(journal);
    lose(journal, 6);
    journal_write(journal);
    lose(journal, 7);
    cut_power();
    start("two");
    CHECK_TEXT(SEEN, "1 0 1;1 1 1700000000;1 4 5;");
}

static void what_was_written_is_there_after_a_crash(void)
{
    begin();
    struct journal *journal = start("one");
    lose(journal, 5);
    journal_write(journal);
    lose(journal, 6);
    owner.live_count = 1;
    journal = start("one");
    CHECK_TEXT(SEEN, "1! 0 1;1! 1 1700000000;1! 4 5;");
    start("one");
    CHECK_TEXT(SEEN, "1! 0 1;1! 1 1700000000;1! 4 0;"); /* it was written anew with what its owner had */
}

static void each_boot_has_a_file_and_the_oldest_goes(void)
{
    static const char *const ids[] = {"one", "two", "three", "four", "five", "six"};
    begin();
    for (uint64_t i = 0; i < 6; i++) {
        struct journal *journal = start(ids[i]);
        lose(journal, 50 + i);
        journal_sync(journal);
    }
    disk.is_locked = true;
    start("seven");
    CHECK_TEXT(SEEN, "");
    disk.is_locked = false;
    start("seven");
    CHECK_TEXT(SEEN, "3 0 1;3 1 1700000000;3 4 52;4 0 1;4 1 1700000000;4 4 53;"
                     "5 0 1;5 1 1700000000;5 4 54;6 0 1;6 1 1700000000;6 4 55;");
}

static void a_sync_is_that_of_all_before_it(void)
{
    begin();
    struct journal *journal = start("one");
    int before = disk.syncs;
    for (uint64_t i = 0; i < 100; i++)
        lose(journal, i);
    journal_sync(journal);
    CHECK_INT(disk.syncs, before + 1);
    journal_sync(journal);
    CHECK_INT(disk.syncs, before + 1);
    journal_write(journal);
    CHECK_INT(disk.syncs, before + 1);
}

static struct journal *shared;
static atomic_int appended;

static void append_and_sync(void *context)
{
    (void)context;
    lose(shared, 1);
    atomic_fetch_add(&appended, 1);
    journal_sync(shared);
}

static struct os_thread *threads[THREADS];

static void start_the_others(void)
{
    disk.in_sync = NULL;
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(os_thread_start_joinable(&threads[i], append_and_sync, NULL, NULL), 0);
    while (atomic_load(&appended) < THREADS)
        os_sleep_ms(1);
}

static void those_that_wait_for_a_sync_share_the_next(void)
{
    begin();
    shared = start("one");
    int before = disk.syncs;
    disk.in_sync = start_the_others;
    lose(shared, 1);
    journal_sync(shared);
    for (int i = 0; i < THREADS; i++)
        os_thread_join(threads[i]);
    CHECK_INT(disk.syncs, before + 2);
}

static void write_meanwhile(void)
{
    disk.in_sync = NULL;
    lose(shared, 8);
    journal_write(shared); /* in the middle of the sync: it would wait for itself */
}

static void who_only_writes_never_waits_for_a_sync(void)
{
    begin();
    shared = start("one");
    disk.in_sync = write_meanwhile;
    lose(shared, 7);
    journal_sync(shared);
    start("one");
    CHECK_TEXT(SEEN, "1! 0 1;1! 1 1700000000;1! 4 7;1! 4 8;");
}

static void it_stays_small(void)
{
    begin();
    owner.live_count = 10;
    struct journal *journal = start("one");
    const struct fake_file *file = NULL;
    size_t most = 0;
    for (uint64_t i = 0; i < 400000; i++) {
        lose(journal, i);
        if (i % 100)
            continue;
        journal_write(journal);
        file = find_file("/j/boot-3.journal", false);
        most = file && file->bytes.len > most ? file->bytes.len : most;
    }
    CHECK(file && most > JOURNAL_BYTES / 2 && most < JOURNAL_BYTES + (64u << 10));
    CHECK(owner.lives > 1 && owner.lives < 10);
}

static void a_full_disk_is_told_and_what_is_of_use_is_written_later(void)
{
    begin();
    owner.live_count = 2;
    struct journal *journal = start("one");
    disk.writes_left = 0;
    lose(journal, 5);
    journal_sync(journal);
    CHECK_TEXT(failure(journal), "'/j': No space left on device");
    lose(journal, 6);
    journal_sync(journal); /* which returns all the same */
    disk.writes_left = -1;
    lose(journal, 7);
    journal_sync(journal); /* too early to try again */
    CHECK_TEXT(failure(journal), "'/j': No space left on device");
    disk.now_ms += JOURNAL_AGAIN_MS;
    journal_sync(journal);
    CHECK_TEXT(failure(journal), "");
    lose(journal, 8);
    journal_sync(journal);
    cut_power();
    start("two");
    CHECK_TEXT(SEEN, "1 0 1;1 1 1700000000;1 4 0;1 4 1;1 4 8;");
}

static void a_full_disk_leaves_the_lines_before(void)
{
    begin();
    struct journal *journal = start("one");
    lose(journal, 5);
    journal_sync(journal);
    disk.writes_left = 0;
    lose(journal, 6);
    lose(journal, 7);
    journal_sync(journal);
    start("two");
    CHECK(strncmp(SEEN, "1 0 1;1 1 1700000000;1 4 5;", 27) == 0);
}

static void a_sync_that_fails_is_told(void)
{
    begin();
    struct journal *journal = start("one");
    disk.sync_status = ERR_SYSTEM;
    lose(journal, 5);
    journal_sync(journal);
    CHECK_TEXT(failure(journal), "'/j': Input/output error");
}

static void without_a_folder_nothing_is_kept(void)
{
    begin();
    disk.folder_fails = true;
    struct journal *journal = start("one");
    CHECK_TEXT(failure(journal), "'/j': others may write it");
    lose(journal, 5);
    journal_sync(journal);
    CHECK_INT(disk.syncs, 0);
    begin();
    journal = start(NULL);
    CHECK_TEXT(failure(journal), "'/j': the system does not tell one boot from another");
    begin();
    disk.is_locked = true;
    journal = start("one");
    CHECK_TEXT(failure(journal), "'/j': another agent has it");
    disk.is_locked = false;
    disk.now_ms += JOURNAL_AGAIN_MS;
    journal_sync(journal);
    CHECK_TEXT(failure(journal), "'/j': another agent has it"); /* it has not read what there is */
    journal = journal_new("", "session", &program);
    keep_in_reach(journal);
    journal_read(journal);
    journal_open(journal, "start");
    lose(journal, 5);
    journal_sync(journal);
    CHECK_TEXT(failure(journal), "");
}

static void how_a_run_ended(void)
{
    begin();
    struct journal *journal = start("one");
    CHECK(!journal_last_end(journal, false)->known && !journal_last_end(journal, true)->known);
    journal_end(journal, "stopped");
    journal = start("one");
    CHECK(!journal_last_end(journal, false)->known && journal_last_end(journal, true)->known);
    CHECK_TEXT(journal_last_end(journal, true)->how, "stopped");
    journal = start("one"); /* which says nothing of its end */
    CHECK_TEXT(journal_last_end(journal, true)->how, "");
    journal_end(journal, "clean");
    journal = start("two");
    CHECK_TEXT(journal_last_end(journal, false)->how, "clean");
    CHECK(!journal_last_end(journal, true)->known);
    journal = start("three");
    CHECK(journal_last_end(journal, false)->known);
    CHECK_TEXT(journal_last_end(journal, false)->how, "");
}

static void an_upgrade_closes_it_and_opens_it_again(void)
{
    begin();
    owner.live_count = 1;
    struct journal *journal = start("one");
    lose(journal, 5);
    journal_close(journal);
    lose(journal, 6); /* of this one, which goes on, the owner tells */
    owner.live_count = 3;
    journal_open(journal, "start");
    lose(journal, 7);
    journal_sync(journal);
    start("two");
    CHECK_TEXT(SEEN, "1 0 1;1 1 1700000000;1 4 0;1 4 1;1 4 2;1 4 7;");
}

int main(void)
{
    log_init(false);
    RUN(what_was_synced_is_there_after_a_power_cut);
    RUN(what_was_written_is_there_after_a_crash);
    RUN(each_boot_has_a_file_and_the_oldest_goes);
    RUN(a_sync_is_that_of_all_before_it);
    RUN(those_that_wait_for_a_sync_share_the_next);
    RUN(who_only_writes_never_waits_for_a_sync);
    RUN(it_stays_small);
    RUN(a_full_disk_is_told_and_what_is_of_use_is_written_later);
    RUN(a_full_disk_leaves_the_lines_before);
    RUN(a_sync_that_fails_is_told);
    RUN(without_a_folder_nothing_is_kept);
    RUN(how_a_run_ended);
    RUN(an_upgrade_closes_it_and_opens_it_again);
    return CHECK_RESULT();
}
