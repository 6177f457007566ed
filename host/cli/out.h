/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command's standard output and standard error. Nothing is lost where one does not block, as those that another
   program has made so: the C library's streams drop what can't be written at once. No other file of the command prints. */
#ifndef HOST_CLI_OUT_H
#define HOST_CLI_OUT_H

#include "base/error.h"
#include "base/format.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets when waiting for those who read ends; without it they are waited for, for ever. */
void out_set_deadline(int64_t deadline_ms);
/* Formats into new memory, which the caller frees. NULL: there is none. */
char *out_format(const char *format, va_list args) PRINTF_LIKE(1, 0);
/* Prints on standard output: to a terminal at once, else when there is much, or at out_flush(). */
void out_print(const char *format, ...) PRINTF_LIKE(1, 2);
void out_print_list(const char *format, va_list args) PRINTF_LIKE(1, 0);
void out_write(const void *bytes, size_t len);
/* Passes a program's output on at once, to standard output or error. */
int out_pass(bool to_error, const void *bytes, size_t len, struct error *err);
/* Returns 0 when all that was printed is written, else the status of the first failure, with its reason. */
int out_flush(struct error *err);
/* Prints on standard error, after what was printed on standard output. A remark may get lost, a complaint may not. */
void out_remark(const char *format, ...) PRINTF_LIKE(1, 2);
void out_complain(const char *format, ...) PRINTF_LIKE(1, 2);
/* Returns 0 unless a complaint was lost, on a standard error that is open. */
int out_complaint_lost(void);

#endif
