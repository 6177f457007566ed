/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's side of RFB, "VNC", for one viewer (RFC 6143 and the community's rfbproto). Pure: the viewer's bytes go in,
 * bytes for it and actions of the RPC input come out. Whoever uses it has the pixels and says when there are new ones.
 *
 * Spoken are 3.3, 3.7 and 3.8, without authentication; the encodings Raw, ZRLE and TightPNG; ExtendedDesktopSize and
 * DesktopSize; the pointer's shape (Cursor, Cursor With Alpha) and place (PointerPos); QEMU's key events; fences and
 * continuous updates. Of anything else the viewer does not learn.
 */
#ifndef HOST_WEB_RFB_RFB_H
#define HOST_WEB_RFB_RFB_H

#include "base/buffer.h"
#include "base/error.h"
#include "host/web/rfb/encode.h"
#include "host/web/rfb/keys.h"

#include <stdbool.h>
#include <stdint.h>

#define RFB_IN_MAX 8192        /* bytes of one message of a viewer, without what is skipped */
#define RFB_CUT_MAX (1u << 20) /* bytes of a clipboard, which is skipped */
#define RFB_ENCODINGS_MAX 1024
#define RFB_NAME_MAX 128 /* bytes of the screen's name */

enum rfb_stage { RFB_VERSION, RFB_SECURITY, RFB_CLIENT_INIT, RFB_SERVER_INIT, RFB_OPEN };
enum rfb_encoding { RFB_RAW = 0, RFB_ZRLE = 16, RFB_TIGHT_PNG = -260 };

struct rfb {
    enum rfb_stage stage;
    unsigned minor;         /* of the version, 3, 7 or 8 */
    struct buffer in;       /* the beginning of a message */
    uint32_t skip;          /* bytes of a message that are not looked at */
    struct buffer out;      /* for the viewer; whoever sends them clears it */
    struct rfb_hands hands; /* its keyboard and pointer; whoever does their actions clears these */

    struct rfb_format format;
    enum rfb_encoding encoding;
    bool desktop_size, extended_size, qemu_keys, fence, continuous; /* what the viewer understands */
    bool cursor, cursor_alpha, pointer_place;
    uint32_t width, height; /* of its framebuffer, as it knows it */

    bool asked;                                /* for an update, which is owed */
    bool everything;                           /* and not only for what has changed */
    bool streams;                              /* updates come without being asked for */
    bool awaits_fence;                         /* the viewer has not taken the last of these */
    bool tells_size, tells_qemu, refuses_size; /* that are owed beside pixels */

    struct rfb_zlib *zlib; /* of ZRLE; owned */
};

void rfb_init(struct rfb *rfb);
void rfb_deinit(struct rfb *rfb);

/* Takes the viewer's bytes. A failure ends the connection; its text says what the viewer did. */
int rfb_receive(struct rfb *rfb, const void *bytes, size_t len, struct error *err);
/* Answers the last step of the handshake, once stage is RFB_SERVER_INIT and the size of the screen is known. */
void rfb_begin(struct rfb *rfb, uint32_t width, uint32_t height, const char *name);

/* Returns whether the viewer may be sent an update now. */
bool rfb_wants_update(const struct rfb *rfb);
/* Begins an update of a screen of this size: tells the size, where it is another than the viewer knows, and what else is
   owed. count is that of the rectangles that are added to it. */
void rfb_update_begin(struct rfb *rfb, uint32_t width, uint32_t height, uint32_t count);
/* Says whether the viewer knows this size, or learns it with the next update. Of a viewer that can't learn another size, the
   part that it knows is sent. */
bool rfb_knows_size(const struct rfb *rfb, uint32_t width, uint32_t height);
bool rfb_has_extras(const struct rfb *rfb);

/* Returns whether the viewer draws a pointer by itself. */
bool rfb_draws_pointer(const struct rfb *rfb);
/* Adds a rectangle that tells the shape; NULL: there is none. For who draws it. */
void rfb_update_shape(struct rfb *rfb, const struct rfb_shape *shape);
/* Adds one that tells where it points to. For who has asked for that; it must lie within the size that the viewer knows. */
void rfb_update_place(struct rfb *rfb, uint32_t x, uint32_t y);
/* Adds a rectangle of a picture with rows of RGB; png: the same as a file, for RFB_TIGHT_PNG. It must lie within the size
   that the viewer knows. */
void rfb_update_rect(struct rfb *rfb, const struct rfb_rect *rect, const uint8_t *pixels, size_t stride,
                     struct slice png);
void rfb_update_end(struct rfb *rfb);

#endif
