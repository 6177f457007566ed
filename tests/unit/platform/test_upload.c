/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file is replaced as a whole or not at all, as C's own files and folders see it. */
#include "tests/unit/check.h"

#include "platform/file.h"
#include "platform/scratch.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static struct error err;
static char *folder; /* of this test's own, with a separator at its end */

static const char *in_folder(const char *name)
{
    static char path[2][600];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s%s", folder, name);
    return path[turn];
}

static const char *content(const char *path)
{
    static char text[64];
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

static int files_in_folder(void)
{
    int count = 0;
    DIR *list = opendir(folder);
    for (struct dirent *entry; list && (entry = readdir(list));)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2; /* the temporary one begins with a dot */
    if (list)
        closedir(list);
    return count;
}

static int read_up_to(size_t limit, struct buffer *out)
{
    buffer_init(out, limit);
    buffer_append(out, "<", 1);
    int status = os_file_read_whole(in_folder("whole"), out, &err);
    if (status)
        buffer_deinit(out);
    return status;
}

static void file_is_read_whole_or_its_size_is_said(void)
{
    enum { LEN = 300000 };
    char *bytes = malloc(LEN);
    struct buffer out;
    for (int i = 0; i < LEN; i++)
        bytes[i] = (char)(i * 7 + i / 256);
    CHECK_INT(os_upload_whole(in_folder("whole"), OS_UPLOAD_ORDINARY, bytes, LEN, &err), 0);
    for (size_t limit = LEN + 1; limit < LEN + 3; limit++) {
        CHECK_INT(read_up_to(limit, &out), 0);
        CHECK(out.len == LEN + 1 && out.data[0] == '<' && memcmp(out.data + 1, bytes, LEN) == 0);
        buffer_deinit(&out);
    }
    CHECK_INT(read_up_to(LEN, &out), ERR_LIMIT);
    CHECK_TEXT(err.text, "it has more than 300000 bytes");
    CHECK_INT(os_file_remove(in_folder("whole"), &err), 0);
    CHECK_INT(read_up_to(LEN, &out), ERR_NOT_FOUND);
    free(bytes);
}

static void old_content_stays_until_the_commit(void)
{
    struct os_upload *upload;
    CHECK_INT(os_upload_whole(in_folder("a"), OS_UPLOAD_ORDINARY, "old", 3, &err), 0);
    CHECK_TEXT(content(in_folder("a")), "old");
    CHECK_INT(os_upload_begin(&upload, in_folder("a"), OS_UPLOAD_PRIVATE, &err), 0);
    CHECK_INT(os_upload_write(upload, "ne", 2, &err), 0);
    CHECK_INT(os_upload_write(upload, "wer", 3, &err), 0);
    CHECK_TEXT(content(in_folder("a")), "old");
    CHECK(files_in_folder() <= 2); /* where it has a name already */
    CHECK_INT(os_upload_commit(upload, &err), 0);
    CHECK_TEXT(content(in_folder("a")), "newer");
    CHECK_INT(files_in_folder(), 1);
}

static void an_abandoned_one_leaves_nothing(void)
{
    struct os_upload *upload;
    CHECK_INT(os_upload_begin(&upload, in_folder("a"), OS_UPLOAD_EXECUTABLE, &err), 0);
    CHECK_INT(os_upload_write(upload, "x", 1, &err), 0);
    os_upload_abandon(upload);
    os_upload_abandon(NULL);
    CHECK_TEXT(content(in_folder("a")), "newer");
    CHECK_INT(files_in_folder(), 1);
}

static void two_of_one_name_do_not_meet(void)
{
    struct os_upload *one, *other;
    CHECK_INT(os_upload_begin(&one, in_folder("b"), OS_UPLOAD_ORDINARY, &err), 0);
    CHECK_INT(os_upload_begin(&other, in_folder("b"), OS_UPLOAD_ORDINARY, &err), 0);
    CHECK_INT(os_upload_write(one, "one", 3, &err), 0);
    CHECK_INT(os_upload_write(other, "other", 5, &err), 0);
    CHECK_INT(os_upload_commit(other, &err), 0);
    CHECK_TEXT(content(in_folder("b")), "other");
    CHECK_INT(os_upload_commit(one, &err), 0);
    CHECK_TEXT(content(in_folder("b")), "one");
    CHECK_INT(files_in_folder(), 2);
}

static void what_is_no_file_is_refused_at_once(void)
{
    struct os_upload *upload;
    CHECK_INT(os_folder_make(in_folder("sub"), &err), 0);
    CHECK(os_upload_begin(&upload, in_folder("sub"), OS_UPLOAD_ORDINARY, &err) < 0 && !upload);
    CHECK_TEXT(err.text, "Is a directory");
    CHECK(os_upload_begin(&upload, in_folder("c/"), OS_UPLOAD_ORDINARY, &err) < 0 && !upload);
    CHECK_TEXT(err.text, "Is a directory");
    CHECK(os_upload_begin(&upload, "", OS_UPLOAD_ORDINARY, &err) < 0 && !upload);
    CHECK_TEXT(err.text, "No such file or directory");
    CHECK_INT(os_upload_begin(&upload, in_folder("none/c"), OS_UPLOAD_ORDINARY, &err), ERR_NOT_FOUND);
    CHECK_INT(files_in_folder(), 3);
}

int main(void)
{
    char *name;
    if (os_scratch_make(&name, &err))
        return 1;
    folder = malloc(strlen(name) + 4);
    sprintf(folder, "%s.d/", name);
    CHECK_INT(os_folder_make(folder, &err), 0);
    RUN(file_is_read_whole_or_its_size_is_said);
    RUN(old_content_stays_until_the_commit);
    RUN(an_abandoned_one_leaves_nothing);
    RUN(two_of_one_name_do_not_meet);
    RUN(what_is_no_file_is_refused_at_once);
    remove(in_folder("a"));
    remove(in_folder("b"));
    rmdir(in_folder("sub"));
    rmdir(folder);
    os_scratch_remove(name);
    free(folder);
    return CHECK_RESULT();
}
