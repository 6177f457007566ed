/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One picture by desktop duplication, which is made for a stream of updates: what to ask for, what to do about each
   answer, and when to give up. The calls themselves are behind a table, so that this knows no header of Windows. */
#ifndef CAPTURE_WIN32_DUPLICATION_H
#define CAPTURE_WIN32_DUPLICATION_H

#include "capture/capture.h"
#include "picture/cursor.h"
#include "capture/win32/duplication_surface.h"

#define DUPLICATION_OUTPUTS_MAX 16
#define DUPLICATION_NAME_SIZE 128
#define DUPLICATION_WAIT_MS 100       /* for one frame */
#define DUPLICATION_DEADLINE_MS 1500  /* for one picture */
#define DUPLICATION_RESTARTS_MAX 3    /* in DUPLICATION_RESTARTS_MS, whatever the number of pictures */
#define DUPLICATION_RESTARTS_MS 10000 /* ms */
#define DUPLICATION_DENIED_MAX 2      /* times that are waited for, in one picture */
#define DUPLICATION_DENIED_MS 200
#define DUPLICATION_SHAPE_MAX (1u << 20) /* bytes of a pointer's shape */

struct duplication_output {
    char name[DUPLICATION_NAME_SIZE];    /* "DISPLAY1" */
    char adapter[DUPLICATION_NAME_SIZE]; /* its description, and its PCI ids */
    struct rect area;                    /* on the desktop */
};

struct duplication_outputs {
    struct duplication_output items[DUPLICATION_OUTPUTS_MAX];
    size_t count;
};

struct duplication_frame {
    bool presented;       /* else only the pointer moved or changed, and the pixels are no picture */
    bool masked;          /* protected content was left out */
    bool pointer_updated; /* what follows is new */
    bool pointer_visible;
    int32_t pointer_x, pointer_y; /* of its upper left corner, on the output */
    bool shape_updated;           /* a new shape can be asked for */
};

/* All give an HRESULT. What one call gave stays valid until the next one of the same name for the same output. */
struct duplication_calls {
    uint32_t (*enter_desktop)(void *context); /* brings this thread to the desktop that has the input */
    /* All outputs attached to the desktop, of all adapters. */
    uint32_t (*enumerate_outputs)(void *context, struct duplication_outputs *outputs);
    uint32_t (*duplicate_output)(void *context, size_t output, enum duplication_rotation *rotation);
    uint32_t (*acquire_frame)(void *context, size_t output, unsigned timeout_ms, struct duplication_frame *frame);
    uint32_t (*pointer_shape)(void *context, size_t output, struct cursor_shape *shape);
    uint32_t (*map_frame)(void *context, size_t output, struct duplication_surface *surface);
    uint32_t (*release_frame)(void *context, size_t output); /* the frame that was acquired */
    void (*reset)(void *context);                            /* lets go of everything: lists, devices, duplications */
    bool (*is_current)(void *context);                       /* whether the list still holds */
    int64_t (*now_ms)(void *context);
    void (*sleep_ms)(void *context, unsigned time_ms);
};

/* What is remembered from one picture to the next; begin with zeroes. */
struct duplication_state {
    uint32_t disabled_code;     /* 0, or why nothing is asked for any more: of the system, or of the outputs below */
    char disabled_call[32];     /* which call gave it */
    uint32_t disabled_outputs;  /* bit N: of output N, as long as the displays are those */
    uint64_t disabled_displays; /* as in the request, when that was so */
    int64_t restarts_since_ms;
    unsigned restarts;
};

struct duplication_request {
    const char *output; /* NULL: the whole desktop */
    struct rect area;   /* of the desktop, within 1 to CAPTURE_SIZE_MAX */
    bool cursor;
    bool is_system;    /* this process may see every desktop */
    int timeout_ms;    /* the caller's, if that is less than DUPLICATION_DEADLINE_MS */
    size_t monitors;   /* that show the desktop: fewer outputs would be a picture with holes */
    uint64_t displays; /* a number that is another one after the displays have changed */
};

/* Draws into `rgb`, of the request's area and zeroed anew here. ERR_UNAVAILABLE or ERR_DENIED with the call, the code
   and what it means. Facts: method, cursor, dxgi.output, dxgi.restarts, warning. */
int duplication_capture(const struct duplication_calls *calls, void *context, struct duplication_state *state,
                        const struct duplication_request *request, uint8_t *rgb, struct strlist *facts,
                        struct error *err);

#endif
