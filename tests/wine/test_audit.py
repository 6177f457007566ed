#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--audit and --audit --fix, against what reg.exe writes and reads in a Wine of its own."""
import subprocess

import wine
from wine import Agent, Skip, check, equal

USAGE = 2
PERIODS = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Power\\PowerSettings\\"
MONITOR = "3c0bc021-c8a8-4e07-a973-6b14cbcb2b7e"
REPORTING = "HKLM\\SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting"
AEDEBUG = "\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug"
POLICIES = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System"
UPDATES = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate"
WINLOGON = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"
DESKTOP = "\\Control Panel\\Desktop"
POWER = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Power\\"

# Name: key, value, type, what a test machine has there, and what an ordinary one may have.
SETTINGS = {
    "crash-dialog": (REPORTING, "DontShowUI", "REG_DWORD", "1", "0"),
    "crash-dialog-user": (REPORTING.replace("HKLM", "HKCU"), "DontShowUI", "REG_DWORD", "1", "0"),
    "crash-debugger": ("HKLM\\SOFTWARE" + AEDEBUG, "Auto", "REG_SZ", "1", "0"),
    "crash-debugger-32": ("HKLM\\SOFTWARE\\Wow6432Node" + AEDEBUG, "Auto", "REG_SZ", "1", "0"),
    "error-mode": ("HKLM\\SYSTEM\\CurrentControlSet\\Control\\Windows", "ErrorMode", "REG_DWORD", "2", "0"),
    "error-reporting": (REPORTING, "Disabled", "REG_DWORD", "1", "0"),
    "autologon": (WINLOGON, "AutoAdminLogon", "REG_SZ", "1", "0"),
    "screen-saver": ("HKCU" + DESKTOP, "ScreenSaveActive", "REG_SZ", "0", "1"),
    "screen-saver-logon": ("HKU\\.DEFAULT" + DESKTOP, "ScreenSaveActive", "REG_SZ", "0", "1"),
    "screen-lock": (POLICIES, "InactivityTimeoutSecs", "REG_DWORD", "0", "900"),
    "monitor-timeout": (PERIODS + MONITOR, "ACSettingIndex", "REG_DWORD", "0", "600"),
    "sleep-timeout": (PERIODS + "29f6c1db-86da-48c5-9fdb-f2b67b1f44da", "ACSettingIndex", "REG_DWORD", "0", "1800"),
    "fast-startup": ("HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Power", "HiberbootEnabled", "REG_DWORD",
                     "0", "1"),
    "time-service": ("HKLM\\SYSTEM\\CurrentControlSet\\Services\\W32Time", "Start", "REG_DWORD", "4", "3"),
    "uac-prompt": (POLICIES, "ConsentPromptBehaviorAdmin", "REG_DWORD", "0", "5"),
    "uac-desktop": (POLICIES, "PromptOnSecureDesktop", "REG_DWORD", "0", "1"),
    "network-window": ("HKLM\\SYSTEM\\CurrentControlSet\\Control\\Network\\NewNetworkWindowOff", None, None, None, None),
    "updates": (UPDATES + "\\AU", "NoAutoUpdate", "REG_DWORD", "1", "0"),
    "updates-reboot": (UPDATES + "\\AU", "NoAutoRebootWithLoggedOnUsers", "REG_DWORD", "1", "0"),
}
BY_HAND = "autologon"  # its password is nothing that could be set


def write(key, value, kind, data):
    code, out = wine.reg("add", key, "/v", value, "/t", kind, "/d", data, "/f")
    equal(code, 0, f"reg add {key} /v {value}: {out.strip()}: exit status")


def read(key, value):
    """Type and data as reg.exe tells them; None when there is none."""
    code, out = wine.reg("query", key, *(("/v", value) if value else ()))
    if code:
        return None
    if not value:
        return "there"
    words = next(line for line in out.splitlines() if line.startswith("    ")).split(None, 2)
    return words[1], words[2] if len(words) > 2 else ""


def remove(key, value=None):
    wine.reg("delete", key, *(("/v", value) if value else ()), "/f")


def wanted(name):
    _, value, kind, data, _ = SETTINGS[name]
    return (kind, hex(int(data)) if kind == "REG_DWORD" else data) if value else "there"


def spoil():
    """All of them as an ordinary machine may have them."""
    for key, value, kind, _, data in SETTINGS.values():
        if value:
            write(key, value, kind, data)
        else:
            remove(key)


def audit(*options, code):
    """{name: (verdict, detail)}, and the last line."""
    done = subprocess.run([wine.WINE, wine.exe("periscoped.exe"), "--audit", *options], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=wine.PATIENCE, check=False)
    out = done.stdout.decode("utf-8").replace("\r", "").splitlines()
    equal(done.returncode, code, f"{options}: {done.stderr} {out}: exit status")
    found = {}
    for line in out[:-1]:
        verdict, name, detail = line.split(" ", 2)
        check(name.endswith(":") and name[:-1] not in found, line)
        found[name[:-1]] = verdict, detail
    return found, out[-1] if out else ""


def verdicts(found):
    return {name: verdict for name, (verdict, _) in found.items()}


def what_is_otherwise_is_told_and_left():
    spoil()
    before = [read(key, value) for key, value, *_ in SETTINGS.values()]
    found, last = audit(code=1)
    equal(verdicts(found), {name: "FAIL" for name in SETTINGS}, "verdicts")
    for name, (key, value, _, _, data) in SETTINGS.items():
        detail = found[name][1]
        shown = key.replace("\\Wow6432Node", "") + (f"\\{value}" if value else "")
        check(detail.startswith(shown) and len(detail.partition(": ")[2]) > 10, f"{name}: {detail}")
        check(not data or data in detail, f"{name}: {detail}")
    equal(last, f"0 passed, 0 set, {len(SETTINGS)} failed, 0 not looked at", "the last line")
    equal([read(key, value) for key, value, *_ in SETTINGS.values()], before, "the registry after --audit alone")


def fix_sets_and_tells_what_was():
    spoil()
    found, _ = audit("--fix", code=1)
    equal(verdicts(found), {name: "FAIL" if name == BY_HAND else "fixed" for name in SETTINGS}, "verdicts")
    for name, (key, value, kind, data, former) in SETTINGS.items():
        if name == BY_HAND:
            equal(read(key, value), (kind, former), f"{name} in the registry")
            check("--autologon USER" in found[name][1], found[name][1])
            continue
        equal(read(key, value), wanted(name), f"{name} in the registry")
        change = (f'"{former}" -> "{data}"' if kind == "REG_SZ" else f"{former} -> {data}") if value else "not set -> there"
        check(change in found[name][1], f"{name}: {found[name][1]}")
    found, last = audit(code=1)
    equal([name for name, verdict in verdicts(found).items() if verdict != "pass"], [BY_HAND], "what does not pass then")
    write(*SETTINGS[BY_HAND][:4])
    _, last = audit("--fix", code=0)
    equal(last, f"{len(SETTINGS)} passed, 0 set, 0 failed, 0 not looked at", "the last line")


def what_is_not_set_is_what_windows_does_then():
    for key, value, *_ in SETTINGS.values():
        remove(key, value)
    found, _ = audit(code=1)
    passing = {"crash-dialog-user", "screen-lock", "fast-startup", "time-service"}
    equal({name for name, verdict in verdicts(found).items() if verdict == "pass"}, passing, "what passes without a value")
    check("is not set instead of " in found["updates"][1], found["updates"][1])


def right_value_of_the_wrong_type():
    for name, kind, data, told in (("crash-dialog", "REG_SZ", "1", 'the text "1"'),
                                   ("error-mode", "REG_BINARY", "02000000", "of type 3 with 4 bytes"),
                                   ("updates", "REG_SZ", "1" * 3000, "of type 1 with 6002 bytes"),
                                   ("screen-saver", "REG_DWORD", "0", "the number 0"),
                                   ("screen-saver-logon", "REG_SZ", "00", '"00"'),
                                   ("crash-debugger", "REG_EXPAND_SZ", "1", "of type 2 with 4 bytes")):
        key, value, *_ = SETTINGS[name]
        remove(key, value)
        write(key, value, kind, data)
        found, _ = audit(code=1)
        check(found[name][0] == "FAIL" and told in found[name][1], f"{name}: {found[name]}")
        found, _ = audit("--fix", code=1)
        equal(found[name][0], "fixed", f"{name}: verdict")
        equal(read(key, value), wanted(name), f"{name} in the registry")


def each_view_of_the_registry_for_itself():
    native, other = SETTINGS["crash-debugger"][0], SETTINGS["crash-debugger-32"][0]
    write(native, "Auto", "REG_SZ", "1")
    write(other, "Auto", "REG_SZ", "0")
    found, _ = audit(code=1)
    equal((found["crash-debugger"][0], found["crash-debugger-32"][0]), ("pass", "FAIL"), "the native view, the other")
    write(native, "Auto", "REG_SZ", "0")
    write(other, "Auto", "REG_SZ", "1")
    found, _ = audit(code=1)
    equal((found["crash-debugger"][0], found["crash-debugger-32"][0]), ("FAIL", "pass"), "the native view, the other")


def power_scheme_counts_where_no_policy_is():
    scheme, group = "381b4222-f694-41f0-9685-ff5bb260df2e", "7516b95f-f776-4464-8c53-06167f40cc99"
    key, value, *_ = SETTINGS["monitor-timeout"]
    own = f"{POWER}User\\PowerSchemes\\{scheme}\\{group}\\{MONITOR}"
    write(POWER + "User\\PowerSchemes", "ActivePowerScheme", "REG_SZ", scheme)
    write(f"{POWER}PowerSettings\\{group}\\{MONITOR}\\DefaultPowerSchemeValues\\{scheme}", value, "REG_DWORD", "600")
    for own_value, policy, verdict, told in ((None, None, "FAIL", "600 in the active"), ("0", None, "pass", "0 in the active"),
                                             ("60", None, "FAIL", "60 in the active"), ("60", "0", "pass", "is 0"),
                                             ("0", "60", "FAIL", "is 60 instead of 0")):
        for where, data in ((own, own_value), (key, policy)):
            remove(where, value)
            if data:
                write(where, value, "REG_DWORD", data)
        found, _ = audit(code=1)
        check(found["monitor-timeout"][0] == verdict and told in found["monitor-timeout"][1],
              f"{own_value} and the policy {policy}: {found['monitor-timeout']}")


def change_registry(verb, key):
    subprocess.run([wine.WINE, wine.exe("tools/registry.exe"), verb, key.partition("\\")[2]], stdin=subprocess.DEVNULL,
                   timeout=wine.PATIENCE, check=True)


def what_can_not_be_set_fails_and_the_rest_goes_on():
    spoil()
    remove(UPDATES)
    change_registry("volatile", UPDATES)  # a key of the ordinary kind can't be made below it
    found, _ = audit("--fix", code=1)
    for name in ("updates", "updates-reboot"):
        check(found[name][0] == "FAIL" and "is not set and could not be set: " in found[name][1], f"{name}: {found[name]}")
    equal({name for name, verdict in verdicts(found).items() if verdict == "FAIL"}, {"updates", "updates-reboot", BY_HAND},
          "what failed")
    remove(UPDATES)


def no_right_to_write():
    write(*SETTINGS["crash-dialog"][:3], "0")
    change_registry("deny", REPORTING)
    if wine.reg("add", REPORTING, "/v", "Other", "/d", "x", "/f")[0] == 0:
        raise Skip("Wine keeps a key's access list and lets anyone write all the same")
    found, _ = audit("--fix", code=1)
    check("Permission denied: an administrator's console is needed" in found["crash-dialog"][1], found["crash-dialog"])


def property_names_what_failed():
    with Agent() as agent:
        spoil()
        equal(failed(agent), set(SETTINGS), "audit.failed")
        audit("--fix", code=1)
        write(*SETTINGS[BY_HAND][:3], "1")
        equal(agent.periscope("info").facts()["audit.failed"], "none", "audit.failed")
        write(*SETTINGS["uac-prompt"][:3], "5")
        equal(failed(agent), {"uac-prompt"}, "audit.failed")


def failed(agent):
    return set(agent.periscope("info").facts()["audit.failed"].split())


def wrong_commands():
    for arguments in (("--fix",), ("--fix", "8000"), ("--audit", "--status"), ("--audit", "--install")):
        done = subprocess.run([wine.WINE, wine.exe("periscoped.exe"), *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=wine.PATIENCE, check=False)
        equal(done.returncode, USAGE, f"{arguments}: {done.stderr}: exit status")


with wine.OwnWine():
    wine.main([what_is_otherwise_is_told_and_left, fix_sets_and_tells_what_was, what_is_not_set_is_what_windows_does_then,
               right_value_of_the_wrong_type, each_view_of_the_registry_for_itself, power_scheme_counts_where_no_policy_is,
               what_can_not_be_set_fails_and_the_rest_goes_on, property_names_what_failed, wrong_commands,
               no_right_to_write])  # the last: what it takes is not given back
