/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a line of the kernel's log says about a graphics card: THE table of patterns. Memory in, values out. */
#ifndef LINUX_GPU_LOG_LINE_H
#define LINUX_GPU_LOG_LINE_H

#include "platform/gpu.h"

#define LOG_LINE_MAX 512 /* bytes that are looked at */

/* Returns whether the line, without its time, is one of the table's; *out is then filled, but for the time. */
bool log_line_read(const char *line, struct os_gpu_report *out);

/* Returns whether the text is a PCI address "0000:01:00.0" as a whole. */
bool log_line_is_pci(const char *text, size_t len);

/* Returns whether `text` matches the pattern, in which '*' stands for any bytes. */
bool log_line_matches(const char *pattern, const char *text);

#endif
