/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/image.h"

#include "capture/x11/pixels.h"
#include "capture/x11/state.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#define ROW_PADDING_MAX 8 /* bytes behind a row: rows are padded to 64 bits at most */
#define SENTINEL_TRIES 3  /* an image of one black pixel of 8 bits may equal its sentinel, but not three times */

/* ---- sentinels ---- */

static uint8_t x11_sentinel_byte(uint32_t seed, uint32_t row, size_t i)
{
    uint32_t mixed = (seed ^ row * 2654435761u ^ (uint32_t)i * 40503u) * 2246822519u;
    return (uint8_t)(mixed >> 24);
}

void x11_sentinel_write(uint8_t *pixels, size_t stride, uint32_t height, uint32_t seed)
{
    for (uint32_t row = 0; row < height; row++)
        for (size_t i = 0; i < stride && i < 8; i++)
            pixels[row * stride + i] = x11_sentinel_byte(seed, row, i);
}

bool x11_sentinel_is_intact(const uint8_t *pixels, size_t stride, uint32_t height, uint32_t seed)
{
    for (uint32_t row = 0; row < height; row++)
        for (size_t i = 0; i < stride && i < 8; i++)
            if (pixels[row * stride + i] != x11_sentinel_byte(seed, row, i))
                return false;
    return true;
}

/* ---- shared memory ---- */

static void x11_detach_segment(struct x11_image *image, struct x11_connection *connection)
{
    if (image->segment_size == 0)
        return;
    if (connection->display && !connection->lost)
        X11_CALL(XShmDetach)(connection->display, &image->segment);
    shmdt(image->segment.shmaddr);
    image->segment_size = 0;
}

/* Changes the segment's owner to the server's user, as which the server attaches it. Its mode lets nobody else read the
   screen in it. */
static void x11_chown_segment(int id, const struct x11_connection *connection)
{
    struct shmid_ds info;
    if (connection->server.uid == geteuid() || connection->server.uid == (uid_t)-1 || shmctl(id, IPC_STAT, &info) != 0)
        return;
    info.shm_perm.uid = connection->server.uid;
    shmctl(id, IPC_SET, &info);
}

static void *x11_shmat_failure(void)
{
    return (void *)-1;
}

static bool x11_create_segment(struct x11_image *image, struct x11_connection *connection, size_t size)
{
    XShmSegmentInfo *segment = &image->segment;
    *segment = (XShmSegmentInfo){.shmid = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600)};
    if (segment->shmid < 0)
        return false;
    x11_chown_segment(segment->shmid, connection);
    segment->shmaddr = shmat(segment->shmid, NULL, 0);
    /* From here on it goes with the last process that has it attached, however that ends. Until then the server can attach
       it too, on Linux. */
    shmctl(segment->shmid, IPC_RMID, NULL);
    bool attached = false;
    if (segment->shmaddr != x11_shmat_failure()) {
        /* XShmAttach always succeeds; the server's error comes later. */
        x11_take_error(connection);
        X11_CALL(XShmAttach)(connection->display, segment);
        attached = x11_take_error(connection) == 0 && !connection->lost;
        if (!attached)
            shmdt(segment->shmaddr);
    }
    image->segment_size = attached ? size : 0;
    return attached;
}

static bool x11_reserve_segment(struct x11_image *image, struct x11_connection *connection, size_t size)
{
    if (image->segment_size >= size)
        return true;
    x11_detach_segment(image, connection);
    if (!connection->shares_ipc || !X11_CALL(XShmQueryExtension)(connection->display))
        return false;
    return x11_create_segment(image, connection, size);
}

/* ---- getting an image ---- */

static void x11_free_ximage(struct x11_image *image)
{
    if (image->ximage)
        XDestroyImage(image->ximage);
    image->ximage = NULL;
}

/* Returns whether Xlib's description of an image, which it makes of the server's words, is one of the area. */
static bool x11_is_possible_image(const XImage *ximage, const struct rect *area)
{
    if (!ximage || ximage->width != (int)area->width || ximage->height != (int)area->height ||
        ximage->bits_per_pixel < 1 || ximage->bits_per_pixel > 32)
        return false;
    uint64_t row = ((uint64_t)area->width * (unsigned)ximage->bits_per_pixel + 7) / 8;
    return ximage->bytes_per_line > 0 && (uint64_t)ximage->bytes_per_line >= row &&
           (uint64_t)ximage->bytes_per_line <= row + ROW_PADDING_MAX;
}

static bool x11_create_shm_image(struct x11_image *image, struct x11_connection *connection, int number,
                                 const struct rect *area)
{
    Display *display = connection->display;
    image->ximage =
        X11_CALL(XShmCreateImage)(display, DefaultVisual(display, number), (unsigned)DefaultDepth(display, number),
                                  ZPixmap, NULL, &image->segment, area->width, area->height);
    if (!x11_is_possible_image(image->ximage, area)) {
        x11_free_ximage(image);
        return false;
    }
    if (!x11_reserve_segment(image, connection, (size_t)image->ximage->bytes_per_line * area->height)) {
        x11_free_ximage(image);
        return false;
    }
    image->ximage->data = image->segment.shmaddr;
    return true;
}

enum shm_result {
    SHM_GOT,
    SHM_UNWRITTEN, /* the request succeeded, but the server wrote nothing */
    SHM_REFUSED,   /* *code is the X error */
    SHM_UNUSABLE,
};

static enum shm_result x11_get_by_shm(struct x11_image *image, struct x11_connection *connection, int number,
                                      const struct rect *area, int *code)
{
    static uint32_t seed;
    enum shm_result result = SHM_UNWRITTEN;
    if (image->no_shm || x11_missing(X11_LIB_XEXT) || !x11_create_shm_image(image, connection, number, area))
        return SHM_UNUSABLE;
    uint8_t *pixels = (uint8_t *)image->ximage->data;
    size_t stride = (size_t)image->ximage->bytes_per_line;
    for (int i = 0; i < SENTINEL_TRIES && result == SHM_UNWRITTEN; i++) {
        seed += (uint32_t)getpid() + 1;
        x11_sentinel_write(pixels, stride, area->height, seed);
        (void)x11_forget_error(); /* all before has been answered */
        if (!X11_CALL(XShmGetImage)(connection->display, RootWindow(connection->display, number), image->ximage,
                                    area->x, area->y, AllPlanes))
            result = SHM_REFUSED;
        else if (!x11_sentinel_is_intact(pixels, stride, area->height, seed))
            result = SHM_GOT;
    }
    if (result == SHM_REFUSED)
        *code = x11_take_error(connection);
    if (result != SHM_GOT)
        x11_free_ximage(image);
    return result;
}

static bool x11_is_all_zero(const XImage *ximage)
{
    const char *bytes = ximage->data;
    size_t len = (size_t)ximage->bytes_per_line * (size_t)ximage->height;
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* Gets the image by XGetImage after shared memory did not work. `shm` says why. */
static int x11_get_by_connection(struct x11_image *image, struct x11_connection *connection, int number,
                                 const struct rect *area, enum shm_result shm, struct error *err)
{
    x11_take_error(connection);
    image->ximage = X11_CALL(XGetImage)(connection->display, RootWindow(connection->display, number), area->x, area->y,
                                        area->width, area->height, AllPlanes, ZPixmap);
    int code = image->ximage ? 0 : x11_take_error(connection);
    if (!image->ximage && code != BadMatch)
        return error_set(err, ERR_UNAVAILABLE, "X server :%u does not give its screen's pixels (X error %d)",
                         connection->server.number, code);
    if (image->ximage && !x11_is_possible_image(image->ximage, area)) {
        x11_free_ximage(image);
        return error_set(err, ERR_UNAVAILABLE, "X server :%u gives an impossible image", connection->server.number);
    }
    if (shm != SHM_UNWRITTEN || !image->ximage || !x11_is_all_zero(image->ximage) ||
        x11_vt_state(connection, number) == X11_VT_ACTIVE)
        return 0;
    x11_free_ximage(image);
    return error_set(err, ERR_UNAVAILABLE,
                     "x-vt-inactive: X server :%u gives no pixels, as when its virtual terminal is not "
                     "the active one",
                     connection->server.number);
}

int x11_image_get(struct x11_image *image, struct x11_connection *connection, int number, const struct rect *area,
                  struct error *err)
{
    int code = 0;
    x11_free_ximage(image);
    image->method = "shm";
    enum shm_result shm = x11_get_by_shm(image, connection, number, area, &code);
    if (shm == SHM_GOT || (shm == SHM_REFUSED && code == BadMatch))
        return 0;
    image->method = "getimage";
    int status = x11_get_by_connection(image, connection, number, area, shm, err);
    if (status == 0) {
        image->no_shm = true;
        x11_detach_segment(image, connection);
    }
    return status;
}

/* ---- colours ---- */

static void x11_set_colors(struct x11_decoder *decoder, const XColor *colors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        x11_decoder_set_color(decoder, X11_RED, i, colors[i].red);
        x11_decoder_set_color(decoder, X11_GREEN, i, colors[i].green);
        x11_decoder_set_color(decoder, X11_BLUE, i, colors[i].blue);
    }
}

/* Returns the installed colour map, which the hardware applies: the default one where it is installed. */
static Colormap x11_installed_colormap(struct x11_connection *connection, int number)
{
    int count = 0;
    Colormap shown = DefaultColormap(connection->display, number);
    Colormap *installed =
        X11_CALL(XListInstalledColormaps)(connection->display, RootWindow(connection->display, number), &count);
    for (int i = 0; i < count; i++)
        if (installed[i] == shown)
            count = 0;
    if (count > 0)
        shown = installed[0];
    if (installed)
        X11_CALL(XFree)(installed);
    return shown;
}

static int x11_read_colors(struct x11_decoder *decoder, struct x11_connection *connection, int number,
                           struct error *err)
{
    XColor colors[X11_CHANNEL_MAX];
    size_t count = 0;
    for (int i = 0; i < 3; i++)
        if (count < x11_channel_count(&decoder->channels[i]))
            count = x11_channel_count(&decoder->channels[i]);
    const Visual *visual = DefaultVisual(connection->display, number);
    if (visual->map_entries > 0 && count > (size_t)visual->map_entries)
        count = (size_t)visual->map_entries;
    for (size_t i = 0; i < count; i++) {
        colors[i].pixel = 0;
        for (int c = 0; c < 3; c++)
            colors[i].pixel |= (i << decoder->channels[c].shift) & decoder->channels[c].mask;
    }
    x11_take_error(connection);
    X11_CALL(XQueryColors)(connection->display, x11_installed_colormap(connection, number), colors, (int)count);
    if (x11_take_error(connection) != 0)
        return error_set(err, ERR_UNAVAILABLE, "X server :%u does not tell its colour map", connection->server.number);
    x11_set_colors(decoder, colors, count);
    return 0;
}

static int x11_make_decoder(struct x11_decoder *decoder, struct x11_connection *connection, int number,
                            const XImage *ximage, struct error *err)
{
    const Visual *visual = DefaultVisual(connection->display, number);
    bool direct = visual->class == TrueColor || visual->class == DirectColor;
    uint32_t all = (uint32_t)((1ull << DefaultDepth(connection->display, number)) - 1);
    uint32_t masks[3] = {all, all, all};
    if (direct) {
        masks[X11_RED] = (uint32_t)visual->red_mask;
        masks[X11_GREEN] = (uint32_t)visual->green_mask;
        masks[X11_BLUE] = (uint32_t)visual->blue_mask;
    }
    int status =
        x11_decoder_init(decoder, (unsigned)ximage->bits_per_pixel, ximage->byte_order == MSBFirst, masks, err);
    if (status == 0 && visual->class != TrueColor)
        status = x11_read_colors(decoder, connection, number, err);
    return status;
}

/* ---- the picture ---- */

static int x11_reserve_rgb(struct x11_image *image, size_t size, struct error *err)
{
    if (image->memory) {
        image->rgb = image->memory->get(image->memory, size);
        return image->rgb ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for a picture of %zu bytes", size);
    }
    if (image->rgb_size >= size)
        return 0;
    free(image->rgb);
    image->rgb = malloc(size);
    image->rgb_size = image->rgb ? size : 0;
    return image->rgb ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for a picture of %zu bytes", size);
}

int x11_image_canvas(struct x11_image *image, const struct rect *area, struct x11_canvas *canvas, struct error *err)
{
    size_t stride = (size_t)area->width * 3;
    if (image_check_size("the screen", area->width, area->height, err))
        return err->status = ERR_UNAVAILABLE;
    int status = x11_reserve_rgb(image, stride * area->height, err);
    *canvas = (struct x11_canvas){.rgb = image->rgb, .stride = stride, .area = *area};
    return status;
}

int x11_image_decode(struct x11_image *image, struct x11_connection *connection, int number, const struct rect *part,
                     const struct x11_canvas *canvas, struct error *err)
{
    const XImage *ximage = image->ximage;
    struct x11_decoder decoder;
    int status = x11_make_decoder(&decoder, connection, number, ximage, err);
    if (status)
        return status;
    x11_decode(&decoder, (const uint8_t *)ximage->data, (size_t)ximage->bytes_per_line,
               canvas->rgb + (size_t)part->y * canvas->stride + (size_t)part->x * 3, canvas->stride, part->width,
               part->height);
    x11_free_ximage(image);
    return 0;
}

void x11_image_close(struct x11_image *image, struct x11_connection *connection)
{
    x11_free_ximage(image);
    x11_detach_segment(image, connection);
    if (!image->memory)
        free(image->rgb);
    *image = (struct x11_image){0};
}
