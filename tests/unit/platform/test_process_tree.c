/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who belongs to a tree, and what becomes of it, on a made-up system: its primitives are scripted here. */
#include "tests/unit/check.h"

#define os_process_id made_up_id
#define os_process_has_ended made_up_has_ended
#define os_process_signal_child made_up_signal_child
#define os_process_table_size made_up_size
#define os_process_table_look made_up_look
#define os_process_table_pid made_up_pid
#define os_process_table_start made_up_start
#define os_process_table_is_child made_up_is_child
#define os_process_table_keeps made_up_keeps
#define process_table_means tested_means
#define os_process_table_is_exempt made_up_is_exempt
#define os_process_table_name made_up_name
#define os_process_table_describe made_up_describe
#define os_process_table_ask made_up_ask
#define os_process_table_freeze made_up_freeze
#define os_process_table_kill made_up_kill
#define os_process_kill_tree tested_kill_tree
#define os_process_tree tested_tree
#define os_deadline made_up_deadline
#define os_time_left made_up_time_left
#define os_sleep_ms made_up_sleep_ms
#include "platform/process_tree.c" /* NOLINT(bugprone-suspicious-include): its primitives are scripted */

#define MADE_UP_MAX 16

/* LEADING: stubborn, and the child that it leaves is known by the session of the root alone. */
enum manner { POLITE, STUBBORN, IMMORTAL, FORBIDDEN, BOMB, LEADING };

static struct made_up {
    uint64_t pid, parent, start;
    enum manner manner;
    bool gone;
    uint64_t leaves_child; /* the pid of one that comes into being when it is killed */
    bool exempt;           /* the table takes it for ended */
} made_up[MADE_UP_MAX];
static bool is_frozen[MADE_UP_MAX]; /* by the place in made_up */
static size_t made_up_count, asked_count;
static int64_t now_ms;
static struct os_process_id root = {100, 10, 0};
static int unseen;       /* 0, or with what each look fails */
static int unseen_looks; /* so many fail before unseen is 0 again; 0: all do */
static bool is_dark;     /* no look sees any process */
static int look_ms;      /* what a look takes */
static bool slow_kills;  /* only one ends of those that are killed between two looks */
static bool has_ended;   /* that one */
static int late_looks;   /* which find what was killed still there */
static int dying[MADE_UP_MAX];
static struct error failure;

/* ---- the made-up system ---- */

/* The processes that are there, as the last look found them. */
static struct made_up *seen[MADE_UP_MAX];
static size_t seen_count;

int64_t made_up_deadline(int64_t timeout_ms)
{
    return now_ms + timeout_ms;
}

int64_t made_up_time_left(int64_t deadline_ms)
{
    return deadline_ms > now_ms ? deadline_ms - now_ms : 0;
}

void made_up_sleep_ms(unsigned ms)
{
    now_ms += ms;
}

struct os_process_id made_up_id(const struct os_process *process)
{
    (void)process;
    return root;
}

const size_t made_up_size = 1;

static struct made_up *made_up_root(void)
{
    for (size_t i = 0; i < made_up_count; i++)
        if (made_up[i].pid == root.pid && (root.start == 0 || made_up[i].start == root.start))
            return &made_up[i];
    return NULL;
}

bool made_up_has_ended(const struct os_process *process)
{
    (void)process;
    return !made_up_root() || made_up_root()->gone;
}

int made_up_signal_child(const struct os_process *process, bool force, struct error *err)
{
    struct made_up *child = made_up_root();
    if (!made_up_has_ended(process) && child->manner == FORBIDDEN)
        return error_set(err, ERR_DENIED, "not allowed");
    if (!made_up_has_ended(process))
        child->gone = child->manner == POLITE || (force && child->manner == STUBBORN);
    return 0;
}

int made_up_look(struct os_process_table *table, size_t *count, struct error *err)
{
    *count = 0;
    (void)table;
    now_ms += look_ms;
    has_ended = false;
    for (size_t i = 0; i < made_up_count; i++)
        made_up[i].gone |= dying[i] > 0 && --dying[i] == 0;
    for (size_t i = 0; i < made_up_count; i++)
        if (!made_up[i].gone && !is_dark)
            seen[(*count)++] = &made_up[i];
    seen_count = *count;
    int status = unseen ? error_set(err, unseen, "no look today") : 0;
    if (unseen_looks && --unseen_looks == 0) {
        unseen = 0;
        is_dark = false;
    }
    return status;
}

uint64_t made_up_pid(const struct os_process_table *table, size_t index)
{
    (void)table;
    return seen[index]->pid;
}

uint64_t made_up_start(struct os_process_table *table, size_t index)
{
    (void)table;
    return seen[index]->start;
}

bool made_up_is_child(struct os_process_table *table, size_t index, const struct os_process_id *parent)
{
    (void)table;
    return seen[index]->parent == parent->pid && seen[index]->start >= parent->start;
}

/* As the session of a leader on Linux is kept. */
bool made_up_keeps(const struct os_process_table *table, const struct os_process_id *leader)
{
    (void)table;
    for (size_t i = 0; i < made_up_count; i++)
        if (!made_up[i].gone && made_up[i].parent == leader->pid && made_up[i].start >= leader->start &&
            made_up[i].start <= leader->end)
            return true;
    return false;
}

bool made_up_is_exempt(const struct os_process_table *table, size_t index)
{
    (void)table;
    return seen[index]->pid == 1 || seen[index]->exempt;
}

void made_up_name(const struct os_process_table *table, size_t index, char name[OS_PROCESS_NAME_SIZE])
{
    (void)table;
    snprintf(name, OS_PROCESS_NAME_SIZE, "p%d", (int)seen[index]->pid);
}

void made_up_describe(struct os_process_table *table, size_t index, struct os_process_info *info)
{
    *info = (struct os_process_info){.pid = seen[index]->pid, .parent = seen[index]->parent, .state = "D"};
    made_up_name(table, index, info->name);
}

size_t made_up_ask(struct os_process_table *table, const bool *members)
{
    size_t asked = 0, count = 0;
    (void)table;
    for (size_t i = 0; i < made_up_count; i++) {
        if (made_up[i].gone)
            continue;
        if (is_dark)
            continue;
        if (members[count++]) {
            asked++;
            made_up[i].gone = made_up[i].manner == POLITE;
        }
    }
    asked_count += asked;
    return asked;
}

void made_up_freeze(struct os_process_table *table, const bool *members)
{
    (void)table;
    for (size_t i = 0; i < seen_count; i++)
        is_frozen[seen[i] - made_up] |= members[i];
}

int made_up_kill(struct os_process_table *table, size_t index, struct error *err)
{
    static uint64_t next_pid = 1000;
    struct made_up *process = seen[index];
    (void)table;
    if (process->manner == BOMB && !is_frozen[process - made_up]) { /* it has started another one meanwhile */
        process->parent = process->pid;
        process->pid = next_pid++;
        return 0;
    }
    if (process->manner == FORBIDDEN)
        return error_set(err, ERR_DENIED, "not allowed");
    if (process->manner == IMMORTAL || (slow_kills && has_ended))
        return 0;
    if (late_looks && !dying[process - made_up])
        dying[process - made_up] = late_looks + 1;
    process->gone = has_ended = late_looks == 0;
    if (process->leaves_child)
        made_up[made_up_count++] = (struct made_up){
            process->leaves_child, process->manner == LEADING ? root.pid : process->pid, 50, STUBBORN, false, 0, false};
    process->leaves_child = 0;
    return 0;
}

/* ---- tests ---- */

static void system_has(size_t count, const struct made_up *processes)
{
    memcpy(made_up, processes, count * sizeof *processes);
    memset(is_frozen, 0, sizeof is_frozen);
    made_up_count = count;
    asked_count = 0;
    now_ms = 0;
    memset(dying, 0, sizeof dying);
    unseen = unseen_looks = look_ms = late_looks = 0;
    is_dark = slow_kills = false;
    root = (struct os_process_id){100, 10, 0};
}
#define SYSTEM_HAS(...)                                                                                                \
    do {                                                                                                               \
        const struct made_up processes_[] = {__VA_ARGS__};                                                             \
        system_has(sizeof processes_ / sizeof processes_[0], processes_);                                              \
    } while (0)

/* The names that a kill lists, in one text. */
static const char *kill_lists(int grace_ms, int status)
{
    static char text[200];
    struct strlist killed = {0};
    CHECK_INT(tested_kill_tree(NULL, grace_ms, &killed, &failure), status);
    *text = 0;
    for (size_t i = 0; i < killed.count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? ", " : "", killed.items[i]);
    strlist_deinit(&killed);
    return text;
}

static bool is_gone(uint64_t pid)
{
    for (size_t i = 0; i < made_up_count; i++)
        if (made_up[i].pid == pid && !made_up[i].gone)
            return false;
    return true;
}

static void descendants_and_no_others_are_members(void)
{
    struct os_process_info *list;
    size_t count;
    /* A grandchild stands before its parent; 103 is older than its parent's number's owner. */
    SYSTEM_HAS({1, 0, 1, POLITE, false, 0, false}, {102, 101, 12, POLITE, false, 0, false},
               {100, 7, 10, POLITE, false, 0, false}, {101, 100, 11, POLITE, false, 0, false},
               {103, 100, 9, POLITE, false, 0, false}, {200, 7, 20, POLITE, false, 0, false});
    CHECK_INT(tested_tree(NULL, &list, &count, &failure), 0);
    CHECK_INT(count, 3);
    for (size_t i = 0; i < count; i++)
        CHECK(list[i].pid >= 100 && list[i].pid <= 102);
    free(list);
}

static void what_is_exempt_is_passed_over_but_not_its_children(void)
{
    SYSTEM_HAS({100, 7, 10, POLITE, false, 0, false}, {1, 100, 11, POLITE, false, 0, false},
               {101, 1, 12, POLITE, false, 0, false});
    CHECK_TEXT(kill_lists(100, 0), "100 p100, 101 p101");
    CHECK(!is_gone(1));
}

static void those_that_end_when_asked_are_not_killed(void)
{
    SYSTEM_HAS({100, 7, 10, POLITE, false, 300, false}, {101, 100, 11, POLITE, false, 300, false});
    CHECK_TEXT(kill_lists(100, 0), "100 p100, 101 p101");
    CHECK_INT(made_up_count, 2); /* a kill would have left 300 */
    CHECK_INT(asked_count, 2);
}

static void the_stubborn_get_their_time_and_are_killed(void)
{
    SYSTEM_HAS({100, 7, 10, STUBBORN, false, 0, false}, {101, 100, 11, POLITE, false, 0, false});
    CHECK_TEXT(kill_lists(1000, 0), "100 p100, 101 p101");
    CHECK(is_gone(100));
    CHECK(now_ms >= 1000);
}

static void without_grace_the_stubborn_get_no_time(void)
{
    SYSTEM_HAS({100, 7, 10, STUBBORN, false, 0, false}, {101, 100, 11, POLITE, false, 300, false});
    CHECK_TEXT(kill_lists(0, 0), "100 p100, 101 p101");
    CHECK_INT(asked_count, 2);
    CHECK_INT(made_up_count, 2);
    CHECK_INT(now_ms, 0);
}

static void children_of_the_killed_are_found_although_their_parent_is_gone(void)
{
    SYSTEM_HAS({100, 7, 10, STUBBORN, false, 0, false}, {101, 100, 11, STUBBORN, false, 300, false});
    CHECK_TEXT(kill_lists(0, 0), "100 p100, 101 p101, 300 p300");
    CHECK(is_gone(300));
}

/* The root's number has gone to another, whose children are none of ours. */
/* Each that is ended has started another one before. */
static void those_that_start_others_as_fast_are_stopped_first(void)
{
    SYSTEM_HAS({100, 1, 10, STUBBORN, false, 0, false}, {200, 100, 20, BOMB, false, 0, false},
               {201, 200, 21, BOMB, false, 0, false});
    kill_lists(0, 0);
    for (size_t i = 0; i < made_up_count; i++)
        CHECK(made_up[i].gone);
}

static void a_slow_machine_still_stops_them_first(void)
{
    SYSTEM_HAS({100, 1, 10, STUBBORN, false, 0, false}, {200, 100, 20, BOMB, false, 0, false},
               {201, 200, 21, BOMB, false, 0, false});
    look_ms = 4000; /* longer than what is killed may take */
    kill_lists(0, 0);
    for (size_t i = 0; i < made_up_count; i++)
        CHECK(made_up[i].gone);
}

static void what_was_stopped_and_killed_has_time_to_end(void)
{
    SYSTEM_HAS({200, 100, 20, BOMB, false, 0, false}, {201, 200, 21, BOMB, false, 0, false});
    look_ms = 4000;
    late_looks = 1;
    kill_lists(0, 0);
    for (size_t i = 0; i < made_up_count; i++)
        CHECK(made_up[i].gone);
}

static void what_ends_one_by_one_is_waited_for(void)
{
    static struct made_up processes[MADE_UP_MAX] = {{100, 1, 10, STUBBORN, false, 0, false}};
    for (size_t i = 1; i < 8; i++)
        processes[i] = (struct made_up){100 + i, 99 + i, 10 + i, STUBBORN, false, 0, false};
    system_has(8, processes);
    slow_kills = true;
    look_ms = 500;
    CHECK(strncmp(kill_lists(0, 0), "100 p100, 101 p101, ", 20) == 0);
    for (size_t i = 0; i < made_up_count; i++)
        CHECK(made_up[i].gone);
    CHECK(now_ms > 5000);
}

/* What is in the session when a kill begins shows whose that is, also for those that come later. */
static void what_comes_into_the_session_during_a_kill_is_found(void)
{
    SYSTEM_HAS({100, 7, 10, POLITE, true, 0, false}, {101, 100, 11, LEADING, false, 300, false});
    root.end = 20;
    CHECK_TEXT(kill_lists(0, 0), "101 p101, 300 p300");
    CHECK(is_gone(300));
    root.end = 0;
}

static void a_pid_that_was_given_again_has_no_tree(void)
{
    SYSTEM_HAS({100, 7, 99, POLITE, false, 0, false}, {101, 100, 100, POLITE, false, 0, false});
    CHECK_TEXT(kill_lists(100, 0), "");
    CHECK(!is_gone(100) && !is_gone(101));
}

static void one_that_survives_is_an_error_with_its_name(void)
{
    SYSTEM_HAS({100, 7, 10, POLITE, false, 0, false}, {101, 100, 11, IMMORTAL, false, 0, false});
    CHECK_TEXT(kill_lists(0, ERR_TIMEOUT), "100 p100, 101 p101");
    CHECK_TEXT(failure.text, "process 101 (p101, D) does not end even by force");
    CHECK(now_ms >= 3000 && now_ms < 60000); /* of the made-up clock */
}

static void one_that_may_not_be_ended_is_an_error_with_its_name_and_the_reason(void)
{
    SYSTEM_HAS({100, 7, 10, POLITE, false, 0, false}, {101, 100, 11, FORBIDDEN, false, 0, false});
    kill_lists(0, ERR_DENIED);
    CHECK_TEXT(failure.text, "process 101 (p101, D) can't be ended: not allowed");
    CHECK(is_gone(100));
}

/* Its first thread has ended, or its tracer has not looked at it yet. */
static void the_child_has_ended_only_by_its_parents_word(void)
{
    SYSTEM_HAS({100, 7, 10, STUBBORN, false, 0, true}, {101, 7, 11, POLITE, false, 0, true});
    CHECK_TEXT(kill_lists(0, 0), "100 p100");
    CHECK(is_gone(100) && !is_gone(101));
    SYSTEM_HAS({100, 7, 10, IMMORTAL, false, 0, true});
    kill_lists(0, ERR_TIMEOUT);
    CHECK_TEXT(failure.text, "process 100 (p100, D) does not end even by force");
}

static void a_look_that_fails_is_no_end(void)
{
    SYSTEM_HAS({100, 7, 10, STUBBORN, false, 0, false}, {101, 100, 11, STUBBORN, false, 0, false});
    is_dark = true;
    unseen = ERR_UNAVAILABLE;
    CHECK_TEXT(kill_lists(0, ERR_UNAVAILABLE), "");
    CHECK_TEXT(failure.text, "process 100 has ended, but maybe not all that it has started: no look today");
    CHECK(is_gone(100) && !is_gone(101)); /* the child itself needs no look */
}

static void a_look_that_fails_is_taken_again(void)
{
    SYSTEM_HAS({100, 7, 10, POLITE, false, 0, false}, {101, 100, 11, POLITE, false, 0, false});
    is_dark = true;
    unseen = ERR_NO_MEMORY;
    unseen_looks = 2;
    CHECK_TEXT(kill_lists(0, 0), "100 p100, 101 p101");
}

/* The child is ended without a look, and what can be seen afterwards is only the rest. */
static void what_was_ended_unseen_is_told_as_not_named(void)
{
    SYSTEM_HAS({100, 7, 10, POLITE, false, 0, false}, {101, 100, 11, STUBBORN, false, 0, false});
    is_dark = true;
    unseen = ERR_NO_MEMORY;
    unseen_looks = 3;
    CHECK_TEXT(kill_lists(0, 0), "101 p101, processes=not all are named: no look today");
    CHECK(is_gone(100) && is_gone(101));
    SYSTEM_HAS({100, 7, 10, POLITE, false, 0, false});
    is_dark = true;
    CHECK_TEXT(kill_lists(0, 0), "processes=not all are named: process 100 ran but was not listed");
}

static void names_without_memory_are_no_shorter_list(void)
{
    struct strlist killed = {.failed = true};
    SYSTEM_HAS({100, 7, 10, POLITE, false, 0, false});
    CHECK_INT(tested_kill_tree(NULL, 0, &killed, &failure), ERR_NO_MEMORY);
    CHECK_TEXT(failure.text, "process 100 and all that it has started have ended, but there is no memory to name them");
    strlist_deinit(&killed);
}

static void a_look_that_sees_a_part_ends_that_part(void)
{
    SYSTEM_HAS({100, 7, 10, POLITE, false, 0, false}, {101, 100, 11, STUBBORN, false, 0, false});
    unseen = ERR_LIMIT;
    CHECK_TEXT(kill_lists(0, ERR_LIMIT), "100 p100, 101 p101");
    CHECK(is_gone(100) && is_gone(101));
}

static void a_child_that_runs_and_is_not_listed_is_no_end(void)
{
    SYSTEM_HAS({100, 7, 10, FORBIDDEN, false, 0, false});
    is_dark = true;
    kill_lists(0, ERR_DENIED);
    CHECK_TEXT(failure.text, "process 100 runs but can't be seen: it is not listed; not allowed");
}

static void what_is_not_seen_is_no_empty_tree(void)
{
    struct os_process_info *list;
    size_t count;
    SYSTEM_HAS({100, 7, 10, POLITE, false, 0, false}, {101, 100, 11, POLITE, false, 0, false});
    unseen = ERR_DENIED;
    CHECK_INT(tested_tree(NULL, &list, &count, &failure), ERR_DENIED);
    CHECK_TEXT(failure.text, "no look today");
    CHECK_INT(count, 2); /* what was seen is told */
    free(list);
    unseen = 0;
    is_dark = true;
    CHECK_INT(tested_tree(NULL, &list, &count, &failure), ERR_UNAVAILABLE);
    CHECK_TEXT(failure.text, "process 100 runs but is not listed");
    CHECK_INT(count, 0);
    free(list);
}

/* Of a child whose start could not be read its pid is proof only as long as it has not ended. */
static void a_child_of_unknown_start(void)
{
    SYSTEM_HAS({100, 7, 10, POLITE, false, 0, false}, {101, 100, 11, POLITE, false, 0, false});
    root.start = 0;
    CHECK_TEXT(kill_lists(100, 0), "100 p100, 101 p101");
    SYSTEM_HAS({100, 7, 99, POLITE, true, 0, false}, {101, 100, 100, POLITE, false, 0, false});
    root.start = 0;
    kill_lists(100, ERR_UNAVAILABLE);
    CHECK(!is_gone(101));
    CHECK(strstr(failure.text, "its start is not known") != NULL);
}

/* Of a child that has ended, what it has left is known by one that was there before. */
static void what_came_after_an_ended_child_is_a_strangers(void)
{
    SYSTEM_HAS({100, 7, 10, POLITE, true, 0, false}, {101, 100, 11, POLITE, false, 0, false},
               {102, 100, 31, POLITE, false, 0, false});
    root.end = 20;
    CHECK_TEXT(kill_lists(100, 0), "101 p101, 102 p102");
    SYSTEM_HAS({100, 7, 10, POLITE, true, 0, false}, {101, 100, 31, POLITE, false, 0, false});
    root.end = 20;
    CHECK_TEXT(kill_lists(100, 0), "");
    CHECK(!is_gone(101));
    root.end = 0;
}

int main(void)
{
    RUN(descendants_and_no_others_are_members);
    RUN(what_is_exempt_is_passed_over_but_not_its_children);
    RUN(those_that_end_when_asked_are_not_killed);
    RUN(the_stubborn_get_their_time_and_are_killed);
    RUN(without_grace_the_stubborn_get_no_time);
    RUN(children_of_the_killed_are_found_although_their_parent_is_gone);
    RUN(those_that_start_others_as_fast_are_stopped_first);
    RUN(a_slow_machine_still_stops_them_first);
    RUN(what_was_stopped_and_killed_has_time_to_end);
    RUN(what_ends_one_by_one_is_waited_for);
    RUN(what_comes_into_the_session_during_a_kill_is_found);
    RUN(a_pid_that_was_given_again_has_no_tree);
    RUN(one_that_survives_is_an_error_with_its_name);
    RUN(one_that_may_not_be_ended_is_an_error_with_its_name_and_the_reason);
    RUN(the_child_has_ended_only_by_its_parents_word);
    RUN(a_look_that_fails_is_no_end);
    RUN(a_look_that_fails_is_taken_again);
    RUN(what_was_ended_unseen_is_told_as_not_named);
    RUN(names_without_memory_are_no_shorter_list);
    RUN(a_look_that_sees_a_part_ends_that_part);
    RUN(a_child_that_runs_and_is_not_listed_is_no_end);
    RUN(what_is_not_seen_is_no_empty_tree);
    RUN(a_child_of_unknown_start);
    RUN(what_came_after_an_ended_child_is_a_strangers);
    return CHECK_RESULT();
}
