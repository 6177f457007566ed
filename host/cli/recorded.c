/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/recorded.h"

#include "host/timeline/recording.h"
#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 4200 /* bytes */
#define PNG_HEAD 24    /* bytes up to the end of its width and height */
#define READ_STEP 65536

static int read_file(const char *folder, struct slice name, size_t max, struct buffer *out, struct error *err)
{
    char path[PATH_SIZE];
    struct os_file *file;
    struct error why;
    uint64_t size;
    int got = 1;
    snprintf(path, sizeof path, "%s/%.*s", folder, (int)name.len, (const char *)name.data);
    int status = os_file_open(&file, path, &size, &why);
    if (status)
        return error_set(err, status, "could not read '%s': %s", path, why.text);
    while (got > 0 && out->len < max) {
        size_t step = max - out->len < READ_STEP ? max - out->len : READ_STEP;
        uint8_t *to = buffer_extend(out, step);
        got = to ? os_file_read(file, to, step, &why) : error_set(&why, ERR_NO_MEMORY, "no memory");
        out->len -= to ? step - (got > 0 ? (size_t)got : 0) : 0;
    }
    os_file_close(file);
    return got < 0 ? error_set(err, got, "could not read '%s': %s", path, why.text) : 0;
}

static uint32_t png_number(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int check_picture(const char *folder, const struct recording_picture *picture, struct error *err)
{
    static const uint8_t start[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
    struct buffer head;
    buffer_init(&head, PNG_HEAD);
    int status = read_file(folder, picture->file, PNG_HEAD, &head, err);
    bool good = status == 0 && head.len == PNG_HEAD && memcmp(head.data, start, sizeof start) == 0 &&
                png_number(head.data + 16) == picture->w && png_number(head.data + 20) == picture->h;
    buffer_deinit(&head);
    if (status || good)
        return status ? ERR_INVALID : 0;
    return error_set(err, ERR_INVALID, "'%s/%.*s' is not the PNG of %ux%u pixels that the index names", folder,
                     (int)picture->file.len, (const char *)picture->file.data, picture->w, picture->h);
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
    static const char name[] = "index.txt";
    struct recording recording = {0};
    struct buffer index;
    struct error why;
    buffer_init(&index, RECORDING_INDEX_MAX + 1);
    int status =
        read_file(folder, (struct slice){(const uint8_t *)name, sizeof name - 1}, RECORDING_INDEX_MAX + 1, &index, err);
    if (status == 0) {
        status = recording_read(&recording, (struct slice){index.data, index.len}, &why);
        if (status)
            error_set(err, status, "'%s/%s': %s", folder, name, why.text);
    }
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
