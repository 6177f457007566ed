/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/console.h"

#include "linux/errno.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CONSOLE_MAX (4u << 20) /* bytes of one; the largest there can be have about a million cells */
#define CONSOLES_TOLD 15       /* by VT_GETSTATE's 16 bits, of which the lowest is /dev/tty0 */

unsigned os_console_active(void)
{
    unsigned number = 0;
    FILE *file = fopen("/sys/class/tty/tty0/active", "re");
    if (!file)
        return 0;
    if (fscanf(file, "tty%2u", &number) != 1 || number > OS_CONSOLES_MAX)
        number = 0;
    fclose(file);
    return number;
}

/* Returns whether the console exists, without opening its terminal: that would make one that does not. */
static bool exists(unsigned number)
{
    char path[32];
    snprintf(path, sizeof path, "/dev/vcs%u", number);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Returns whether somebody has the console's terminal open. logind starts no login prompt on one that somebody has open
   (VT_GETSTATE in linux/vt.h), and the agent would be somebody: so the first console, which has its prompt from the
   start, is asked about the others. It knows of 15. */
static bool is_in_use(unsigned number)
{
    struct vt_stat state;
    if (number == 1 || number > CONSOLES_TOLD)
        return true;
    int fd = open("/dev/tty1", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool known = fd >= 0 && ioctl(fd, VT_GETSTATE, &state) == 0;
    if (fd >= 0)
        close(fd);
    return !known || (state.v_state >> number & 1);
}

enum os_console_mode os_console_mode(unsigned number)
{
    char path[32];
    int mode = -1;
    if (!exists(number) || !is_in_use(number))
        return OS_CONSOLE_UNKNOWN;
    snprintf(path, sizeof path, "/dev/tty%u", number);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return OS_CONSOLE_UNKNOWN;
    if (ioctl(fd, KDGETMODE, &mode) != 0)
        mode = -1;
    close(fd);
    return mode == KD_GRAPHICS ? OS_CONSOLE_GRAPHICS : mode < 0 ? OS_CONSOLE_UNKNOWN : OS_CONSOLE_TEXT;
}

/* Returns 0, or an errno, of which EFBIG and ENOMEM are ours. */
static int console_read_all(const char *path, struct buffer *out)
{
    uint8_t bytes[16384];
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    while ((got = read(fd, bytes, sizeof bytes)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0)
            buffer_append(out, bytes, (size_t)got);
    int code = got < 0 ? errno : out->failed ? EFBIG : 0;
    close(fd);
    if (code)
        buffer_clear(out);
    return code;
}

int os_console_read(struct os_console *console, unsigned number, struct error *err)
{
    char unicode[32], screen[32];
    *console = (struct os_console){.number = number};
    buffer_init(&console->screen, CONSOLE_MAX);
    buffer_init(&console->unicode, CONSOLE_MAX);
    snprintf(unicode, sizeof unicode, "/dev/vcsu%u", number);
    snprintf(screen, sizeof screen, "/dev/vcsa%u", number);
    int no_screen = console_read_all(screen, &console->screen);
    if (no_screen == ENXIO)
        return error_set(err, ERR_NOT_FOUND, "there is no text console %u: nothing has opened it", number);
    console_read_all(unicode, &console->unicode);
    if (no_screen)
        return errno_error(err, no_screen, screen);
    console->mode = os_console_mode(number);
    return 0;
}

void os_console_deinit(struct os_console *console)
{
    buffer_deinit(&console->screen);
    buffer_deinit(&console->unicode);
}
