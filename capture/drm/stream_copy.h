/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying out of video memory. */
#ifndef CAPTURE_DRM_STREAM_COPY_H
#define CAPTURE_DRM_STREAM_COPY_H

#include <stddef.h>

/* As memcpy, but made for memory that the processor does not cache: a plain read of it takes the bus for each word,
   a streaming one (SSE 4.1, where the processor has it) fetches 64 bytes at once. */
void drm_copy(void *to, const void *from, size_t len);

#endif
