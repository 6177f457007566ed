/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's graphics cards on the PCI bus, and what the system tells about them. No driver is called: a card that hangs may
   never answer. */
#ifndef PLATFORM_GPU_H
#define PLATFORM_GPU_H

#include "base/error.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OS_GPUS_MAX 16
#define OS_GPU_PCI_SIZE 16
#define OS_GPU_DRIVER_SIZE 32

struct os_gpu {
    char pci[OS_GPU_PCI_SIZE];       /* "0000:00:06.0" */
    char name[96];                   /* "" when unknown, like all texts here */
    char driver[OS_GPU_DRIVER_SIZE]; /* "": it has none */
    char version[64];                /* of the driver; in-tree drivers have the kernel's */
    char uuid[48];
    uint16_t vendor, device, subvendor, subdevice;
    uint32_t pci_class; /* 0x030000 VGA, 0x030200 3D controller */
    bool has_display;
    char no_display[96]; /* else why not */
    char problem[64];    /* why the system does not use it: "Code 43"; Windows only */
};

/* Lists the cards that are there, in the order of their addresses, and returns how many; or a negative status when it could
   not look at all of them. */
int os_gpu_list(struct os_gpu gpus[OS_GPUS_MAX], struct error *err);
/* Adds "gpu=ADDRESS DRIVER" for each of them, with "-" for one that no driver is bound to. On Linux alone. */
void os_gpu_list_drivers(struct strlist *lines);

/* X(symbol, name in events) */
#define OS_GPU_REPORTS(X)                                                                                              \
    X(OS_GPU_NOTE, "note")                   /* worth a line, no fault */                                              \
    X(OS_GPU_PROGRAM_FAULT, "program-fault") /* a program's own; the card goes on */                                   \
    X(OS_GPU_CULPRIT, "culprit")             /* names the program of the report before it */                           \
    X(OS_GPU_FAULT, "fault")                 /* the card's */                                                          \
    X(OS_GPU_HANG, "hang")                   /* it does not go on, or not before a reset is told */                    \
    X(OS_GPU_HANG_ENDED, "hang-ended")       /* it did not go on, and its driver has reset it, or a part of it */      \
    X(OS_GPU_RESET, "reset")                 /* it works again */                                                      \
    X(OS_GPU_RESET_FAILED, "reset-failed")   /* it does not */                                                         \
    X(OS_GPU_LOST, "lost")                   /* it is no longer on its bus */                                          \
    X(OS_GPU_DUMP, "dump")                   /* the driver's dump of its state was kept, or why not */                 \
    X(OS_GPU_DISPLAY, "display")             /* outputs were connected or removed */                                   \
    X(OS_GPU_KERNEL, "kernel")               /* of no card: what the system's kernel says of itself */

enum os_gpu_report_kind {
#define X(symbol, name) symbol,
    OS_GPU_REPORTS(X)
#undef X
};

struct os_gpu_report {
    enum os_gpu_report_kind kind;
    char pci[OS_GPU_PCI_SIZE];       /* without the function, "0000:00:06", where it was told so; "": unknown */
    char driver[OS_GPU_DRIVER_SIZE]; /* "": unknown */
    int64_t time_ms;                 /* wall time */
    uint64_t pid;                    /* of the program, as the system says; 0: it does not */
    char process[32];                /* its name, which the program may have chosen */
    char text[200];                  /* what was said */
};

/* Starts a thread that calls tell() for what the system has said since its boot, as far as it has kept it, and then for
   what it says. tell() must not block. folder: where the drivers' dumps are kept. missing() tells what can't be read, and
   why. Once, after os_process_watch(). */
struct os_gpu_watcher {
    void (*tell)(const struct os_gpu_report *report);
    void (*missing)(const char *why);
    const char *folder;
};
int os_gpu_watch(const struct os_gpu_watcher *watcher, struct error *err);

#endif
