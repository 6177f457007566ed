/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pictures that kms_client fills framebuffers with. */
#ifndef TESTS_VM_KMS_PATTERN_H
#define TESTS_VM_KMS_PATTERN_H

#include <stdint.h>

unsigned pattern_bytes_per_pixel(uint32_t fourcc);

/* Fills rows of a framebuffer. Returns -1 when no pattern has that name, or none can be written in that format. */
int pattern_fill(uint8_t *bytes, uint32_t pitch, uint32_t fourcc, uint32_t width, uint32_t height, const char *name);

#endif
