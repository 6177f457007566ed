/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/gpu/devcoredump.h"
#include "linux/gpu/log_line.h"
#include "linux/gpu/sysfs.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define KEPT_MAX 4              /* dumps; the oldest one goes */
#define PLAIN_MAX (1024u << 20) /* bytes of a dump that are read */
#define FILE_MAX (256u << 20)   /* bytes of its compressed copy */
#define CHUNK 65536u
#define TAKEN_MAX 16
#define PREFIX "gpu-dump-"
#define SUFFIX ".gz"

static struct {
    pthread_mutex_t lock; /* guards what follows */
    bool running, again;
    const struct os_gpu_watcher *watcher;
    unsigned taken[TAKEN_MAX]; /* numbers of the last ones, kept or not: none is taken twice */
    unsigned taken_count;
} dumps = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct dump_copy {
    int from, to;
    z_stream zip;
    uint64_t plain_len, len;
    uint8_t plain[CHUNK], zipped[CHUNK];
};

__attribute__((format(printf, 2, 3))) static void dump_tell(const char *pci, const char *format, ...)
{
    struct os_gpu_report report = {.kind = OS_GPU_DUMP, .time_ms = os_wall_time_ms()};
    va_list args;
    snprintf(report.pci, sizeof report.pci, "%s", pci);
    va_start(args, format);
    vsnprintf(report.text, sizeof report.text, format, args);
    va_end(args);
    dumps.watcher->tell(&report);
}

static int dump_write(struct dump_copy *copy)
{
    size_t len = CHUNK - copy->zip.avail_out;
    copy->len += len;
    for (size_t done = 0; done < len;) {
        ssize_t wrote = write(copy->to, copy->zipped + done, len - done);
        if (wrote < 0 && errno != EINTR)
            return errno;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    copy->zip.next_out = copy->zipped;
    copy->zip.avail_out = CHUNK;
    return copy->len > FILE_MAX ? EFBIG : 0;
}

/* Compresses what was read, or with Z_FINISH what is left. Returns 0 or an errno. */
static int dump_deflate(struct dump_copy *copy, size_t len, int flush)
{
    int code, error;
    copy->zip.next_in = copy->plain;
    copy->zip.avail_in = (uInt)len;
    do {
        code = deflate(&copy->zip, flush);
        error = dump_write(copy);
    } while (!error && (flush == Z_FINISH ? code == Z_OK : copy->zip.avail_in > 0));
    return error;
}

static int dump_stream(struct dump_copy *copy)
{
    copy->zip.next_out = copy->zipped;
    copy->zip.avail_out = CHUNK;
    if (deflateInit2(&copy->zip, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return ENOMEM;
    int error = 0;
    ssize_t got = 1;
    while (!error && got > 0) {
        got = read(copy->from, copy->plain, CHUNK);
        error = got < 0 ? errno : dump_deflate(copy, (size_t)got, got ? Z_NO_FLUSH : Z_FINISH);
        copy->plain_len += got > 0 ? (size_t)got : 0;
        if (copy->plain_len > PLAIN_MAX)
            error = EFBIG;
    }
    deflateEnd(&copy->zip);
    if (!error && copy->plain_len == 0)
        error = ENODATA;
    return error || fsync(copy->to) == 0 ? error : errno;
}

/* ---- files ---- */

static bool is_dump_name(const char *name)
{
    size_t len = strlen(name), tail = strlen(SUFFIX);
    return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && len > tail && strcmp(name + len - tail, SUFFIX) == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int choose_dump(const struct dirent *entry)
{
    return is_dump_name(entry->d_name);
}

/* Removes the oldest, so that there is room for one more. Their names are in the order of their times. */
static void drop_oldest_dumps(int folder, const char *path)
{
    struct dirent **list;
    int count = scandir(path, &list, choose_dump, compare_names);
    for (int i = 0; i < count; i++) {
        if (i <= count - KEPT_MAX)
            unlinkat(folder, list[i]->d_name, 0);
        free(list[i]);
    }
    if (count >= 0)
        free(list);
}

/* Copies to a file that has its name when all of it is on the disk. Returns 0 or an errno. */
static int dump_keep(int folder, int from, const char *name, uint64_t *len)
{
    static const char part[] = PREFIX "part";
    struct dump_copy *copy = calloc(1, sizeof *copy);
    if (!copy)
        return ENOMEM;
    unlinkat(folder, part, 0);
    copy->from = from;
    copy->to = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int error = copy->to < 0 ? errno : dump_stream(copy);
    if (copy->to >= 0)
        close(copy->to);
    if (!error && renameat(folder, part, folder, name) < 0)
        error = errno;
    if (!error && fsync(folder) < 0)
        error = errno;
    if (error)
        unlinkat(folder, part, 0);
    *len = copy->plain_len;
    free(copy);
    return error;
}

/* Keeps a dump and releases it. Returns 0 or an errno. */
static int dump_save(const char *pci, const char *data)
{
    char name[64];
    uint64_t len = 0;
    int from = open(data, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    int folder = open(dumps.watcher->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = from < 0 || folder < 0 ? errno : 0;
    snprintf(name, sizeof name, PREFIX "%" PRId64 "-%s" SUFFIX, os_wall_time_ms(), pci);
    if (!error) {
        drop_oldest_dumps(folder, dumps.watcher->folder);
        error = dump_keep(folder, from, name, &len);
    }
    if (!error)
        dump_tell(pci, "its driver's dump of %" PRIu64 " bytes is .periscope/%s%s", len, name,
                  write(from, "0", 1) == 1 ? "" : "; the kernel still holds it");
    if (from >= 0)
        close(from);
    if (folder >= 0)
        close(folder);
    return error;
}

/* Finds the graphics card that a dump is of. Returns false for other devices. */
static bool find_failing(const char *name, char pci[OS_GPU_PCI_SIZE])
{
    char path[PATH_MAX], device[PATH_MAX];
    gpu_path(path, "/sys/class/devcoredump/%s/failing_device", name);
    if (!realpath(path, device))
        return false;
    for (char *part = strrchr(device, '/'); part; part = strrchr(device, '/')) {
        if (log_line_is_pci(part + 1, strlen(part + 1))) {
            snprintf(pci, OS_GPU_PCI_SIZE, "%.12s", part + 1);
            return gpu_is_display_controller(pci);
        }
        *part = 0;
    }
    return false;
}

static bool is_taken(unsigned number)
{
    for (unsigned i = 0; i < TAKEN_MAX && i < dumps.taken_count; i++)
        if (dumps.taken[i] == number)
            return true;
    return false;
}

static void dump_take(const char *name)
{
    char pci[OS_GPU_PCI_SIZE], data[PATH_MAX];
    unsigned number;
    if (sscanf(name, "devcd%9u", &number) != 1 || is_taken(number) || !find_failing(name, pci))
        return;
    dumps.taken[dumps.taken_count++ % TAKEN_MAX] = number;
    gpu_path(data, "/sys/class/devcoredump/%s/data", name);
    int error = dump_save(pci, data);
    if (error)
        dump_tell(pci, "its driver's dump %s could not be kept: %s", name, strerror(error));
}

static void dump_take_all(void)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    gpu_path(path, "/sys/class/devcoredump");
    DIR *folder = opendir(path);
    while (folder && (entry = readdir(folder)))
        dump_take(entry->d_name);
    if (folder)
        closedir(folder);
}

static void dump_main(void *context)
{
    (void)context;
    for (bool again = true; again;) {
        dump_take_all();
        pthread_mutex_lock(&dumps.lock);
        again = dumps.again;
        dumps.again = false;
        dumps.running = again;
        pthread_mutex_unlock(&dumps.lock);
    }
}

void devcoredump_look(const struct os_gpu_watcher *watcher)
{
    struct error err;
    pthread_mutex_lock(&dumps.lock);
    bool start = !dumps.running;
    dumps.watcher = watcher;
    dumps.running = true;
    dumps.again = !start;
    pthread_mutex_unlock(&dumps.lock);
    if (!start || os_thread_start(dump_main, NULL, &err) == 0)
        return;
    watcher->missing(err.text);
    pthread_mutex_lock(&dumps.lock);
    dumps.running = false;
    pthread_mutex_unlock(&dumps.lock);
}
