/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* By owners and access lists, of the file and of each folder on the way to it. */
#include "platform/upgrade_file.h"
#include "platform/identity.h"
#include "win32/file/path.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <sddl.h> /* needs the one before */

/* What lets others change a name or its content: of every folder, also of the one that the file is in (there another
   program's DLL would be loaded too), and of the file. */
#define TAKES_OVER (DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_ALL | GENERIC_WRITE)
#define FOLDER_RIGHTS (TAKES_OVER | FILE_DELETE_CHILD)
#define LAST_FOLDER_RIGHTS (FOLDER_RIGHTS | FILE_ADD_FILE)
#define FILE_RIGHTS (TAKES_OVER | FILE_WRITE_DATA | FILE_APPEND_DATA)

/* ---- who may ---- */

static bool is_own_user(PSID sid)
{
    HANDLE token;
    DWORD size;
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } owner;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    bool own = GetTokenInformation(token, TokenUser, &owner, sizeof owner, &size) && EqualSid(owner.user.User.Sid, sid);
    CloseHandle(token);
    return own;
}

/* Returns whether it is one who can do all that the agent can: the system, its administrators and its installer. */
static bool is_trusted(PSID sid)
{
    static const wchar_t *const sids[] = {L"S-1-5-18", L"S-1-5-32-544",
                                          L"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"};
    wchar_t *text;
    bool found = false;
    if (is_own_user(sid))
        return true;
    if (!ConvertSidToStringSidW(sid, &text))
        return false;
    for (size_t i = 0; i < sizeof sids / sizeof sids[0]; i++)
        found |= wcscmp(text, sids[i]) == 0;
    LocalFree(text);
    return found;
}

static int refuse_sid(PSID sid, const char *what, const wchar_t *path, struct error *err)
{
    wchar_t *text = NULL;
    char *who = ConvertSidToStringSidW(sid, &text) ? utf8_from(text) : NULL, *name = utf8_from(path);
    int status = error_set(err, ERR_DENIED, "'%s' %s %s", name ? name : "?", what, who ? who : "?");
    LocalFree(text);
    free(who);
    free(name);
    return status;
}

static int refuse_path(const char *what, const wchar_t *path, struct error *err)
{
    char *name = utf8_from(path);
    int status = error_set(err, ERR_DENIED, "'%s' %s", name ? name : "?", what);
    free(name);
    return status;
}

/* ---- one file or folder ---- */

/* Takes any entry that could allow something as one that does, whatever others deny. */
static int check_entry(const ACE_HEADER *entry, DWORD rights, const wchar_t *path, struct error *err)
{
    const ACCESS_ALLOWED_ACE *allowed = (const ACCESS_ALLOWED_ACE *)entry;
    PSID sid = (PSID)(uintptr_t)&allowed->SidStart;
    switch (entry->AceType) {
    case ACCESS_ALLOWED_OBJECT_ACE_TYPE:
    case ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE:
        return refuse_path("has an access list of a kind that is not known", path, err);
    case ACCESS_ALLOWED_ACE_TYPE:
    case ACCESS_ALLOWED_CALLBACK_ACE_TYPE:
        if ((entry->AceFlags & INHERIT_ONLY_ACE) || !(allowed->Mask & rights) || is_trusted(sid))
            return 0;
        return refuse_sid(sid, "can be written by", path, err);
    default:
        return 0; /* it denies, or watches */
    }
}

static int check_list(PSECURITY_DESCRIPTOR descriptor, DWORD rights, const wchar_t *path, struct error *err)
{
    PSID owner = NULL;
    PACL list = NULL;
    BOOL present = FALSE, defaulted;
    void *entry;
    if (!GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) || !owner ||
        !GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted) || !present || !list)
        return refuse_path("has no owner or no access list", path, err);
    if (!is_trusted(owner))
        return refuse_sid(owner, "belongs to", path, err);
    for (DWORD i = 0; i < list->AceCount; i++) {
        int status = GetAce(list, i, &entry) ? check_entry(entry, rights, path, err)
                                             : refuse_path("has an access list that can't be read", path, err);
        if (status)
            return status;
    }
    return 0;
}

static int check_object(const wchar_t *path, DWORD rights, struct error *err)
{
    const SECURITY_INFORMATION wanted = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    DWORD size = 0, attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return windows_error(err, GetLastError(), NULL);
    if (attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        return refuse_path("is a link", path, err);
    GetFileSecurityW(path, wanted, NULL, 0, &size);
    PSECURITY_DESCRIPTOR descriptor = size ? malloc(size) : NULL;
    int status = descriptor && GetFileSecurityW(path, wanted, descriptor, size, &size)
                     ? check_list(descriptor, rights, path, err)
                     : refuse_path("has rights that can't be read", path, err);
    free(descriptor);
    return status;
}

/* ---- the way to it ---- */

/* Returns the length of "C:\" with what is before it, 0 for a path that is on no disk of this machine. */
static size_t disk_len(const wchar_t *path)
{
    size_t start = wcsncmp(path, L"\\\\?\\", 4) == 0 ? 4 : 0;
    wchar_t disk[] = L"?:\\";
    if (!path[start] || path[start + 1] != ':' || path[start + 2] != '\\')
        return 0;
    disk[0] = path[start];
    return GetDriveTypeW(disk) == DRIVE_FIXED ? start + 3 : 0;
}

/* Cuts the path behind a separator, or behind the name before it, and checks that folder. */
static int check_folder_at(wchar_t *path, size_t len, DWORD rights, struct error *err)
{
    wchar_t kept = path[len];
    path[len] = 0;
    int status = check_object(path, rights, err);
    path[len] = kept;
    return status;
}

static int check_way(wchar_t *path, struct error *err)
{
    size_t first = disk_len(path), last = path_folder_len(path);
    if (first == 0)
        return refuse_path("is on no disk of this machine", path, err);
    int status = check_folder_at(path, first, last == first ? LAST_FOLDER_RIGHTS : FOLDER_RIGHTS, err);
    for (size_t i = first; status == 0 && i < last; i++)
        if (path[i] == '\\')
            status = check_folder_at(path, i, i + 1 == last ? LAST_FOLDER_RIGHTS : FOLDER_RIGHTS, err);
    return status;
}

static bool programs_are_the_agents(const char *run_as)
{
    return strcmp(run_as, OS_IDENTITY_AGENT) == 0;
}

int os_upgrade_check_folder(const char *path, const char *run_as, struct error *err)
{
    wchar_t *full;
    if (programs_are_the_agents(run_as))
        return 0;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    status = check_way(full, err);
    free(full);
    return status;
}

static int check_file(wchar_t *full, const char *run_as, struct error *err)
{
    DWORD attributes = GetFileAttributesW(full);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return windows_error(err, GetLastError(), NULL);
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        return error_set(err, ERR_INVALID, "Is a directory");
    if (programs_are_the_agents(run_as))
        return 0;
    int status = check_way(full, err);
    return status ? status : check_object(full, FILE_RIGHTS, err);
}

int os_upgrade_find(struct buffer *out, const char *path, const char *run_as, struct error *err)
{
    wchar_t *full;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    status = check_file(full, run_as, err);
    char *text = status ? NULL : utf8_from(full);
    if (status == 0 && (!text || !buffer_append(out, text, strlen(text) + 1)))
        status = error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    free(text);
    free(full);
    return status;
}
