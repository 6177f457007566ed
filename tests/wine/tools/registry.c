/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reg.exe can't do to a key of HKEY_LOCAL_MACHINE.
 *
 *     deny KEY       nobody may write to it any more, but read it
 *     volatile KEY   makes it one that does not outlive the boot, and can have no key that does
 */
#include <stdio.h>
#include <windows.h>

int _dowildcard = 0;

int wmain(int argc, wchar_t **argv);

static DWORD make_list(ACL *list, DWORD size)
{
    SID_IDENTIFIER_AUTHORITY world = SECURITY_WORLD_SID_AUTHORITY;
    PSID everyone;
    DWORD code = 0;
    if (!AllocateAndInitializeSid(&world, 1, SECURITY_WORLD_RID, 0, 0, 0, 0, 0, 0, 0, &everyone))
        return GetLastError();
    if (!InitializeAcl(list, size, ACL_REVISION) ||
        !AddAccessDeniedAce(list, ACL_REVISION, KEY_SET_VALUE | KEY_CREATE_SUB_KEY, everyone) ||
        !AddAccessAllowedAce(list, ACL_REVISION, KEY_READ, everyone))
        code = GetLastError();
    FreeSid(everyone);
    return code;
}

static DWORD deny(const wchar_t *path)
{
    HKEY key;
    SECURITY_DESCRIPTOR descriptor;
    union {
        ACL acl;
        BYTE bytes[512];
    } list;
    DWORD code = make_list(&list.acl, sizeof list);
    if (code == 0)
        code = (DWORD)RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, WRITE_DAC | KEY_WOW64_64KEY, &key);
    if (code == 0 && (!InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION) ||
                      !SetSecurityDescriptorDacl(&descriptor, TRUE, &list.acl, FALSE)))
        code = GetLastError();
    return code ? code : (DWORD)RegSetKeySecurity(key, DACL_SECURITY_INFORMATION, &descriptor);
}

static DWORD make_volatile(const wchar_t *path)
{
    HKEY key;
    return (DWORD)RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, REG_OPTION_VOLATILE,
                                  KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &key, NULL);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 3)
        return 2;
    DWORD code = wcscmp(argv[1], L"deny") == 0 ? deny(argv[2]) : make_volatile(argv[2]);
    if (code)
        printf("registry: %lu\n", code);
    return code ? 1 : 0;
}
