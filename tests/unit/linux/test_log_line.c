/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's lines about graphics cards, as they were recorded, by driver and kernel where that is known. */
#include "tests/unit/check.h"

#include "linux/gpu/kmsg.h"
#include "linux/gpu/log_line.h"
#include "linux/gpu/uevent.h"

struct recorded {
    const char *line;
    enum os_gpu_report_kind kind;
    const char *pci, *driver, *process;
    unsigned pid;
};

static void check_lines(const struct recorded *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct os_gpu_report report;
        bool known = log_line_read(lines[i].line, &report);
        if (!known)
            printf("# not known: %s\n", lines[i].line);
        CHECK(known);
        if (known && report.kind != lines[i].kind)
            printf("# %s\n", lines[i].line);
        CHECK_INT(report.kind, lines[i].kind);
        CHECK_TEXT(report.pci, lines[i].pci);
        CHECK_TEXT(report.driver, lines[i].driver);
        CHECK_TEXT(report.process, lines[i].process ? lines[i].process : "");
        CHECK_INT(report.pid, lines[i].pid);
        CHECK(*report.text);
    }
}
#define CHECK_LINES(lines) check_lines(lines, sizeof(lines) / sizeof *(lines))

static void nvidia_lines_tell_faults_of_programs_from_those_of_the_card(void)
{
    static const struct recorded lines[] = {
        /* H100, open kernel module 580.159.04, Linux 6.18: an illegal access, and a trap */
        {"NVRM: Xid (PCI:0000:00:06): 31, pid=591, name=fault, channel 0x0000000a, intr 00000000. MMU Fault: ENGINE "
         "GRAPHICS GPC1 GPCCLIENT_T1_8 faulted @ 0x400_00000000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_WRITE",
         OS_GPU_PROGRAM_FAULT, "0000:00:06", "nvidia", "fault", 591},
        {"NVRM: Xid (PCI:0000:00:06): 43, pid=597, name=fault, channel 0x0000000a", OS_GPU_PROGRAM_FAULT, "0000:00:06",
         "nvidia", "fault", 597},
        /* a copy engine's pushbuffer; the second as drivers of 2016 wrote it */
        {"NVRM: Xid (PCI:0000:01:00): 32, pid=2096908, name=kf-phys-oracle, channel 0x00000007 intr1 00000004 HCE_DBG0 "
         "00000300 HCE_DBG1 0000118e",
         OS_GPU_PROGRAM_FAULT, "0000:01:00", "nvidia", "kf-phys-oracle", 2096908},
        {"NVRM: Xid (PCI:0000:01:00): 32, Channel ID 00000009 intr 00800000", OS_GPU_PROGRAM_FAULT, "0000:01:00",
         "nvidia", "", 0},
        {"NVRM: Xid (PCI:0000:01:00): 48, pid='<unknown>', name=<unknown>, An uncorrectable double bit error (DBE) has "
         "been detected on GPU in the framebuffer",
         OS_GPU_FAULT, "0000:01:00", "nvidia", "", 0},
        {"NVRM: Xid (PCI:0000:3b:00): 79, pid=1, name=python3, GPU has fallen off the bus.", OS_GPU_LOST, "0000:3b:00",
         "nvidia", "python3", 1},
        {"NVRM: GPU 0000:0b:00.0: GPU has fallen off the bus.", OS_GPU_LOST, "0000:0b:00.0", "nvidia", "", 0},
        {"NVRM: GPU at PCI:0000:01:00 has fallen off the bus.", OS_GPU_LOST, "0000:01:00", "nvidia", "", 0},
        {"NVRM: Xid (PCI:0000:0b:00): 119, pid=1234, name=nvidia-smi, Timeout after 6s of waiting for RPC response "
         "from "
         "GPU0 GSP! Expected function 76 (GSP_RM_CONTROL) (0x20800a4c 0x8).",
         OS_GPU_HANG, "0000:0b:00", "nvidia", "nvidia-smi", 1234},
        {"NVRM: Xid (PCI:0000:0b:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)",
         OS_GPU_FAULT, "0000:0b:00", "nvidia", "", 0},
        {"NVRM: Xid (PCI:0000:0b:00): 154, GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)",
         OS_GPU_RESET, "0000:0b:00", "nvidia", "", 0},
        {"NVRM: GPU 0000:01:00.0: rm_init_adapter failed, device minor number 0", OS_GPU_FAULT, "0000:01:00.0",
         "nvidia", "", 0},
        {"NVRM: Xid (PCI:0000:0b:00): 999, of the future", OS_GPU_NOTE, "0000:0b:00", "nvidia", "", 0},
    };
    CHECK_LINES(lines);
}

static void amdgpu_lines_name_hangs_resets_and_their_programs(void)
{
    static const struct recorded lines[] = {
        /* Linux 6.8, Navi: the text behind the function's name */
        {"[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx_0.0.0 timeout, signaled seq=5000163, emitted seq=5000165",
         OS_GPU_HANG, "", "amdgpu", "", 0},
        {"[drm:amdgpu_job_timedout [amdgpu]] *ERROR* Process information: process cosmic-comp pid 3503 thread "
         "cosmic-com:cs0 pid 3539",
         OS_GPU_CULPRIT, "", "amdgpu", "cosmic-comp", 3503},
        {"amdgpu 0000:08:00.0: amdgpu: GPU reset begin!", OS_GPU_HANG, "0000:08:00.0", "amdgpu", "", 0},
        {"amdgpu 0000:08:00.0: amdgpu: GPU reset(2) succeeded!", OS_GPU_RESET, "0000:08:00.0", "amdgpu", "", 0},
        /* Linux 6.9 to 6.11 */
        {"amdgpu 0000:0a:00.0: amdgpu: ring gfx_0.0.0 timeout, signaled seq=3295304, emitted seq=3295306", OS_GPU_HANG,
         "0000:0a:00.0", "amdgpu", "", 0},
        {"amdgpu 0000:0a:00.0: amdgpu: Process information: process plasmashell pid 84232 thread plasmashel:cs0 pid "
         "84261",
         OS_GPU_CULPRIT, "0000:0a:00.0", "amdgpu", "plasmashell", 84232},
        /* SteamOS of September 2026, Navi 33 */
        {"amdgpu 0000:03:00.0: amdgpu:  Process WoWClassic.exe pid 47714 thread dxvk-submit pid 47850", OS_GPU_CULPRIT,
         "0000:03:00.0", "amdgpu", "WoWClassic.exe", 47714},
        /* Linux 7.0.11: without the second name; a reset of the ring alone */
        {"amdgpu 0000:28:00.0: ring gfx_0.0.0 timeout, signaled seq=57638, emitted seq=57641", OS_GPU_HANG,
         "0000:28:00.0", "amdgpu", "", 0},
        {"amdgpu 0000:28:00.0:  Process cosmic-comp pid 2288 thread cosmic-com:cs0 pid 2316", OS_GPU_CULPRIT,
         "0000:28:00.0", "amdgpu", "cosmic-comp", 2288},
        {"amdgpu 0000:28:00.0: GPU reset begin!. Source:  1", OS_GPU_HANG, "0000:28:00.0", "amdgpu", "", 0},
        {"amdgpu 0000:28:00.0: VRAM is lost due to GPU reset!", OS_GPU_NOTE, "0000:28:00.0", "amdgpu", "", 0},
        {"amdgpu 0000:c2:00.0: Ring gfx_0.0.0 reset succeeded", OS_GPU_RESET, "0000:c2:00.0", "amdgpu", "", 0},
        /* page faults: Linux 6.1 and later, 6.11, 6.18 */
        {"amdgpu 0000:06:00.0: amdgpu: [gfxhub0] no-retry page fault (src_id:0 ring:56 vmid:6 pasid:32784, for process "
         "cs2 pid 20579 thread VKRenderThread pid 20606)",
         OS_GPU_PROGRAM_FAULT, "0000:06:00.0", "amdgpu", "cs2", 20579},
        {"amdgpu 0000:0d:00.0: amdgpu: [gfxhub] page fault (src_id:0 ring:24 vmid:3 pasid:32770)", OS_GPU_PROGRAM_FAULT,
         "0000:0d:00.0", "amdgpu", "", 0},
        {"amdgpu 0000:0d:00.0: amdgpu:  in process cosmic-comp pid 4732 thread cosmic-com:cs0 pid 4753)",
         OS_GPU_CULPRIT, "0000:0d:00.0", "amdgpu", "cosmic-comp", 4732},
        {"amdgpu 0000:05:00.0:  Process cosmic-comp pid 20242 thread cosmic-com:cs0 pid 20273", OS_GPU_CULPRIT,
         "0000:05:00.0", "amdgpu", "cosmic-comp", 20242},
        {"[drm:gfx_v11_0_bad_op_irq [amdgpu]] *ERROR* Illegal opcode in command stream", OS_GPU_PROGRAM_FAULT, "",
         "amdgpu", "", 0},
        /* a card that does not start */
        {"amdgpu 0000:03:00.0: amdgpu: Fatal error during GPU init", OS_GPU_FAULT, "0000:03:00.0", "amdgpu", "", 0},
    };
    CHECK_LINES(lines);
}

static void intel_lines_name_hangs_and_what_came_of_them(void)
{
    static const struct recorded lines[] = {
        /* i915: Linux 3.16, with the older form of the line; Linux 6.3 on Tiger Lake; a newer one with a long name */
        {"[drm] GPU HANG: ecode 7:0:0x85df3c1c, in Xorg [19819], reason: Ring hung, action: reset", OS_GPU_HANG_ENDED,
         "", "i915", "Xorg", 19819},
        {"i915 0000:00:02.0: [drm] GPU HANG: ecode 12:1:0020fffe, in xdg-desktop-por [1676]", OS_GPU_HANG_ENDED,
         "0000:00:02.0", "i915", "xdg-desktop-por", 1676},
        {"i915 0000:00:02.0: [drm] GPU HANG: ecode 9:1:e757fefe, in test_g_monitor_ [25627]", OS_GPU_HANG_ENDED,
         "0000:00:02.0", "i915", "test_g_monitor_", 25627},
        {"i915 0000:00:02.0: [drm] GPU HANG: ecode 12:0:00000000", OS_GPU_HANG_ENDED, "0000:00:02.0", "i915", "", 0},
        /* xe: CachyOS of 2026; Arc Pro B60 with Linux 7.0 */
        {"xe 0000:00:02.0: [drm] Tile0: GT0: reset started", OS_GPU_HANG, "0000:00:02.0", "xe", "", 0},
        {"xe 0000:00:02.0: [drm] *ERROR* Tile0: GT0: reset failed (-ETIMEDOUT)", OS_GPU_RESET_FAILED, "0000:00:02.0",
         "xe", "", 0},
        {"xe 0000:00:02.0: [drm] *ERROR* CRITICAL: Xe has declared device 0000:00:02.0 as wedged.\\x0aIOCTLs and "
         "executions are blocked.",
         OS_GPU_RESET_FAILED, "0000:00:02.0", "xe", "", 0},
        {"xe 0000:0b:00.0: [drm] Tile0: GT0: Engine reset: engine_class=ccs, logical_mask: 0x1, guc_id=2, state=0x3",
         OS_GPU_RESET, "0000:0b:00.0", "xe", "", 0},
        {"xe 0000:0b:00.0: [drm] Tile0: GT0: Timedout job: seqno=4294967169, lrc_seqno=4294967169, guc_id=2, "
         "flags=0x20 "
         "in llama-server [4711]",
         OS_GPU_HANG_ENDED, "0000:0b:00.0", "xe", "llama-server", 4711},
    };
    CHECK_LINES(lines);
}

static void nouveau_lines_name_hangs_and_programs(void)
{
    static const struct recorded lines[] = {
        /* Linux 5.2-rc4 */
        {"nouveau 0000:01:00.0: DRM: GPU lockup - switching to software fbcon", OS_GPU_HANG, "0000:01:00.0", "nouveau",
         "", 0},
        {"nouveau 0000:01:00.0: fifo: SCHED_ERROR 0a [CTXSW_TIMEOUT]", OS_GPU_HANG, "0000:01:00.0", "nouveau", "", 0},
        {"nouveau 0000:01:00.0: fifo: SCHED_ERROR 20 []", OS_GPU_HANG, "0000:01:00.0", "nouveau", "", 0},
        {"nouveau 0000:01:00.0: fifo: fault 00 [READ] at 0000000000000000 engine 00 [GR] client 0f [GPC0/PROP_0] "
         "reason "
         "02 [PTE] on channel 4 [00ffcf5000 Xorg[1234]]",
         OS_GPU_PROGRAM_FAULT, "0000:01:00.0", "nouveau", "", 0},
    };
    CHECK_LINES(lines);
}

static void bus_lines_tell_of_cards_that_are_gone_or_have_faults(void)
{
    static const struct recorded lines[] = {
        {"amdgpu 0000:03:00.0: Unable to change power state from D3cold to D0, device inaccessible", OS_GPU_LOST,
         "0000:03:00.0", "amdgpu", "", 0},
        {"vfio-pci 0000:01:00.0: can't change power state from D3cold to D0 (config space inaccessible)", OS_GPU_LOST,
         "0000:01:00.0", "vfio-pci", "", 0},
        {"vfio-pci 0000:01:00.0: not ready 65535ms after FLR; giving up", OS_GPU_LOST, "0000:01:00.0", "vfio-pci", "",
         0},
        {"nvidia 0000:03:00.0: AER: can't recover (no error_detected callback)", OS_GPU_FAULT, "0000:03:00.0", "nvidia",
         "", 0},
        {"pcieport 0000:00:03.0: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer, (Requester ID)",
         OS_GPU_FAULT, "0000:00:03.0", "pcieport", "", 0},
        {"nvidia 0000:03:00.0: PCIe Bus Error: severity=Uncorrected (Non-Fatal), type=Transaction Layer, (Requester "
         "ID)",
         OS_GPU_FAULT, "0000:03:00.0", "nvidia", "", 0},
    };
    CHECK_LINES(lines);
}

static void the_kernel_tells_of_itself(void)
{
    static const struct recorded lines[] = {
        {"INFO: task kworker/u8:1:312 blocked for more than 120 seconds.", OS_GPU_KERNEL, "", "", "", 0},
        {"Out of memory: Killed process 1234 (python) total-vm:1kB, anon-rss:1kB", OS_GPU_KERNEL, "", "", "", 0},
        {"watchdog: BUG: soft lockup - CPU#0 stuck for 23s! [Xorg:812]", OS_GPU_KERNEL, "", "", "", 0},
        {"BUG: unable to handle page fault for address: 0000000000001000", OS_GPU_KERNEL, "", "", "", 0},
    };
    CHECK_LINES(lines);
}

static void harmless_lines_are_no_faults(void)
{
    static const char *const lines[] = {
        "NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64  580.159.04",
        "NVRM: gpuClearFbhubPoisonIntrForBug2924523_GA100: FBHUB Interrupt detected. Clearing it.",
        "NVRM: GPU at PCI:0000:00:06: GPU-34d7319c-5b19-1e75-186d-c187099e4fe5",
        "NVRM: GPU Board Serial Number: 1650523",
        "NVRM: Xid (PCI:0000:00:06): , no number",
        "NVRM: Xid (PCI:nowhere): 31, pid=1",
        "amdgpu 0000:44:00.0: amdgpu: ring comp_1.2.1 uses VM inv eng 9 on hub 0",
        "amdgpu 0000:03:00.0: amdgpu: Dumping IP State",
        "amdgpu 0000:08:00.0: amdgpu: GPU reset succeeded, trying to resume",
        "amdgpu 0000:c2:00.0: [drm] device wedged, but recovered through reset",
        "i915 0000:00:02.0: [drm] GT0: GUC: SLPC enabled",
        "xe 0000:00:02.0: [drm] Xe device coredump has been created",
        "nouveau 0000:01:00.0: bus: MMIO read of 00000000 FAULT at 6013d4 [ PRIVRING ]",
        "pcieport 0000:01:00.0: PCIe Bus Error: severity=Corrected, type=Data Link Layer, (Receiver ID)",
        "pcieport 0000:00:01.0: AER: Corrected error message received from 0000:01:00.0",
        "",
        ":",
        "[drm:",
        "[drm:x [amdgpu",
    };
    struct os_gpu_report report;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (log_line_read(lines[i], &report))
            printf("# taken for a fault: %s\n", lines[i]);
        CHECK(!log_line_read(lines[i], &report));
    }
}

/* A program's name is at most 15 bytes, and stands where the kernel puts it. */
static void names_of_programs_forge_no_fault(void)
{
    static const char *const lines[] = {
        "xe 0000:00:02.0[4711]: segfault at 0 ip 0 sp 0 error 4 in x[0+1000]",
        "xe 0000:00:02.0: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL|__GFP_COMP)",
        "NVRM: Xid (PCI:[4711]: segfault at 0 ip 0 sp 0 error 4 in x[0+1000]",
        "traps: GPU HANG: ecode[4711] trap int3 ip:0 sp:0 error:0",
        "usb 1-1: Product: NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.",
    };
    struct os_gpu_report report;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        CHECK(!log_line_read(lines[i], &report));
    CHECK(log_line_read("i915 0000:00:02.0: [drm] GPU HANG: ecode 9:1:e757fefe, in x [1], in y [2] [25627]", &report));
    CHECK_INT(report.pid, 25627);
}

static void records_of_users_are_told_from_the_kernels(void)
{
    static const char text[] = "6,339,5140900,-;NET: Registered protocol family 10\n"
                               "30,340,5690716,-,caller=T1;udevd[80]: starting version 181\n"
                               "3,341,5690717,-;amdgpu 0000:03:00.0: amdgpu: GPU reset begin!\n"
                               " SUBSYSTEM=pci\n DEVICE=+pci:0000:03:00.0\n"
                               "no record\n"
                               "6,342,5690718,c;last";
    const char *bytes = text;
    size_t len = sizeof text - 1;
    struct kmsg_record record;
    CHECK(kmsg_take(&bytes, &len, &record));
    CHECK(record.of_kernel);
    CHECK_INT(record.sequence, 339);
    CHECK_INT(record.time_us, 5140900);
    CHECK_TEXT(record.text, "NET: Registered protocol family 10");
    CHECK(kmsg_take(&bytes, &len, &record));
    CHECK(!record.of_kernel);
    CHECK(kmsg_take(&bytes, &len, &record));
    CHECK_INT(record.sequence, 341);
    CHECK(kmsg_take(&bytes, &len, &record));
    CHECK_TEXT(record.text, "last");
    CHECK(!kmsg_take(&bytes, &len, &record));
    CHECK_INT(len, 0);
}

#define UEVENT(text) uevent_parse(text, sizeof(text), &event)

static void uevents_are_read_and_lies_are_not(void)
{
    struct uevent event;
    char pci[16];
    CHECK(UEVENT(
        "change@/devices/pci0000:00/0000:00:01.0/0000:03:00.0/drm/card0\0ACTION=change\0"
        "DEVPATH=/devices/pci0000:00/0000:00:01.0/0000:03:00.0/drm/card0\0SUBSYSTEM=drm\0WEDGED=rebind,bus-reset\0"
        "MAJOR=226\0MINOR=0\0DEVNAME=dri/card0\0SEQNUM=4711"));
    CHECK_TEXT(event.action, "change");
    CHECK_TEXT(event.subsystem, "drm");
    CHECK_TEXT(event.wedged, "rebind,bus-reset");
    CHECK(!event.hotplug);
    uevent_pci(&event, pci, sizeof pci);
    CHECK_TEXT(pci, "0000:03:00.0");
    CHECK(UEVENT("change@/devices/platform/vkms/drm/card1\0ACTION=change\0DEVPATH=/devices/platform/vkms/drm/card1\0"
                 "SUBSYSTEM=drm\0HOTPLUG=1"));
    CHECK(event.hotplug);
    uevent_pci(&event, pci, sizeof pci);
    CHECK_TEXT(pci, "");
    CHECK(!uevent_parse("", 0, &event));
    CHECK(!UEVENT("libudev\0\376\355\312\376"));
    CHECK(!UEVENT("change@/x\0ACTION=change"));
    CHECK(!uevent_parse("change@/x\0ACTION=change\0SUBSYSTEM=drm\0DEVPATH=/x", 48, &event));
}

int main(void)
{
    RUN(nvidia_lines_tell_faults_of_programs_from_those_of_the_card);
    RUN(amdgpu_lines_name_hangs_resets_and_their_programs);
    RUN(intel_lines_name_hangs_and_what_came_of_them);
    RUN(nouveau_lines_name_hangs_and_programs);
    RUN(bus_lines_tell_of_cards_that_are_gone_or_have_faults);
    RUN(the_kernel_tells_of_itself);
    RUN(harmless_lines_are_no_faults);
    RUN(names_of_programs_forge_no_fault);
    RUN(records_of_users_are_told_from_the_kernels);
    RUN(uevents_are_read_and_lies_are_not);
    return CHECK_RESULT();
}
