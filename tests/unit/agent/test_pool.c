/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pool over workers that do as a script says; a log has what was done with them, in order. */
#include "tests/unit/check.h"

#include "agent/worker/pool.h"
#include "platform/clock.h"
#include "platform/worker.h"
#include "protocol/wire.h"

#include <stdlib.h>

enum { TIMEOUT_MS = 700, SCRIPT_MAX = 16, WORKERS = 16 };

/* ---- the fake system ---- */

/* What a worker does with a request, in the order of the requests. */
enum act {
    ANSWERS,
    REFUSES,
    IS_DEAD,      /* as one that ended while it was idle: the request can still be written */
    IS_BROKEN,    /* so too, and it can't */
    DIES_MIDWAY,  /* after a part of the answer */
    HANGS,        /* sends nothing */
    HANGS_MIDWAY, /* sends a part of the answer */
    SPEAKS_RUBBISH,
    SAYS_MORE,    /* than its answer */
    REFUSES_MORE, /* an error, and more behind it */
    SENDS_PIECES, /* of a picture */
    BREAKS_OFF,   /* so too, with an error behind the first */
};

struct os_worker {
    int number;
    bool stopped;
    enum act act;
    struct buffer answer; /* what is still to be read */
    size_t pos;
};

static struct os_worker workers[WORKERS];
static struct {
    enum act script[SCRIPT_MAX];
    int requests, started, start_status, deadlines;
    int64_t last_deadline;
    void (*in_read)(void);
    unsigned running; /* children */
    struct buffer request;
    char log[512];
} fake;

#define LOG(...) snprintf(fake.log + strlen(fake.log), sizeof fake.log - strlen(fake.log), __VA_ARGS__)

int os_worker_start(struct os_worker **out, const char *argument, struct error *err)
{
    *out = NULL;
    CHECK_TEXT(argument, "--capture-worker");
    if (fake.start_status)
        return error_set(err, fake.start_status, "no worker today");
    *out = &workers[fake.started++];
    **out = (struct os_worker){.number = fake.started};
    LOG("start%d ", fake.started);
    return 0;
}

static void write_pieces(struct buffer *answer, bool breaks_off)
{
    for (int i = 0; i < 2; i++) {
        if (breaks_off && i == 1)
            break;
        write_entry_header(answer, WIRE_DATA, 3);
        buffer_append(answer, "abc", 3);
    }
    if (breaks_off)
        write_entry_text(answer, WIRE_ERROR, "it broke");
    write_entry_undefined(answer);
}

static void write_answer(struct os_worker *worker)
{
    char text[32];
    buffer_deinit(&worker->answer);
    buffer_init(&worker->answer, 1000);
    worker->pos = 0;
    if (worker->act == SENDS_PIECES || worker->act == BREAKS_OFF) {
        write_u32(&worker->answer, 3);
        write_pieces(&worker->answer, worker->act == BREAKS_OFF);
        return;
    }
    write_u32(&worker->answer, 1);
    snprintf(text, sizeof text, "request=%d", fake.requests);
    write_entry_text(&worker->answer, WIRE_STRING, text);
    if (worker->act == REFUSES || worker->act == REFUSES_MORE)
        worker->answer.data[4] = WIRE_ERROR;
    if (worker->act == SAYS_MORE || worker->act == REFUSES_MORE)
        buffer_append(&worker->answer, "\0\0\0\0", 4); /* an empty answer */
    if (worker->act == SPEAKS_RUBBISH)
        memset(worker->answer.data, 0xff, worker->answer.len);
    if (worker->act == DIES_MIDWAY || worker->act == HANGS_MIDWAY)
        worker->answer.len -= 3;
    if (worker->act == IS_DEAD || worker->act == HANGS)
        worker->answer.len = 0;
}

int os_worker_write(struct os_worker *worker, const void *bytes, size_t len, int64_t deadline_ms, struct error *err)
{
    CHECK(!worker->stopped);
    LOG("ask%d ", worker->number);
    worker->act = fake.script[fake.requests++];
    fake.last_deadline = deadline_ms;
    if (worker->act == IS_BROKEN)
        return error_set(err, ERR_CLOSED, "it has ended");
    buffer_clear(&fake.request);
    buffer_append(&fake.request, bytes, len);
    write_answer(worker);
    return 0;
}

int os_worker_read(struct os_worker *worker, void *bytes, size_t max, int64_t deadline_ms, struct error *err)
{
    CHECK(!worker->stopped);
    CHECK_INT(deadline_ms, fake.last_deadline);
    if (fake.in_read)
        fake.in_read();
    size_t left = worker->answer.len - worker->pos, len = left < max ? left : max;
    if (len == 0 && (worker->act == HANGS || worker->act == HANGS_MIDWAY))
        return error_set(err, ERR_TIMEOUT, "nothing came");
    CHECK(len > 0 || worker->act == IS_DEAD || worker->act == DIES_MIDWAY); /* else it would block for ever */
    len = len > 5 ? 5 : len;
    memcpy(bytes, worker->answer.data + worker->pos, len);
    worker->pos += len;
    return (int)len;
}

void os_worker_stuck_in(struct os_worker *worker, char *text, size_t size)
{
    CHECK(!worker->stopped);
    snprintf(text, size, "%s", worker->number == 1 ? "drm_wait" : "");
}

void os_worker_stop(struct os_worker *worker)
{
    if (!worker)
        return;
    CHECK(!worker->stopped);
    worker->stopped = true;
    LOG("stop%d ", worker->number);
}

int64_t os_deadline(int64_t timeout_ms)
{
    return 1000 * ++fake.deadlines + timeout_ms; /* time goes on with each call */
}

void children_count(struct children *children, unsigned *running, unsigned *exited)
{
    (void)children;
    *running = fake.running;
    *exited = 0;
}

/* ---- the tests ---- */

static struct worker_pool *pools[16], *pool; /* one for each test, since they live as long as the process */
static size_t pool_count;
static struct strlist no_rules, lines;
static struct error err;

static void begin(const enum act *script, size_t count)
{
    buffer_deinit(&fake.request);
    for (int i = 0; i < WORKERS; i++)
        buffer_deinit(&workers[i].answer);
    memset(&fake, 0, sizeof fake);
    memset(workers, 0, sizeof workers);
    memcpy(fake.script, script, count * sizeof *script);
    buffer_init(&fake.request, 10000);
    CHECK_INT(worker_pool_new(&pools[pool_count], &no_rules, &err), 0);
    pool = pools[pool_count++];
}
#define BEGIN(...) begin((const enum act[]){__VA_ARGS__}, sizeof(const enum act[]){__VA_ARGS__} / sizeof(enum act))

static int ask(void)
{
    err = (struct error){0};
    strlist_deinit(&lines);
    return worker_pool_lines(pool, "windows", NULL, TIMEOUT_MS, &lines, &err);
}

static void check_answered(const char *line)
{
    CHECK_INT(ask(), 0);
    CHECK_INT(lines.count, 1);
    CHECK_TEXT(lines.count ? lines.items[0] : "", line);
}

static void check_failed(int status, const char *why)
{
    CHECK_INT(ask(), status);
    CHECK_TEXT(err.text, why);
    CHECK_INT(lines.count, 0);
}

static const char ended[] = "the capture worker ended before it answered (it crashed or was killed)";

static void one_worker_answers_all(void)
{
    BEGIN(ANSWERS, ANSWERS, ANSWERS);
    check_answered("request=1");
    check_answered("request=2");
    check_answered("request=3");
    CHECK_TEXT(fake.log, "start1 ask1 ask1 ask1 ");
    worker_pool_stop(pool);
    CHECK_TEXT(fake.log, "start1 ask1 ask1 ask1 stop1 ");
    worker_pool_stop(pool);
    check_answered("request=4");
    CHECK_TEXT(fake.log, "start1 ask1 ask1 ask1 stop1 start2 ask2 ");
}

static void a_refusal_keeps_the_worker(void)
{
    BEGIN(REFUSES, ANSWERS);
    check_failed(ERR_UNAVAILABLE, "request=1");
    check_answered("request=2");
    CHECK_TEXT(fake.log, "start1 ask1 ask1 ");
}

static void one_that_hangs_is_never_asked_again(void)
{
    BEGIN(HANGS, ANSWERS);
    check_failed(ERR_TIMEOUT, "the capture did not end within 700 ms: it waits in the kernel's drm_wait");
    CHECK_TEXT(fake.log, "start1 ask1 stop1 ");
    check_answered("request=2");
    CHECK_TEXT(fake.log, "start1 ask1 stop1 start2 ask2 ");
}

static void one_that_hangs_in_its_answer_is_never_asked_again(void)
{
    BEGIN(ANSWERS, HANGS_MIDWAY, HANGS, ANSWERS);
    check_answered("request=1");
    check_failed(ERR_TIMEOUT, "the capture did not end within 700 ms: it waits in the kernel's drm_wait");
    check_failed(ERR_TIMEOUT, "the capture did not end within 700 ms");
    check_answered("request=4");
    CHECK_TEXT(fake.log, "start1 ask1 ask1 stop1 start2 ask2 stop2 start3 ask3 ");
}

static void one_that_ended_while_idle_is_replaced(void)
{
    BEGIN(ANSWERS, IS_DEAD, ANSWERS, IS_BROKEN, ANSWERS);
    check_answered("request=1");
    check_answered("request=3");
    CHECK_INT(fake.last_deadline, 2000 + TIMEOUT_MS); /* the second try has no more time */
    CHECK_TEXT(fake.log, "start1 ask1 ask1 stop1 start2 ask2 ");
    check_answered("request=5");
    CHECK_TEXT(fake.log, "start1 ask1 ask1 stop1 start2 ask2 ask2 stop2 start3 ask3 ");
}

/* It is not tried again what would only crash again, nor more than once. */
static void one_that_crashes_is_not_replaced(void)
{
    BEGIN(IS_DEAD, ANSWERS, DIES_MIDWAY, ANSWERS, IS_DEAD, IS_DEAD, ANSWERS);
    check_failed(ERR_UNAVAILABLE, ended);
    CHECK_TEXT(fake.log, "start1 ask1 stop1 ");
    check_answered("request=2");
    check_failed(ERR_UNAVAILABLE, ended); /* it had begun to answer */
    CHECK_TEXT(fake.log, "start1 ask1 stop1 start2 ask2 ask2 stop2 ");
    check_answered("request=4");
    check_failed(ERR_UNAVAILABLE, ended); /* so had the second try */
    CHECK_INT(fake.requests, 6);
    check_answered("request=7");
}

static void one_that_speaks_rubbish_is_ended(void)
{
    BEGIN(SPEAKS_RUBBISH, ANSWERS);
    CHECK_INT(ask(), ERR_UNAVAILABLE);
    check_answered("request=2");
    CHECK_TEXT(fake.log, "start1 ask1 stop1 start2 ask2 ");
}

/* What it sent too much is no answer to the next request. */
static void one_that_says_more_than_its_answer_is_ended(void)
{
    BEGIN(SAYS_MORE, REFUSES_MORE, ANSWERS);
    check_answered("request=1");
    check_failed(ERR_UNAVAILABLE, "request=2");
    check_answered("request=3");
    CHECK_TEXT(fake.log, "start1 ask1 stop1 start2 ask2 stop2 start3 ask3 ");
}

static void one_that_can_not_be_started(void)
{
    BEGIN(ANSWERS);
    fake.start_status = ERR_NO_MEMORY;
    for (int i = 0; i < 2 * WORKER_POOL_MAX; i++) /* it takes none of the places */
        check_failed(ERR_NO_MEMORY, "no worker today");
    fake.start_status = 0;
    check_answered("request=1");
}

/* Each read asks for something else, until the pool has no more workers. */
static int depth, refused;

static void ask_within(void)
{
    char verb[32];
    struct strlist own = {0};
    struct error why = {0};
    if (depth > WORKER_POOL_MAX)
        return;
    snprintf(verb, sizeof verb, "console-%d", depth++);
    int64_t deadline = fake.last_deadline;
    if (worker_pool_lines(pool, verb, NULL, TIMEOUT_MS, &own, &why)) {
        CHECK_INT(why.status, ERR_TIMEOUT);
        CHECK_TEXT(why.text, "other captures did not end within 700 ms");
        refused++;
        depth = WORKER_POOL_MAX + 1;
    }
    fake.last_deadline = deadline;
    strlist_deinit(&own);
}

static void so_many_at_once_and_no_more(void)
{
    BEGIN(ANSWERS);
    depth = 1;
    refused = 0;
    fake.in_read = ask_within;
    CHECK_INT(ask(), 0);
    fake.in_read = NULL;
    CHECK_INT(refused, 1);
    CHECK_INT(fake.started, WORKER_POOL_MAX);
    unsigned left = 0;
    for (int i = 0; i < WORKER_POOL_MAX; i++)
        left += !workers[i].stopped;
    CHECK_INT(left, 1); /* one is kept */
    check_answered("request=9");
    CHECK_INT(fake.started, WORKER_POOL_MAX);
}

/* ---- what is asked ---- */

/* The strings of the last request, each in brackets. */
static const char *requested(void)
{
    static char text[1000];
    size_t pos = 4, len = 0;
    uint32_t count = 0;
    *text = '\0';
    for (; pos + WIRE_ENTRY_HEADER_SIZE < fake.request.len; count++) {
        const char *string = (const char *)fake.request.data + pos + WIRE_ENTRY_HEADER_SIZE;
        CHECK_INT(fake.request.data[pos], WIRE_STRING);
        CHECK_INT(fake.request.data[pos + 8], strlen(string) + 1);
        len += (size_t)snprintf(text + len, sizeof text - len, "[%s]", string);
        pos += WIRE_ENTRY_HEADER_SIZE + strlen(string) + 1;
    }
    CHECK_INT(pos, fake.request.len);
    CHECK_INT(fake.request.data[3], count);
    return text;
}

static const char *picture(const char *option)
{
    struct strlist options = {0};
    struct buffer list;
    if (option)
        strlist_add(&options, option);
    buffer_init(&list, 1000);
    CHECK_INT(worker_pool_picture(pool, "screenshot", &options, NULL, &list, &err), 0);
    CHECK(list.len > 4 + 9);
    buffer_deinit(&list);
    strlist_deinit(&options);
    return requested();
}

static void pictures_are_passive_while_a_child_runs(void)
{
    BEGIN(ANSWERS);
    fake.running = 1;
    CHECK_TEXT(picture(NULL), "[screenshot]"); /* nobody's children */
    worker_pool_spare_children(pool, (struct children *)&fake);
    CHECK_TEXT(picture("output=x"), "[screenshot][output=x][passive=1]");
    CHECK_TEXT(picture("passive=0"), "[screenshot][passive=0]");
    fake.running = 0;
    CHECK_TEXT(picture(NULL), "[screenshot]");
}

static void count_piece(void *context, struct buffer *list)
{
    CHECK(list->len > 4);
    ++*(unsigned *)context;
}

static void a_picture_in_pieces_is_asked_for_and_told_of(void)
{
    unsigned pieces = 0;
    struct strlist options = {0};
    struct buffer list;
    const struct answer_taker taker = {count_piece, &pieces};
    BEGIN(SENDS_PIECES, IS_DEAD, SENDS_PIECES, BREAKS_OFF, ANSWERS);
    fake.running = 1;
    worker_pool_spare_children(pool, (struct children *)&fake);
    strlist_add(&options, "output=x");
    buffer_init(&list, 1000);
    CHECK_INT(worker_pool_picture_in_pieces(pool, &options, NULL, &taker, &list, &err), 0);
    CHECK_TEXT(requested(), "[screenshot][output=x][passive=1][pieces=1]");
    CHECK_INT(pieces, 2);
    size_t len = list.len;
    buffer_clear(&list);
    CHECK_INT(worker_pool_picture_in_pieces(pool, &options, NULL, &taker, &list, &err), 0); /* by the next worker */
    CHECK_INT(pieces, 4);
    CHECK_INT(list.len, len);
    buffer_clear(&list);
    CHECK_INT(worker_pool_picture_in_pieces(pool, &options, NULL, &taker, &list, &err), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "it broke");
    CHECK_INT(pieces, 5);
    CHECK(list.len > 4 && list.len < len);
    CHECK_INT(ask(), 0); /* the same worker goes on */
    CHECK_INT(fake.started, 2);
    fake.running = 0;
    buffer_deinit(&list);
    strlist_deinit(&options);
}

static void the_agents_own_options_go_with_each_request(void)
{
    struct strlist rules = {0};
    BEGIN(ANSWERS, ANSWERS);
    strlist_add(&rules, "vkms=emulated");
    strlist_add(&rules, "qxl=virtual");
    CHECK_INT(worker_pool_new(&pools[pool_count], &rules, &err), 0);
    pool = pools[pool_count++];
    const char *names = worker_pool_backend_names();
    CHECK(strstr(names, "pattern") && strlen(strstr(names, "pattern")) == strlen("pattern"));
    CHECK_INT(ask(), 0);
    CHECK_TEXT(requested(), "[windows][deadline-ms=700][card-class=vkms=emulated][card-class=qxl=virtual]");
    struct buffer list;
    buffer_init(&list, 1000);
    CHECK_INT(worker_pool_dump(pool, 42, NULL, TIMEOUT_MS, &list, &err), 0);
    CHECK_TEXT(requested(), "[dump][pid=42][deadline-ms=700][card-class=vkms=emulated][card-class=qxl=virtual]");
    buffer_deinit(&list);
    strlist_add(&rules, "vkms=none");
    CHECK_INT(worker_pool_new(&pool, &rules, &err), ERR_INVALID);
    strlist_deinit(&rules);
}

int main(void)
{
    RUN(one_worker_answers_all);
    RUN(a_refusal_keeps_the_worker);
    RUN(one_that_hangs_is_never_asked_again);
    RUN(one_that_hangs_in_its_answer_is_never_asked_again);
    RUN(one_that_ended_while_idle_is_replaced);
    RUN(one_that_crashes_is_not_replaced);
    RUN(one_that_speaks_rubbish_is_ended);
    RUN(one_that_says_more_than_its_answer_is_ended);
    RUN(one_that_can_not_be_started);
    RUN(so_many_at_once_and_no_more);
    RUN(pictures_are_passive_while_a_child_runs);
    RUN(a_picture_in_pieces_is_asked_for_and_told_of);
    RUN(the_agents_own_options_go_with_each_request);
    strlist_deinit(&lines);
    return CHECK_RESULT();
}
