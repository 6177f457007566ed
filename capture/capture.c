/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/capture.h"

#include "base/number.h"
#include "base/timestamp.h"
#include "capture/candidates.h"
#include "capture/compare.h"
#include "picture/crc.h"
#include "picture/hash.h"
#include "picture/pixels.h"
#include "picture/png.h"
#include "picture/ppm.h"
#include "platform/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    const struct capture_backend *backend; /* borrowed */
    struct capture *capture;               /* owned; NULL while not open */
};

/* X(symbol, what capturer_describe_hang says of it, whether it is the backend's work) */
#define STAGES(X)                                                                                                      \
    X(STAGE_IDLE, "no work is under way", false)                                                                       \
    X(STAGE_CHOOSE, "looking for what is shown", false)                                                                \
    X(STAGE_OPEN, "opening the source", true)                                                                          \
    X(STAGE_GRAB, "waiting for the picture", true)                                                                     \
    X(STAGE_LIST, "waiting for the list", true)                                                                        \
    X(STAGE_CRCS, "waiting for the hardware's CRC", true)                                                              \
    X(STAGE_CLOSE, "closing the source", true)                                                                         \
    X(STAGE_HASH, "computing the picture's hash", false)                                                               \
    X(STAGE_ENCODE, "writing the picture's file", false)
#define X(symbol, doing, of_backend) symbol,
enum stage { STAGES(X) };
#undef X

struct capturer {
    struct slot *slots; /* owned */
    size_t slot_count;
    capture_chooser *choose; /* or NULL */
    struct capture_candidates candidates;
    /* For capturer_describe_hang, from another thread. */
    _Atomic(const struct capture_backend *) current; /* borrowed */
    _Atomic(enum stage) stage;
};

/* What is to be done with a backend once it is open. */
struct task {
    enum capture_result (*run)(struct slot *slot, const struct capture_options *options, void *context,
                               struct error *err);
    void *context; /* borrowed */
    enum stage stage;
};

int capturer_new(struct capturer **out, const struct capture_backend *const *backends, capture_chooser *choose,
                 struct error *err)
{
    struct capturer *capturer = calloc(1, sizeof *capturer);
    size_t count = 0;
    while (backends[count])
        count++;
    if (capturer)
        capturer->slots = calloc(count ? count : 1, sizeof *capturer->slots);
    *out = NULL;
    if (!capturer || !capturer->slots) {
        capturer_free(capturer);
        return error_set(err, ERR_NO_MEMORY, "no memory for %zu capture backends", count);
    }
    capturer->slot_count = count;
    capturer->choose = choose;
    for (size_t i = 0; i < count; i++)
        capturer->slots[i].backend = backends[i];
    *out = capturer;
    return 0;
}

static void enter(struct capturer *capturer, enum stage stage, const struct capture_backend *backend)
{
    atomic_store(&capturer->current, backend);
    atomic_store(&capturer->stage, stage);
}

static void close_slot(struct capturer *capturer, struct slot *slot)
{
    enter(capturer, STAGE_CLOSE, slot->backend);
    slot->backend->close(slot->capture);
    slot->capture = NULL;
}

void capturer_free(struct capturer *capturer)
{
    if (!capturer)
        return;
    for (size_t i = 0; i < capturer->slot_count; i++)
        close_slot(capturer, &capturer->slots[i]);
    candidates_clear(&capturer->candidates);
    free(capturer->slots);
    free(capturer);
}

void capturer_describe_hang(struct capturer *capturer, char *text, size_t size)
{
#define X(symbol, doing, of_backend) {doing, of_backend},
    static const struct {
        const char *doing;
        bool of_backend;
    } stages[] = {STAGES(X)};
#undef X
    enum stage stage = atomic_load(&capturer->stage);
    const struct capture_backend *backend = atomic_load(&capturer->current);
    char more[512] = "";
    if (!backend || !stages[stage].of_backend) {
        snprintf(text, size, "%s", stages[stage].doing);
        return;
    }
    if (backend->describe_hang)
        backend->describe_hang(more, sizeof more);
    snprintf(text, size, "%s: %s%s%s", backend->name, stages[stage].doing, *more ? ": " : "", more);
}

/* ---- choosing a backend ---- */

/* Opens the slot where needed and uses it; once more when what it had open turns out to be lost. */
static int use_slot(struct capturer *capturer, struct slot *slot, const struct capture_options *options,
                    const struct task *task, struct error *err)
{
    for (int attempt = 1;; attempt++) {
        if (!slot->capture) {
            enter(capturer, STAGE_OPEN, slot->backend);
            int status = slot->backend->open(&slot->capture, options, err);
            if (status < 0)
                return status;
        }
        enter(capturer, task->stage, slot->backend);
        enum capture_result result = task->run(slot, options, task->context, err);
        if (result == CAPTURE_OK)
            return 0;
        if (result == CAPTURE_FAILED)
            return err->status < 0 ? err->status : error_set(err, ERR_SYSTEM, "it failed and gave no reason");
        close_slot(capturer, slot);
        if (attempt == 2) {
            struct error lost = *err;
            return error_set(err, ERR_UNAVAILABLE, "lost again after it was opened anew: %s", lost.text);
        }
    }
}

/* Whether another backend may do better. */
static bool may_try_next(int status)
{
    return status != ERR_INVALID && status != ERR_NO_MEMORY && status != ERR_LIMIT && status != ERR_TIMEOUT;
}

static bool is_wanted(const struct capture_backend *backend, const char *name)
{
    return name ? strcmp(backend->name, name) == 0 : !backend->only_by_name;
}

static int say_refused(const struct capturer *capturer, const char *name, const struct strlist *refused, int status,
                       struct error *err)
{
    struct buffer text;
    buffer_init(&text, ERROR_LIST_MAX);
    for (size_t i = 0; i < refused->count; i++)
        buffer_printf(&text, "%s%s", i > 0 ? "; " : "", refused->items[i]);
    if (refused->count == 0) {
        status = name ? ERR_INVALID : ERR_UNAVAILABLE;
        if (name)
            buffer_printf(&text, "there is no capture backend '%s' among:", name);
        else
            buffer_printf(&text, "no capture backend can be chosen, one must be named:");
        for (size_t i = 0; i < capturer->slot_count; i++)
            buffer_printf(&text, " %s", capturer->slots[i].backend->name);
    }
    error_set(err, status, "%s", text.data ? (const char *)text.data : "no memory for the reasons");
    buffer_deinit(&text);
    return status;
}

/* ---- candidates ---- */

static void find_candidates(struct capturer *capturer, const struct capture_options *options)
{
    enter(capturer, STAGE_CHOOSE, NULL);
    candidates_clear(&capturer->candidates);
    if (capturer->choose && !options->backend)
        capturer->choose(options, &capturer->candidates);
    for (size_t i = 0; i < capturer->slot_count; i++)
        if (is_wanted(capturer->slots[i].backend, options->backend))
            candidates_complete(&capturer->candidates, capturer->slots[i].backend->name);
}

static struct slot *find_slot(struct capturer *capturer, const char *backend)
{
    for (size_t i = 0; i < capturer->slot_count; i++)
        if (strcmp(capturer->slots[i].backend->name, backend) == 0)
            return &capturer->slots[i];
    return NULL;
}

static int try_candidate(struct capturer *capturer, const struct capture_candidate *candidate,
                         const struct capture_options *options, const struct task *task, struct error *err)
{
    struct capture_options own = *options;
    struct slot *slot = find_slot(capturer, candidate->backend);
    own.source = *candidate->source ? candidate->source : NULL;
    return slot ? use_slot(capturer, slot, &own, task, err)
                : error_set(err, ERR_UNAVAILABLE, "this agent was built without it");
}

/* Does the task with the first candidate that can, *taken; the reasons of those before it go into `refused`. */
static int do_task(struct capturer *capturer, const struct capture_options *options, const struct task *task,
                   const struct capture_candidate **taken, struct strlist *refused, struct error *err)
{
    struct error reason = {0};
    find_candidates(capturer, options);
    for (size_t i = 0; i < capturer->candidates.count && may_try_next(reason.status); i++) {
        const struct capture_candidate *candidate = &capturer->candidates.items[i];
        reason.status = try_candidate(capturer, candidate, options, task, &reason);
        *taken = candidate;
        if (reason.status == 0)
            return 0;
        strlist_addf(refused, "%s: %s", candidate->backend, reason.text);
    }
    return say_refused(capturer, options->backend, refused, reason.status, err);
}

/* ---- a picture ---- */

struct grab {
    struct image_view image;
    struct strlist facts; /* owned */
};

static bool is_sound(const struct image_view *image)
{
    return image->pixels && image->width >= 1 && image->width <= CAPTURE_SIZE_MAX && image->height >= 1 &&
           image->height <= CAPTURE_SIZE_MAX && image->stride >= image->width * 3 && image->format == PIXEL_RGB24;
}

static enum capture_result run_grab(struct slot *slot, const struct capture_options *options, void *context,
                                    struct error *err)
{
    struct grab *grab = context;
    char time[TIMESTAMP_SIZE];
    strlist_deinit(&grab->facts); /* of a try that came to nothing */
    strlist_addf(&grab->facts, "backend=%s", slot->backend->name);
    timestamp_text(time, os_wall_time_ms());
    strlist_addf(&grab->facts, "time=%s", time);
    int64_t start_us = os_clock_us();
    enum capture_result result = slot->backend->grab(slot->capture, options, &grab->image, &grab->facts, err);
    strlist_addf(&grab->facts, "time-grab-us=%lld", (long long)(os_clock_us() - start_us));
    if (result != CAPTURE_OK || is_sound(&grab->image))
        return result;
    error_set(err, ERR_SYSTEM, "it gave an impossible picture of %ux%u pixels, %u bytes a row", grab->image.width,
              grab->image.height, grab->image.stride);
    return CAPTURE_FAILED;
}

/* A picture of one colour alone may be what this source is not shown: the next candidate then has a look, and its
   picture is taken if it shows more. */
static void look_twice(struct capturer *capturer, const struct capture_options *options, struct grab *grab,
                       const struct capture_candidate **taken, struct strlist *refused)
{
    const struct capture_candidate *next = *taken + 1;
    struct grab second = {0};
    struct task task = {run_grab, &second, STAGE_GRAB};
    struct error why = {0};
    uint32_t colour;
    if (next == capturer->candidates.items + capturer->candidates.count || !next->if_uniform)
        return;
    enter(capturer, STAGE_HASH, NULL);
    if (!pixels_are_uniform(&grab->image, &colour))
        return;
    if (try_candidate(capturer, next, options, &task, &why)) {
        strlist_addf(refused, "%s: %s", next->backend, why.text);
    } else if (pixels_are_uniform(&second.image, &colour)) {
        strlist_addf(refused, "%s: all its pixels have one colour too (#%06x)", next->backend, colour);
    } else {
        struct grab first = *grab;
        *grab = second;
        second = first;
        strlist_addf(refused, "%s: all its pixels have one colour", (*taken)->backend);
        *taken = next;
    }
    strlist_deinit(&second.facts);
}

static int grab_picture(struct capturer *capturer, const struct capture_options *options, struct grab *grab,
                        const struct capture_candidate **taken, struct strlist *refused, struct error *err)
{
    struct task task = {run_grab, grab, STAGE_GRAB};
    int status = do_task(capturer, options, &task, taken, refused, err);
    if (status == 0)
        look_twice(capturer, options, grab, taken, refused);
    return status;
}

static int encode(struct buffer *file, const struct grab *grab, enum picture_format format, struct error *err)
{
    static const char *const keywords[] = {"backend", "output", "time"};
    struct png_text texts[1 + sizeof keywords / sizeof *keywords] = {{"Software", "Periscope " PERISCOPE_VERSION}};
    size_t count = 1;
    if (format == PICTURE_PPM)
        return ppm_encode(file, &grab->image, err);
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        const char *text = strlist_get(&grab->facts, keywords[i]);
        if (text)
            texts[count++] = (struct png_text){keywords[i], text};
    }
    return png_encode(file, &grab->image, &(struct png_options){.texts = texts, .text_count = count}, err);
}

/* What the pixels alone tell; *unchanged when they are the ones the caller has. */
static void add_pixel_facts(struct strlist *facts, const struct image_view *image, const char *if_changed,
                            bool *unchanged)
{
    char hash[PICTURE_HASH_SIZE];
    uint32_t colour;
    picture_hash(hash, image);
    strlist_addf(facts, "hash=%s", hash);
    if (pixels_are_uniform(image, &colour))
        strlist_addf(facts, "warning=all pixels have one colour (#%06x)", colour);
    *unchanged = if_changed && strcmp(if_changed, hash) == 0;
    if (*unchanged)
        strlist_add(facts, "unchanged=1");
}

static int finish_picture(struct capturer *capturer, struct grab *grab, const struct picture_options *options,
                          struct buffer *file, struct error *err)
{
    bool unchanged;
    int64_t start_us = os_clock_us();
    enter(capturer, STAGE_HASH, NULL);
    add_pixel_facts(&grab->facts, &grab->image, options->if_changed, &unchanged);
    enter(capturer, STAGE_ENCODE, NULL);
    int status = unchanged ? 0 : encode(file, grab, options->format, err);
    strlist_addf(&grab->facts, "time-encode-us=%lld", (long long)(os_clock_us() - start_us));
    return status;
}

static void move_facts(struct strlist *to, const struct strlist *from, const char *prefix)
{
    for (size_t i = 0; i < from->count; i++)
        strlist_addf(to, "%s%s", prefix, from->items[i]);
    to->failed |= from->failed;
}

/* Takes the picture again from another backend: of the same output by its name, where there is one. The first picture is
   its backend's and stays valid. */
static bool compare_with(struct capturer *capturer, const struct capture_options *options, const struct grab *grab,
                         const struct capture_candidate *candidate, struct strlist *facts, struct buffer *reasons)
{
    struct grab other = {0};
    struct error why = {0};
    struct task task = {run_grab, &other, STAGE_GRAB};
    struct capture_options named = *options;
    const char *output = strlist_get(&grab->facts, "output");
    int status = ERR_NOT_FOUND;
    if (output && strcmp(output, "all") != 0 && !strchr(output, ' ')) {
        named.output = output;
        status = try_candidate(capturer, candidate, &named, &task, &why);
    }
    if (status == ERR_NOT_FOUND)
        status = try_candidate(capturer, candidate, options, &task, &why);
    if (status == 0)
        compare_add_facts(&grab->image, &other.image, candidate, facts);
    else
        buffer_printf(reasons, "%s%s: %s", reasons->len ? "; " : "", candidate->backend, why.text);
    strlist_deinit(&other.facts);
    return status == 0;
}

static void compare(struct capturer *capturer, const struct capture_options *options, struct grab *grab,
                    const struct capture_candidate *taken)
{
    struct buffer reasons;
    struct strlist facts = {0};
    bool done = false;
    buffer_init(&reasons, ERROR_LIST_MAX);
    for (int same = 1; same >= 0; same--)
        for (const struct capture_candidate *one = NULL;
             !done && (one = candidates_other(&capturer->candidates, taken, one, same == 1));)
            done = compare_with(capturer, options, grab, one, &facts, &reasons);
    if (!done)
        strlist_addf(&facts, "compare.refused=%s",
                     reasons.len ? (const char *)reasons.data : "there is no other backend to compare with");
    move_facts(&grab->facts, &facts, "");
    strlist_deinit(&facts);
    buffer_deinit(&reasons);
}

int capturer_take(struct capturer *capturer, const struct picture_options *options, struct strlist *facts,
                  struct buffer *file, struct error *err)
{
    struct grab grab = {0};
    struct strlist refused = {0};
    const struct capture_candidate *taken = NULL;
    int status = grab_picture(capturer, &options->capture, &grab, &taken, &refused, err);
    if (status == 0 && options->compare)
        compare(capturer, &options->capture, &grab, taken);
    if (status == 0)
        status = finish_picture(capturer, &grab, options, file, err);
    if (status == 0) {
        move_facts(facts, &grab.facts, "");
        move_facts(facts, &refused, "refused=");
        candidates_add_facts(&capturer->candidates, taken, facts);
        if (facts->failed)
            status = error_set(err, ERR_NO_MEMORY, "no memory for what is known of the picture");
    }
    enter(capturer, STAGE_IDLE, NULL);
    strlist_deinit(&grab.facts);
    strlist_deinit(&refused);
    return status;
}

/* ---- CRCs ---- */

static int add_software_crc(struct capturer *capturer, const struct capture_options *options,
                            const struct capture_candidate **taken, struct strlist *facts, struct error *err)
{
    struct grab grab = {0};
    struct strlist refused = {0};
    int status = grab_picture(capturer, options, &grab, taken, &refused, err);
    if (status == 0) {
        bool unchanged;
        const char *output = strlist_get(&grab.facts, "output");
        enter(capturer, STAGE_HASH, NULL);
        add_pixel_facts(&grab.facts, &grab.image, NULL, &unchanged);
        move_facts(facts, &grab.facts, "");
        move_facts(facts, &refused, "refused=");
        candidates_add_facts(&capturer->candidates, *taken, facts);
        strlist_addf(facts, "crc=software 0x%08x %s", picture_crc(&grab.image), output ? output : "");
    }
    strlist_deinit(&grab.facts);
    strlist_deinit(&refused);
    return status;
}

static enum capture_result run_crcs(struct slot *slot, const struct capture_options *options, void *context,
                                    struct error *err)
{
    struct strlist *facts = context;
    strlist_deinit(facts); /* of a try that came to nothing */
    int status = slot->backend->crcs(slot->capture, options, facts, err);
    if (status == 0)
        return CAPTURE_OK;
    return status == ERR_CLOSED ? CAPTURE_LOST : CAPTURE_FAILED;
}

/* Of the card that the picture is of, where one was chosen. */
static void add_hardware_crcs(struct capturer *capturer, const struct capture_options *options,
                              const struct capture_candidate *taken, struct strlist *facts)
{
    struct strlist found = {0};
    struct task task = {run_crcs, &found, STAGE_CRCS};
    for (size_t i = 0; i < capturer->slot_count; i++) {
        struct slot *slot = &capturer->slots[i];
        struct capture_candidate candidate = {.backend = slot->backend->name};
        struct error why = {0};
        if (!slot->backend->crcs || !is_wanted(slot->backend, options->backend))
            continue;
        if (taken && strcmp(taken->backend, candidate.backend) == 0)
            candidate = *taken;
        if (try_candidate(capturer, &candidate, options, &task, &why) == 0)
            move_facts(facts, &found, "");
        else
            strlist_addf(facts, "refused=hardware: %s: %s", slot->backend->name, why.text);
    }
    strlist_deinit(&found);
}

static int say_no_crc(const struct strlist *facts, int status, struct error *err)
{
    static const char prefix[] = "refused=";
    struct buffer text;
    buffer_init(&text, ERROR_LIST_MAX);
    for (size_t i = 0; i < facts->count; i++)
        if (strncmp(facts->items[i], prefix, sizeof prefix - 1) == 0)
            buffer_printf(&text, "%s%s", text.len ? "; " : "", facts->items[i] + sizeof prefix - 1);
    error_set(err, status, "%s", text.data ? (const char *)text.data : "no CRC can be had, and nothing tells why");
    buffer_deinit(&text);
    return status;
}

int capturer_crc(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                 struct error *err)
{
    struct error why = {0};
    const struct capture_candidate *taken = NULL;
    int status = add_software_crc(capturer, options, &taken, facts, &why);
    if (status < 0)
        strlist_addf(facts, "refused=software: %s", why.text);
    add_hardware_crcs(capturer, options, status == 0 ? taken : NULL, facts);
    enter(capturer, STAGE_IDLE, NULL);
    if (facts->failed)
        return error_set(err, ERR_NO_MEMORY, "no memory for what is known of the CRCs");
    if (strlist_get(facts, "crc"))
        return 0;
    return say_no_crc(facts, status, err);
}

/* ---- lists ---- */

struct listing {
    bool windows;         /* else displays */
    struct strlist lines; /* owned */
};

static enum capture_result run_list(struct slot *slot, const struct capture_options *options, void *context,
                                    struct error *err)
{
    struct listing *listing = context;
    strlist_deinit(&listing->lines); /* of a try that came to nothing */
    const struct capture_backend *backend = slot->backend;
    int status = listing->windows ? backend->windows(slot->capture, &listing->lines, err)
                                  : backend->displays(slot->capture, options, &listing->lines, err);
    if (status == 0)
        return CAPTURE_OK;
    return status == ERR_CLOSED ? CAPTURE_LOST : CAPTURE_FAILED;
}

static int list(struct capturer *capturer, const struct capture_options *options, bool windows, struct strlist *lines,
                struct error *err)
{
    struct listing listing = {.windows = windows};
    struct strlist refused = {0};
    struct task task = {run_list, &listing, STAGE_LIST};
    const struct capture_candidate *taken;
    int status = do_task(capturer, options, &task, &taken, &refused, err);
    if (status == 0) {
        move_facts(lines, &listing.lines, "");
        if (lines->failed)
            status = error_set(err, ERR_NO_MEMORY, "no memory for %zu lines", listing.lines.count);
    }
    enter(capturer, STAGE_IDLE, NULL);
    strlist_deinit(&listing.lines);
    strlist_deinit(&refused);
    return status;
}

int capturer_displays(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                      struct error *err)
{
    return list(capturer, options, false, facts, err);
}

int capturer_windows(struct capturer *capturer, const struct capture_options *options, struct strlist *lines,
                     struct error *err)
{
    return list(capturer, options, true, lines, err);
}

/* "display.N.KEY=VALUE" with another N, behind `first` displays that are there already. */
static void add_display(const char *line, size_t first, struct strlist *facts, size_t *count)
{
    static const char prefix[] = "display.";
    uint64_t number;
    const char *rest = line + sizeof prefix - 1;
    if (strncmp(line, prefix, sizeof prefix - 1) != 0 || !number_take(&rest, UINT32_MAX, &number))
        return;
    strlist_addf(facts, "%s%zu%s", prefix, first + (size_t)number, rest);
    if (first + number >= *count)
        *count = first + (size_t)number + 1;
}

int capturer_all_displays(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                          struct error *err)
{
    struct listing listing = {0};
    struct task task = {run_list, &listing, STAGE_LIST};
    size_t count = 0;
    for (size_t i = 0; i < capturer->slot_count; i++) {
        struct slot *slot = &capturer->slots[i];
        struct error why = {0};
        size_t first = count;
        if (!is_wanted(slot->backend, options->backend))
            continue;
        if (use_slot(capturer, slot, options, &task, &why) < 0) {
            strlist_addf(facts, "refused=%s: %s", slot->backend->name, why.text);
            continue;
        }
        for (size_t j = 0; j < listing.lines.count; j++)
            add_display(listing.lines.items[j], first, facts, &count);
    }
    strlist_addf(facts, "display.count=%zu", count);
    enter(capturer, STAGE_IDLE, NULL);
    strlist_deinit(&listing.lines);
    return facts->failed ? error_set(err, ERR_NO_MEMORY, "no memory for a list of displays") : 0;
}
