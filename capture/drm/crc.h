/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the CRCs that display hardware computes over what it sends to an output. They are opaque: only two of the same
 * source of the same output can be compared. Sources:
 *
 *     debugfs              the kernel's crtc-N/crc/data (drm_debugfs_crc.c), with the CRTC's source as it is set; `auto`
 *                          unless somebody has changed it. Needs root and a mounted debugfs.
 *     nvidia-compositor, nvidia-raster, nvidia-output
 *                          the ioctl of NVIDIA's driver nvidia-drm (its nvidia-drm-ioctl.h, GET_CRTC_CRC32_V2)
 */
#ifndef CAPTURE_DRM_CRC_H
#define CAPTURE_DRM_CRC_H

#include "base/strlist.h"
#include "capture/drm/state.h"

#define DRM_CRC_VALUES_SIZE 256 /* bytes of text */

/* Parses a line of the kernel's `data`, "FRAME VALUE…", into its values with commas between them. Returns false for what
   is no such line. */
bool drm_crc_line(const char *line, char values[DRM_CRC_VALUES_SIZE]);

/* Adds `crc=SOURCE VALUE OUTPUT` for each that can be had until the deadline, and `refused=SOURCE: why` for the others. */
void drm_crc_read(const struct drm_output *output, int64_t deadline_ms, struct strlist *facts);

#endif
