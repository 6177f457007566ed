/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All processes of many programs of the agent, by one look: whose each one is. */
#include "platform/clock.h"
#include "platform/process_table.h"

#include <stdlib.h>

#define NOBODYS SIZE_MAX
#define ONE_POLL_MS 20
#define ONE_KILL_MS 3000 /* how long what is killed may take */

struct forest {
    const struct os_process_root *roots;
    size_t root_count;
    struct os_process_table *table; /* owned */
    size_t count;
    bool unknown;   /* of a root nobody knows when it was started */
    size_t *owners; /* owned, for each process of the table: its root */
};

/* Returns the start of the process with that pid, 0 if there is none. */
static uint64_t forest_start_of(const struct forest *forest, uint64_t pid)
{
    for (size_t i = 0; i < forest->count; i++)
        if (os_process_table_pid(forest->table, i) == pid)
            return os_process_table_start(forest->table, i);
    return 0;
}

/* Names a root. While one runs, its pid can't be anybody else's, so its start can be learnt if it is not known. */
static struct os_process_id forest_root(const struct forest *forest, size_t index)
{
    const struct os_process_root *root = &forest->roots[index];
    struct os_process_id id = {root->pid, root->start_time, root->end_time};
    if (!id.start && !id.end)
        id.start = forest_start_of(forest, id.pid);
    return id;
}

/* Gives the processes that are these roots, or their children, to them. */
static void forest_take_roots(struct forest *forest)
{
    struct os_process_id root;
    for (size_t r = 0; r < forest->root_count; r++) {
        root = forest_root(forest, r);
        forest->unknown |= !root.start;
        bool means = root.start && process_table_means(forest->table, forest->count, &root);
        for (size_t i = 0; i < forest->count && means; i++) {
            bool self = root.end == 0 && os_process_table_pid(forest->table, i) == root.pid &&
                        os_process_table_start(forest->table, i) == root.start;
            if (self || os_process_table_is_child(forest->table, i, &root))
                forest->owners[i] = r;
        }
    }
}

/* Gives the children of one process to the root of that. Returns whether there were any. */
static bool forest_take_children(struct forest *forest, size_t parent)
{
    bool any = false;
    struct os_process_id id = {os_process_table_pid(forest->table, parent),
                               os_process_table_start(forest->table, parent), 0};
    for (size_t i = 0; i < forest->count; i++) {
        if (forest->owners[i] != NOBODYS || !os_process_table_is_child(forest->table, i, &id))
            continue;
        forest->owners[i] = forest->owners[parent];
        any = true;
    }
    return any;
}

static void forest_find(struct forest *forest)
{
    bool grew = true;
    for (size_t i = 0; i < forest->count; i++)
        forest->owners[i] = NOBODYS;
    forest_take_roots(forest);
    while (grew) {
        grew = false;
        for (size_t i = 0; i < forest->count; i++)
            if (forest->owners[i] != NOBODYS)
                grew |= forest_take_children(forest, i);
    }
}

static void forest_visit(struct forest *forest, os_process_visit *visit, void *context)
{
    struct os_process_info info;
    for (size_t i = 0; i < forest->count; i++) {
        if (forest->owners[i] == NOBODYS || os_process_table_is_exempt(forest->table, i))
            continue;
        os_process_table_describe(forest->table, i, &info);
        visit(context, forest->owners[i], &info);
    }
}

static int forest_look(struct forest *forest, struct error *err)
{
    int status = os_process_table_look(forest->table, &forest->count, err);
    forest_find(forest);
    return status;
}

static int forest_init(struct forest *forest, struct error *err)
{
    forest->table = calloc(1, os_process_table_size);
    forest->owners = calloc(OS_PROCESS_TABLE_MAX, sizeof *forest->owners);
    return forest->table && forest->owners ? 0 : error_set(err, ERR_NO_MEMORY, "no memory to list the processes");
}

static void forest_deinit(struct forest *forest)
{
    free(forest->table);
    free(forest->owners);
}

int os_process_forest(const struct os_process_root *roots, size_t count, os_process_visit *visit, void *context,
                      struct error *err)
{
    struct forest forest = {.roots = roots, .root_count = count};
    int status = forest_init(&forest, err);
    if (status == 0) {
        status = forest_look(&forest, err);
        forest_visit(&forest, visit, context);
    }
    forest_deinit(&forest);
    if (status == 0 && forest.unknown)
        return error_set(err, ERR_UNAVAILABLE,
                         "the start of one is not known, so what it has left can't be told from others");
    return status;
}

/* ---- ending one of them ---- */

/* Returns the place of the process, or the count when there is none that runs. */
static size_t forest_place(const struct forest *forest, const struct os_process_id *id)
{
    size_t i = 0;
    while (i < forest->count &&
           (os_process_table_pid(forest->table, i) != id->pid || os_process_table_is_exempt(forest->table, i) ||
            os_process_table_start(forest->table, i) != id->start))
        i++;
    return i;
}

/* Looks again and again until it has ended, as far as all can be seen. */
static bool forest_one_gone_by(struct forest *forest, const struct os_process_id *id, int64_t deadline_ms,
                               size_t *place)
{
    for (;;) {
        int unseen = os_process_table_look(forest->table, &forest->count, NULL);
        *place = forest_place(forest, id);
        if (*place == forest->count && !unseen)
            return true;
        if (os_time_left(deadline_ms) == 0)
            return false;
        os_sleep_ms(ONE_POLL_MS);
    }
}

/* Asks it to end; one that can't be asked is not waited for. Returns whether it has ended. */
static bool forest_ask_one(struct forest *forest, const struct os_process_id *id, int grace_ms, size_t *place)
{
    bool *members = calloc(forest->count, sizeof *members);
    if (!members)
        return false;
    members[*place] = true;
    size_t asked = os_process_table_ask(forest->table, members);
    free(members);
    return asked && forest_one_gone_by(forest, id, os_deadline(grace_ms), place);
}

static int forest_end_one(struct forest *forest, size_t place, const struct os_process_id *id, int grace_ms,
                          struct error *err)
{
    struct os_process_info info;
    struct error reason;
    os_process_table_describe(forest->table, place, &info);
    if (forest_ask_one(forest, id, grace_ms, &place))
        return 0;
    int status = place < forest->count ? os_process_table_kill(forest->table, place, &reason) : 0;
    if (status)
        return error_set(err, status, "process %llu (%s, %s) can't be ended: %s", (unsigned long long)id->pid,
                         info.name, info.state, reason.text);
    if (forest_one_gone_by(forest, id, os_deadline(ONE_KILL_MS), &place))
        return 0;
    return error_set(err, ERR_TIMEOUT, "process %llu (%s, %s) does not end even by force", (unsigned long long)id->pid,
                     info.name, info.state);
}

/* Finds a process of that pid in the trees, with its start; none of another is ever signalled. */
static int forest_find_one(struct forest *forest, struct os_process_id *id, size_t *place, struct error *err)
{
    struct error unseen = {0};
    (void)forest_look(forest, &unseen);
    for (*place = 0; *place < forest->count; ++*place) {
        id->start = os_process_table_start(forest->table, *place);
        if (os_process_table_pid(forest->table, *place) == id->pid && id->start && forest->owners[*place] != NOBODYS &&
            !os_process_table_is_exempt(forest->table, *place))
            return 0;
    }
    return error_set(err, unseen.status ? ERR_UNAVAILABLE : ERR_NOT_FOUND, "process %llu is in no child's tree%s%s",
                     (unsigned long long)id->pid, unseen.status ? ", as far as that can be seen: " : "", unseen.text);
}

static int forest_kill_one(struct forest *forest, uint64_t pid, int grace_ms, struct strlist *killed, struct error *err)
{
    char name[OS_PROCESS_NAME_SIZE];
    struct os_process_id id = {.pid = pid};
    size_t place;
    int status = forest_find_one(forest, &id, &place, err);
    if (status)
        return status;
    os_process_table_name(forest->table, place, name);
    status = forest_end_one(forest, place, &id, grace_ms, err);
    if (status == 0)
        strlist_addf(killed, "%llu %s", (unsigned long long)pid, name); /* its failure is told by the caller */
    return status;
}

int os_process_kill_one(const struct os_process_root *roots, size_t count, uint64_t pid, int grace_ms,
                        struct strlist *killed, struct error *err)
{
    struct forest forest = {.roots = roots, .root_count = count};
    int status = forest_init(&forest, err);
    if (status == 0)
        status = forest_kill_one(&forest, pid, grace_ms, killed, err);
    forest_deinit(&forest);
    return status;
}
