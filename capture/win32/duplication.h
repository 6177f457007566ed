/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One capture by desktop duplication, an interface that is made for a stream of updates: which calls to make, what to
   do about each HRESULT, and when to give up. The calls are behind a table, so that this file needs no header of
   Windows. */
#ifndef CAPTURE_WIN32_DUPLICATION_H
#define CAPTURE_WIN32_DUPLICATION_H

#include "capture/capture.h"
#include "picture/cursor.h"
#include "capture/win32/duplication_surface.h"

#define DUPLICATION_OUTPUTS_MAX 16
#define DUPLICATION_NAME_SIZE 128
#define DUPLICATION_WAIT_MS 100      /* timeout of AcquireNextFrame */
#define DUPLICATION_DEADLINE_MS 1500 /* of one capture */
#define DUPLICATION_RESTARTS_MAX 3   /* within DUPLICATION_RESTARTS_MS, over all captures */
#define DUPLICATION_RESTARTS_MS 10000
#define DUPLICATION_DENIED_MAX 2         /* retries after a denial, in one capture */
#define DUPLICATION_DENIED_MS 200        /* pause before each of them */
#define DUPLICATION_SHAPE_MAX (1u << 20) /* bytes of a pointer's shape */

struct duplication_output {
    char name[DUPLICATION_NAME_SIZE];    /* "DISPLAY1" */
    char adapter[DUPLICATION_NAME_SIZE]; /* its description and its PCI ids */
    struct rect area;                    /* on the desktop */
};

struct duplication_outputs {
    struct duplication_output items[DUPLICATION_OUTPUTS_MAX];
    size_t count;
};

struct duplication_frame {
    bool presented;       /* else only the pointer was updated, and the frame has no image */
    bool masked;          /* protected content was masked out */
    bool pointer_updated; /* what follows is new */
    bool pointer_visible;
    int32_t pointer_x, pointer_y; /* of its upper left corner, on the output */
    bool shape_updated;           /* there is a new shape to get */
};

struct duplication_pointer {
    struct cursor_shape shape;
    int32_t hot_x, hot_y; /* the place in it that points */
};

/* All return an HRESULT. What a call returned stays valid until the next call of the same name for the same output. */
struct duplication_calls {
    uint32_t (*enter_desktop)(void *context); /* switches this thread to the input desktop */
    /* All outputs of all adapters that are attached to the desktop. */
    uint32_t (*enumerate_outputs)(void *context, struct duplication_outputs *outputs);
    uint32_t (*duplicate_output)(void *context, size_t output, enum duplication_rotation *rotation);
    uint32_t (*acquire_frame)(void *context, size_t output, unsigned timeout_ms, struct duplication_frame *frame);
    uint32_t (*pointer_shape)(void *context, size_t output, struct duplication_pointer *pointer);
    uint32_t (*map_frame)(void *context, size_t output, struct duplication_surface *surface); /* by a staging texture */
    uint32_t (*release_frame)(void *context, size_t output);
    /* Why the device of an output is gone; a success when it is not, or there is none. */
    uint32_t (*removed_reason)(void *context, size_t output);
    void (*reset)(void *context);      /* releases everything: outputs, devices, duplications */
    bool (*is_current)(void *context); /* whether the outputs have not changed since they were enumerated */
    int64_t (*now_ms)(void *context);
    void (*sleep_ms)(void *context, unsigned time_ms);
};

/* Kept from one capture to the next; starts zeroed. */
struct duplication_state {
    uint32_t disabled_code;     /* 0, or why duplication is not tried again: at all, or for the outputs below */
    char disabled_call[32];     /* which call returned the code */
    uint32_t disabled_outputs;  /* bit N: output N, as long as the displays are the same */
    uint64_t disabled_displays; /* `displays` of the request at that time */
    int64_t restarts_since_ms;
    unsigned restarts;
};

struct duplication_request {
    const char *output; /* NULL: the whole desktop */
    struct rect area;   /* of the desktop, of a size that image_check_size() allows */
    bool cursor;        /* draw it; else the facts of capture/pointer.h are added, where it is known */
    bool shape;         /* with its pixels */
    bool is_system;     /* this process may open every desktop */
    int timeout_ms;     /* the caller's, used when it is less than DUPLICATION_DEADLINE_MS */
    size_t monitors;    /* that show the desktop: with fewer outputs the picture would have holes */
    uint64_t displays;  /* changes whenever the displays change */
};

/* Captures the area into `rgb`, rows of area.width * 3 bytes, which is zeroed first. Returns ERR_UNAVAILABLE or
   ERR_DENIED with the call, the code and its meaning. Facts: method, cursor, dxgi.output, dxgi.restarts, dxgi.removed,
   warning. */
int duplication_capture(const struct duplication_calls *calls, void *context, struct duplication_state *state,
                        const struct duplication_request *request, uint8_t *rgb, struct strlist *facts,
                        struct error *err);

#endif
