/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process's side. */
#include "capture/apart/message.h"

#include "base/number.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define DATA_MAX ((rlim_t)IMAGE_PIXELS_MAX * 4 + (256u << 20)) /* bytes: a picture from the X server, and the rest */
#define FILES_MAX 128

#ifdef __has_feature /* clang's */
#define IS_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

/* The memory of the pixels, mapped as far as it was needed. */
struct shared_memory {
    struct capture_memory memory;
    uint8_t *pixels; /* owned */
    size_t size;
};

struct serving {
    const struct capture_backend *backend;
    struct capture *capture; /* owned; NULL: not open */
    struct shared_memory shared;
    bool has_input; /* keys may be held */
};

struct asked {
    struct apart_request head;
    uint8_t *bytes;                /* owned: the target, then the texts */
    struct strlist rules, actions; /* owned */
    struct capture_damage damage;
    struct capture_options options;
};

/* ---- memory and rights ---- */

static uint8_t *shared_get(struct capture_memory *memory, size_t size)
{
    struct shared_memory *shared = (struct shared_memory *)memory;
    if (size > APART_PIXELS_MAX)
        return NULL;
    if (shared->size >= size)
        return shared->pixels;
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, APART_MEMORY_FD, APART_NOTE_SIZE);
    if (map == MAP_FAILED)
        return NULL;
    if (shared->pixels)
        munmap(shared->pixels, shared->size);
    shared->pixels = map;
    shared->size = size;
    return shared->pixels;
}

static bool open_note(void)
{
    void *map = mmap(NULL, APART_NOTE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, APART_MEMORY_FD, 0);
    if (map == MAP_FAILED)
        return false;
    apart_share_note(map);
    return true;
}

/* Bounds what a server can make Xlib allocate. A sanitizer's own memory is beyond any bound. */
static void limit_resources(void)
{
    struct rlimit files = {FILES_MAX, FILES_MAX}, none = {0, 0}, data = {DATA_MAX, DATA_MAX};
    setrlimit(RLIMIT_NOFILE, &files);
    setrlimit(RLIMIT_CORE, &none);
    if (!IS_SANITIZED)
        setrlimit(RLIMIT_DATA, &data);
}

/* Parses "PARENT admin|none [UID GID]". */
static bool parse_rights(int argc, char **argv, struct apart_rights *rights, uint64_t *parent)
{
    uint64_t uid = 0, gid = 0;
    const char *at = argc >= 2 ? argv[0] : "";
    if (!number_take(&at, INT32_MAX, parent) || *at)
        return false;
    rights->admin = strcmp(argv[1], "admin") == 0;
    rights->changes_user = argc == 4;
    if (argc != 4)
        return argc == 2;
    const char *user = argv[2], *group = argv[3];
    if (!number_take(&user, UINT32_MAX - 1, &uid) || *user || !number_take(&group, UINT32_MAX - 1, &gid) || *group)
        return false;
    rights->uid = (uid_t)uid;
    rights->gid = (gid_t)gid;
    return true;
}

/* Ends with the worker, also where a call hangs. A change of the user would undo it, so it comes after. */
static bool end_with(uint64_t parent)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && (uint64_t)getppid() == parent;
}

/* ---- requests ---- */

static bool read_all(void *bytes, size_t len)
{
    uint8_t *to = bytes;
    while (len > 0) {
        ssize_t got = read(APART_SOCKET_FD, to, len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        len -= (size_t)got;
    }
    return true;
}

static void asked_deinit(struct asked *asked)
{
    strlist_deinit(&asked->rules);
    strlist_deinit(&asked->actions);
    free(asked->bytes);
}

/* Finds the options in a request that was read. */
static void asked_parse(struct asked *asked, struct serving *serving)
{
    const struct apart_request *head = &asked->head;
    const char *text = (const char *)asked->bytes + head->target_len;
    asked->damage = (struct capture_damage){.since = head->since};
    asked->options = (struct capture_options){
        .source = *head->source ? head->source : NULL,
        .output = head->has_output ? text : NULL,
        .card_classes = &asked->rules,
        .has_region = head->has_region,
        .region = head->region,
        .cursor = head->cursor,
        .shape = head->shape,
        .colors = head->colors,
        .crc = head->crc,
        .passive = head->passive,
        .timeout_ms = head->timeout_ms,
        .damage = head->has_damage ? &asked->damage : NULL,
        .actions = head->has_actions ? &asked->actions : NULL,
        .target = {asked->bytes, head->target_len},
        .memory = &serving->shared.memory,
    };
    if (head->has_output)
        text += strlen(text) + 1;
    for (uint32_t i = 0; i < head->rule_count; i++, text += strlen(text) + 1)
        strlist_add(&asked->rules, text);
    for (uint32_t i = 0; i < head->action_count; i++, text += strlen(text) + 1)
        strlist_add(&asked->actions, text);
}

static bool read_asked(struct asked *asked, struct serving *serving)
{
    *asked = (struct asked){0};
    if (!read_all(&asked->head, sizeof asked->head))
        return false;
    size_t len = (size_t)asked->head.target_len + asked->head.text_len;
    asked->bytes = malloc(len + 1);
    if (!asked->bytes || !read_all(asked->bytes, len))
        return false;
    asked->bytes[len] = 0;
    asked_parse(asked, serving);
    return true;
}

/* ---- answers ---- */

static bool send_bytes(const void *bytes, size_t len)
{
    const char *next = bytes;
    while (len > 0) {
        ssize_t sent = send(APART_SOCKET_FD, next, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        next += sent;
        len -= (size_t)sent;
    }
    return true;
}

static bool answer(struct apart_answer *head, const struct strlist *lines, const struct error *err)
{
    struct buffer out;
    size_t at = sizeof *head;
    buffer_init(&out, sizeof *head + APART_ANSWER_TEXT_MAX);
    buffer_append(&out, head, sizeof *head);
    for (size_t i = 0; i < lines->count && !out.failed && head->status == 0; i++)
        buffer_append(&out, lines->items[i], strlen(lines->items[i]) + 1);
    if (head->status < 0)
        buffer_append(&out, err->text, strlen(err->text) + 1);
    if (out.failed || lines->failed)
        return false; /* the worker says that the process ended */
    head->line_count = head->status < 0 ? 1 : (uint32_t)lines->count;
    head->text_len = (uint32_t)(out.len - at);
    memcpy(out.data, head, sizeof *head);
    bool sent = send_bytes(out.data, out.len);
    buffer_deinit(&out);
    return sent;
}

/* ---- work ---- */

static void serve_grab(struct serving *serving, const struct capture_options *options, struct apart_answer *head,
                       struct strlist *lines, struct error *err)
{
    struct image_view image = {0};
    const struct shared_memory *shared = &serving->shared;
    head->result = serving->backend->grab(serving->capture, options, &image, lines, err);
    if (head->result != CAPTURE_OK) {
        head->status = err->status < 0 ? err->status : error_set(err, ERR_SYSTEM, "it failed and gave no reason");
        return;
    }
    if (!shared->pixels || image.pixels < shared->pixels || image.pixels >= shared->pixels + shared->size) {
        head->status = error_set(err, ERR_SYSTEM, "its picture is elsewhere");
        return;
    }
    head->offset = (uint64_t)(image.pixels - shared->pixels);
    head->width = image.width;
    head->height = image.height;
    head->stride = image.stride;
    if (options->damage)
        head->damage = *options->damage;
}

/* ---- input ---- */

/* Gives the process the time to let go, and no more: a call for it may hang. */
static void on_hangup(int number)
{
    (void)number;
    alarm(APART_LEAVE_S);
}

/* Has the process outlive the worker for as long as it takes to let go of what it holds. */
static void hold_on(struct serving *serving)
{
    struct sigaction action = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};
    if (serving->has_input)
        return;
    serving->has_input = true;
    signal(SIGALRM, SIG_DFL);
    sigaction(SIGHUP, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGHUP, 0, 0, 0);
}

static int serve_input(struct serving *serving, const struct capture_options *options, struct strlist *facts,
                       struct error *err)
{
    if (!serving->backend->input)
        return error_set(err, ERR_UNAVAILABLE, "blocked: it takes no input");
    hold_on(serving);
    return serving->backend->input(serving->capture, options, facts, err);
}

/* Lets go when the worker is gone. */
static void serve_leave(struct serving *serving)
{
    struct strlist facts = {0};
    struct error err;
    if (!serving->has_input)
        return;
    alarm(APART_LEAVE_S);
    serving->backend->input(serving->capture, &(struct capture_options){0}, &facts, &err);
}

/* ---- lists ---- */

static int serve_list(struct serving *serving, enum apart_verb verb, const struct capture_options *options,
                      struct strlist *lines, struct error *err)
{
    const struct capture_backend *backend = serving->backend;
    if (verb == APART_DISPLAYS)
        return backend->displays(serving->capture, options, lines, err);
    if (verb == APART_WINDOWS)
        return backend->windows(serving->capture, options, lines, err);
    if (verb == APART_CRCS && backend->crcs)
        return backend->crcs(serving->capture, options, lines, err);
    if (verb == APART_DESKTOP && backend->desktop)
        return backend->desktop(serving->capture, options, lines, err);
    if (verb == APART_CHANGES && backend->changes)
        return backend->changes(serving->capture, options, lines, err);
    if (verb == APART_WATCH && backend->await) {
        backend->await(serving->capture, APART_SOCKET_FD);
        return 0;
    }
    return error_set(err, ERR_UNAVAILABLE, "it has none");
}

static bool serve_request(struct serving *serving, const struct asked *asked)
{
    struct apart_answer head = {.result = CAPTURE_OK};
    struct strlist lines = {0};
    struct error err = {0};
    enum apart_verb verb = (enum apart_verb)asked->head.verb;
    if (verb == APART_OPEN && !serving->capture)
        head.status = serving->backend->open(&serving->capture, &asked->options, &err);
    else if (!serving->capture)
        head.status = error_set(&err, ERR_SYSTEM, "nothing is open");
    else if (verb == APART_GRAB)
        serve_grab(serving, &asked->options, &head, &lines, &err);
    else if (verb == APART_INPUT)
        head.status = serve_input(serving, &asked->options, &lines, &err);
    else
        head.status = serve_list(serving, verb, &asked->options, &lines, &err);
    bool sent = answer(&head, &lines, &err);
    strlist_deinit(&lines);
    return sent;
}

/* Answers the first request with the reason why none can be served. */
static int serve_refusal(struct serving *serving, const struct error *err)
{
    struct asked asked;
    struct apart_answer head = {.result = CAPTURE_FAILED, .status = err->status};
    if (read_asked(&asked, serving))
        answer(&head, &(struct strlist){0}, err);
    asked_deinit(&asked);
    return EXIT_USAGE;
}

static int serve(struct serving *serving)
{
    struct asked asked;
    bool goes_on = true;
    while (goes_on && (goes_on = read_asked(&asked, serving))) {
        goes_on = serve_request(serving, &asked);
        asked_deinit(&asked);
    }
    serve_leave(serving);
    /* Nothing is closed: a call for it could hang, and the display server and the kernel see the process end. */
    return 0;
}

int apart_main(const struct capture_backend *const *backends, int argc, char **argv)
{
    struct serving serving = {.shared.memory.get = shared_get};
    struct apart_rights rights = {0};
    uint64_t parent;
    struct error err;
    for (int i = 0; argc > 0 && backends[i]; i++)
        if (strcmp(backends[i]->name, argv[0]) == 0)
            serving.backend = backends[i];
    if (!serving.backend || !parse_rights(argc - 1, argv + 1, &rights, &parent))
        return EXIT_USAGE;
    if (apart_take_rights(&rights, &err))
        return serve_refusal(&serving, &err);
    if (!end_with(parent) || !open_note())
        return EXIT_USAGE;
    limit_resources();
    return serve(&serving);
}
