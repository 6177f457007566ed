/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of displays. */
#include "capture/x11/server/name.h"
#include "tests/unit/check.h"

static void display_is_local_in_each_form_of_its_name(void)
{
    static const struct {
        const char *text;
        unsigned number, screen;
    } names[] = {{":7", 7, 0},
                 {":7.2", 7, 2},
                 {"unix:7", 7, 0},
                 {"unix:7.1", 7, 1},
                 {"unix/:7", 7, 0},
                 {"unix/:7.3", 7, 3},
                 {"some-host/unix:7", 7, 0},
                 {"a.b-c/unix:7.1", 7, 1},
                 {"unix/host:7", 7, 0},
                 {"unix/unix:65535", 65535, 0}};
    static const char *const others[] = {
        "host/:",      "tcp/host:0", "host:0", "inet/localhost:0", "unix:", "unix/:7.",
        "unix/:65536", "[::1]:0",    "::0",    "unixx:0",          "",      "/tmp/unix"};
    unsigned number, screen;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK(x11_parse_display(names[i].text, &number, &screen));
        CHECK_INT(number, names[i].number);
        CHECK_INT(screen, names[i].screen);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!x11_parse_display(others[i], &number, &screen));
}

int main(void)
{
    RUN(display_is_local_in_each_form_of_its_name);
    return CHECK_RESULT();
}
