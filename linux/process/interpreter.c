/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/process/interpreter.h"
#include "linux/file/file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096 /* the kernel's limit, with the NUL */
#define NAME_SIZE 256  /* that of a script's first line */
#define HEAD_SIZE 4096 /* bytes of a program: its header, and the segments' */
#define DEPTH 4        /* an interpreter may be a script */

struct interpreter {
    char name[NAME_SIZE];
    bool crlf; /* its line ends in a carriage return, which the kernel takes as a part of the name */
};

/* Reads "#! NAME", as the kernel does. */
static bool read_script(struct interpreter *out, const char *head)
{
    head += 2 + strspn(head + 2, " \t");
    size_t len = strcspn(head, " \t\n");
    if (len == 0 || len >= sizeof out->name)
        return false;
    out->crlf = head[len - 1] == '\r';
    snprintf(out->name, sizeof out->name, "%.*s", (int)(len - out->crlf), head);
    return true;
}

/* Returns a number of that many bytes, in this machine's order. */
static uint64_t number_at(const char *bytes, size_t size)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    memcpy(&two, bytes, sizeof two);
    memcpy(&four, bytes, sizeof four);
    memcpy(&eight, bytes, sizeof eight);
    return size == 2 ? two : size == 4 ? four : eight;
}

/* Reads the segment PT_INTERP. */
static bool read_elf(struct interpreter *out, int fd, const char *head, size_t len)
{
    bool wide = head[EI_CLASS] == ELFCLASS64;
    uint64_t at =
        number_at(head + (wide ? offsetof(Elf64_Ehdr, e_phoff) : offsetof(Elf32_Ehdr, e_phoff)), wide ? 8 : 4);
    uint64_t count = number_at(head + (wide ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf32_Ehdr, e_phnum)), 2);
    size_t size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    for (; count-- > 0 && at < len && len - at >= sizeof(Elf64_Phdr); at += size) {
        if (number_at(head + at, 4) != PT_INTERP)
            continue;
        uint64_t from = number_at(head + at + (wide ? offsetof(Elf64_Phdr, p_offset) : offsetof(Elf32_Phdr, p_offset)),
                                  wide ? 8 : 4);
        ssize_t got = from <= INT32_MAX ? pread(fd, out->name, sizeof out->name - 1, (off_t)from) : 0;
        out->name[got > 0 ? got : 0] = '\0';
        return got > 0;
    }
    return false;
}

/* Reads what a file is to be run by. Returns false if that is nothing, or can't be read. */
static bool read_interpreter(struct interpreter *out, const char *path)
{
    char head[HEAD_SIZE + 1] = "";
    int fd = file_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return false;
    ssize_t got = pread(fd, head, HEAD_SIZE, 0);
    *out = (struct interpreter){.crlf = false};
    bool found = false;
    if (got > 2 && memcmp(head, "#!", 2) == 0)
        found = read_script(out, head);
    else if (got > (ssize_t)sizeof(Elf64_Ehdr) && memcmp(head, ELFMAG, SELFMAG) == 0)
        found = read_elf(out, fd, head, (size_t)got);
    close(fd);
    return found;
}

static bool set_missing(const struct interpreter *interpreter, int code, struct error *err)
{
    error_set(err, ERR_NOT_FOUND, "its interpreter '%s': %s", interpreter->name,
              interpreter->crlf ? "its first line ends in a carriage return" : strerror(code));
    return true;
}

static bool check_path(const char *path, struct error *err)
{
    struct interpreter interpreter;
    for (int i = 0; i < DEPTH && read_interpreter(&interpreter, path); i++) {
        if (interpreter.crlf || access(interpreter.name, F_OK) < 0)
            return set_missing(&interpreter, errno, err);
        path = interpreter.name;
    }
    return false;
}

/* Checks the file of that name in a folder, which is relative to another one unless it is absolute. */
static bool check_in(const char *top, const char *folder, size_t len, const char *name, struct error *err)
{
    char path[PATH_SIZE];
    bool absolute = len > 0 && *folder == '/';
    int size = snprintf(path, sizeof path, "%s%s%.*s%s%s", absolute ? "" : top, absolute ? "" : "/", (int)len, folder,
                        len > 0 ? "/" : "", name);
    return size < (int)sizeof path && check_path(path, err);
}

bool interpreter_is_missing(const char *name, const char *search, const char *cwd, struct error *err)
{
    const char *top = cwd ? cwd : ".";
    if (*name == '/')
        return check_path(name, err);
    if (strchr(name, '/'))
        return check_in(top, "", 0, name, err);
    for (;; search++) {
        size_t len = strcspn(search, ":");
        if (check_in(top, search, len, name, err))
            return true;
        search += len;
        if (*search == '\0')
            return false;
    }
}
