/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/random.h"
#include "linux/errno.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

/* Reads what the kernel has, as soon after its start as it may be: getrandom() would wait, or there is none. */
static int random_from_device(uint64_t *number)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    ssize_t got = read(fd, number, sizeof *number);
    int code = got < 0 ? errno : EIO;
    close(fd);
    return got == (ssize_t)sizeof *number ? 0 : code;
}

int os_random(uint64_t *number, struct error *err)
{
    if (getrandom(number, sizeof *number, GRND_NONBLOCK) == (ssize_t)sizeof *number)
        return 0;
    int code = random_from_device(number);
    return code ? errno_error(err, code, NULL) : 0;
}
