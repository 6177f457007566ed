/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/command_line.h"
#include "win32/text.h"

#include "tests/unit/check.h"

#include <stdlib.h>
#include <windows.h>
#include <shellapi.h>

#define LIMIT (1u << 20) /* bytes */

static const char *build(const char *const *argv)
{
    static struct buffer line;
    buffer_deinit(&line);
    buffer_init(&line, LIMIT);
    command_line_build(&line, argv);
    return (const char *)line.data;
}

static void plain_arguments_stay_plain(void)
{
    CHECK_TEXT(build((const char *[]){"nosuch.exe", NULL}), "\"nosuch.exe\"");
    CHECK_TEXT(build((const char *[]){"C:\\a b\\x.exe", "/c", "C:\\dir\\", "a=b", NULL}),
               "\"C:\\a b\\x.exe\" /c C:\\dir\\ a=b");
}

/* Taken apart by Windows' own function, and here by Wine's. */
static void arguments_come_back(void)
{
    static const char *const argv[] = {"prog.exe",
                                       "",
                                       " ",
                                       "a b",
                                       "\"",
                                       "\\\"",
                                       "\\\\\"",
                                       "C:\\dir\\",
                                       "C:\\my dir\\",
                                       "C:\\my dir\\\\",
                                       "a\"b c\\",
                                       "\\\\server\\share name\\",
                                       "tab\there",
                                       "\xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80",
                                       "100%",
                                       "a^b&c|d<e>f",
                                       "'single'",
                                       "\"\"\"",
                                       "\\\\",
                                       "end\\\\\\\"",
                                       NULL};
    wchar_t *line;
    int count = 0;
    CHECK_INT(utf16_from(&line, build(argv), NULL), 0);
    wchar_t **list = CommandLineToArgvW(line, &count);
    CHECK_INT(count, sizeof argv / sizeof argv[0] - 1);
    for (int i = 0; list && i < count && argv[i]; i++) {
        char *got = utf8_from(list[i]);
        CHECK_TEXT(got, argv[i]);
        free(got);
    }
    LocalFree(list);
    free(line);
}

static void batch_files_are_known_by_name(void)
{
    CHECK(command_line_is_batch("./script.bat"));
    CHECK(command_line_is_batch("C:\\X.CMD"));
    CHECK(!command_line_is_batch("bat"));
    CHECK(!command_line_is_batch("script.bat.exe"));
}

static void batch_arguments(void)
{
    struct buffer line;
    buffer_init(&line, LIMIT);
    CHECK(command_line_build_batch(&line, "C:\\a b\\s.bat", (const char *[]){"./s.bat", "x & y", "", NULL}));
    CHECK_TEXT((const char *)line.data, "cmd.exe /d /s /c \"\"C:\\a b\\s.bat\" \"x & y\" \"\"\"");
    buffer_clear(&line);
    CHECK(command_line_build_batch(&line, "C:\\s.bat", (const char *[]){"s.bat", "c\\", "a b\\\\", "a\\b", NULL}));
    CHECK_TEXT((const char *)line.data, "cmd.exe /d /s /c \"\"C:\\s.bat\" c\\ \"a b\\\\\\\\\" \"a\\b\"\"");
    static const char *const bad[] = {"a\"b", "%PATH%", "a\nb", "a\rb"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        buffer_clear(&line);
        CHECK(!command_line_build_batch(&line, "C:\\s.bat", (const char *[]){"s.bat", bad[i], NULL}));
    }
    buffer_clear(&line);
    CHECK(!command_line_build_batch(&line, "C:\\%x%\\s.bat", (const char *[]){"s.bat", NULL}));
    buffer_deinit(&line);
}

int main(void)
{
    RUN(plain_arguments_stay_plain);
    RUN(arguments_come_back);
    RUN(batch_files_are_known_by_name);
    RUN(batch_arguments);
    return CHECK_RESULT();
}
