/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of a call that does not return, from another thread, while this one waits in the kernel. */
#include "capture/drm/card.h"
#include "platform/thread.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static int wake[2]; /* a pipe: the other thread ends this one's wait */
static char told[256], channel[128];

/* Whether the process's first thread sleeps, as /proc has it. */
static bool sleeps(void)
{
    char text[256] = "";
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file)
        return false;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = 0;
    const char *end = strrchr(text, ')');
    return end && end[1] == ' ' && end[2] == 'S';
}

static void read_channel(void)
{
    FILE *file = fopen("/proc/self/wchan", "re");
    if (file && !fgets(channel, sizeof channel, file))
        channel[0] = 0;
    if (file)
        fclose(file);
}

static void watch(void *context)
{
    (void)context;
    for (int i = 0; i < 1000 && !sleeps(); i++)
        poll(NULL, 0, 10);
    bool agree = false;
    for (int i = 0; i < 100 && !agree; i++) { /* on a busy machine the thread may be woken between the two looks */
        drm_describe_call(told, sizeof told);
        read_channel();
        agree = (channel[0] && strcmp(channel, "0") != 0) == (strstr(told, "which waits") != NULL);
    }
    if (write(wake[1], "x", 1) != 1)
        abort();
}

static void the_call_and_the_wait_channel_are_named(void)
{
    static const struct drm_card card = {.fd = -1, .number = 3};
    struct error err;
    char want[256], byte;
    CHECK(DRM_CALL(&card, "MODE_GETRESOURCES", drmModeGetResources(card.fd)) == NULL);
    CHECK(errno == EBADF || errno == ENOSYS); /* which is said by an emulator that does not know the call */
    CHECK(pipe(wake) == 0);
    CHECK_INT(os_thread_start(watch, NULL, &err), 0);
    CHECK(read(wake[0], &byte, 1) == 1);
    bool named = channel[0] && strcmp(channel, "0") != 0;
    snprintf(want, sizeof want, "card3 does not answer MODE_GETRESOURCES%s%s",
             named ? ", which waits in the kernel's " : "", named ? channel : "");
    CHECK_TEXT(told, want);
    if (!named)
        printf("# the kernel tells no wait channel here\n");
}

int main(void)
{
    RUN(the_call_and_the_wait_channel_are_named);
    return CHECK_RESULT();
}
