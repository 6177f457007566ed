/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which screen is the one that a person sees, for guests as they are met. */
#include "capture/choice.h"
#include "tests/unit/check.h"

static struct choice_scene scene;
static struct capture_candidates found;

static void begin(unsigned vt)
{
    scene = (struct choice_scene){.vt = vt};
}

static struct choice_card *card(unsigned number, const char *driver, unsigned lit)
{
    struct choice_card *one = &scene.cards[scene.card_count++];
    *one = (struct choice_card){.number = number, .active_outputs = lit};
    snprintf(one->identity.driver, sizeof one->identity.driver, "%s", driver);
    one->class = card_class_find(&one->identity, NULL);
    return one;
}

static struct choice_server *server(unsigned number, const char *name, unsigned vt)
{
    struct choice_server *one = &scene.servers[scene.server_count++];
    *one = (struct choice_server){.number = number, .pid = 800 + (int)number, .vt = vt};
    one->shown = vt && vt == scene.vt;
    snprintf(one->name, sizeof one->name, "%s", name);
    return one;
}

/* The candidates as one text: "drm card1, x11 :0"; what is the same screen is joined by a plus. */
static const char *choose(const char *output)
{
    static char text[8192];
    size_t len = 0;
    strlist_deinit(&found.passed_over);
    found.count = 0;
    choice_make(&scene, output, &found);
    text[0] = 0;
    for (size_t i = 0; i < found.count; i++) {
        const struct capture_candidate *one = &found.items[i];
        const char *between = i == 0 ? "" : found.items[i - 1].screen == one->screen ? " + " : ", ";
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%s%s", between, one->backend,
                                one->source[0] ? " " : "", one->source);
    }
    return text;
}

static void nothing_at_all(void)
{
    begin(0);
    CHECK_TEXT(choose(NULL), "");
    CHECK_TEXT(choose("all"), "");
    CHECK_TEXT(choose("HDMI-1"), "");
    CHECK_INT(found.passed_over.count, 0);
}

static void test_machine_with_xvfb_alone(void)
{
    begin(0);
    server(99, "Xvfb", 0);
    server(5, "Xvnc", 0);
    CHECK_TEXT(choose(NULL), "x11 :99, x11 :5");
    begin(1); /* a container sees its host's virtual terminals, but no card */
    server(99, "Xvfb", 0)->chosen = true;
    CHECK_TEXT(choose(NULL), "x11 :99");
    CHECK(strstr(found.items[0].reason, "DISPLAY") != NULL);
}

/* A kernel without virtual terminals, or a container: what a server's command line says is compared with nothing. */
static void no_virtual_terminal(void)
{
    begin(0);
    server(0, "Xorg", 7);
    CHECK_TEXT(choose(NULL), "x11 :0");
    CHECK_INT(found.passed_over.count, 0);
}

static void text_console(void)
{
    begin(1);
    scene.vt_mode = VT_MODE_TEXT;
    card(0, "bochs-drm", 1)->has_text = true;
    CHECK_TEXT(choose(NULL), "drm card0");
    CHECK_TEXT(found.items[0].reason,
               "card0 (bochs-drm) is emulated and has 1 output on; vt1 is active and shows text, on this card");
    CHECK(found.items[0].is_shown);
}

static void passed_through_before_emulated(void)
{
    begin(1);
    scene.vt_mode = VT_MODE_TEXT;
    card(0, "virtio_gpu", 1)->has_text = true;
    card(1, "amdgpu", 2);
    CHECK_TEXT(choose(NULL), "drm card1, drm card0");
    scene.cards[1].active_outputs = 0; /* its monitor is off: nobody looks at it */
    CHECK_TEXT(choose(NULL), "drm card0, drm card1");
    CHECK(found.items[0].is_shown && !found.items[1].is_shown);
}

static void class_decides_among_three(void)
{
    begin(1);
    card(0, "vkms", 1);
    card(1, "qxl", 1);
    card(2, "nvidia-drm", 1);
    CHECK_TEXT(choose(NULL), "drm card2, drm card1, drm card0");
}

static void what_is_in_front_decides_within_a_class(void)
{
    begin(7);
    card(0, "i915", 1)->has_text = true;
    card(1, "nouveau", 1);
    CHECK_TEXT(choose(NULL), "drm card0, drm card1"); /* where the text is */
    scene.cards[0].has_text = false;
    scene.cards[1].has_text = true;
    CHECK_TEXT(choose(NULL), "drm card1, drm card0");
    scene.vt_mode = VT_MODE_GRAPHICS;
    CHECK_TEXT(choose(NULL), "drm card0, drm card1"); /* no text is shown: their numbers are left */
    server(0, "Xorg", 7)->cards = 1 << 1;
    CHECK_TEXT(choose(NULL), "drm card1 + x11 :0, drm card0"); /* where the X server that is shown is */
}

static void xorg_on_the_active_vt(void)
{
    begin(7);
    scene.vt_mode = VT_MODE_GRAPHICS;
    snprintf(scene.session, sizeof scene.session, "c2");
    snprintf(scene.session_type, sizeof scene.session_type, "x11");
    card(0, "qxl", 1);
    server(0, "Xorg", 7)->cards = 1;
    CHECK_TEXT(choose(NULL), "drm card0 + x11 :0");
    CHECK(strstr(found.items[0].reason, "vt7 is active and shows graphics, session c2 is x11") != NULL);
    CHECK_INT(found.passed_over.count, 0);
}

static void xorg_on_an_inactive_vt(void)
{
    begin(1);
    scene.vt_mode = VT_MODE_TEXT;
    card(0, "qxl", 1)->has_text = true;
    server(0, "Xorg", 7)->cards = 1;
    CHECK_TEXT(choose(NULL), "drm card0");
    CHECK_INT(found.passed_over.count, 1);
    CHECK_TEXT(found.passed_over.items[0],
               "x11: X server :0 (Xorg, process 800): its virtual terminal vt7 is not the active one, vt1");
    scene.servers[0].chosen = true; /* DISPLAY does not make it seen */
    CHECK_TEXT(choose(NULL), "drm card0");
}

static void two_xorgs_on_their_vts(void)
{
    begin(8);
    card(0, "amdgpu", 1);
    server(0, "Xorg", 7)->cards = 1;
    server(1, "Xorg", 8)->cards = 1;
    CHECK_TEXT(choose(NULL), "drm card0 + x11 :1");
    CHECK_INT(found.passed_over.count, 1);
}

static void xvfb_beside_a_monitor(void)
{
    begin(1);
    card(0, "bochs-drm", 1);
    server(99, "Xvfb", 0);
    CHECK_TEXT(choose(NULL), "drm card0, x11 :99");
    scene.servers[0].chosen = true; /* whoever started the agent wants it */
    CHECK_TEXT(choose(NULL), "x11 :99, drm card0");
}

static void xvfb_beside_an_xorg_behind(void)
{
    begin(1);
    server(0, "Xorg", 7);
    server(99, "Xvfb", 0);
    CHECK_TEXT(choose(NULL), "x11 :99");
    CHECK_INT(found.passed_over.count, 1);
}

static void wayland_with_xwayland(void)
{
    begin(2);
    scene.vt_mode = VT_MODE_GRAPHICS;
    snprintf(scene.session, sizeof scene.session, "3");
    snprintf(scene.session_type, sizeof scene.session_type, "wayland");
    card(0, "simpledrm", 0);
    card(1, "amdgpu", 1);
    struct choice_server *xwayland = server(0, "Xwayland", 0);
    xwayland->rootless = xwayland->shown = xwayland->chosen = true;
    CHECK_TEXT(choose(NULL), "drm card1, drm card0");
    CHECK_INT(found.passed_over.count, 1);
    CHECK(strstr(found.passed_over.items[0], "rootless") != NULL);
    CHECK(strstr(found.items[0].reason, "session 3 is wayland") != NULL);
    xwayland->of_root = true; /* as root's compositor has it */
    CHECK_TEXT(choose(NULL), "drm card1, drm card0");
}

static void driver_with_its_own_way_to_the_display(void)
{
    begin(7);
    scene.vt_mode = VT_MODE_GRAPHICS;
    card(0, "bochs-drm", 1)->has_text = true;
    server(0, "Xorg", 7);
    CHECK_TEXT(choose(NULL), "x11 :0, drm card0");
    card(1, "nvidia-drm", 1);
    CHECK_TEXT(choose(NULL), "drm card1, x11 :0, drm card0");
}

/* What another card shows is what was on it before. */
static void cards_of_what_is_in_front_come_before_others(void)
{
    begin(2);
    scene.vt_mode = VT_MODE_GRAPHICS;
    card(0, "virtio_gpu", 1)->has_text = true;
    card(1, "vkms", 1);
    card(2, "amdgpu", 1);
    CHECK_TEXT(choose(NULL), "drm card2, drm card0, drm card1");
    scene.compositor = (struct choice_compositor){.pid = 77, .name = "sway", .cards = 1 << 1};
    CHECK_TEXT(choose(NULL), "drm card1, drm card2, drm card0");
    CHECK(strstr(found.items[0].reason, ", and sway (process 77) has it open") != NULL);
    CHECK(strstr(found.items[1].reason, "has it open") == NULL);
    scene.compositor.cards = 1 << 0 | 1 << 1; /* one that shows itself on both: by class */
    CHECK_TEXT(choose(NULL), "drm card0, drm card1, drm card2");
    scene.cards[1].active_outputs = 0;
    scene.compositor.cards = 1 << 1; /* what is off is no choice */
    CHECK_TEXT(choose(NULL), "drm card2, drm card0, drm card1");
    CHECK_TEXT(choose("all"), "drm");
    scene.compositor.cards = 0;
    scene.cards[1].active_outputs = 1;
    server(0, "Xorg", 2)->cards = 1 << 1;
    CHECK_TEXT(choose(NULL), "drm card1 + x11 :0, drm card2, drm card0");
    snprintf(scene.session_type, sizeof scene.session_type, "wayland"); /* then it is no word of the session's */
    CHECK_TEXT(choose(NULL), "drm card2, drm card0, drm card1 + x11 :0");
}

/* A program of the session's user can have the terminal open and call itself Xorg. */
static void false_server_does_not_hide_the_monitor(void)
{
    begin(2);
    card(0, "bochs-drm", 1);
    server(7, "Xorg", 2);
    snprintf(scene.session_type, sizeof scene.session_type, "wayland");
    CHECK_TEXT(choose(NULL), "drm card0, x11 :7");
    scene.session_type[0] = 0;
    scene.vt_mode = VT_MODE_TEXT;
    CHECK_TEXT(choose(NULL), "drm card0, x11 :7");
    scene.vt_mode = VT_MODE_GRAPHICS;
    server(0, "Xorg", 2)->cards = 1; /* the real one */
    CHECK_TEXT(choose(NULL), "drm card0 + x11 :0, x11 :7");
    CHECK(strstr(found.items[2].reason, "on no card that the kernel knows to be on") == NULL);
}

static void sleeping_displays(void)
{
    begin(1);
    card(0, "amdgpu", 0);
    CHECK_TEXT(choose(NULL), "drm card0");
    CHECK(!found.items[0].is_shown);
    server(99, "Xvfb", 0);
    CHECK_TEXT(choose(NULL), "x11 :99, drm card0");
}

static void named_output_is_looked_for_everywhere(void)
{
    begin(7);
    card(0, "virtio_gpu", 1);
    card(1, "amdgpu", 1);
    server(0, "Xorg", 7)->cards = 1 << 1;
    server(99, "Xvfb", 0);
    CHECK_TEXT(choose("HDMI-1"), "drm + x11 :0 + x11 :99");
    CHECK(strstr(found.items[0].reason, "'HDMI-1' was asked for") != NULL);
    for (size_t i = 0; i < found.count; i++)
        CHECK(!found.items[i].is_shown);
}

static void all_is_every_cards(void)
{
    begin(7);
    card(0, "virtio_gpu", 1);
    card(1, "amdgpu", 1);
    server(0, "Xorg", 7)->cards = 1 << 1;
    CHECK_TEXT(choose("all"), "drm, x11 :0");
    begin(0);
    server(99, "Xvfb", 0);
    CHECK_TEXT(choose("all"), "x11 :99");
}

/* "card0 :5": those candidates whose picture is of DISPLAY's screen. */
static const char *of_display(const char *output)
{
    static char text[256];
    choose(output);
    text[0] = 0;
    for (size_t i = 0; i < found.count; i++)
        if (found.items[i].is_display)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", text[0] ? " " : "",
                     found.items[i].source);
    return text;
}

static void what_is_of_the_display_is_known(void)
{
    begin(7);
    strcpy(scene.display, ":5");
    card(0, "i915", 1);
    card(1, "nouveau", 1);
    struct choice_server *xorg = server(0, "Xorg", 7), *xvfb = server(5, "Xvfb", 0);
    xorg->cards = 1 << 1;
    CHECK_TEXT(of_display(NULL), ""); /* it does not run */
    CHECK_TEXT(found.display, ":5");
    xvfb->chosen = true;
    CHECK_TEXT(of_display(NULL), ":5");
    CHECK_TEXT(of_display("HDMI-1"), ":5 "); /* any card's that is asked for by name, and of servers the one */
    xvfb->chosen = false;
    xorg->chosen = true;
    CHECK_TEXT(of_display(NULL), "card1 :0 card0"); /* its cards' other outputs are its own */
    scene.vt = 1;                                   /* it is behind */
    xorg->shown = false;
    CHECK_TEXT(of_display(NULL), "");
    scene.vt = 0;
    CHECK_TEXT(of_display(NULL), "card1 :0");
    xorg->rootless = true; /* the compositor's cards */
    CHECK_TEXT(of_display(NULL), "card0 card1");
}

static void as_many_as_can_be(void)
{
    begin(7);
    for (unsigned i = 0; i < CHOICE_CARDS_MAX; i++)
        card(i, i % 2 ? "amdgpu" : "qxl", i % 3);
    for (unsigned i = 0; i < CHOICE_SERVERS_MAX; i++)
        server(i, "Xvfb", 0);
    choose(NULL);
    CHECK_INT(found.count, CHOICE_CARDS_MAX + CHOICE_SERVERS_MAX);
    CHECK_TEXT(found.items[0].source, "card1");
}

/* ---- classes ---- */

static const char *class_of(const char *driver, uint16_t vendor, uint16_t device, const struct strlist *rules)
{
    struct card_identity identity = {.vendor = vendor, .device = device};
    snprintf(identity.driver, sizeof identity.driver, "%s", driver);
    return card_class_name(card_class_find(&identity, rules));
}

static void classes_of_drivers(void)
{
    static const char *const emulated[] = {"bochs-drm", "cirrus",     "qxl",       "virtio_gpu", "vmwgfx",
                                           "vboxvideo", "hyperv_drm", "simpledrm", "vesadrm",    "ast"};
    static const char *const virtual[] = {"vkms", "vgem", "udl", "evdi"};
    static const char *const passed[] = {"amdgpu", "nvidia-drm", "i915", "xe", "nouveau", "radeon"};
    for (size_t i = 0; i < sizeof emulated / sizeof *emulated; i++)
        CHECK_TEXT(class_of(emulated[i], 0, 0, NULL), "emulated");
    for (size_t i = 0; i < sizeof virtual / sizeof *virtual; i++)
        CHECK_TEXT(class_of(virtual[i], 0, 0, NULL), "virtual");
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        CHECK_TEXT(class_of(passed[i], 0x1002, 0x73bf, NULL), "passed-through");
}

static void classes_of_unknown_drivers(void)
{
    CHECK_TEXT(class_of("new-drm", 0x1af4, 0x1050, NULL), "emulated");
    CHECK_TEXT(class_of("new-drm", 0x1013, 0x00b8, NULL), "emulated");
    CHECK_TEXT(class_of("new-drm", 0x1013, 0x1234, NULL), "passed-through");
    CHECK_TEXT(class_of("new-drm", 0x10de, 0x2204, NULL), "passed-through");
}

static void rules_come_first(void)
{
    struct strlist rules = {0};
    strlist_add(&rules, "vkms=passed-through");
    strlist_add(&rules, "qxl=virtual");
    strlist_add(&rules, "qxl=emulated");
    CHECK_TEXT(class_of("vkms", 0, 0, &rules), "passed-through");
    CHECK_TEXT(class_of("qxl", 0, 0, &rules), "emulated");
    CHECK_TEXT(class_of("qx", 0, 0, &rules), "passed-through");
    CHECK_TEXT(class_of("", 0x1234, 0, &rules), "emulated");
    strlist_deinit(&rules);
}

static void rules_are_checked(void)
{
    CHECK(card_class_is_rule("vkms=passed-through"));
    CHECK(card_class_is_rule("a=virtual"));
    CHECK(!card_class_is_rule("vkms"));
    CHECK(!card_class_is_rule("=virtual"));
    CHECK(!card_class_is_rule("vkms=Virtual"));
    CHECK(!card_class_is_rule("vkms=virtual "));
    CHECK(!card_class_is_rule(""));
    CHECK(
        !card_class_is_rule("a-name-that-no-driver-has-since-it-is-far-longer-than-what-is-remembered-of-it=virtual"));
}

int main(void)
{
    RUN(nothing_at_all);
    RUN(test_machine_with_xvfb_alone);
    RUN(no_virtual_terminal);
    RUN(text_console);
    RUN(passed_through_before_emulated);
    RUN(class_decides_among_three);
    RUN(what_is_in_front_decides_within_a_class);
    RUN(xorg_on_the_active_vt);
    RUN(xorg_on_an_inactive_vt);
    RUN(two_xorgs_on_their_vts);
    RUN(xvfb_beside_a_monitor);
    RUN(xvfb_beside_an_xorg_behind);
    RUN(wayland_with_xwayland);
    RUN(driver_with_its_own_way_to_the_display);
    RUN(cards_of_what_is_in_front_come_before_others);
    RUN(false_server_does_not_hide_the_monitor);
    RUN(sleeping_displays);
    RUN(named_output_is_looked_for_everywhere);
    RUN(all_is_every_cards);
    RUN(what_is_of_the_display_is_known);
    RUN(as_many_as_can_be);
    RUN(classes_of_drivers);
    RUN(classes_of_unknown_drivers);
    RUN(rules_come_first);
    RUN(rules_are_checked);
    strlist_deinit(&found.passed_over);
    return CHECK_RESULT();
}
