/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads tests/golden (its README tells the form) from the top of the tree. Placeholders become bytes of 01. What is
 * wrong in a file ends the program: the files are our own. */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN_FOLDER "tests/golden"
#define GOLDEN_MESSAGE_MAX 4096 /* bytes */
#define GOLDEN_MESSAGES_MAX 64  /* in a file */
#define GOLDEN_FILES_MAX 64

struct golden_message {
    char title[128];
    bool from_host;
    bool partial; /* ends in "...": only its first bytes are known */
    uint8_t bytes[GOLDEN_MESSAGE_MAX];
    size_t len;
};

struct golden_file {
    char name[64]; /* "01-getfile.txt" */
    struct golden_message messages[GOLDEN_MESSAGES_MAX];
    size_t count;
};

static inline void golden_die(const char *file, const char *what)
{
    fprintf(stderr, "%s/%s: %s\n", GOLDEN_FOLDER, file, what);
    exit(1);
}

static inline void golden_put(struct golden_file *file, struct golden_message *message, int byte, size_t times)
{
    if (times > sizeof message->bytes - message->len)
        golden_die(file->name, "a message is too long");
    memset(message->bytes + message->len, byte, times);
    message->len += times;
}

static inline void golden_word(struct golden_file *file, const char *word)
{
    if (!file->count)
        golden_die(file->name, "bytes before the first message");
    struct golden_message *message = &file->messages[file->count - 1];
    const char *slash = strchr(word, '/');
    char *end;
    if (strcmp(word, "...") == 0) {
        message->partial = true;
    } else if (word[0] == '$' && slash) {
        golden_put(file, message, 1, strtoul(slash + 1, NULL, 10));
    } else {
        long byte = strtol(word, &end, 16);
        if (end != word + 2 || *end)
            golden_die(file->name, "a word is no byte");
        golden_put(file, message, (int)byte, 1);
    }
}

static inline void golden_line(struct golden_file *file, char *line)
{
    line[strcspn(line, "#\n")] = 0;
    if (line[0] == '>' || line[0] == '<') {
        if (file->count == GOLDEN_MESSAGES_MAX)
            golden_die(file->name, "too many messages");
        struct golden_message *message = &file->messages[file->count++];
        message->from_host = line[0] == '>';
        snprintf(message->title, sizeof message->title, "%s", line + 1 + strspn(line + 1, " "));
    } else if (line[0] != '!') {
        for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
            golden_word(file, word);
    }
}

static inline void golden_read(struct golden_file *file, const char *name)
{
    char line[1024];
    memset(file, 0, sizeof *file);
    snprintf(file->name, sizeof file->name, "%s", name);
    snprintf(line, sizeof line, "%s/%s", GOLDEN_FOLDER, name);
    FILE *stream = fopen(line, "r");
    if (!stream)
        golden_die(name, "can't be opened");
    while (fgets(line, sizeof line, stream))
        golden_line(file, line);
    fclose(stream);
}

static inline bool golden_is_text(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".txt") == 0;
}

static inline int golden_by_name(const void *a, const void *b)
{
    return strcmp(((const struct golden_file *)a)->name, ((const struct golden_file *)b)->name);
}

/* All files in the order of their names; their number. The memory is the program's for good. */
static inline size_t golden_read_all(struct golden_file **out)
{
    static struct golden_file files[GOLDEN_FILES_MAX];
    DIR *folder = opendir(GOLDEN_FOLDER);
    size_t count = 0;
    if (!folder)
        golden_die("", "no folder");
    for (const struct dirent *entry; (entry = readdir(folder)) && count < GOLDEN_FILES_MAX;)
        if (golden_is_text(entry->d_name))
            golden_read(&files[count++], entry->d_name);
    closedir(folder);
    if (count == 0 || count == GOLDEN_FILES_MAX)
        golden_die("", "no files, or too many");
    qsort(files, count, sizeof files[0], golden_by_name);
    *out = files;
    return count;
}

#endif
