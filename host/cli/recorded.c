/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/recorded.h"

#include "host/timeline/recording.h"
#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 4200 /* bytes */
#define PNG_HEAD 24    /* bytes up to the end of its width and height */

/* Makes the path of a file of the recording. */
static const char *recorded_path(const char *folder, struct slice name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%.*s", folder, (int)name.len, (const char *)name.data);
    return path;
}

/* Reads the first bytes of a picture's file; returns how many there are, or a negative status. */
static int read_head(const char *path, uint8_t head[PNG_HEAD], struct error *err)
{
    struct os_file *file;
    uint64_t size;
    int got = os_file_open(&file, path, &size, err);
    if (got)
        return got;
    got = os_file_read(file, head, PNG_HEAD, err);
    os_file_close(file);
    return got;
}

static uint32_t png_number(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int check_picture(const char *folder, const struct recording_picture *picture, struct error *err)
{
    static const uint8_t start[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
    uint8_t head[PNG_HEAD];
    char path[PATH_SIZE];
    int got = read_head(recorded_path(folder, picture->file, path), head, err);
    if (got < 0)
        return error_prefix(err, ERR_INVALID, "could not read '%s'", path);
    if (got == PNG_HEAD && memcmp(head, start, sizeof start) == 0 && png_number(head + 16) == picture->w &&
        png_number(head + 20) == picture->h)
        return 0;
    return error_set(err, ERR_INVALID, "'%s' is not the PNG of %ux%u pixels that the index names", path, picture->w,
                     picture->h);
}

static int check_recording(const char *folder, const struct recording *recording, struct recorded *out,
                           struct error *err)
{
    int status = 0;
    *out = (struct recorded){.pictures = recording->picture_count, .cut = recording->cut};
    for (size_t i = 0; i < recording->picture_count && status == 0; i++) {
        out->dropped += recording->pictures[i].dropped;
        if (!recording->pictures[i].dropped)
            status = check_picture(folder, &recording->pictures[i], err);
    }
    for (size_t i = 0; i < recording->entry_count; i++) {
        out->again += recording->entries[i].kind == RECORDING_SAME;
        out->stopped |= recording->entries[i].kind == RECORDING_STOP;
    }
    return status;
}

int recorded_check(const char *folder, struct recorded *out, struct error *err)
{
    struct recording recording = {0};
    struct buffer index;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/index.txt", folder);
    buffer_init(&index, RECORDING_INDEX_MAX);
    int status = os_file_read_whole(path, &index, err);
    if (status)
        error_prefix(err, status, "could not read '%s'", path);
    else if ((status = recording_read(&recording, (struct slice){index.data, index.len}, err)) != 0)
        error_prefix(err, status, "'%s'", path);
    if (status == 0)
        status = check_recording(folder, &recording, out, err);
    recording_free(&recording);
    buffer_deinit(&index);
    return status;
}

int recorded_fetch(struct cli *cli, const char *remote, const char *local, bool keep, struct recorded *out,
                   struct error *err)
{
    struct periscope_strings notes, facts;
    uint64_t left_out = 0;
    err->status = 0;
    int status = periscope_get_tree(cli->periscope, remote, local, 0, &notes, &left_out);
    if (left_out)
        error_set(err, ERR_SYSTEM, "%llu files of the recording could not be fetched: %s", (unsigned long long)left_out,
                  notes.count ? notes.items[0] : "");
    periscope_strings_free(&notes);
    if (status || left_out)
        return status ? status : PERISCOPE_LOCAL;
    if (recorded_check(local, out, err))
        return PERISCOPE_LOCAL;
    if (!keep && periscope_rmtree(cli->periscope, remote, &facts) == 0)
        periscope_strings_free(&facts);
    return PERISCOPE_OK;
}
