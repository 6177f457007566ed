/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/gpu/gpus.h"
#include "agent/events.h"
#include "agent/log.h"
#include "agent/window.h"
#include "capture/card_class.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE_RESET_MS 1000 /* what is told of a card within that time is one reset */
#define REFRESH_MS 1000   /* how often an unknown address makes the list be read again */
#define MISSING_SIZE 320

enum gpu_state { GPU_OK, GPU_RESET, GPU_FAULT, GPU_HUNG, GPU_LOST };
static const char *const state_names[] = {
    [GPU_OK] = "ok", [GPU_RESET] = "reset", [GPU_FAULT] = "fault", [GPU_HUNG] = "hung", [GPU_LOST] = "lost"};

static const char *const report_names[] = {
#define X(symbol, name) [symbol] = name,
    OS_GPU_REPORTS(X)
#undef X
};

struct card {
    char pci[OS_GPU_PCI_SIZE], driver[OS_GPU_DRIVER_SIZE];
    enum gpu_state state;
    unsigned resets;
    int64_t reset_ms; /* when the last one was told; wall time */
    struct window window;
    char event[EVENT_TEXT_SIZE];
};

static struct {
    struct os_mutex *lock; /* guards what follows */
    const struct strlist *classes;
    struct card cards[OS_GPUS_MAX]; /* all that were ever seen */
    size_t count;
    int64_t refreshed_ms;
    struct window others; /* of reports about no card */
    char missing[MISSING_SIZE];
} gpus;

/* ---- which card ---- */

static struct card *find_card(const char *pci)
{
    for (size_t i = 0; i < gpus.count && *pci; i++)
        if (strncmp(gpus.cards[i].pci, pci, strlen(pci)) == 0)
            return &gpus.cards[i];
    return NULL;
}

/* Finds the only card with that driver; the only one that there is, if none is named. */
static struct card *find_by_driver(const char *driver)
{
    struct card *found = NULL;
    for (size_t i = 0; i < gpus.count; i++)
        if (!*driver || strcmp(gpus.cards[i].driver, driver) == 0) {
            if (found)
                return NULL;
            found = &gpus.cards[i];
        }
    return found;
}

/* Adds the cards that were not seen before. The lock is held. */
static void keep_cards(const struct os_gpu *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct card *card = find_card(list[i].pci);
        if (!card && gpus.count < OS_GPUS_MAX)
            card = &gpus.cards[gpus.count++];
        if (!card)
            continue;
        memcpy(card->pci, list[i].pci, sizeof card->pci);
        if (*list[i].driver)
            memcpy(card->driver, list[i].driver, sizeof card->driver);
    }
}

static void refresh_cards(void)
{
    struct os_gpu *list = calloc(OS_GPUS_MAX, sizeof *list);
    if (!list)
        return;
    int count = os_gpu_list(list, NULL);
    os_mutex_lock(gpus.lock);
    if (count > 0)
        keep_cards(list, (size_t)count);
    os_mutex_unlock(gpus.lock);
    free(list);
}

/* Returns whether the cards may be others than when they were last listed, and that is due to be looked at. */
static bool is_refresh_due(const struct os_gpu_report *report)
{
    os_mutex_lock(gpus.lock);
    bool due = *report->pci && !find_card(report->pci) && os_clock_ms() - gpus.refreshed_ms >= REFRESH_MS;
    if (due)
        gpus.refreshed_ms = os_clock_ms();
    os_mutex_unlock(gpus.lock);
    return due;
}

/* ---- what it means ---- */

static void count_reset(struct card *card, int64_t time_ms)
{
    int64_t since = time_ms - card->reset_ms;
    if (card->resets == 0 || since >= ONE_RESET_MS || since < 0)
        card->resets++;
    card->reset_ms = time_ms;
}

static enum gpu_state next_state(struct card *card, const struct os_gpu_report *report)
{
    if (card->state == GPU_LOST)
        return GPU_LOST;
    switch (report->kind) {
    case OS_GPU_FAULT:
        return GPU_FAULT;
    case OS_GPU_HANG:
    case OS_GPU_RESET_FAILED:
        return GPU_HUNG;
    case OS_GPU_HANG_ENDED:
        count_reset(card, report->time_ms);
        return card->state == GPU_FAULT ? GPU_FAULT : GPU_RESET;
    case OS_GPU_RESET:
        count_reset(card, report->time_ms);
        return GPU_RESET;
    case OS_GPU_LOST:
        return GPU_LOST;
    default:
        return card->state;
    }
}

static void describe_report(const struct os_gpu_report *report, const char *pci, char text[EVENT_TEXT_SIZE])
{
    char who[80] = "";
    if (report->pid)
        snprintf(who, sizeof who, " pid=%llu name=\"%s\"", (unsigned long long)report->pid, report->process);
    snprintf(text, EVENT_TEXT_SIZE, "%s %s%s: %.110s",
             *pci              ? pci
             : *report->driver ? report->driver
                               : "?",
             report_names[report->kind], who, report->text);
}

static void add_event(const struct os_gpu_report *report, const char *kind, const char *text, unsigned more)
{
    if (more)
        events_add_at(report->time_ms, kind, "%s (%u more before it)", text, more);
    else
        events_add_at(report->time_ms, kind, "%s", text);
    log_line("%s: %s", kind, text);
}

static void take_other(const struct os_gpu_report *report)
{
    unsigned more;
    char text[EVENT_TEXT_SIZE];
    bool of_card = report->kind != OS_GPU_KERNEL && report->kind != OS_GPU_DISPLAY;
    if (of_card)
        describe_report(report, "", text);
    else
        snprintf(text, sizeof text, "%s", report->text);
    if (window_take(&gpus.others, false, &more))
        add_event(report,
                  report->kind == OS_GPU_KERNEL    ? "kernel"
                  : report->kind == OS_GPU_DISPLAY ? "display"
                                                   : "gpu",
                  text, more);
}

static void take_of_card(struct card *card, const struct os_gpu_report *report)
{
    unsigned more;
    char text[EVENT_TEXT_SIZE];
    enum gpu_state before = card->state;
    card->state = next_state(card, report);
    describe_report(report, card->pci, text);
    if (!window_take(&card->window, card->state != before, &more))
        return;
    memcpy(card->event, text, sizeof card->event);
    add_event(report, "gpu", text, more);
}

void gpus_take(const struct os_gpu_report *report)
{
    if (is_refresh_due(report))
        refresh_cards();
    os_mutex_lock(gpus.lock);
    struct card *card = *report->pci ? find_card(report->pci) : find_by_driver(report->driver);
    if (report->kind == OS_GPU_KERNEL || report->kind == OS_GPU_DISPLAY)
        take_other(report);
    else if (card)
        take_of_card(card, report);
    else if (!*report->pci)
        take_other(report);
    os_mutex_unlock(gpus.lock);
}

/* ---- properties ---- */

static void add_ids(struct strlist *facts, size_t n, const struct os_gpu *gpu)
{
    strlist_addf(facts, "gpu.%zu.ids=%04x:%04x", n, gpu->vendor, gpu->device);
    if (gpu->subvendor)
        strlist_addf(facts, "gpu.%zu.subsystem=%04x:%04x", n, gpu->subvendor, gpu->subdevice);
    strlist_addf(facts, "gpu.%zu.type=%s", n,
                 gpu->pci_class >> 8 == 0x0300   ? "VGA controller"
                 : gpu->pci_class >> 8 == 0x0302 ? "3D controller"
                                                 : "display controller");
}

static void add_text(struct strlist *facts, size_t n, const char *key, const char *value)
{
    if (*value)
        strlist_addf(facts, "gpu.%zu.%s=%s", n, key, value);
}

static void add_class(struct strlist *facts, size_t n, const struct os_gpu *gpu)
{
    struct card_identity identity = {.vendor = gpu->vendor, .device = gpu->device};
    snprintf(identity.driver, sizeof identity.driver, "%s",
             strcmp(gpu->driver, "virtio-pci") == 0 ? "virtio_gpu" : gpu->driver);
    if (gpu->vendor)
        strlist_addf(facts, "gpu.%zu.class=%s", n, card_class_name(card_class_find(&identity, gpus.classes)));
}

/* Adds what is kept of a card, or that nothing was ever told. */
static void add_state(struct strlist *facts, size_t n, const struct os_gpu *gpu, const struct card *card)
{
    const char *state = state_names[card->state];
    if (card->state != GPU_LOST && !*gpu->driver)
        state = "no driver";
    else if (card->state < GPU_FAULT && *gpu->problem)
        state = "fault";
    strlist_addf(facts, "gpu.%zu.state=%s", n, state);
    add_text(facts, n, "problem", gpu->problem);
    strlist_addf(facts, "gpu.%zu.resets=%u", n, card->resets);
    add_text(facts, n, "event", card->event);
}

static void add_gpu(struct strlist *facts, size_t n, const struct os_gpu *gpu)
{
    static const struct card unknown = {.state = GPU_OK};
    const struct card *card = find_card(gpu->pci);
    add_text(facts, n, "name", gpu->name);
    add_text(facts, n, "pci", gpu->pci);
    add_ids(facts, n, gpu);
    add_text(facts, n, "uuid", gpu->uuid);
    add_text(facts, n, "driver", gpu->driver);
    add_text(facts, n, "version", gpu->version);
    add_class(facts, n, gpu);
    add_state(facts, n, gpu, card ? card : &unknown);
    if (gpu->has_display)
        strlist_addf(facts, "gpu.%zu.display=yes", n);
    else
        strlist_addf(facts, "gpu.%zu.display=no: %s", n, gpu->no_display);
}

/* Adds a card that was there, and is not any more. */
static void add_gone(struct strlist *facts, size_t n, const struct card *card)
{
    add_text(facts, n, "pci", card->pci);
    add_text(facts, n, "driver", card->driver);
    strlist_addf(facts, "gpu.%zu.state=lost", n);
    strlist_addf(facts, "gpu.%zu.resets=%u", n, card->resets);
    add_text(facts, n, "event", card->event);
    strlist_addf(facts, "gpu.%zu.display=no: it is no longer on its bus", n);
}

static bool is_listed(const struct os_gpu *list, size_t count, const char *pci)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].pci, pci) == 0)
            return true;
    return false;
}

/* Adds the cards of the list, then those that are gone. The lock is held. */
static void add_gpus(struct strlist *facts, const struct os_gpu *list, size_t count)
{
    size_t n = 0;
    for (; n < count; n++)
        add_gpu(facts, n, &list[n]);
    for (size_t i = 0; i < gpus.count; i++)
        if (!is_listed(list, count, gpus.cards[i].pci))
            add_gone(facts, n++, &gpus.cards[i]);
    strlist_addf(facts, "gpu.count=%zu", n);
}

void gpus_add_properties(struct strlist *facts)
{
    struct error err;
    struct os_gpu *list = calloc(OS_GPUS_MAX, sizeof *list);
    if (!list) {
        facts->failed = true;
        return;
    }
    int count = os_gpu_list(list, &err);
    os_mutex_lock(gpus.lock);
    if (count >= 0) {
        keep_cards(list, (size_t)count);
        add_gpus(facts, list, (size_t)count);
    }
    if (count < 0 || *gpus.missing)
        strlist_addf(facts, "gpu.error=%s", count < 0 ? err.text : gpus.missing);
    os_mutex_unlock(gpus.lock);
    free(list);
}

/* ---- start ---- */

static void gpus_miss(const char *why)
{
    os_mutex_lock(gpus.lock);
    size_t len = strlen(gpus.missing);
    snprintf(gpus.missing + len, sizeof gpus.missing - len, "%s%s", len ? "; " : "", why);
    os_mutex_unlock(gpus.lock);
}

/* Returns the folder that the service manager made for the agent alone, or else the one that it works in. */
static const char *dump_folder(void)
{
    const char *folder = getenv("LOGS_DIRECTORY");
    return folder && *folder && strlen(folder) < GPU_DUMP_PATH_SIZE / 2 ? folder : ".";
}

bool gpus_dump_path(const char *name, char path[GPU_DUMP_PATH_SIZE])
{
    static const char head[] = "gpu-dump-";
    size_t len = strlen(name);
    if (strncmp(name, head, sizeof head - 1) != 0 || len > 64 || len < sizeof head + 2 ||
        strcmp(name + len - 3, ".gz") != 0 || name[strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz:.-")])
        return false;
    snprintf(path, GPU_DUMP_PATH_SIZE, "%s/%s", dump_folder(), name);
    return true;
}

void gpus_start(const struct strlist *card_classes)
{
    static struct os_gpu_watcher watcher = {.tell = gpus_take, .missing = gpus_miss};
    struct error err;
    gpus.lock = os_mutex_new();
    gpus.classes = card_classes;
    gpus.refreshed_ms = os_clock_ms();
    watcher.folder = dump_folder();
    refresh_cards();
    if (os_gpu_watch(&watcher, &err))
        gpus_miss(err.text);
}
