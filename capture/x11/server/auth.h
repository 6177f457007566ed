/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parser of Xauthority files: bytes in, cookies out. The bytes are not trusted. No file is opened in here.
 *
 * A file is a sequence of entries, all numbers big-endian (libXau, AuRead.c):
 *     entry := u16 family, counted address, counted display number, counted name, counted data
 *     counted := u16 size, size bytes
 */
#ifndef CAPTURE_X11_SERVER_AUTH_H
#define CAPTURE_X11_SERVER_AUTH_H

#include "base/buffer.h"

#define X11_AUTH_FILE_MAX (256u << 10) /* bytes of a file; real ones have a few hundred */
#define X11_COOKIES_MAX 8              /* of one file for one display */
#define X11_COOKIE_SIZE_MAX 256        /* bytes; a MIT-MAGIC-COOKIE-1 has 16 */
#define X11_COOKIE_NAME "MIT-MAGIC-COOKIE-1"

struct x11_cookie {
    uint8_t data[X11_COOKIE_SIZE_MAX];
    size_t len;
};

struct x11_cookies {
    struct x11_cookie items[X11_COOKIES_MAX]; /* best match first, without duplicates */
    size_t count;
    bool more;  /* the file has more cookies than X11_COOKIES_MAX */
    bool whole; /* the file ended at the end of an entry */
};

/* Reads the cookies for display :number that a local client may use, in this order: those of this host's name, those of
   any host (FamilyWild), and those of another host's name (the host may have been renamed since). */
void x11_auth_read(struct slice file, unsigned number, const char *host_name, struct x11_cookies *cookies);

#endif
