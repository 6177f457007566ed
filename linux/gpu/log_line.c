/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line is "DRIVER PCI: text" (dev_printk), "[drm:function [DRIVER]] text", "[drm] text" or NVIDIA's "NVRM: text". What
   stands before the text is the kernel's own, and the text must begin as the table says. A user's choice, such as the name
   of a program, comes later in the line, or first and then without the ": " behind a whole PCI address. Each pattern
   has recorded lines in tests/unit/linux/test_log_line.c. */
#include "linux/gpu/log_line.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCI_LEN 12       /* 0000:01:00.0 */
#define PCI_SHORT_LEN 10 /* 0000:01:00 */

static const struct {
    const char *driver;  /* "": any */
    const char *pattern; /* of the text; the first that matches counts */
    enum os_gpu_report_kind kind;
} patterns[] = {
    {"amdgpu", "ring * timeout, but soft recovered*", OS_GPU_PROGRAM_FAULT},
    {"amdgpu", "ring * timeout*", OS_GPU_HANG},
    {"amdgpu", "Process information: process * pid *", OS_GPU_CULPRIT},
    {"amdgpu", "Process * pid * thread *", OS_GPU_CULPRIT},
    {"amdgpu", "in process * pid * thread *", OS_GPU_CULPRIT},
    {"amdgpu", "for process * pid * thread *", OS_GPU_CULPRIT},
    {"amdgpu", "[*hub*] *page fault (*", OS_GPU_PROGRAM_FAULT},
    {"amdgpu", "Illegal opcode in command stream*", OS_GPU_PROGRAM_FAULT},
    {"amdgpu", "Illegal register access in command stream*", OS_GPU_PROGRAM_FAULT},
    {"amdgpu", "GPU reset begin!*", OS_GPU_HANG},
    {"amdgpu", "GPU reset(*) succeeded!*", OS_GPU_RESET},
    {"amdgpu", "Ring * reset succeeded*", OS_GPU_RESET},
    {"amdgpu", "GPU reset end with ret = *", OS_GPU_RESET_FAILED},
    {"amdgpu", "GPU Recovery Failed: *", OS_GPU_RESET_FAILED},
    {"amdgpu", "ASIC reset failed with error*", OS_GPU_RESET_FAILED},
    {"amdgpu", "VRAM is lost due to GPU reset!*", OS_GPU_NOTE},
    {"amdgpu", "Fatal error during GPU init*", OS_GPU_FAULT},
    {"amdgpu", "*uncorrectable hardware errors detected in *", OS_GPU_FAULT},
    {"amdgpu", "*evice lost from bus!*", OS_GPU_LOST},

    {"i915", "GPU HANG: ecode *",
     OS_GPU_HANG_ENDED}, /* it is told while the driver resets; that it failed is told, too */
    {"i915", "Failed to reset chip*", OS_GPU_RESET_FAILED},
    {"i915", "Failed to initialise HW following reset *", OS_GPU_RESET_FAILED},
    {"i915", "GPU recovery timed out, *", OS_GPU_RESET_FAILED},

    {"xe", "Timedout job: *", OS_GPU_HANG_ENDED},
    {"xe", "Engine reset: engine_class=*", OS_GPU_RESET},
    {"xe", "Engine memory cat error: *", OS_GPU_PROGRAM_FAULT},
    {"xe", "Fault response: Unsuccessful *", OS_GPU_PROGRAM_FAULT},
    {"xe", "reset started*", OS_GPU_HANG},
    {"xe", "reset done*", OS_GPU_RESET},
    {"xe", "reset failed (*", OS_GPU_RESET_FAILED},
    {"xe", "CRITICAL: Xe has declared device * as wedged.*", OS_GPU_RESET_FAILED},

    {"nouveau", "fifo: SCHED_ERROR *", OS_GPU_HANG},
    {"nouveau", "DRM: GPU lockup - *", OS_GPU_HANG},
    {"nouveau", "DRM: failed to idle channel *", OS_GPU_HANG},
    {"nouveau", "fifo: fault * channel *", OS_GPU_PROGRAM_FAULT},
    {"nouveau", "fifo: * fault at * channel *", OS_GPU_PROGRAM_FAULT},
    {"nouveau", "gr: DATA_ERROR *", OS_GPU_PROGRAM_FAULT},
    {"nouveau", "gr: TRAP *", OS_GPU_PROGRAM_FAULT},

    {"NVRM", "*fallen off the bus*", OS_GPU_LOST},
    {"NVRM", "GPU *: rm_init_adapter failed*", OS_GPU_FAULT},

    {"", "Unable to change power state from * to D0, device inaccessible*", OS_GPU_LOST},
    {"", "can't change power state from * to D0 (config space inaccessible)*", OS_GPU_LOST},
    {"", "Refused to change power state, currently in D3*", OS_GPU_LOST},
    {"", "not ready *ms after *; giving up*", OS_GPU_LOST},
    {"", "device wedged, needs recovery*", OS_GPU_RESET_FAILED},
    {"", "PCIe Bus Error: severity=Uncorrect*", OS_GPU_FAULT},
    {"", "can't recover (no error_detected callback)*", OS_GPU_FAULT},
};

/* Lines of the kernel about itself, from their very beginning. */
static const char *const kernel_patterns[] = {"Out of memory: Killed process *",
                                              "Memory cgroup out of memory: Killed process *",
                                              "INFO: task *:* blocked for more than * seconds*",
                                              "watchdog: BUG: soft lockup - *",
                                              "BUG: unable to handle *",
                                              "BUG: kernel NULL pointer dereference*",
                                              "general protection fault, *",
                                              "Oops: *"};

/* NVIDIA's Xids, by its list of them. What is in neither is told, and changes no state: some are only notes. */
static const unsigned short program_xids[] = {8, 13, 31, 32, 43, 45, 68, 69, 109};
static const unsigned short card_xids[] = {48, 61, 62, 63, 64, 74, 92, 94, 95, 110, 120, 140};
static const unsigned short hang_xids[] = {46, 119};
#define XID_LOST 79
#define XID_ACTION 154

bool log_line_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *from = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

bool log_line_is_pci(const char *text, size_t len)
{
    static const char form[] = "xxxx:xx:xx.x";
    if (len != PCI_LEN && len != PCI_SHORT_LEN)
        return false;
    for (size_t i = 0; i < len; i++)
        if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != form[i])
            return false;
    return true;
}

/* ---- what stands before the text ---- */

/* Takes "DRIVER PCI: ". Returns the text behind it, or NULL. */
static const char *take_device(const char *line, struct os_gpu_report *out)
{
    size_t len = strcspn(line, " ");
    const char *pci = line + len + 1;
    if (len == 0 || len >= OS_GPU_DRIVER_SIZE || line[len] != ' ' || strlen(pci) < PCI_LEN + 2 ||
        !log_line_is_pci(pci, PCI_LEN) || strncmp(pci + PCI_LEN, ": ", 2) != 0)
        return NULL;
    memcpy(out->driver, line, len);
    memcpy(out->pci, pci, PCI_LEN);
    return pci + PCI_LEN + 2;
}

/* Takes "[drm:function [DRIVER]] ", or "[drm] " of i915 as it was. */
static const char *take_drm(const char *line, struct os_gpu_report *out)
{
    const char *name = strstr(line, " ["), *end = name ? strstr(name, "]] ") : NULL;
    if (strncmp(line, "[drm] GPU HANG: ", 16) == 0) {
        strcpy(out->driver, "i915");
        return line + 6;
    }
    if (strncmp(line, "[drm:", 5) != 0 || !end || end - name - 2 >= OS_GPU_DRIVER_SIZE)
        return NULL;
    memcpy(out->driver, name + 2, (size_t)(end - name - 2));
    return end + 3;
}

/* Moves past what drivers put before their texts. */
static const char *skip_tags(const char *text)
{
    static const char *const tags[] = {"amdgpu: ", "[drm] ", "*ERROR* ", "AER: ", " "};
    for (size_t i = 0; i < sizeof tags / sizeof *tags;)
        if (strncmp(text, tags[i], strlen(tags[i])) == 0) {
            text += strlen(tags[i]);
            i = 0;
        } else {
            i++;
        }
    if (strncmp(text, "[drm:", 5) == 0 && strstr(text, "]] "))
        return skip_tags(strstr(text, "]] ") + 3);
    while ((strncmp(text, "Tile", 4) == 0 || strncmp(text, "GT", 2) == 0) &&
           isdigit((unsigned char)text[*text == 'T' ? 4 : 2]) && strstr(text, ": "))
        text = strstr(text, ": ") + 2;
    return text;
}

/* ---- who did it ---- */

static void copy_name(struct os_gpu_report *out, const char *from, size_t len)
{
    if (len >= sizeof out->process)
        len = sizeof out->process - 1;
    memcpy(out->process, from, len);
    out->process[len] = 0;
}

/* Reads "BEFORE NAME BETWEEN pid". The last BETWEEN counts where the line ends with it, since a name may hold anything. */
static bool take_process(struct os_gpu_report *out, const char *text, const char *before, const char *between)
{
    const char *name = strstr(text, before), *found = NULL;
    if (!name)
        return false;
    name += strlen(before);
    for (const char *at = strstr(name, between); at; at = strstr(at + 1, between))
        if (isdigit((unsigned char)at[strlen(between)]) && (!found || between[1] == '['))
            found = at;
    if (!found)
        return false;
    out->pid = strtoull(found + strlen(between), NULL, 10);
    copy_name(out, name, (size_t)(found - name));
    return true;
}

/* Reads "pid=N, name=NAME," of an Xid; older drivers write both in quotes, and '<unknown>'. */
static void take_xid_process(struct os_gpu_report *out, const char *text)
{
    const char *pid = strstr(text, "pid="), *name = strstr(text, "name=");
    if (!pid)
        return;
    out->pid = strtoull(pid + (pid[4] == '\'' ? 5 : 4), NULL, 10);
    if (name && name[5] != '<' && name[5] != '\'')
        copy_name(out, name + 5, strcspn(name + 5, ","));
}

static void take_culprit(struct os_gpu_report *out, const char *text)
{
    if (strcmp(out->driver, "NVRM") == 0) {
        take_xid_process(out, text);
        return;
    }
    if (take_process(out, text, "information: process ", " pid ") || take_process(out, text, "rocess ", " pid "))
        return;
    if (!take_process(out, text, ", in ", " ["))
        take_process(out, text, " in ", " [");
}

/* ---- the text ---- */

static bool is_among(unsigned number, const unsigned short *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == number)
            return true;
    return false;
}
#define AMONG(number, list) is_among(number, list, sizeof(list) / sizeof *(list))

static enum os_gpu_report_kind xid_kind(unsigned number, const char *text)
{
    if (AMONG(number, program_xids))
        return OS_GPU_PROGRAM_FAULT;
    if (AMONG(number, card_xids))
        return OS_GPU_FAULT;
    if (AMONG(number, hang_xids))
        return OS_GPU_HANG;
    if (number == XID_LOST)
        return OS_GPU_LOST;
    if (number == XID_ACTION)
        return log_line_matches("* to * (None)*", text) ? OS_GPU_RESET : OS_GPU_FAULT;
    return OS_GPU_NOTE;
}

/* Reads "Xid (PCI:0000:00:06): 31, ..." */
static bool read_xid(const char *text, struct os_gpu_report *out)
{
    static const char head[] = "Xid (PCI:";
    char *end;
    if (strncmp(text, head, sizeof head - 1) != 0)
        return false;
    const char *pci = text + sizeof head - 1;
    size_t len = strcspn(pci, ")");
    if (!log_line_is_pci(pci, len) || strncmp(pci + len, "): ", 3) != 0)
        return false;
    unsigned long number = strtoul(pci + len + 3, &end, 10);
    if (end == pci + len + 3 || number > UINT16_MAX)
        return false;
    memcpy(out->pci, pci, len);
    out->kind = xid_kind((unsigned)number, end);
    snprintf(out->text, sizeof out->text, "Xid %lu%.180s", number, end);
    return true;
}

/* Finds the address in a text of NVRM's, "GPU 0000:01:00.0: ..." or "GPU at PCI:0000:01:00 ...". */
static void find_pci(const char *text, struct os_gpu_report *out)
{
    for (const char *at = text; *at; at++) {
        size_t len = strspn(at, "0123456789abcdefABCDEF:.");
        if (len > PCI_LEN)
            len = PCI_LEN;
        else if (len > PCI_SHORT_LEN)
            len = PCI_SHORT_LEN;
        if (log_line_is_pci(at, len)) {
            memcpy(out->pci, at, len);
            return;
        }
    }
}

static bool read_text(const char *text, struct os_gpu_report *out)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (*patterns[i].driver ? strcmp(patterns[i].driver, out->driver) != 0 : !*out->pci)
            continue;
        if (!log_line_matches(patterns[i].pattern, text))
            continue;
        out->kind = patterns[i].kind;
        snprintf(out->text, sizeof out->text, "%s", text);
        return true;
    }
    return false;
}

static bool read_kernel(const char *line, struct os_gpu_report *out)
{
    for (size_t i = 0; i < sizeof kernel_patterns / sizeof *kernel_patterns; i++)
        if (log_line_matches(kernel_patterns[i], line)) {
            out->kind = OS_GPU_KERNEL;
            snprintf(out->text, sizeof out->text, "%s", line);
            return true;
        }
    return false;
}

static bool read_nvrm(const char *text, struct os_gpu_report *out)
{
    strcpy(out->driver, "NVRM");
    if (read_xid(text, out))
        return true;
    find_pci(text, out);
    return read_text(text, out);
}

bool log_line_read(const char *line, struct os_gpu_report *out)
{
    *out = (struct os_gpu_report){.kind = OS_GPU_NOTE};
    if (read_kernel(line, out))
        return true;
    const char *text = NULL;
    bool found = strncmp(line, "NVRM: ", 6) == 0;
    if (found) {
        text = line + 6;
        found = read_nvrm(text, out);
    } else if ((text = take_device(line, out)) || (text = take_drm(line, out))) {
        text = skip_tags(text);
        found = read_text(text, out);
    }
    if (found)
        take_culprit(out, text);
    if (strcmp(out->driver, "NVRM") == 0)
        strcpy(out->driver, "nvidia");
    return found;
}
