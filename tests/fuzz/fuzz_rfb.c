/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of a VNC viewer, in one piece and in pieces of every size; and the same bytes as a pointer's shape of a guest. Whatever it says, no rectangle lies beyond the size that it
 * knows, its pointer is within that, and what is kept of it is bounded. */
#include "host/web/pointer.h"
#include "host/web/rfb/rfb.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 90u
#define HEIGHT 70u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t pixels[WIDTH * HEIGHT * 3] = {1, 2, 3};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void update(struct rfb *rfb)
{
    struct rfb_rect rect = {0, 0, rfb->width < WIDTH ? rfb->width : WIDTH, rfb->height < HEIGHT ? rfb->height : HEIGHT};
    if (!rfb_wants_update(rfb))
        return;
    bool draws = rfb_draws_pointer(rfb), place = rfb->pointer_place;
    rfb_update_begin(rfb, WIDTH, HEIGHT, 1u + draws + place);
    require(rfb_knows_size(rfb, WIDTH, HEIGHT) || (!rfb->extended_size && !rfb->desktop_size));
    rfb_update_rect(rfb, &rect, pixels, WIDTH * 3, (struct slice){(const uint8_t *)"png", 3});
    if (draws)
        rfb_update_shape(rfb, &(struct rfb_shape){9, 5, 8, 4, pixels});
    if (place)
        rfb_update_place(rfb, 1, 2);
    rfb_update_end(rfb);
    require(!rfb->asked);
}

static void check_place(const struct rfb *rfb)
{
    require(rfb->stage == RFB_OPEN || rfb->hands.actions.count == 0);
    require(!rfb->hands.has_place || (rfb->hands.x < rfb->width && rfb->hands.y < rfb->height));
    require(rfb->in.len <= RFB_IN_MAX && rfb->skip <= RFB_CUT_MAX);
}

/* Feeds the bytes in pieces; returns how many were taken before one that is wrong. */
static size_t feed(struct rfb *rfb, const uint8_t *data, size_t size, size_t piece)
{
    struct error err = {0};
    size_t at = 0;
    rfb_init(rfb);
    while (at < size) {
        size_t len = size - at < piece ? size - at : piece;
        int status = rfb_receive(rfb, data + at, len, &err);
        check_place(rfb);
        if (status) {
            require(*err.text && !strchr(err.text, '\n'));
            break;
        }
        at += len;
        if (rfb->stage == RFB_SERVER_INIT)
            rfb_begin(rfb, 64, 48, "fuzz");
        update(rfb);
    }
    return at;
}

static void take_shape(const uint8_t *data, size_t size)
{
    static uint8_t ground[4 * 4 * 3];
    struct screen_pointer pointer = {0};
    struct damage_box box;
    if (screen_pointer_add_shape(&pointer, "hash", "2x3+1+9", data, size)) {
        require(screen_pointer_take(&pointer, "1,1", "hash"));
        require(screen_pointer_box(&pointer, 4, 4, &box) && box.x + box.width <= 4 && box.y + box.height <= 4);
        screen_pointer_draw(&pointer, ground, &(struct damage_box){0, 0, 4, 4});
    }
    screen_pointer_deinit(&pointer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take_shape(data, size);
    struct rfb whole, parts;
    feed(&whole, data, size, size);
    size_t piece = size ? data[size - 1] % 16 + 1u : 1;
    feed(&parts, data, size, piece);
    rfb_deinit(&whole);
    rfb_deinit(&parts);
    return 0;
}
