/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/gpu/log_line.h"
#include "linux/gpu/sysfs.h"
#include "linux/lookup.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PCI_IDS_MS 1000 /* how long a name may be looked for */
#define NVIDIA_MS 300   /* how long its driver may take to fill a file of /proc */

void gpu_path(char path[PATH_MAX], const char *format, ...)
{
    const char *root = getenv("PERISCOPED_TEST_SYSTEM");
    va_list args;
    int len = snprintf(path, PATH_MAX / 2, "%s", root ? root : "");
    if (len >= PATH_MAX / 2)
        len = 0;
    va_start(args, format);
    vsnprintf(path + len, (size_t)(PATH_MAX - len), format, args);
    va_end(args);
}

bool gpu_read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    *line = 0;
    if (!file)
        return false;
    bool read = fgets(line, (int)size, file) != NULL;
    fclose(file);
    line[strcspn(line, "\n")] = 0;
    return read;
}

static unsigned long gpu_read_number(const char *pci, const char *name)
{
    char path[PATH_MAX], line[32];
    gpu_path(path, "/sys/bus/pci/devices/%s/%s", pci, name);
    return gpu_read_line(path, line, sizeof line) ? strtoul(line, NULL, 0) : 0;
}

/* Returns 1 for a display controller, 0 for another device or none, or a negative errno when it can't be known. */
static int look_at_class(const char *pci)
{
    char path[PATH_MAX], line[32];
    gpu_path(path, "/sys/bus/pci/devices/%s/class", pci);
    errno = 0;
    if (gpu_read_line(path, line, sizeof line))
        return strtoul(line, NULL, 0) >> 16 == 0x03;
    return errno == ENOENT ? 0 : -(errno ? errno : EIO);
}

bool gpu_is_display_controller(const char *pci)
{
    return look_at_class(pci) == 1;
}

/* ---- names ---- */

/* Finds a device in pci.ids, where the guest has that: "VENDOR  name" lines, "\tDEVICE  name" behind each. */
static void read_pci_ids(FILE *file, struct os_gpu *gpu)
{
    char line[256], vendor[8], device[8], maker[48] = "";
    snprintf(vendor, sizeof vendor, "%04x  ", gpu->vendor);
    snprintf(device, sizeof device, "\t%04x  ", gpu->device);
    while (!*gpu->name && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (!*maker && strncmp(line, vendor, 6) == 0)
            snprintf(maker, sizeof maker, "%.40s", line + 6);
        else if (*maker && strncmp(line, device, 7) == 0)
            snprintf(gpu->name, sizeof gpu->name, "%.40s %.50s", maker, line + 7);
        else if (*maker && *line != '\t' && *line != '#')
            return;
    }
}

static void pci_ids_look(const void *question, void *answer)
{
    static const char *const paths[] = {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"};
    struct os_gpu *gpu = answer;
    char path[PATH_MAX];
    *gpu = *(const struct os_gpu *)question;
    for (size_t i = 0; i < 2 && !*gpu->name; i++) {
        gpu_path(path, "%s", paths[i]);
        FILE *file = fopen(path, "re");
        if (!file)
            continue;
        read_pci_ids(file, gpu);
        fclose(file);
    }
}

static enum lookup_age pci_ids_age(const void *answer, int64_t age_ms)
{
    (void)answer;
    (void)age_ms;
    return LOOKUP_FRESH;
}

/* Finds the name once: that file has a megabyte. */
static void find_name(struct os_gpu *gpu)
{
    static struct lookup_cache cache = {.question_size = sizeof(struct os_gpu),
                                        .size = sizeof(struct os_gpu),
                                        .look = pci_ids_look,
                                        .age = pci_ids_age,
                                        .patience_ms = PCI_IDS_MS,
                                        .lock = PTHREAD_MUTEX_INITIALIZER};
    struct os_gpu named;
    struct error err;
    char key[16];
    snprintf(key, sizeof key, "%04x:%04x", gpu->vendor, gpu->device);
    if (lookup_get(&cache, key, gpu, &named, &err) >= 0)
        memcpy(gpu->name, named.name, sizeof gpu->name);
}

/* ---- NVIDIA's own files ---- */

struct nvidia_facts {
    char name[96], uuid[48];
};

static void nvidia_take(const char *line, const char *key, char *value, size_t size)
{
    size_t len = strlen(key);
    if (strncmp(line, key, len) == 0)
        snprintf(value, size, "%s", line + len + strspn(line + len, " \t"));
}

static void nvidia_look(const void *question, void *answer)
{
    struct nvidia_facts *facts = answer;
    char path[PATH_MAX], line[160];
    gpu_path(path, "/proc/driver/nvidia/gpus/%s/information", (const char *)question);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        nvidia_take(line, "Model:", facts->name, sizeof facts->name);
        nvidia_take(line, "GPU UUID:", facts->uuid, sizeof facts->uuid);
    }
    if (file)
        fclose(file);
}

static enum lookup_age nvidia_age(const void *answer, int64_t age_ms)
{
    (void)age_ms;
    return *((const struct nvidia_facts *)answer)->uuid ? LOOKUP_FRESH : LOOKUP_STALE;
}

/* Reads the model and the UUID, in a thread of its own: the driver fills that file, and takes its locks. */
static void find_nvidia(struct os_gpu *gpu)
{
    static struct lookup_cache cache = {.question_size = OS_GPU_PCI_SIZE,
                                        .size = sizeof(struct nvidia_facts),
                                        .look = nvidia_look,
                                        .age = nvidia_age,
                                        .patience_ms = NVIDIA_MS,
                                        .lock = PTHREAD_MUTEX_INITIALIZER};
    struct nvidia_facts facts;
    struct error err;
    if (lookup_get(&cache, gpu->pci, gpu->pci, &facts, &err) < 0)
        return;
    memcpy(gpu->name, facts.name, sizeof gpu->name);
    memcpy(gpu->uuid, facts.uuid, sizeof gpu->uuid);
}

/* ---- the driver ---- */

static void find_driver(struct os_gpu *gpu)
{
    char path[PATH_MAX], target[PATH_MAX];
    struct utsname kernel;
    gpu_path(path, "/sys/bus/pci/devices/%s/driver", gpu->pci);
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (len <= 0)
        return;
    target[len] = 0;
    const char *name = strrchr(target, '/');
    snprintf(gpu->driver, sizeof gpu->driver, "%.31s", name ? name + 1 : target);
    gpu_path(path, "/sys/module/%s/version", gpu->driver);
    if (!gpu_read_line(path, gpu->version, sizeof gpu->version) && uname(&kernel) == 0)
        snprintf(gpu->version, sizeof gpu->version, "%.63s", kernel.release);
}

/* ---- its outputs ---- */

unsigned gpu_list_connected(const char *card, char *names, size_t size, bool *unread)
{
    char path[PATH_MAX], status[16];
    unsigned count = 0;
    size_t head = strlen(card), used = 0;
    const struct dirent *entry;
    *names = 0;
    gpu_path(path, "/sys/class/drm");
    DIR *folder = opendir(path);
    *unread = !folder;
    while (folder && (entry = readdir(folder))) {
        const char *name = entry->d_name;
        if (strncmp(name, card, head) != 0 || name[head] != '-' || strstr(name, "-Writeback-"))
            continue;
        count++;
        gpu_path(path, "/sys/class/drm/%s/status", name);
        if (!gpu_read_line(path, status, sizeof status))
            *unread = true;
        else if (strcmp(status, "connected") == 0 && used < size)
            used += (size_t)snprintf(names + used, size - used, "%s%s", used ? " " : "", name + head + 1);
    }
    if (folder)
        closedir(folder);
    return count;
}

/* Finds the card of DRM whose device is the PCI device, or one below it, as virtio's is. */
static bool find_card(const char *pci, char card[16])
{
    char path[PATH_MAX], device[PATH_MAX], part[OS_GPU_PCI_SIZE + 2], rest;
    unsigned number;
    bool found = false;
    const struct dirent *entry;
    snprintf(part, sizeof part, "/%s", pci);
    gpu_path(path, "/sys/class/drm");
    DIR *folder = opendir(path);
    while (folder && !found && (entry = readdir(folder))) {
        if (sscanf(entry->d_name, "card%3u%c", &number, &rest) != 1)
            continue;
        snprintf(card, 16, "card%u", number);
        gpu_path(path, "/sys/class/drm/%s/device", card);
        found = realpath(path, device) && strstr(device, part);
    }
    if (folder)
        closedir(folder);
    return found;
}

/* Tells why no output of a card can be seen when DRM has none of it. */
static const char *why_no_card(const struct os_gpu *gpu)
{
    char path[PATH_MAX];
    if (!*gpu->driver)
        return "it has no driver";
    if (strcmp(gpu->driver, "vfio-pci") == 0)
        return "it is passed on to another guest";
    gpu_path(path, "/sys/module/nvidia_drm");
    if (strcmp(gpu->driver, "nvidia") == 0 && access(path, F_OK) != 0)
        return "nvidia-drm is not loaded";
    return "its driver has made no card in DRM";
}

static void find_display(struct os_gpu *gpu)
{
    char card[16], names[64];
    if (!find_card(gpu->pci, card)) {
        snprintf(gpu->no_display, sizeof gpu->no_display, "%s", why_no_card(gpu));
        return;
    }
    bool unread;
    unsigned outputs = gpu_list_connected(card, names, sizeof names, &unread);
    gpu->has_display = *names;
    if (!gpu->has_display)
        snprintf(gpu->no_display, sizeof gpu->no_display, "%s",
                 unread    ? "its outputs can't be looked at"
                 : outputs ? "no output is connected"
                           : "it has no outputs");
}

static void gpu_fill(struct os_gpu *gpu, const char *pci)
{
    *gpu = (struct os_gpu){.vendor = (uint16_t)gpu_read_number(pci, "vendor"),
                           .device = (uint16_t)gpu_read_number(pci, "device"),
                           .subvendor = (uint16_t)gpu_read_number(pci, "subsystem_vendor"),
                           .subdevice = (uint16_t)gpu_read_number(pci, "subsystem_device"),
                           .pci_class = (uint32_t)gpu_read_number(pci, "class")};
    snprintf(gpu->pci, sizeof gpu->pci, "%.15s", pci);
    find_driver(gpu);
    if (strcmp(gpu->driver, "nvidia") == 0)
        find_nvidia(gpu);
    if (!*gpu->name)
        find_name(gpu);
    find_display(gpu);
}

static int compare_addresses(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Lists the addresses in their order. Returns their number, or a negative errno. */
static int find_addresses(char found[OS_GPUS_MAX][OS_GPU_PCI_SIZE])
{
    char path[PATH_MAX];
    int count = 0, is_card = 0;
    const struct dirent *entry;
    gpu_path(path, "/sys/bus/pci/devices");
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? 0 : -errno; /* not every guest has such a bus */
    while (count < OS_GPUS_MAX && is_card >= 0 && (errno = 0, entry = readdir(folder)))
        if (log_line_is_pci(entry->d_name, strlen(entry->d_name)) && (is_card = look_at_class(entry->d_name)) > 0)
            snprintf(found[count++], OS_GPU_PCI_SIZE, "%.12s", entry->d_name);
    if (is_card >= 0 && errno && count < OS_GPUS_MAX)
        is_card = -errno;
    closedir(folder);
    qsort(found, (size_t)count, OS_GPU_PCI_SIZE, compare_addresses);
    return is_card < 0 ? is_card : count;
}

int os_gpu_list(struct os_gpu gpus[OS_GPUS_MAX], struct error *err)
{
    char found[OS_GPUS_MAX][OS_GPU_PCI_SIZE];
    int count = find_addresses(found);
    if (count < 0)
        return error_set(err, ERR_SYSTEM, "the graphics cards can't be listed: %s", strerror(-count));
    for (int i = 0; i < count; i++)
        gpu_fill(&gpus[i], found[i]);
    return count;
}

void os_gpu_list_drivers(struct strlist *lines)
{
    char found[OS_GPUS_MAX][OS_GPU_PCI_SIZE];
    int count = find_addresses(found);
    for (int i = 0; i < count; i++) {
        struct os_gpu gpu = {.vendor = 0};
        memcpy(gpu.pci, found[i], sizeof gpu.pci);
        find_driver(&gpu);
        strlist_addf(lines, "gpu=%s %s", gpu.pci, *gpu.driver ? gpu.driver : "-");
    }
}
