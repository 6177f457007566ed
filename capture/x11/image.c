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

#define SENTINEL_TRIES 3 /* a picture of one black pixel of 8 bits may look like its canary, but not three times */

/* ---- the canary ---- */

static uint8_t sentinel_byte(uint32_t seed, uint32_t row, size_t i)
{
    uint32_t mixed = (seed ^ row * 2654435761u ^ (uint32_t)i * 40503u) * 2246822519u;
    return (uint8_t)(mixed >> 24);
}

void x11_sentinel_write(uint8_t *pixels, size_t stride, uint32_t height, uint32_t seed)
{
    for (uint32_t row = 0; row < height; row++)
        for (size_t i = 0; i < stride && i < 8; i++)
            pixels[row * stride + i] = sentinel_byte(seed, row, i);
}

bool x11_sentinel_is_intact(const uint8_t *pixels, size_t stride, uint32_t height, uint32_t seed)
{
    for (uint32_t row = 0; row < height; row++)
        for (size_t i = 0; i < stride && i < 8; i++)
            if (pixels[row * stride + i] != sentinel_byte(seed, row, i))
                return false;
    return true;
}

/* ---- shared memory ---- */

static void *no_memory(void)
{
    return (void *)-1;
}

static void drop_segment(struct x11_image *image, struct x11_connection *connection)
{
    if (image->segment_size == 0)
        return;
    if (connection->display && !connection->lost)
        x11.XShmDetach(connection->display, &image->segment);
    shmdt(image->segment.shmaddr);
    image->segment_size = 0;
}

/* With another IPC namespace the server would attach a stranger's segment, or none. */
static bool shares_ipc(const struct x11_connection *connection)
{
    char path[64], ours[64], theirs[64];
    snprintf(path, sizeof path, "/proc/%d/ns/ipc", (int)connection->server.pid);
    ssize_t our_len = readlink("/proc/self/ns/ipc", ours, sizeof ours);
    ssize_t their_len = readlink(path, theirs, sizeof theirs);
    return our_len <= 0 || their_len <= 0 || (our_len == their_len && memcmp(ours, theirs, (size_t)our_len) == 0);
}

/* The server attaches it as its own user, so as root we give it away; nobody else may read the screen in it. */
static void give_to_server(int id, const struct x11_connection *connection)
{
    struct shmid_ds info;
    if (geteuid() != 0 || connection->server.uid == 0 || connection->server.uid == (uid_t)-1 ||
        shmctl(id, IPC_STAT, &info) != 0)
        return;
    info.shm_perm.uid = connection->server.uid;
    shmctl(id, IPC_SET, &info);
}

static bool make_segment(struct x11_image *image, struct x11_connection *connection, size_t size)
{
    XShmSegmentInfo *segment = &image->segment;
    *segment = (XShmSegmentInfo){.shmid = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600)};
    if (segment->shmid < 0)
        return false;
    give_to_server(segment->shmid, connection);
    segment->shmaddr = shmat(segment->shmid, NULL, 0);
    bool attached = false;
    if (segment->shmaddr != no_memory()) {
        /* XShmAttach says yes to everything; the server's no comes later. */
        x11_take_error(connection);
        x11.XShmAttach(connection->display, segment);
        attached = x11_take_error(connection) == 0 && !connection->lost;
        if (!attached)
            shmdt(segment->shmaddr);
    }
    shmctl(segment->shmid, IPC_RMID, NULL); /* it lives as long as somebody has it attached */
    image->segment_size = attached ? size : 0;
    return attached;
}

static bool have_segment(struct x11_image *image, struct x11_connection *connection, size_t size)
{
    if (image->segment_size >= size)
        return true;
    drop_segment(image, connection);
    if (!shares_ipc(connection) || !x11.XShmQueryExtension(connection->display))
        return false;
    return make_segment(image, connection, size);
}

/* ---- getting an image ---- */

static XImage *make_shm_image(struct x11_image *image, struct x11_connection *connection, int screen,
                              const struct rect *area)
{
    Display *display = connection->display;
    XImage *ximage =
        x11.XShmCreateImage(display, DefaultVisual(display, screen), (unsigned)DefaultDepth(display, screen), ZPixmap,
                            NULL, &image->segment, area->width, area->height);
    if (!ximage)
        return NULL;
    if (!have_segment(image, connection, (size_t)ximage->bytes_per_line * area->height)) {
        XDestroyImage(ximage);
        return NULL;
    }
    ximage->data = image->segment.shmaddr;
    return ximage;
}

enum shm_result {
    SHM_GOT,
    SHM_UNWRITTEN, /* the server said that it did, but wrote nothing */
    SHM_REFUSED,   /* *code is the X error */
    SHM_UNUSABLE,
};

static enum shm_result get_by_shm(struct x11_image *image, struct x11_connection *connection, int screen,
                                  const struct rect *area, XImage **out, int *code)
{
    static uint32_t seed;
    enum shm_result result = SHM_UNWRITTEN;
    XImage *ximage = x11_missing(X11_LIB_XEXT) ? NULL : make_shm_image(image, connection, screen, area);
    if (!ximage)
        return SHM_UNUSABLE;
    uint8_t *pixels = (uint8_t *)ximage->data;
    size_t stride = (size_t)ximage->bytes_per_line;
    for (int i = 0; i < SENTINEL_TRIES && result == SHM_UNWRITTEN; i++) {
        seed += (uint32_t)getpid() + 1;
        x11_sentinel_write(pixels, stride, area->height, seed);
        x11_take_error(connection);
        if (!x11.XShmGetImage(connection->display, RootWindow(connection->display, screen), ximage, area->x, area->y,
                              AllPlanes))
            result = SHM_REFUSED;
        else if (!x11_sentinel_is_intact(pixels, stride, area->height, seed))
            result = SHM_GOT;
    }
    if (result == SHM_REFUSED)
        *code = x11_take_error(connection);
    if (result == SHM_GOT)
        *out = ximage;
    else
        XDestroyImage(ximage);
    return result;
}

static bool is_all_zero(const XImage *ximage)
{
    const char *bytes = ximage->data;
    size_t len = (size_t)ximage->bytes_per_line * (size_t)ximage->height;
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

static enum x11_fetch get_by_connection(struct x11_connection *connection, int screen, const struct rect *area,
                                        XImage **ximage, struct error *err)
{
    x11_take_error(connection);
    *ximage = x11.XGetImage(connection->display, RootWindow(connection->display, screen), area->x, area->y, area->width,
                            area->height, AllPlanes, ZPixmap);
    if (*ximage)
        return X11_FETCHED;
    int code = x11_take_error(connection);
    if (code == BadMatch)
        return X11_FETCH_AGAIN;
    error_set(err, ERR_UNAVAILABLE, "X server :%u does not give its screen's pixels (X error %d)",
              connection->server.number, code);
    return X11_FETCH_FAILED;
}

/* *ximage is the caller's to destroy; its data is the segment's when the method is "shm". */
static enum x11_fetch get_image(struct x11_image *image, struct x11_connection *connection, int screen,
                                const struct rect *area, XImage **ximage, struct error *err)
{
    int code = 0;
    image->method = "shm";
    enum shm_result shm = image->no_shm ? SHM_UNUSABLE : get_by_shm(image, connection, screen, area, ximage, &code);
    if (shm == SHM_GOT)
        return X11_FETCHED;
    if (shm == SHM_REFUSED && code == BadMatch)
        return X11_FETCH_AGAIN;
    image->method = "getimage";
    enum x11_fetch result = get_by_connection(connection, screen, area, ximage, err);
    bool written = shm != SHM_UNWRITTEN || result != X11_FETCHED || !is_all_zero(*ximage) ||
                   x11_vt_state(connection, screen) == X11_VT_ACTIVE;
    if (written) {
        image->no_shm = true;
        drop_segment(image, connection);
        return result;
    }
    XDestroyImage(*ximage);
    error_set(err, ERR_UNAVAILABLE,
              "x-vt-inactive: X server :%u gives no pixels, as when its virtual terminal is not "
              "the active one",
              connection->server.number);
    return X11_FETCH_FAILED;
}

/* ---- colours ---- */

static void set_colors(struct x11_decoder *decoder, const XColor *colors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        x11_decoder_set_color(decoder, X11_RED, i, colors[i].red);
        x11_decoder_set_color(decoder, X11_GREEN, i, colors[i].green);
        x11_decoder_set_color(decoder, X11_BLUE, i, colors[i].blue);
    }
}

/* The installed map is the one that the screen is seen through. */
static Colormap shown_colormap(struct x11_connection *connection, int screen)
{
    int count = 0;
    Colormap shown = DefaultColormap(connection->display, screen);
    Colormap *installed =
        x11.XListInstalledColormaps(connection->display, RootWindow(connection->display, screen), &count);
    for (int i = 0; i < count; i++)
        if (installed[i] == shown)
            count = 0;
    if (count > 0)
        shown = installed[0];
    if (installed)
        x11.XFree(installed);
    return shown;
}

static int read_colors(struct x11_decoder *decoder, struct x11_connection *connection, int screen, struct error *err)
{
    XColor colors[X11_CHANNEL_MAX];
    size_t count = 0;
    for (int i = 0; i < 3; i++)
        if (count < x11_channel_count(&decoder->channels[i]))
            count = x11_channel_count(&decoder->channels[i]);
    const Visual *visual = DefaultVisual(connection->display, screen);
    if (visual->map_entries > 0 && count > (size_t)visual->map_entries)
        count = (size_t)visual->map_entries;
    for (size_t i = 0; i < count; i++) {
        colors[i].pixel = 0;
        for (int c = 0; c < 3; c++)
            colors[i].pixel |= (i << decoder->channels[c].shift) & decoder->channels[c].mask;
    }
    x11_take_error(connection);
    x11.XQueryColors(connection->display, shown_colormap(connection, screen), colors, (int)count);
    if (x11_take_error(connection) != 0)
        return error_set(err, ERR_UNAVAILABLE, "X server :%u does not tell its colour map", connection->server.number);
    set_colors(decoder, colors, count);
    return 0;
}

static int make_decoder(struct x11_decoder *decoder, struct x11_connection *connection, int screen,
                        const XImage *ximage, struct error *err)
{
    const Visual *visual = DefaultVisual(connection->display, screen);
    bool direct = visual->class == TrueColor || visual->class == DirectColor;
    uint32_t all = (uint32_t)((1ull << DefaultDepth(connection->display, screen)) - 1);
    uint32_t masks[3] = {all, all, all};
    if (direct) {
        masks[X11_RED] = (uint32_t)visual->red_mask;
        masks[X11_GREEN] = (uint32_t)visual->green_mask;
        masks[X11_BLUE] = (uint32_t)visual->blue_mask;
    }
    int status =
        x11_decoder_init(decoder, (unsigned)ximage->bits_per_pixel, ximage->byte_order == MSBFirst, masks, err);
    if (status == 0 && visual->class != TrueColor)
        status = read_colors(decoder, connection, screen, err);
    return status;
}

/* ---- */

static int have_rgb(struct x11_image *image, size_t size, struct error *err)
{
    if (image->rgb_size >= size)
        return 0;
    free(image->rgb);
    image->rgb = malloc(size);
    image->rgb_size = image->rgb ? size : 0;
    return image->rgb ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for a picture of %zu bytes", size);
}

static int decode_image(struct x11_image *image, struct x11_connection *connection, int screen, const XImage *ximage,
                        const struct rect *area, struct x11_canvas *canvas, struct error *err)
{
    struct x11_decoder decoder;
    size_t stride = (size_t)area->width * 3;
    int status = make_decoder(&decoder, connection, screen, ximage, err);
    if (status == 0)
        status = have_rgb(image, stride * area->height, err);
    if (status)
        return status;
    x11_decode(&decoder, (const uint8_t *)ximage->data, (size_t)ximage->bytes_per_line, image->rgb, stride, area->width,
               area->height);
    *canvas = (struct x11_canvas){.rgb = image->rgb, .stride = stride, .area = *area};
    return 0;
}

enum x11_fetch x11_image_fetch(struct x11_image *image, struct x11_connection *connection, int screen,
                               const struct rect *area, struct x11_canvas *canvas, struct error *err)
{
    XImage *ximage;
    enum x11_fetch result = get_image(image, connection, screen, area, &ximage, err);
    if (result != X11_FETCHED)
        return result;
    if (decode_image(image, connection, screen, ximage, area, canvas, err))
        result = X11_FETCH_FAILED;
    XDestroyImage(ximage);
    return result;
}

void x11_image_close(struct x11_image *image, struct x11_connection *connection)
{
    drop_segment(image, connection);
    free(image->rgb);
    *image = (struct x11_image){0};
}
