/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that no other program of the machine can know. */
#ifndef PLATFORM_RANDOM_H
#define PLATFORM_RANDOM_H

#include "base/error.h"

#include <stdint.h>

/* Never waits for the system to collect randomness. The error's text is the reason alone. */
int os_random(uint64_t *number, struct error *err);

#endif
