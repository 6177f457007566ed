/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/command.h"

#include "win32/file/file.h"
#include "win32/file/path.h"
#include "win32/process/command_line.h"
#include "win32/process/dlls.h"
#include "win32/process/environment.h"
#include "win32/process/program.h"
#include "win32/text.h"
#include "win32/user/identity.h"
#include "win32/winerror.h"

#include <stdlib.h>
#include <string.h>

void command_deinit(struct command *command)
{
    free(command->application);
    free(command->line);
    free(command->folder);
    free(command->environment);
}

int command_failed(const struct os_process_spec *spec, unsigned long code, struct error *err)
{
    struct buffer line;
    char text[REASON_SIZE];
    if (spec->report_exec_failure)
        return error_set(err, windows_status(code), "could not run '%s'%s%s: %s", spec->argv[0],
                         spec->cwd ? " in " : "", spec->cwd ? spec->cwd : "", windows_reason(code, text));
    buffer_init(&line, 16u << 20);
    command_line_build(&line, spec->argv);
    int status = error_set(err, windows_status(code), "could not run '%s': %lu",
                           line.failed ? spec->argv[0] : (const char *)line.data, code);
    buffer_deinit(&line);
    return status;
}

/* Converts a command line; limit: its characters with the NUL. */
static int use_text(wchar_t **out, const struct os_process_spec *spec, const struct buffer *text, int limit,
                    struct error *err)
{
    if (text->failed || utf16_from(out, (const char *)text->data, NULL))
        return command_failed(spec, text->failed ? ERROR_NOT_ENOUGH_MEMORY : ERROR_NO_UNICODE_TRANSLATION, err);
    if (wcslen(*out) < (size_t)limit)
        return 0;
    return error_set(err, ERR_LIMIT, "could not run '%s': its command line has more than %d characters", spec->argv[0],
                     limit - 1);
}

/* Returns how the shell is to find the script: from its folder, if there are percent signs on the way there, between
   which the shell would look for variables. */
static const char *batch_script(const char *full, const char *given)
{
    bool relative = *given != '/' && *given != '\\' && !strchr(given, ':');
    return strchr(full, '%') && relative ? given : full;
}

/* Puts the shell in place of the script. */
static int build_batch(struct command *command, const struct os_process_spec *spec, struct buffer *text,
                       struct error *err)
{
    unsigned long code;
    char *script = utf8_from(command->application);
    bool passes = script && command_line_build_batch(text, batch_script(script, spec->argv[0]), spec->argv);
    bool memory = script != NULL;
    free(script);
    if (!memory)
        return command_failed(spec, ERROR_NOT_ENOUGH_MEMORY, err);
    if (!passes)
        return error_set(err, ERR_INVALID,
                         "could not run '%s': the name and the arguments of a batch file can't have quotes, percent "
                         "signs or ends of lines",
                         spec->argv[0]);
    free(command->application);
    command->application = program_shell(&code);
    return command->application ? 0 : command_failed(spec, code, err);
}

static int command_build_line(struct command *command, const struct os_process_spec *spec, struct error *err)
{
    struct buffer text;
    int status = 0;
    char *program = utf8_from(command->application);
    bool batch = program && command_line_is_batch(program);
    free(program);
    buffer_init(&text, 16u << 20);
    if (batch)
        status = build_batch(command, spec, &text, err);
    else
        command_line_build(&text, spec->argv);
    if (status == 0)
        status = use_text(&command->line, spec, &text, batch ? COMMAND_LINE_BATCH_MAX : COMMAND_LINE_MAX, err);
    buffer_deinit(&text);
    return status;
}

/* Refuses a program whose DLLs are missing. Else Windows shows a dialog, which the program waits behind, before any of
   its own code runs. */
static int check_dlls(const struct command *command, const struct os_process_spec *spec, struct error *err)
{
    struct strlist missing = {0};
    struct buffer names;
    int status = 0;
    buffer_init(&names, ERROR_TEXT_SIZE);
    dlls_missing(command->application, environment_value(command->environment, L"PATH"), &missing);
    for (size_t i = 0; i < missing.count; i++)
        buffer_printf(&names, "%s%s", i ? ", " : "", missing.items[i]);
    buffer_append(&names, "", 1);
    if (missing.count)
        status = error_set(err, ERR_UNAVAILABLE, "could not run '%s': required DLL %s is missing", spec->argv[0],
                           names.failed ? missing.items[0] : (const char *)names.data);
    buffer_deinit(&names);
    strlist_deinit(&missing);
    return status;
}

static int command_init(struct command *command, const struct os_process_spec *spec, struct error *err)
{
    wchar_t *name;
    unsigned long code;
    int status = spec->cwd ? path_of_working_folder(&command->folder, spec->cwd, err) : 0;
    if (status)
        return error_prefix(err, status, "could not run '%s': the working folder '%s'", spec->argv[0], spec->cwd);
    status = environment_build(&command->environment, identity_environment(spec->as), spec->env, err);
    if (status)
        return error_prefix(err, status, "could not run '%s': its environment", spec->argv[0]);
    if (utf16_from(&name, spec->argv[0], NULL))
        return command_failed(spec, ERROR_NO_UNICODE_TRANSLATION, err);
    const wchar_t *wanted = _wcsicmp(name, L"%ComSpec%") ? name : environment_value(command->environment, L"ComSpec");
    command->application = program_find(wanted ? wanted : L"cmd.exe", command->folder,
                                        environment_value(command->environment, L"PATH"), &code);
    free(name);
    if (!command->application)
        return command_failed(spec, code, err);
    if (wcslen(command->application) >= MAX_PATH)
        return command_failed(spec, ERROR_FILENAME_EXCED_RANGE, err);
    status = spec->check_dlls ? check_dlls(command, spec, err) : 0;
    return status ? status : command_build_line(command, spec, err);
}

/* Refuses a program that the user may not execute: the agent, which starts it, may. */
static int check_access(const struct command *command, const struct os_process_spec *spec, struct error *err)
{
    HANDLE handle = CreateFileW(command->application, FILE_EXECUTE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return command_failed(spec, GetLastError(), err);
    CloseHandle(handle);
    return 0;
}

int command_find(struct command *command, const struct os_process_spec *spec, struct error *err)
{
    int status = os_identity_enter(spec->as, err);
    if (status)
        return error_prefix(err, status, "could not run '%s'", spec->argv[0]);
    status = command_init(command, spec, err);
    if (status == 0 && identity_token(spec->as))
        status = check_access(command, spec, err);
    os_identity_leave(spec->as);
    return status;
}
