/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/worker/main.h"

#include "agent/worker/options.h"
#include "agent/worker/pieces.h"
#include "agent/worker/record.h"
#include "base/number.h"
#include "capture/capture.h"
#include "capture/console.h"
#include "capture/desktop.h"
#include "capture/input/action.h"
#include "platform/clock.h"
#include "platform/display.h"
#include "platform/dump.h"
#include "platform/worker_pipe.h"
#include "platform/watchdog.h"
#include "protocol/buffered.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_SIZE 4096                       /* bytes read at a time */
#define TEXT_MAX 4096                         /* bytes of one string of a request */
#define RECORD_LOOK_MS 4000                   /* that one look of a recording may take */
#define TEXT_COUNT_MAX 1100                   /* strings of a request: those of input are the most */
#define FILE_KEPT_MAX (16u << 20)             /* bytes of memory for a file that is kept for the next one */
#define FACTS_MAX (63u << 20)                 /* bytes of an answer without the file */
#define FILE_MAX (WIRE_REPLY_MAX - FACTS_MAX) /* bytes */
_Static_assert(FILE_MAX >= (uint64_t)IMAGE_PIXELS_MAX * 3 + 64, "every picture fits into an answer as a PPM");

struct worker {
    struct buffered_source input; /* from the agent */
    uint8_t input_bytes[INPUT_SIZE];
    struct os_worker_pipe *pipe;  /* owned */
    struct os_watchdog *watchdog; /* owned */
    struct capturer *capturer;    /* owned */
    struct stills *stills;        /* owned; NULL: nothing was recorded yet */
    struct pieces pieces;         /* of an answer that leaves while it is made */
    struct buffer file;           /* of the current request; owned, and kept: fresh memory is slower than the encoder */
    atomic_bool reads_console;    /* for the watchdog */
    bool drives;                  /* it may hold keys, and waits for its driver for as long as that takes */
    int answer_ms;                /* within which the current request must be answered */
};

/* ---- requests ---- */

static int fill_input(void *context, void *bytes, size_t max, struct error *err)
{
    struct worker *worker = context;
    int64_t deadline_ms = worker->drives ? OS_FOREVER : os_deadline(WORKER_IDLE_MS);
    return os_worker_pipe_read(worker->pipe, bytes, max, deadline_ms, err);
}

static int worker_read_text(struct list_reader *list, const struct entry *entry, struct strlist *texts,
                            struct error *err)
{
    char *text;
    if (entry->type != WIRE_STRING)
        return error_set(err, ERR_INVALID, "an entry of a request to the capture worker is not a string");
    if (texts->count == TEXT_COUNT_MAX)
        return error_set(err, ERR_LIMIT, "a request to the capture worker has more than %d strings", TEXT_COUNT_MAX);
    int status = list_read_text(list, TEXT_MAX, &text, err);
    if (status < 0)
        return status;
    if (!strlist_add(texts, text))
        status = error_set(err, ERR_NO_MEMORY, "no memory for a request to the capture worker");
    free(text);
    return status;
}

static bool can_go_on(int status)
{
    return status == ERR_INVALID || status == ERR_LIMIT || status == ERR_NO_MEMORY;
}

/* Reads a whole request, unless the status is one after which nothing more can be read. */
static int read_request(struct worker *worker, struct strlist *texts, struct error *err)
{
    struct list_reader list;
    struct entry entry;
    struct error skipped;
    int status = list_read_begin(&list, &worker->input.source, err);
    if (status < 0)
        return status;
    while ((status = list_read_entry(&list, &entry, err)) > 0) {
        status = worker_read_text(&list, &entry, texts, err);
        if (status < 0) {
            int end = can_go_on(status) ? list_read_end(&list, &skipped) : 0;
            return end < 0 ? end : status;
        }
    }
    if (status == 0 && texts->count == 0)
        return error_set(err, ERR_INVALID, "a request to the capture worker says nothing");
    return status;
}

/* ---- answers ---- */

/* Sends an answer in one write, so that the agent is woken once. */
static int send_answer(struct worker *worker, const struct buffer *head, const struct buffer *file, struct error *err)
{
    struct slice parts[] = {{head->data, head->len}, {file->data, file->len}};
    if (head->failed)
        return error_set(err, ERR_NO_MEMORY, "no memory for the capture worker's answer");
    return os_worker_pipe_write(worker->pipe, parts, file->len > 0 ? 2 : 1, err);
}

static int send_error(struct worker *worker, const char *text, struct error *err)
{
    struct buffer head;
    buffer_init(&head, FACTS_MAX);
    write_u32(&head, 1);
    write_entry_text(&head, WIRE_ERROR, text);
    int status = send_answer(worker, &head, &(struct buffer){0}, err);
    buffer_deinit(&head);
    return status;
}

static int send_facts(struct worker *worker, const struct strlist *facts, const struct buffer *file, struct error *err)
{
    struct buffer head;
    buffer_init(&head, FACTS_MAX);
    write_u32(&head, (uint32_t)facts->count + (file ? 1 : 0));
    for (size_t i = 0; i < facts->count; i++)
        write_entry_text(&head, WIRE_STRING, facts->items[i]);
    if (file && file->len > 0)
        write_entry_header(&head, WIRE_DATA, file->len);
    else if (file)
        write_entry_undefined(&head);
    int status = send_answer(worker, &head, file ? file : &(struct buffer){0}, err);
    buffer_deinit(&head);
    return status;
}

/* ---- work ---- */

/* Answers while the worker's own thread hangs, and ends the process. The watchdog calls it. A reason is better than the
   agent's report that no answer came. */
static void answer_hang(void *context)
{
    struct worker *worker = context;
    char doing[1024], text[1200];
    struct error err;
    if (atomic_load(&worker->reads_console))
        snprintf(doing, sizeof doing, "the text console does not answer");
    else
        capturer_describe_hang(worker->capturer, doing, sizeof doing);
    snprintf(text, sizeof text, "not done within %d ms: %s", worker->answer_ms, doing);
    if (pieces_begun(&worker->pieces))
        pieces_fail(&worker->pieces, text, &err);
    else
        send_error(worker, text, &err);
    _Exit(1);
}

/* Starts the clock of a request. The worker answers a margin before the host's deadline, so that the answer arrives in
   time. The backend gives up another margin before that. */
static void start_clock(struct worker *worker, struct screenshot_options *options)
{
    int margin_ms = options->deadline_ms / 10;
    if (margin_ms > 250)
        margin_ms = 250;
    worker->answer_ms = options->deadline_ms - margin_ms;
    options->picture.capture.timeout_ms = worker->answer_ms - margin_ms;
    os_watchdog_arm(worker->watchdog, os_deadline(worker->answer_ms));
}

static int take_screenshot(struct worker *worker, const struct strlist *texts, struct strlist *facts,
                           struct buffer *file, struct error *err)
{
    struct screenshot_options options;
    int status = screenshot_options_parse(&options, texts, err);
    if (status == 0) {
        start_clock(worker, &options);
        options.picture.sink = options.pieces ? &worker->pieces.sink : NULL;
        status = capturer_take(worker->capturer, &options.picture, facts, file, err);
    }
    screenshot_options_deinit(&options);
    return status;
}

static int take_crc(struct worker *worker, const struct strlist *texts, struct strlist *facts, struct error *err)
{
    struct screenshot_options options;
    int status = screenshot_options_parse_crc(&options, texts, err);
    if (status == 0) {
        start_clock(worker, &options);
        status = capturer_crc(worker->capturer, &options.picture.capture, facts, err);
    }
    screenshot_options_deinit(&options);
    return status;
}

/* Waits for another screen; the backend's time is that of one look. */
static int watch_stills(struct worker *worker, const struct strlist *texts, struct strlist *facts, struct buffer *file,
                        struct error *err)
{
    struct record_options options;
    int status = record_options_parse(&options, texts, err);
    if (status == 0 && !worker->stills)
        status = stills_new(&worker->stills, err);
    if (status == 0) {
        start_clock(worker, &options.screen);
        options.stills.capture.timeout_ms = RECORD_LOOK_MS;
        status = stills_wait(worker->stills, worker->capturer, &options.stills, facts, file, err);
    }
    record_options_deinit(&options);
    return status;
}

typedef int list_maker(struct worker *worker, const struct capture_options *options, unsigned console,
                       struct strlist *lines, struct error *err);

static int worker_list_displays(struct worker *worker, const struct capture_options *options, unsigned console,
                                struct strlist *lines, struct error *err)
{
    (void)console;
    return capturer_displays(worker->capturer, options, lines, err);
}

static int worker_list_all_displays(struct worker *worker, const struct capture_options *options, unsigned console,
                                    struct strlist *lines, struct error *err)
{
    (void)console;
    return capturer_all_displays(worker->capturer, options, lines, err);
}

static int worker_list_windows(struct worker *worker, const struct capture_options *options, unsigned console,
                               struct strlist *lines, struct error *err)
{
    (void)console;
    return capturer_windows(worker->capturer, options, lines, err);
}

static int worker_list_console(struct worker *worker, const struct capture_options *options, unsigned console,
                               struct strlist *lines, struct error *err)
{
    (void)options;
    atomic_store(&worker->reads_console, true);
    int status = console_read(console, lines, err);
    atomic_store(&worker->reads_console, false);
    return status;
}

static int worker_restore_display(struct worker *worker, const struct capture_options *options, unsigned console,
                                  struct strlist *lines, struct error *err)
{
    (void)worker, (void)options, (void)console;
    return os_display_restore(lines, err);
}

static int worker_tell_desktop(struct worker *worker, const struct capture_options *options, unsigned console,
                               struct strlist *lines, struct error *err)
{
    (void)console;
    return desktop_facts(worker->capturer, options, lines, err);
}

/* Finds the function for a verb that asks for a list, or returns NULL. */
static list_maker *find_list(const char *verb, unsigned *console)
{
    static const char prefix[] = "console-";
    uint64_t number = 0;
    *console = 0;
    if (strcmp(verb, "displays") == 0)
        return worker_list_displays;
    if (strcmp(verb, "all-displays") == 0)
        return worker_list_all_displays;
    if (strcmp(verb, "windows") == 0)
        return worker_list_windows;
    if (strcmp(verb, "console") == 0)
        return worker_list_console;
    if (strcmp(verb, "restore") == 0)
        return worker_restore_display;
    if (strcmp(verb, "desktop") == 0)
        return worker_tell_desktop;
    if (strncmp(verb, prefix, sizeof prefix - 1) != 0)
        return NULL;
    verb += sizeof prefix - 1;
    if (!number_take(&verb, OS_CONSOLES_MAX, &number) || *verb || number == 0)
        return NULL;
    *console = (unsigned)number;
    return worker_list_console;
}

static int make_list(struct worker *worker, const char *verb, const struct strlist *texts, struct strlist *lines,
                     struct error *err)
{
    struct screenshot_options options;
    unsigned console;
    list_maker *make = find_list(verb, &console);
    if (!make)
        return error_set(err, ERR_INVALID, "the capture worker knows no '%.80s'", verb);
    int status = screenshot_options_parse_list(&options, texts, err);
    if (status == 0) {
        start_clock(worker, &options);
        status = make(worker, &options.picture.capture, console, lines, err);
    }
    screenshot_options_deinit(&options);
    return status;
}

/* Makes a minidump. The texts are "pid=N" and then the options of a list. */
static int make_dump(struct worker *worker, const struct strlist *texts, struct buffer *file, struct error *err)
{
    struct screenshot_options options;
    struct strlist rest = {.items = texts->items + 1, .count = texts->count - 1};
    uint64_t pid;
    const char *text = texts->count ? texts->items[0] : "";
    if (strncmp(text, "pid=", 4) != 0 || (text += 4, !number_take(&text, UINT32_MAX, &pid)) || *text)
        return error_set(err, ERR_INVALID, "a request for a minidump has no process id");
    int status = screenshot_options_parse_list(&options, &rest, err);
    if (status == 0) {
        start_clock(worker, &options);
        status = os_process_dump(pid, file, err);
    }
    screenshot_options_deinit(&options);
    return status;
}

/* Parses "watch-HASH". */
static bool worker_is_watch(const char *verb, uint64_t *seen)
{
    static const char prefix[] = "watch-";
    if (strncmp(verb, prefix, sizeof prefix - 1) != 0)
        return false;
    verb += sizeof prefix - 1;
    return number_take(&verb, UINT64_MAX, seen) && *verb == 0;
}

/* Parses "changes-WATCH". */
static const char *worker_changes_source(const char *verb)
{
    static const char prefix[] = "changes-";
    return strncmp(verb, prefix, sizeof prefix - 1) == 0 ? verb + sizeof prefix - 1 : NULL;
}

static int worker_changes(struct worker *worker, const char *source, const struct strlist *texts, struct strlist *facts,
                          struct error *err)
{
    struct screenshot_options options;
    int status = screenshot_options_parse_list(&options, texts, err);
    if (status == 0) {
        start_clock(worker, &options);
        status = capturer_changes(worker->capturer, source, &options.picture.capture, facts, err);
    }
    screenshot_options_deinit(&options);
    return status;
}

static int worker_watch(struct worker *worker, uint64_t seen, const struct strlist *texts, struct strlist *facts,
                        struct error *err)
{
    struct screenshot_options options;
    int status = screenshot_options_parse_list(&options, texts, err);
    if (status == 0) {
        start_clock(worker, &options);
        status = desktop_watch(worker->capturer, &options.picture.capture, seen, facts, err);
    }
    screenshot_options_deinit(&options);
    return status;
}

/* ---- input ---- */

/* Tells actions from the options. */
static void worker_split_input(const struct strlist *texts, struct strlist *options, struct strlist *actions)
{
    static const char prefix[] = "action=";
    for (size_t i = 0; i < texts->count; i++) {
        const char *text = texts->items[i];
        if (strncmp(text, prefix, sizeof prefix - 1) == 0)
            strlist_add(actions, text + sizeof prefix - 1);
        else
            strlist_add(options, text);
    }
}

/* Checks the actions here first, also where no source would. */
static int worker_check_input(const struct strlist *options, const struct strlist *actions, struct error *err)
{
    struct input_list list;
    if (options->failed || actions->failed)
        return error_set(err, ERR_NO_MEMORY, "input: no memory for the actions");
    int status = input_list_parse(&list, actions, err);
    input_list_deinit(&list);
    return status;
}

static int worker_input(struct worker *worker, bool leaves, const struct strlist *texts, struct strlist *facts,
                        struct error *err)
{
    struct screenshot_options options = {0};
    struct strlist own = {0}, actions = {0};
    worker_split_input(texts, &own, &actions);
    int status = worker_check_input(&own, &actions, err);
    if (status == 0)
        status = screenshot_options_parse_list(&options, &own, err);
    if (status == 0) {
        start_clock(worker, &options);
        options.picture.capture.actions = leaves ? NULL : &actions;
        worker->drives = !leaves;
        status = capturer_input(worker->capturer, &options.picture.capture, facts, err);
    }
    screenshot_options_deinit(&options);
    strlist_deinit(&own);
    strlist_deinit(&actions);
    return status;
}

/* Empties the memory for a file. Most of the next one's is that of this one. */
static void worker_clear_file(struct worker *worker)
{
    buffer_clear(&worker->file);
    if (worker->file.capacity <= FILE_KEPT_MAX)
        return;
    buffer_deinit(&worker->file);
    buffer_init(&worker->file, FILE_MAX);
}

/* Does a request and answers it. Returns a negative status when the answer could not be sent. */
static int do_request(struct worker *worker, const struct strlist *texts, struct error *err)
{
    struct strlist facts = {0}, options = {.items = texts->items + 1, .count = texts->count - 1};
    struct buffer *file = &worker->file;
    const char *verb = texts->items[0];
    bool screenshot = strcmp(verb, "screenshot") == 0, dump = strcmp(verb, "dump") == 0;
    bool record = strcmp(verb, "record") == 0;
    uint64_t seen;
    int status;
    if (screenshot)
        status = take_screenshot(worker, &options, &facts, file, err);
    else if (record)
        status = watch_stills(worker, &options, &facts, file, err);
    else if (strcmp(verb, "crc") == 0)
        status = take_crc(worker, &options, &facts, err);
    else if (dump)
        status = make_dump(worker, &options, file, err);
    else if (worker_is_watch(verb, &seen))
        status = worker_watch(worker, seen, &options, &facts, err);
    else if (strncmp(verb, "input-", 6) == 0 || strcmp(verb, "leave") == 0)
        status = worker_input(worker, *verb == 'l', &options, &facts, err);
    else if (worker_changes_source(verb))
        status = worker_changes(worker, worker_changes_source(verb), &options, &facts, err);
    else
        status = make_list(worker, verb, &options, &facts, err);
    os_watchdog_disarm(worker->watchdog);
    if (pieces_begun(&worker->pieces))
        status = status < 0 ? pieces_fail(&worker->pieces, err->text, err) : pieces_end(&worker->pieces, &facts, err);
    else if (status < 0)
        status = send_error(worker, err->text, err);
    else
        status = send_facts(worker, &facts, screenshot || dump || record ? file : NULL, err);
    strlist_deinit(&facts);
    worker_clear_file(worker);
    return status;
}

/* Serves until the parent closes the connection or sends no request for WORKER_IDLE_MS. Returns a negative status when
   it ends for another reason. */
static int worker_serve(struct worker *worker, struct error *err)
{
    for (;;) {
        struct strlist texts = {0};
        int status = read_request(worker, &texts, err);
        if (status == 0)
            status = do_request(worker, &texts, err);
        else if (can_go_on(status))
            status = send_error(worker, err->text, err);
        strlist_deinit(&texts);
        if (status < 0)
            return status == ERR_CLOSED || status == ERR_TIMEOUT ? 0 : status;
    }
}

int worker_source_main(int argc, char **argv)
{
    if (argc < 2 || !capture_source_main || strcmp(argv[1], CAPTURE_SOURCE_ARGUMENT) != 0)
        return -1;
    return capture_source_main(argc - 2, argv + 2);
}

int worker_main(void)
{
    static struct worker worker; /* outlives this function for the watchdog's thread */
    static struct error err;
    buffered_init(&worker.input, fill_input, &worker, worker.input_bytes, sizeof worker.input_bytes);
    buffer_init(&worker.file, FILE_MAX);
    int status = os_worker_pipe_open(&worker.pipe, &err);
    pieces_init(&worker.pieces, worker.pipe, &worker.file);
    if (status == 0)
        status = os_watchdog_new(&worker.watchdog, answer_hang, &worker, &err);
    if (status == 0)
        status = capturer_new(&worker.capturer, capture_backends, capture_choose, &err);
    if (status == 0)
        status = worker_serve(&worker, &err);
    capturer_free(worker.capturer);
    buffer_deinit(&worker.file);
    if (status < 0)
        fprintf(stderr, "periscoped: capture worker: %s\n", err.text);
    return status < 0;
}
