/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of Windows' log in the form of EvtRender, and what they say about a card. */
#include "tests/unit/check.h"

#include "win32/gpu/event_xml.h"

static void a_driver_that_has_recovered_is_a_hang_that_ended(void)
{
    static const char xml[] =
        "<Event><System><Provider Name='Display'/>"
        "<EventID Qualifiers='0'>4101</EventID><Level>3</Level><TimeCreated SystemTime='2026-09-10T14:36:15.1234567Z'/>"
        "<EventRecordID>5124</EventRecordID><Channel>System</Channel><Computer>guest</Computer><Security/></System>"
        "<EventData><Data>nvlddmkm</Data><Data></Data></EventData></Event>";
    struct os_gpu_report report;
    CHECK(event_xml_read(xml, &report));
    CHECK_INT(report.kind, OS_GPU_HANG_ENDED);
    CHECK_TEXT(report.driver, "nvlddmkm");
    CHECK_INT(report.time_ms, 1789050975123);
    CHECK_TEXT(report.text, "Display 4101, the driver stopped responding and has recovered: nvlddmkm");
}

static void nvidias_events_have_their_texts(void)
{
    static const char xml[] =
        "<Event><System><Provider Name='nvlddmkm'/><EventID Qualifiers='49322'>13</EventID>"
        "<TimeCreated SystemTime='2026-09-10T14:36:15Z'/></System><EventData>"
        "<Data>\\Device\\Video3</Data><Data>Graphics SM Warp Exception &lt;a&amp;b&gt;</Data></EventData></Event>";
    struct os_gpu_report report;
    CHECK(event_xml_read(xml, &report));
    CHECK_INT(report.kind, OS_GPU_PROGRAM_FAULT);
    CHECK_TEXT(report.driver, "nvlddmkm");
    CHECK_TEXT(report.text,
               "nvlddmkm 13, the driver tells of an exception: \\Device\\Video3 | Graphics SM Warp Exception <a&b>");
}

static void other_events_say_nothing(void)
{
    static const char *const events[] = {
        "",
        "<Event>",
        "<Provider Name='Display'/>",
        "<Provider Name='Display'/><EventID>",
        "<Provider Name='Display'/><EventID>4102</EventID>",
        "<Provider Name='Other'/><EventID>4101</EventID>",
        "<Provider Name='DisplayDisplayDisplayDisplayDisplayDisplay'/><EventID>4101</EventID>",
        "<Provider Name='Display",
    };
    struct os_gpu_report report;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        CHECK(!event_xml_read(events[i], &report));
}

static void times_that_are_none_are_left_open(void)
{
    static const char *const times[] = {"", "2026", "2026-13-10T14:36:15Z", "1601-01-01T00:00:00Z", "x"};
    char xml[200];
    struct os_gpu_report report;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        snprintf(xml, sizeof xml, "<Provider Name='Display'/><EventID>4101</EventID><TimeCreated SystemTime='%s'/>",
                 times[i]);
        CHECK(event_xml_read(xml, &report));
        CHECK_INT(report.time_ms, 0);
    }
}

int main(void)
{
    RUN(a_driver_that_has_recovered_is_a_hang_that_ended);
    RUN(nvidias_events_have_their_texts);
    RUN(other_events_say_nothing);
    RUN(times_that_are_none_are_left_open);
    return CHECK_RESULT();
}
