/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures, and a worker that hangs. */
#include "agent/worker/answer.h"
#include "agent/worker/pool.h"
#include "agent/selftest/selftest.h"
#include "agent/worker/main.h"
#include "platform/clock.h"
#include "platform/selftest.h"
#include "platform/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURE_MS 15000
#define UNASKED_MS 300 /* a worker without a request must send nothing for that long */
#define SHOWN_MS 10000 /* for the window to be on the screen */
#define POLL_MS 100
#define WINDOW_X 64 /* pixels from the corner of the primary monitor */
#define WINDOW_Y 48
#define WINDOW_WIDTH 63
#define WINDOW_HEIGHT 40
#define PIXEL 3 /* bytes */

struct picture {
    struct strlist facts;
    struct buffer list; /* the worker's answer, which holds the file */
    unsigned width, height;
    int x, y;
    const uint8_t *pixels; /* in the file: rows of RGB */
};

static void picture_deinit(struct picture *picture)
{
    strlist_deinit(&picture->facts);
    buffer_deinit(&picture->list);
}

static const char *fact(const struct picture *picture, const char *name)
{
    const char *value = strlist_get(&picture->facts, name);
    return value ? value : "?";
}

/* ---- taking one ---- */

static int find_pixels(struct picture *picture, struct error *err)
{
    unsigned width, height;
    int head = 0;
    char text[64] = "";
    struct slice file = answer_file(&picture->list);
    bool known = sscanf(fact(picture, "geometry"), "%ux%u%d%d", &picture->width, &picture->height, &picture->x,
                        &picture->y) == 4;
    if (file.len > 0)
        memcpy(text, file.data, file.len < sizeof text ? file.len : sizeof text - 1);
    if (!known || sscanf(text, "P6 %u %u 255%n", &width, &height, &head) != 2 || head == 0 || width != picture->width ||
        height != picture->height || file.len - 1 - (size_t)head != (size_t)width * height * PIXEL)
        return error_set(err, ERR_INVALID, "a picture of %s came as a file of %zu bytes that does not match it",
                         fact(picture, "geometry"), file.len);
    picture->pixels = file.data + head + 1;
    return 0;
}

/* Takes a picture of the whole screen. backend NULL: the agent chooses. The caller calls picture_deinit in any case. */
static int selftest_take(struct worker_pool *workers, struct picture *picture, const char *backend, struct error *err)
{
    struct strlist options = {0};
    *picture = (struct picture){.width = 0};
    buffer_init(&picture->list, WIRE_REPLY_MAX);
    strlist_add(&options, "format=ppm");
    strlist_add(&options, "cursor=0");
    strlist_addf(&options, "deadline-ms=%d", PICTURE_MS);
    if (backend)
        strlist_addf(&options, "backend=%s", backend);
    int status = worker_pool_picture(workers, "screenshot", &options, NULL, &picture->list, err);
    if (status == 0)
        answer_add_lines(&picture->list, &picture->facts);
    strlist_deinit(&options);
    return status ? status : find_pixels(picture, err);
}

static void try_picture(struct findings *findings, struct worker_pool *workers)
{
    struct picture picture;
    struct error err;
    const char *warning = NULL;
    int status = selftest_take(workers, &picture, NULL, &err);
    if (status == 0)
        warning = strlist_get(&picture.facts, "warning");
    if (status)
        findings_add(findings, FINDING_FAIL, "picture", "%s", err.text);
    else
        findings_add(findings, FINDING_PASS, "picture", "%s by %s%s%s", fact(&picture, "geometry"),
                     fact(&picture, "backend"), warning ? ", but " : "", warning ? warning : "");
    picture_deinit(&picture);
}

/* Tries each backend. One that this machine does not have is no failure; try_picture reports when none works. */
static void try_backends(struct findings *findings, struct worker_pool *workers)
{
    char names[128], title[64];
    snprintf(names, sizeof names, "%s", worker_pool_backend_names());
    for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
        struct picture picture;
        struct error err;
        if (strcmp(name, "pattern") == 0) /* shows no screen */
            continue;
        snprintf(title, sizeof title, "backend-%.40s", name);
        int status = selftest_take(workers, &picture, name, &err);
        findings_add(findings, status ? FINDING_SKIP : FINDING_PASS, title, "%s",
                     status ? err.text : fact(&picture, "geometry"));
        picture_deinit(&picture);
    }
}

/* ---- a window that is known ---- */

/* Draws the pixels of the window in pure colours, which screens of few colours have too. No two neighbours are
   alike. */
static void selftest_draw(uint8_t pixels[WINDOW_WIDTH * WINDOW_HEIGHT * PIXEL])
{
    for (unsigned y = 0; y < WINDOW_HEIGHT; y++)
        for (unsigned x = 0; x < WINDOW_WIDTH; x++)
            for (unsigned i = 0; i < PIXEL; i++)
                pixels[(y * WINDOW_WIDTH + x) * PIXEL + i] = (x + 3 * y) >> i & 1 ? 255 : 0;
}

/* Counts the pixels that differ from those drawn. Where the picture does not contain the window, all of them count. */
static unsigned count_wrong(const struct picture *picture, const uint8_t *pixels)
{
    unsigned wrong = 0;
    int left = WINDOW_X - picture->x, top = WINDOW_Y - picture->y;
    if (left < 0 || top < 0 || (unsigned)left + WINDOW_WIDTH > picture->width ||
        (unsigned)top + WINDOW_HEIGHT > picture->height)
        return WINDOW_WIDTH * WINDOW_HEIGHT;
    for (unsigned y = 0; y < WINDOW_HEIGHT; y++) {
        const uint8_t *row = picture->pixels + ((size_t)(top + (int)y) * picture->width + (unsigned)left) * PIXEL;
        for (unsigned x = 0; x < WINDOW_WIDTH; x++)
            wrong += memcmp(row + (size_t)x * PIXEL, pixels + ((size_t)y * WINDOW_WIDTH + x) * PIXEL, PIXEL) != 0;
    }
    return wrong;
}

/* Waits until the window is in the picture, at most SHOWN_MS. */
static int wait_until_shown(struct worker_pool *workers, const uint8_t *pixels, struct error *err)
{
    unsigned wrong;
    int64_t deadline = os_deadline(SHOWN_MS);
    for (;;) {
        struct picture picture;
        int status = selftest_take(workers, &picture, NULL, err);
        wrong = status ? 0 : count_wrong(&picture, pixels);
        picture_deinit(&picture);
        if (status || wrong == 0)
            return status;
        if (os_time_left(deadline) == 0)
            break;
        os_sleep_ms(POLL_MS);
    }
    return error_set(err, ERR_INVALID, "of the %d pixels of a window that was shown, %u differ in the picture",
                     WINDOW_WIDTH * WINDOW_HEIGHT, wrong);
}

static void try_window(struct findings *findings, struct worker_pool *workers)
{
    static uint8_t pixels[WINDOW_WIDTH * WINDOW_HEIGHT * PIXEL];
    struct os_test_window *window;
    struct error err;
    selftest_draw(pixels);
    int status = os_test_window_open(&window, WINDOW_X, WINDOW_Y, WINDOW_WIDTH, WINDOW_HEIGHT, pixels, &err);
    if (status == ERR_UNAVAILABLE) {
        findings_add(findings, FINDING_SKIP, "window", "%s", err.text);
        return;
    }
    if (status == 0)
        status = wait_until_shown(workers, pixels, &err);
    os_test_window_close(window);
    findings_add(findings, status ? FINDING_FAIL : FINDING_PASS, "window", "%s",
                 status ? err.text : "a window that was shown for a moment is in the picture, pixel for pixel");
}

/* ---- the worker ---- */

static void try_worker(struct findings *findings)
{
    char byte;
    struct os_worker *worker;
    struct error err;
    int status = os_worker_start(&worker, WORKER_ARGUMENT, &err);
    if (status) {
        findings_add(findings, FINDING_FAIL, "worker", "%s", err.text);
        return;
    }
    status = os_worker_read(worker, &byte, 1, os_deadline(UNASKED_MS), &err);
    os_worker_stop(worker);
    if (status == ERR_TIMEOUT)
        findings_add(findings, FINDING_PASS, "worker", "one that does not answer is given up at its deadline");
    else
        findings_add(findings, FINDING_FAIL, "worker", "without a request it %s%s",
                     status < 0 ? "fails: "
                     : status   ? "answers"
                                : "ends",
                     status < 0 ? err.text : "");
}

static void try_lists(struct findings *findings, struct worker_pool *workers)
{
    struct strlist lines = {0};
    struct error err;
    int status = worker_pool_lines(workers, "windows", NULL, PICTURE_MS, &lines, &err);
    findings_add(findings,
                 status == ERR_UNAVAILABLE ? FINDING_SKIP
                 : status                  ? FINDING_FAIL
                                           : FINDING_PASS,
                 "windows", "%zu%s%s", lines.count, status ? ": " : " are on the screen", status ? err.text : "");
    strlist_deinit(&lines);
}

void selftest_screen(struct findings *findings, struct worker_pool *workers)
{
    try_worker(findings);
    try_picture(findings, workers);
    try_backends(findings, workers);
    try_window(findings, workers);
    try_lists(findings, workers);
}
