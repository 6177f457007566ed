/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tells the agent of graphics cards: records of the kernel's log and their lines, messages about devices, events of
   Windows. The first byte chooses. */
#include "linux/gpu/kmsg.h"
#include "linux/gpu/log_line.h"
#include "linux/gpu/uevent.h"
#include "win32/gpu/event_xml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_report(const struct os_gpu_report *report)
{
    if (!memchr(report->text, 0, sizeof report->text) || !memchr(report->pci, 0, sizeof report->pci) ||
        !memchr(report->driver, 0, sizeof report->driver) || !memchr(report->process, 0, sizeof report->process))
        abort();
}

static void read_records(const char *bytes, size_t len)
{
    struct kmsg_record record;
    struct os_gpu_report report;
    while (kmsg_take(&bytes, &len, &record))
        if (log_line_read(record.text, &report))
            check_report(&report);
}

static void read_message(const char *bytes, size_t len)
{
    struct uevent event;
    char pci[OS_GPU_PCI_SIZE];
    if (len > 0 && uevent_parse(bytes, len, &event))
        uevent_pci(&event, pci, sizeof pci);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct os_gpu_report report;
    if (size == 0)
        return 0;
    char *text = malloc(size); /* of the exact size, with a NUL in place of the first byte at the end */
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    if (data[0] == 'k')
        read_records(text, size - 1);
    else if (data[0] == 'u')
        read_message(text, size - 1);
    else if (data[0] == 'x' ? event_xml_read(text, &report) : log_line_read(text, &report))
        check_report(&report);
    free(text);
    return 0;
}
