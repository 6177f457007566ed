/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/record/index.h"

#include "base/crc32.h"
#include "base/utf8.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/node.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_PATH_SIZE 4200 /* bytes */
#define CRC_LEN 9            /* its digits and the blank */

struct record_time record_now(void)
{
    return (struct record_time){os_boot_clock_ms() * 1000, os_wall_time_ms() * 1000};
}

void index_file_name(char name[INDEX_FILE_SIZE], uint32_t number)
{
    snprintf(name, INDEX_FILE_SIZE, "%06" PRIu32 ".png", number);
}

static void index_path(const struct record_index *index, const char *name, char path[INDEX_PATH_SIZE])
{
    snprintf(path, INDEX_PATH_SIZE, "%s/%s", index->folder, name);
}

static void picture_path(const struct record_index *index, uint32_t number, char path[INDEX_PATH_SIZE])
{
    char name[INDEX_FILE_SIZE];
    index_file_name(name, number);
    index_path(index, name, path);
}

/* Opens the index at its last whole line. One that has become shorter is not ours any more. */
static int index_open(struct record_index *index, struct error *err)
{
    struct os_node node = {0};
    char path[INDEX_PATH_SIZE];
    index_path(index, "index.txt", path);
    int status = index->size > 0 ? os_node_look(&node, path, false, err) : 0;
    if (status == 0 && node.size < index->size)
        status = error_set(err, ERR_INVALID, "index.txt is shorter than what was written");
    return status ? status : os_append_open(&index->lines, path, index->size, err);
}

int index_make(struct record_index *index, const char *folder, struct error *err)
{
    struct os_node node;
    *index = (struct record_index){0};
    if (strlen(folder) + INDEX_FILE_SIZE >= INDEX_PATH_SIZE)
        return error_set(err, ERR_INVALID, "its name is too long");
    int status = os_node_look(&node, folder, false, err);
    if (status != ERR_NOT_FOUND)
        return status ? status : error_set(err, ERR_INVALID, "it is there already");
    status = os_folder_make(folder, err);
    if (status)
        return status;
    index->folder = strdup(folder);
    return index->folder ? index_open(index, err) : error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
}

int index_resume(struct record_index *index, const char *folder, uint64_t size, struct error *err)
{
    *index = (struct record_index){.folder = strdup(folder), .size = size};
    return index->folder ? 0 : error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
}

void index_rest(struct record_index *index)
{
    os_append_close(index->lines);
    index->lines = NULL;
}

void index_deinit(struct record_index *index)
{
    index_rest(index);
    free(index->folder);
    *index = (struct record_index){0};
}

/* Appends bytes, or cuts off what part of them was written. */
static int index_append(struct record_index *index, const char *line, size_t len, struct error *err)
{
    int status = index->lines ? 0 : index_open(index, err);
    if (status == 0)
        status = os_append_write(index->lines, line, len, err);
    if (status == 0) {
        index->size += len;
        return 0;
    }
    struct error again;
    index_rest(index);
    (void)index_open(index, &again); /* else it is tried with the next line */
    return status;
}

int index_add(struct record_index *index, const struct record_time *time, struct error *err, const char *format, ...)
{
    char line[INDEX_LINE_MAX], crc[CRC_LEN + 1];
    va_list args;
    int at = CRC_LEN +
             snprintf(line + CRC_LEN, sizeof line - CRC_LEN, "%" PRId64 " %" PRId64 " ", time->boot_us, time->wall_us);
    va_start(args, format);
    vsnprintf(line + at, sizeof line - (size_t)at - 1, format, args);
    va_end(args);
    utf8_make_printable(line + at);
    size_t len = (size_t)at + strlen(line + at);
    snprintf(crc, sizeof crc, "%08" PRIx32 " ", crc32_of(line + CRC_LEN, len - CRC_LEN));
    memcpy(line, crc, CRC_LEN);
    line[len] = '\n';
    return index_append(index, line, len + 1, err);
}

int index_sync(struct record_index *index, struct error *err)
{
    int status = index->lines ? 0 : index_open(index, err);
    return status ? status : os_append_sync(index->lines, err);
}

int index_store(const struct record_index *index, uint32_t number, const void *bytes, size_t len, struct error *err)
{
    char path[INDEX_PATH_SIZE];
    picture_path(index, number, path);
    return os_upload_whole(path, OS_UPLOAD_PRIVATE, bytes, len, err);
}

int index_drop(struct record_index *index, uint32_t number, const char *why, struct error *err)
{
    char path[INDEX_PATH_SIZE];
    struct record_time now = record_now();
    int status = index_add(index, &now, err, "dropped %" PRIu32 " %s", number, why);
    if (status == 0)
        status = index_sync(index, err);
    picture_path(index, number, path);
    return status ? status : os_file_remove(path, err);
}
