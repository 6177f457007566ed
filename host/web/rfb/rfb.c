/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The messages of a viewer, and the handshake. */
#include "host/web/rfb/rfb.h"

#include <stdio.h>
#include <string.h>

#define RFB_FENCE_MAX 64 /* bytes of a fence's own */
#define RFB_FENCE_REQUEST (1u << 31)
#define RFB_FENCE_FLAGS 7u /* that are honoured: all is done in order here */

enum {
    RFB_SET_FORMAT = 0,
    RFB_SET_ENCODINGS = 2,
    RFB_ASK = 3,
    RFB_KEY = 4,
    RFB_POINTER = 5,
    RFB_CUT = 6,
    RFB_STREAM = 150,
    RFB_FENCE = 248,
    RFB_SET_SIZE = 251,
    RFB_QEMU = 255,
};

/* Encodings that are none of pixels. */
enum {
    RFB_SIZE = -223,
    RFB_PLACE = -232,
    RFB_CURSOR = -239,
    RFB_QEMU_KEYS = -258,
    RFB_EXTENDED_SIZE = -308,
    RFB_HAS_FENCE = -312,
    RFB_CONTINUOUS = -313,
    RFB_CURSOR_ALPHA = -314,
};

static uint32_t rfb_get(const uint8_t *at, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

void rfb_init(struct rfb *rfb)
{
    *rfb = (struct rfb){.format = {32, 24, false, {255, 255, 255}, {16, 8, 0}}};
    buffer_init(&rfb->in, RFB_IN_MAX);
    buffer_init(&rfb->out, RFB_OUT_MAX);
    buffer_append(&rfb->out, "RFB 003.008\n", 12);
}

void rfb_deinit(struct rfb *rfb)
{
    buffer_deinit(&rfb->in);
    buffer_deinit(&rfb->out);
    strlist_deinit(&rfb->hands.actions);
    rfb_zlib_free(rfb->zlib);
}

/* ---- the handshake ---- */

/* A step that was taken returns how many bytes it took; 0: more must come. */
static int rfb_take_version(struct rfb *rfb, const uint8_t *at, size_t len, struct error *err)
{
    if (len < 12)
        return memcmp(at, "RFB 003.", len < 8 ? len : 8) == 0 ? 0
                                                              : error_set(err, ERR_PROTOCOL, "it does not speak RFB");
    if (memcmp(at, "RFB 003.", 8) != 0 || at[11] != '\n')
        return error_set(err, ERR_PROTOCOL, "it does not speak RFB 3");
    rfb->minor = memcmp(at + 8, "008", 3) == 0 ? 8 : memcmp(at + 8, "007", 3) == 0 ? 7 : 3;
    if (rfb->minor == 3)
        rfb_put(&rfb->out, 1, 4); /* no authentication */
    else
        buffer_append(&rfb->out, "\1\1", 2);
    rfb->stage = rfb->minor == 3 ? RFB_CLIENT_INIT : RFB_SECURITY;
    return 12;
}

static int rfb_take_security(struct rfb *rfb, const uint8_t *at, struct error *err)
{
    if (*at != 1)
        return error_set(err, ERR_PROTOCOL, "it wants security type %u, which was not offered", *at);
    if (rfb->minor == 8)
        rfb_put(&rfb->out, 0, 4);
    rfb->stage = RFB_CLIENT_INIT;
    return 1;
}

static void rfb_put_format(struct rfb *rfb)
{
    const struct rfb_format *format = &rfb->format;
    uint8_t head[] = {format->bits, format->depth, format->big_endian, 1};
    buffer_append(&rfb->out, head, sizeof head);
    for (int i = 0; i < 3; i++)
        rfb_put(&rfb->out, format->max[i], 2);
    buffer_append(&rfb->out, format->shift, 3);
    rfb_put(&rfb->out, 0, 3);
}

void rfb_begin(struct rfb *rfb, uint32_t width, uint32_t height, const char *name)
{
    size_t len = strlen(name) < RFB_NAME_MAX ? strlen(name) : RFB_NAME_MAX;
    rfb->width = width;
    rfb->height = height;
    rfb_put(&rfb->out, width, 2);
    rfb_put(&rfb->out, height, 2);
    rfb_put_format(rfb);
    rfb_put(&rfb->out, len, 4);
    buffer_append(&rfb->out, name, len);
    rfb->stage = RFB_OPEN;
}

/* ---- messages; each returns its length, 0 when more must come, or a status ---- */

static bool rfb_format_is_good(const struct rfb_format *format)
{
    if (format->bits != 8 && format->bits != 16 && format->bits != 32)
        return false;
    for (int i = 0; i < 3; i++) {
        uint32_t max = format->max[i];
        if (max == 0 || (max & (max + 1)) != 0 || format->shift[i] >= format->bits ||
            (uint64_t)max << format->shift[i] >> format->bits != 0)
            return false;
    }
    return true;
}

static int rfb_set_format(struct rfb *rfb, const uint8_t *at, struct error *err)
{
    struct rfb_format format = {.bits = at[4], .depth = at[5], .big_endian = at[6] != 0};
    for (int i = 0; i < 3; i++) {
        format.max[i] = (uint16_t)rfb_get(at + 8 + 2 * i, 2);
        format.shift[i] = at[14 + i];
    }
    if (!at[7])
        return error_set(err, ERR_PROTOCOL, "it wants a colour map: there are true colours only");
    if (!rfb_format_is_good(&format))
        return error_set(err, ERR_PROTOCOL, "it wants an impossible pixel format of %u bits", format.bits);
    rfb->format = format;
    return 20;
}

/* Takes the viewer's word for what it understands. The first of the encodings that are known here is used. */
static void rfb_take_encoding(struct rfb *rfb, int32_t encoding, bool *chosen)
{
    if (!*chosen && (encoding == RFB_RAW || encoding == RFB_ZRLE || encoding == RFB_TIGHT_PNG)) {
        rfb->encoding = (enum rfb_encoding)encoding;
        *chosen = true;
    }
    rfb->encoding = encoding == RFB_TIGHT_PNG ? RFB_TIGHT_PNG : rfb->encoding;
    rfb->desktop_size |= encoding == RFB_SIZE;
    rfb->extended_size |= encoding == RFB_EXTENDED_SIZE;
    rfb->qemu_keys |= encoding == RFB_QEMU_KEYS;
    rfb->fence |= encoding == RFB_HAS_FENCE;
    rfb->continuous |= encoding == RFB_CONTINUOUS;
    rfb->cursor |= encoding == RFB_CURSOR;
    rfb->cursor_alpha |= encoding == RFB_CURSOR_ALPHA;
    rfb->pointer_place |= encoding == RFB_PLACE;
}

static int rfb_set_encodings(struct rfb *rfb, const uint8_t *at, size_t len, struct error *err)
{
    uint32_t count = rfb_get(at + 2, 2);
    bool chosen = false, could_fence = rfb->fence, could_stream = rfb->continuous, had_keys = rfb->qemu_keys;
    if (count > RFB_ENCODINGS_MAX)
        return error_set(err, ERR_PROTOCOL, "it has %u encodings: the limit is %d", count, RFB_ENCODINGS_MAX);
    if (len < 4 + 4 * (size_t)count)
        return 0;
    rfb->encoding = RFB_RAW;
    rfb->desktop_size = rfb->extended_size = rfb->qemu_keys = rfb->fence = rfb->continuous = false;
    rfb->cursor = rfb->cursor_alpha = rfb->pointer_place = false;
    for (uint32_t i = 0; i < count; i++)
        rfb_take_encoding(rfb, (int32_t)rfb_get(at + 4 + 4 * i, 4), &chosen);
    rfb->tells_size |= rfb->extended_size;
    rfb->tells_qemu |= rfb->qemu_keys && !had_keys;
    if (rfb->fence && !could_fence) { /* this one says that there are some */
        rfb_put(&rfb->out, (uint64_t)RFB_FENCE << 24, 4);
        rfb_put(&rfb->out, RFB_FENCE_REQUEST, 4);
        rfb_put(&rfb->out, 0, 1);
    }
    if (rfb->fence && rfb->continuous && !could_stream)
        rfb_put(&rfb->out, RFB_STREAM, 1);
    return 4 + 4 * (int)count;
}

static int rfb_ask(struct rfb *rfb, const uint8_t *at)
{
    rfb->asked = true;
    rfb->everything |= at[1] == 0;
    return 10;
}

static int rfb_point(struct rfb *rfb, const uint8_t *at)
{
    uint32_t x = rfb_get(at + 2, 2), y = rfb_get(at + 4, 2);
    x = rfb->width && x >= rfb->width ? rfb->width - 1 : x;
    y = rfb->height && y >= rfb->height ? rfb->height - 1 : y;
    rfb_pointer(&rfb->hands, at[1], x, y);
    return 6;
}

/* The clipboard is not the guest's: it is skipped. */
static int rfb_cut(struct rfb *rfb, const uint8_t *at, struct error *err)
{
    int32_t size = (int32_t)rfb_get(at + 4, 4);
    uint32_t len = size < 0 ? 0u - (uint32_t)size : (uint32_t)size;
    if (len > RFB_CUT_MAX)
        return error_set(err, ERR_PROTOCOL, "its clipboard has %u bytes: the limit is %u", len, RFB_CUT_MAX);
    rfb->skip = len;
    return 8;
}

static int rfb_stream(struct rfb *rfb, const uint8_t *at, struct error *err)
{
    if (!rfb->fence || !rfb->continuous)
        return error_set(err, ERR_PROTOCOL, "it wants continuous updates that were not offered");
    if (rfb->streams && !at[1])
        rfb_put(&rfb->out, RFB_STREAM, 1); /* the end of them */
    rfb->streams = at[1] != 0;
    return 10;
}

static int rfb_take_fence(struct rfb *rfb, const uint8_t *at, size_t len, struct error *err)
{
    uint32_t flags = rfb_get(at + 4, 4), size = at[8];
    if (size > RFB_FENCE_MAX)
        return error_set(err, ERR_PROTOCOL, "its fence has %u bytes: the limit is %d", size, RFB_FENCE_MAX);
    if (len < 9 + size)
        return 0;
    if (!(flags & RFB_FENCE_REQUEST)) {
        rfb->awaits_fence &= size != 1; /* that of an update has a byte */
        return 9 + (int)size;
    }
    rfb_put(&rfb->out, (uint64_t)RFB_FENCE << 24, 4);
    rfb_put(&rfb->out, flags & RFB_FENCE_FLAGS, 4);
    buffer_append(&rfb->out, at + 8, 1 + size);
    return 9 + (int)size;
}

/* A viewer's wish for another size is refused: the guest has the one that it has. */
static int rfb_set_size(struct rfb *rfb, const uint8_t *at)
{
    rfb->skip = at[6] * 16u;
    rfb->refuses_size = rfb->extended_size;
    return 8;
}

static int rfb_take_qemu(struct rfb *rfb, const uint8_t *at, struct error *err)
{
    if (at[1] != 0)
        return error_set(err, ERR_PROTOCOL, "it sent QEMU's message %u, which was not offered", at[1]);
    rfb_key(&rfb->hands, rfb_get(at + 2, 2) != 0, rfb_get(at + 4, 4), rfb_get(at + 8, 4));
    return 12;
}

/* Returns how many bytes a message has at least, 0 for none that is known. */
static size_t rfb_least(uint8_t type)
{
    static const struct {
        uint8_t type, least;
    } all[] = {{RFB_SET_FORMAT, 20}, {RFB_SET_ENCODINGS, 4}, {RFB_ASK, 10},  {RFB_KEY, 8},      {RFB_POINTER, 6},
               {RFB_CUT, 8},         {RFB_STREAM, 10},       {RFB_FENCE, 9}, {RFB_SET_SIZE, 8}, {RFB_QEMU, 12}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].type == type)
            return all[i].least;
    return 0;
}

static int rfb_take_message(struct rfb *rfb, const uint8_t *at, size_t len, struct error *err)
{
    size_t least = rfb_least(*at);
    if (least == 0)
        return error_set(err, ERR_PROTOCOL, "it sent a message of the unknown type %u", *at);
    if (len < least)
        return 0;
    switch (*at) {
    case RFB_SET_FORMAT:
        return rfb_set_format(rfb, at, err);
    case RFB_SET_ENCODINGS:
        return rfb_set_encodings(rfb, at, len, err);
    case RFB_ASK:
        return rfb_ask(rfb, at);
    case RFB_KEY:
        rfb_key(&rfb->hands, at[1] != 0, rfb_get(at + 4, 4), 0);
        return 8;
    case RFB_POINTER:
        return rfb_point(rfb, at);
    case RFB_CUT:
        return rfb_cut(rfb, at, err);
    case RFB_STREAM:
        return rfb_stream(rfb, at, err);
    case RFB_FENCE:
        return rfb_take_fence(rfb, at, len, err);
    case RFB_SET_SIZE:
        return rfb_set_size(rfb, at);
    default:
        return rfb_take_qemu(rfb, at, err);
    }
}

/* ---- bytes ---- */

static int rfb_step(struct rfb *rfb, const uint8_t *at, size_t len, struct error *err)
{
    switch (rfb->stage) {
    case RFB_VERSION:
        return rfb_take_version(rfb, at, len, err);
    case RFB_SECURITY:
        return rfb_take_security(rfb, at, err);
    case RFB_CLIENT_INIT:
        rfb->stage = RFB_SERVER_INIT; /* whether others may watch too is not the viewer's to say */
        return 1;
    case RFB_SERVER_INIT:
        return error_set(err, ERR_PROTOCOL, "it went on before the handshake was over");
    default:
        return rfb_take_message(rfb, at, len, err);
    }
}

/* Takes what is complete; returns how many bytes that was, or a status. */
static int rfb_take(struct rfb *rfb, const uint8_t *bytes, size_t len, struct error *err)
{
    size_t at = 0;
    while (at < len) {
        size_t skipped = rfb->skip < len - at ? rfb->skip : len - at;
        rfb->skip -= (uint32_t)skipped;
        at += skipped;
        int took = at < len ? rfb_step(rfb, bytes + at, len - at, err) : 0;
        if (took < 0)
            return took;
        if (took == 0)
            break;
        at += (size_t)took;
    }
    return (int)at;
}

int rfb_receive(struct rfb *rfb, const void *bytes, size_t len, struct error *err)
{
    const uint8_t *from = bytes;
    while (len > 0) {
        size_t room = RFB_IN_MAX - rfb->in.len, piece = len < room ? len : room;
        if (!buffer_append(&rfb->in, from, piece))
            return error_set(err, ERR_NO_MEMORY, "no memory for a viewer's message");
        int took = rfb_take(rfb, rfb->in.data, rfb->in.len, err);
        if (took < 0)
            return took;
        memmove(rfb->in.data, rfb->in.data + took, rfb->in.len - (size_t)took);
        rfb->in.len -= (size_t)took;
        from += piece;
        len -= piece;
    }
    return rfb->hands.actions.failed || rfb->out.failed ? error_set(err, ERR_NO_MEMORY, "no memory for a viewer") : 0;
}

/* ---- updates ---- */

bool rfb_wants_update(const struct rfb *rfb)
{
    return rfb->stage == RFB_OPEN && (rfb->asked || (rfb->streams && !rfb->awaits_fence));
}

bool rfb_knows_size(const struct rfb *rfb, uint32_t width, uint32_t height)
{
    return rfb->width == width && rfb->height == height;
}

static bool rfb_learns_size(const struct rfb *rfb, uint32_t width, uint32_t height)
{
    return !rfb_knows_size(rfb, width, height) && (rfb->extended_size || rfb->desktop_size);
}

bool rfb_has_extras(const struct rfb *rfb)
{
    return rfb->tells_size || rfb->tells_qemu || rfb->refuses_size;
}

static void rfb_put_rect_head(struct rfb *rfb, const struct rfb_rect *rect, int32_t encoding)
{
    rfb_put(&rfb->out, rect->x, 2);
    rfb_put(&rfb->out, rect->y, 2);
    rfb_put(&rfb->out, rect->width, 2);
    rfb_put(&rfb->out, rect->height, 2);
    rfb_put(&rfb->out, (uint32_t)encoding, 4);
}

/* Tells the size as a rectangle. reason: 0 the server's own, 1 the viewer's wish; result: 1 it is forbidden. */
static void rfb_put_size(struct rfb *rfb, uint32_t reason, uint32_t result)
{
    rfb_put_rect_head(rfb, &(struct rfb_rect){reason, result, rfb->width, rfb->height}, RFB_EXTENDED_SIZE);
    rfb_put(&rfb->out, 1u << 24, 4); /* one screen */
    rfb_put(&rfb->out, 0, 4);
    rfb_put(&rfb->out, 0, 4);
    rfb_put(&rfb->out, rfb->width, 2);
    rfb_put(&rfb->out, rfb->height, 2);
    rfb_put(&rfb->out, 0, 4);
}

void rfb_update_begin(struct rfb *rfb, uint32_t width, uint32_t height, uint32_t count)
{
    bool learns = rfb_learns_size(rfb, width, height), extended = rfb->extended_size;
    bool own = extended && (learns || rfb->tells_size), plain = learns && !extended;
    if (learns) {
        rfb->width = width;
        rfb->height = height;
    }
    rfb_put(&rfb->out, 0, 2);
    rfb_put(&rfb->out, count + own + plain + rfb->refuses_size + rfb->tells_qemu, 2);
    if (own)
        rfb_put_size(rfb, 0, 0);
    if (plain)
        rfb_put_rect_head(rfb, &(struct rfb_rect){0, 0, width, height}, RFB_SIZE);
    if (rfb->refuses_size)
        rfb_put_size(rfb, 1, 1);
    if (rfb->tells_qemu)
        rfb_put_rect_head(rfb, &(struct rfb_rect){0}, RFB_QEMU_KEYS);
    rfb->tells_size = rfb->tells_qemu = rfb->refuses_size = false;
}

/* Puts a length as Tight has it, 7 bits a byte, the lowest first. */
static void rfb_put_compact(struct buffer *out, size_t len)
{
    rfb_put(out, (len & 0x7f) | (len > 0x7f ? 0x80 : 0), 1);
    if (len > 0x7f)
        rfb_put(out, (len >> 7 & 0x7f) | (len > 0x3fff ? 0x80 : 0), 1);
    if (len > 0x3fff)
        rfb_put(out, len >> 14, 1);
}

void rfb_update_rect(struct rfb *rfb, const struct rfb_rect *rect, const uint8_t *pixels, size_t stride,
                     struct slice png)
{
    if (rfb->encoding == RFB_TIGHT_PNG && png.len > 0 && png.len < 1u << 22) {
        rfb_put_rect_head(rfb, rect, RFB_TIGHT_PNG);
        rfb_put(&rfb->out, 0xa0, 1);
        rfb_put_compact(&rfb->out, png.len);
        buffer_append(&rfb->out, png.data, png.len);
    } else if (rfb->encoding == RFB_ZRLE) {
        rfb_put_rect_head(rfb, rect, RFB_ZRLE);
        rfb_put_zrle(&rfb->zlib, &rfb->format, rect, pixels, stride, &rfb->out);
    } else {
        rfb_put_rect_head(rfb, rect, RFB_RAW);
        rfb_put_raw(&rfb->format, rect, pixels, stride, &rfb->out);
    }
}

/* ---- the pointer ---- */

bool rfb_draws_pointer(const struct rfb *rfb)
{
    return rfb->cursor || rfb->cursor_alpha;
}

/* Writes pixels of R, G, B, A with the alpha multiplied in. */
static void rfb_put_alpha(struct rfb *rfb, const struct rfb_shape *shape)
{
    size_t size = (size_t)shape->width * shape->height * 4;
    rfb_put(&rfb->out, RFB_RAW, 4);
    uint8_t *to = buffer_extend(&rfb->out, size);
    for (size_t i = 0; to && i < size; i++)
        to[i] = i % 4 == 3 ? shape->rgba[i] : (uint8_t)((shape->rgba[i] * shape->rgba[i | 3] + 127) / 255);
}

void rfb_update_shape(struct rfb *rfb, const struct rfb_shape *shape)
{
    static const struct rfb_shape none;
    int32_t encoding = rfb->cursor_alpha ? RFB_CURSOR_ALPHA : RFB_CURSOR;
    shape = shape ? shape : &none;
    rfb_put_rect_head(rfb, &(struct rfb_rect){shape->hot_x, shape->hot_y, shape->width, shape->height}, encoding);
    if (rfb->cursor_alpha)
        rfb_put_alpha(rfb, shape);
    else
        rfb_put_mask(&rfb->format, shape, &rfb->out);
}

void rfb_update_place(struct rfb *rfb, uint32_t x, uint32_t y)
{
    rfb_put_rect_head(rfb, &(struct rfb_rect){x, y, 0, 0}, RFB_PLACE);
}

void rfb_update_end(struct rfb *rfb)
{
    rfb->asked = rfb->everything = false;
    if (!rfb->streams)
        return;
    rfb->awaits_fence = true;
    rfb_put(&rfb->out, (uint64_t)RFB_FENCE << 24, 4);
    rfb_put(&rfb->out, RFB_FENCE_REQUEST | 1, 4); /* it is answered when what is before it is drawn */
    rfb_put(&rfb->out, 1u << 8, 2);
}
