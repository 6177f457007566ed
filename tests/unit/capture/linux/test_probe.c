/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is to be seen, in made-up trees of /dev, /proc, /run and /sys, and the choice that comes of it. */
#include "capture/candidates.h"
#include "capture/choice.h"
#include "capture/drm/backend.h"
#include "capture/drm/sysfs.h"
#include "capture/x11/backend.h"
#include "tests/unit/check.h"
#include "tests/unit/capture/tree.h"

static struct choice_scene scene;
static struct capture_candidates found;
static int compositor_ms = 10000;
static enum choice_vt_mode console; /* what the active one shows */

static void begin(unsigned vt)
{
    char text[16];
    console = VT_MODE_UNKNOWN;
    tree_begin();
    snprintf(text, sizeof text, "tty%u\n", vt);
    if (vt)
        tree_put_text(tree_path("sys/class/tty/tty0/active"), text);
    tree_put_text(tree_path("proc/net/unix"), "Num       RefCount Protocol Flags    Type St Inode Path\n");
}

/* `device` is its place below /sys/devices; driver NULL: it has none, as what is made up in software. */
static void card(unsigned number, const char *device, const char *driver)
{
    char target[160];
    tree_put_text(tree_path("dev/dri/card%u", number), "");
    tree_path("sys/devices/%s/x", device);
    snprintf(target, sizeof target, "%s/sys/devices/%s", tree_root, device);
    tree_link(tree_path("sys/class/drm/card%u/device", number), target);
    if (!driver)
        return;
    tree_path("sys/bus/drivers/%s/x", driver);
    snprintf(target, sizeof target, "%s/sys/bus/drivers/%s", tree_root, driver);
    tree_link(tree_path("sys/devices/%s/driver", device), target);
}

static void pci_ids(const char *device, const char *vendor, const char *id)
{
    tree_put_text(tree_path("sys/devices/%s/vendor", device), vendor);
    tree_put_text(tree_path("sys/devices/%s/device", device), id);
}

static void connector(unsigned card_number, const char *name, const char *status, const char *enabled, const char *dpms)
{
    tree_put_text(tree_path("sys/class/drm/card%u-%s/status", card_number, name), status);
    tree_put_text(tree_path("sys/class/drm/card%u-%s/enabled", card_number, name), enabled);
    tree_put_text(tree_path("sys/class/drm/card%u-%s/dpms", card_number, name), dpms);
}

static void lit_connector(unsigned card_number, const char *name)
{
    connector(card_number, name, "connected\n", "enabled\n", "On\n");
}

static void server(int pid, const char *name, const char *arguments, int open_card)
{
    char text[256];
    snprintf(text, sizeof text, "%d (%s) S 1 1 1 0 -1 4194560 0", pid, name);
    tree_put_text(tree_path("proc/%d/stat", pid), text);
    snprintf(text, sizeof text, "%s", arguments);
    for (char *c = text; *c; c++)
        if (*c == ' ')
            *c = 0;
    tree_put(tree_path("proc/%d/cmdline", pid), text, strlen(arguments) + 1);
    tree_put_text(tree_path("proc/%d/status", pid), "Name:\tX\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"); /* root's */
    tree_link(tree_path("proc/%d/fd/0", pid), "/dev/null");
    snprintf(text, sizeof text, "/dev/dri/card%d", open_card);
    if (open_card >= 0)
        tree_link(tree_path("proc/%d/fd/9", pid), text);
}

static void session(const char *text)
{
    tree_put_text(tree_path("run/systemd/seats/seat0"), "IS_SEAT0=1\nACTIVE=3\nACTIVE_UID=1000\n");
    tree_put_text(tree_path("run/systemd/sessions/3"), text);
}

/* "drm card1 + x11 :0, drm card0" */
static const char *look(const char *display, const struct strlist *rules)
{
    static char text[4096];
    size_t len = 0;
    scene = (struct choice_scene){0};
    strlist_deinit(&found.passed_over);
    found.count = 0;
    drm_probe(tree_root, rules, &scene);
    x11_probe(tree_root, display, &scene);
    scene.vt_mode = console;
    compositor_probe(tree_root, compositor_ms, &scene);
    choice_make(&scene, NULL, &found);
    text[0] = 0;
    for (size_t i = 0; i < found.count; i++) {
        const struct capture_candidate *one = &found.items[i];
        const char *between = i == 0 ? "" : found.items[i - 1].screen == one->screen ? " + " : ", ";
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %s", between, one->backend, one->source);
    }
    return text;
}

static void empty_system(void)
{
    begin(0);
    CHECK_TEXT(look(NULL, NULL), "");
    CHECK_INT(scene.vt, 0);
}

static void cards_without_a_node_are_not_there(void)
{
    begin(1);
    lit_connector(0, "HDMI-A-1"); /* as a container sees its host's */
    CHECK_TEXT(look(NULL, NULL), "");
}

static void emulated_and_passed_through(void)
{
    begin(1);
    card(0, "pci0000:00/0000:00:02.0", "bochs-drm");
    pci_ids("pci0000:00/0000:00:02.0", "0x1234\n", "0x1111\n");
    tree_path("sys/devices/pci0000:00/0000:00:02.0/graphics/fb0/x");
    lit_connector(0, "Virtual-1");
    card(1, "pci0000:00/0000:00:05.0/0000:01:00.0", "amdgpu");
    pci_ids("pci0000:00/0000:00:05.0/0000:01:00.0", "0x1002\n", "0x73bf\n");
    lit_connector(1, "HDMI-A-1");
    connector(1, "DP-1", "disconnected\n", "disabled\n", "Off\n");
    connector(1, "Writeback-1", "unknown\n", "enabled\n", "On\n");
    CHECK_TEXT(look(NULL, NULL), "drm card1, drm card0");
    CHECK_TEXT(scene.cards[0].identity.driver, "bochs-drm");
    CHECK_TEXT(scene.cards[0].identity.pci, "0000:00:02.0");
    CHECK_INT(scene.cards[0].identity.vendor, 0x1234);
    CHECK(scene.cards[0].has_text && !scene.cards[1].has_text);
    CHECK_TEXT(scene.cards[1].identity.pci, "0000:01:00.0");
    CHECK_INT(scene.cards[1].active_outputs, 1);
    CHECK_INT(scene.cards[1].class, CARD_PASSED_THROUGH);
}

static void virtio_is_one_step_below_pci(void)
{
    begin(1);
    card(0, "pci0000:00/0000:00:02.0/virtio0", "virtio_gpu");
    pci_ids("pci0000:00/0000:00:02.0", "0x1af4\n", "0x1050\n");
    lit_connector(0, "Virtual-1");
    CHECK_TEXT(look(NULL, NULL), "drm card0");
    CHECK_TEXT(scene.cards[0].identity.pci, "0000:00:02.0");
    CHECK_INT(scene.cards[0].identity.device, 0x1050);
    CHECK_INT(scene.cards[0].class, CARD_EMULATED);
}

static void what_has_no_driver_is_known_by_its_name(void)
{
    struct strlist rules = {0};
    begin(1);
    card(0, "platform/vkms", NULL);
    lit_connector(0, "Virtual-1");
    card(1, "platform/simple-framebuffer.0", "simple-framebuffer");
    lit_connector(1, "Unknown-1");
    CHECK_TEXT(look(NULL, NULL), "drm card1, drm card0");
    CHECK_TEXT(scene.cards[0].identity.driver, "vkms");
    CHECK_INT(scene.cards[0].class, CARD_VIRTUAL);
    CHECK_TEXT(scene.cards[1].identity.driver, "simpledrm");
    CHECK_INT(scene.cards[1].class, CARD_EMULATED);
    strlist_add(&rules, "vkms=passed-through");
    CHECK_TEXT(look(NULL, &rules), "drm card0, drm card1");
    strlist_deinit(&rules);
}

/* As kernels after 6.12 have it. */
static void names_of_newer_kernels_are_drms_own(void)
{
    struct strlist rules = {0};
    begin(1);
    card(0, "faux/vkms", "faux_driver");
    lit_connector(0, "Virtual-1");
    card(1, "pci0000:00/0000:00:02.0", "virtio-pci");
    pci_ids("pci0000:00/0000:00:02.0", "0x1af4\n", "0x1050\n");
    lit_connector(1, "Virtual-2");
    CHECK_TEXT(look(NULL, NULL), "drm card1, drm card0");
    CHECK_TEXT(scene.cards[0].identity.driver, "vkms");
    CHECK_INT(scene.cards[0].class, CARD_VIRTUAL);
    CHECK_TEXT(scene.cards[1].identity.driver, "virtio_gpu");
    CHECK_INT(scene.cards[1].class, CARD_EMULATED);
    strlist_add(&rules, "virtio_gpu=virtual");
    CHECK_TEXT(look(NULL, &rules), "drm card0, drm card1");
    strlist_deinit(&rules);
}

/* Those for which the driver of the device has another name than DRM's. */
static void framebuffers_of_the_firmware_are_emulated(void)
{
    static const char *const names[][2] = {{"efi-framebuffer", "efidrm"}, {"vesa-framebuffer", "vesadrm"},
                                           {"vesa-display", "vesadrm"},   {"simple-framebuffer", "simpledrm"},
                                           {"of-display", "ofdrm"},       {"vdispl", "xendrm-du"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        begin(1);
        card(0, "platform/x.0", names[i][0]);
        look(NULL, NULL);
        CHECK_TEXT(scene.cards[0].identity.driver, names[i][1]);
        CHECK_INT(scene.cards[0].class, CARD_EMULATED);
    }
}

static void rule_that_is_of_no_card_is_told(void)
{
    struct strlist rules = {0}, unused = {0};
    begin(1);
    strlist_add(&rules, "virtio_gpu=virtual");
    drm_unused_rules(tree_root, &rules, &unused);
    CHECK_INT(unused.count, 1);
    CHECK_TEXT(unused.items[0], "'virtio_gpu=virtual' is of no card here: there are none");
    strlist_deinit(&unused);
    card(0, "faux/vkms", "faux_driver");
    card(1, "pci0000:00/0000:00:02.0", "virtio-pci");
    drm_unused_rules(tree_root, &rules, &unused);
    CHECK_INT(unused.count, 0);
    strlist_add(&rules, "virtio-pci=virtual"); /* the device's driver, as sysfs has it */
    strlist_add(&rules, "vkms=emulated");
    strlist_add(&rules, "vkm=emulated");
    drm_unused_rules(tree_root, &rules, &unused);
    CHECK_INT(unused.count, 2);
    CHECK_TEXT(unused.items[0], "'virtio-pci=virtual' is of no card here: card0 is vkms, card1 is virtio_gpu");
    CHECK(strncmp(unused.items[1], "'vkm=emulated' is of no card here: ", 35) == 0);
    strlist_deinit(&unused);
    drm_unused_rules(tree_root, NULL, &unused);
    CHECK_INT(unused.count, 0);
    strlist_deinit(&rules);
}

static void cards_that_must_not_be_opened(void)
{
    begin(1);
    CHECK(!drm_sysfs_is_inactive(tree_root, 0)); /* nothing is known of it */
    connector(0, "HDMI-A-1", "connected\n", "disabled\n", "On\n");
    connector(0, "DP-1", "disconnected\n", "disabled\n", "Off\n");
    CHECK(drm_sysfs_is_inactive(tree_root, 0));
    CHECK(!drm_sysfs_is_asleep(tree_root, 0));
    connector(1, "DP-1", "connected\n", "enabled\n", "Off\n");
    CHECK(drm_sysfs_is_inactive(tree_root, 1));
    CHECK(drm_sysfs_is_asleep(tree_root, 1));
    lit_connector(1, "DP-2");
    CHECK(!drm_sysfs_is_inactive(tree_root, 1));
    CHECK(!drm_sysfs_is_asleep(tree_root, 1));
}

static void sleeping_card_is_not_lit(void)
{
    begin(1);
    card(0, "pci0000:00/0000:00:02.0", "i915");
    connector(0, "eDP-1", "connected\n", "enabled\n", "Off\n");
    CHECK_TEXT(look(NULL, NULL), "drm card0");
    CHECK_INT(scene.cards[0].active_outputs, 0);
}

static void from_the_console_to_x_and_back(void)
{
    begin(7);
    card(0, "pci0000:00/0000:00:02.0", "qxl");
    lit_connector(0, "Virtual-1");
    server(812, "Xorg", "/usr/lib/xorg/Xorg :0 -seat seat0 -auth /run/lightdm/root/:0 vt7", 0);
    session("UID=1000\nTYPE=x11\nDISPLAY=:0\nVTNR=7\n");
    CHECK_TEXT(look(NULL, NULL), "drm card0 + x11 :0");
    CHECK(scene.servers[0].shown && scene.servers[0].cards == 1);
    CHECK_TEXT(scene.session_type, "x11");
    remove(tree_path("sys/class/tty/tty0/active"));
    tree_put_text(tree_path("sys/class/tty/tty0/active"), "tty1\n");
    CHECK_TEXT(look(NULL, NULL), "drm card0");
    CHECK_INT(found.passed_over.count, 1);
}

static void wayland_session(void)
{
    begin(2);
    card(0, "pci0000:00/0000:00:02.0/virtio0", "virtio_gpu");
    lit_connector(0, "Virtual-1");
    server(901, "Xwayland", "/usr/bin/Xwayland :0 -rootless -noreset", 0);
    session("UID=1000\nTYPE=wayland\nDISPLAY=:0\nVTNR=2\n");
    CHECK_TEXT(look(":0", NULL), "drm card0");
    CHECK_INT(found.passed_over.count, 1);
    CHECK(strstr(found.items[0].reason, "session 3 is wayland") != NULL);
}

/* ---- Wayland on one of two cards ---- */

/* `files` are what it has open, with a space between. */
static void process(int pid, const char *name, const char *group, const char *files)
{
    char text[256], *rest = text;
    snprintf(text, sizeof text, "%d (%s) S 1 1 1 0 -1 4194560 0", pid, name);
    tree_put_text(tree_path("proc/%d/stat", pid), text);
    snprintf(text, sizeof text, "0::/user.slice/user-1000.slice/%s\n", group);
    if (*group)
        tree_put_text(tree_path("proc/%d/cgroup", pid), text);
    snprintf(text, sizeof text, "%s", files);
    for (int fd = 0; rest; fd++)
        tree_link(tree_path("proc/%d/fd/%d", pid, fd), strsep(&rest, " "));
}

/* Card 0 is virtio-gpu with the text consoles, card 1 vkms; both are on. */
static void begin_two_cards(void)
{
    char text[100];
    begin(2);
    console = VT_MODE_GRAPHICS;
    card(0, "pci0000:00/0000:00:02.0/virtio0", "virtio_gpu");
    tree_path("sys/devices/pci0000:00/0000:00:02.0/virtio0/graphics/fb0/x");
    lit_connector(0, "Virtual-1");
    card(1, "platform/vkms", NULL);
    lit_connector(1, "Virtual-2");
    tree_put_text(tree_path("run/systemd/sessions/3"), "TYPE=tty\nVTNR=2\n");
    snprintf(text, sizeof text, "ACTIVE=3\nACTIVE_UID=%lu\n", (unsigned long)geteuid());
    tree_put_text(tree_path("run/systemd/seats/seat0"), text);
}

#define ON_VKMS "drm card1, drm card0"
#define ON_VIRTIO "drm card0, drm card1"

static void card_that_the_sessions_compositor_has_open_is_seen(void)
{
    begin_two_cards();
    CHECK_TEXT(look(NULL, NULL), ON_VIRTIO);
    process(900, "sway", "session-3.scope", "/dev/tty2 /dev/dri/card1 /dev/input/event0 /dev/dri/renderD128");
    CHECK_TEXT(look(NULL, NULL), ON_VKMS);
    CHECK_INT(scene.compositor.pid, 900);
    CHECK(strstr(found.items[0].reason, "sway (process 900) has it open") != NULL);
    console = VT_MODE_TEXT; /* another virtual terminal */
    CHECK_TEXT(look(NULL, NULL), ON_VIRTIO);
    console = VT_MODE_UNKNOWN;
    CHECK_TEXT(look(NULL, NULL), ON_VKMS);
}

static void compositor_of_the_users_manager_is_found_too(void)
{
    begin_two_cards();
    process(900, "gnome-shell", "user@1000.service/session.slice/x.service", "/dev/dri/card1 /dev/input/event3");
    CHECK_TEXT(look(NULL, NULL), ON_VKMS);
}

static void client_that_renders_is_no_compositor(void)
{
    begin_two_cards();
    process(900, "sway", "session-3.scope", "/dev/dri/card1 /dev/input/event0");
    process(901, "vkcube", "session-3.scope", "/dev/dri/card0 /dev/dri/renderD129");
    CHECK_TEXT(look(NULL, NULL), ON_VKMS);
    process(899, "wl-lessee", "session-3.scope", "/dev/dri/card0"); /* as one with a lease has it */
    CHECK_TEXT(look(NULL, NULL), ON_VKMS);
}

static void search_that_time_has_cut_off_is_told(void)
{
    struct strlist facts = {0};
    begin_two_cards();
    process(900, "sway", "session-3.scope", "/dev/dri/card1 /dev/input/event0");
    CHECK_TEXT(look(NULL, NULL), ON_VKMS);
    CHECK(!found.is_unsure);
    compositor_ms = 0;
    CHECK_TEXT(look(NULL, NULL), ON_VIRTIO);
    CHECK(found.is_unsure);
    candidates_add_facts(&found, &found.items[0], &facts);
    CHECK(strlist_get(&facts, "warning") && strstr(strlist_get(&facts, "warning"), "another card"));
    strlist_deinit(&facts);
    console = VT_MODE_TEXT; /* where it isn't looked for */
    look(NULL, NULL);
    CHECK(!found.is_unsure);
    compositor_ms = 10000;
}

static void compositor_that_only_renders_shows_nothing(void)
{
    begin_two_cards();
    process(900, "weston", "session-3.scope", "/dev/dri/renderD128 /dev/input/event0");
    CHECK_TEXT(look(NULL, NULL), ON_VIRTIO);
    CHECK_INT(scene.compositor.pid, 0);
}

static void compositor_of_another_session_or_seat_does_not_count(void)
{
    begin_two_cards();
    process(900, "sway", "session-31.scope", "/dev/dri/card1 /dev/input/event0");
    CHECK_TEXT(look(NULL, NULL), ON_VIRTIO);
    tree_put_text(tree_path("run/systemd/seats/seat1"), "ACTIVE=31\n");
    process(901, "weston", "session-3.scope", "/dev/dri/card0 /dev/input/event1");
    CHECK_TEXT(look(NULL, NULL), ON_VIRTIO);
    CHECK_INT(scene.compositor.pid, 901);
    if (geteuid() != 0) {
        SKIP("only root can give a file away");
        return;
    }
    begin_two_cards();
    process(900, "gnome-shell", "", "/dev/dri/card1 /dev/input/event0");
    CHECK(chown(tree_path("proc/900"), 4711, 4711) == 0);
    CHECK_TEXT(look(NULL, NULL), ON_VIRTIO);
}

static void compositor_without_logind_is_found(void)
{
    begin_two_cards();
    remove(tree_path("run/systemd/seats/seat0"));
    process(900, "weston", "", "/dev/tty2 /dev/dri/card1");
    CHECK_TEXT(look(NULL, NULL), ON_VKMS);
}

static void false_x_server_does_not_hide_the_compositor(void)
{
    begin_two_cards();
    remove(tree_path("run/systemd/sessions/3"));
    tree_put_text(tree_path("run/systemd/sessions/3"), "TYPE=wayland\nVTNR=2\n");
    remove(tree_path("run/systemd/seats/seat0"));
    tree_put_text(tree_path("run/systemd/seats/seat0"), "ACTIVE=3\nACTIVE_UID=4711\n");
    process(900, "sway", "session-3.scope", "/dev/dri/card1 /dev/input/event0");
    tree_put_text(tree_path("proc/901/status"), "Name:\tX\nUid:\t4711\t4711\t4711\t4711\nGid:\t1\t1\t1\t1\n");
    process(901, "Xorg", "session-3.scope", "/dev/tty2 /dev/dri/card0");
    tree_put(tree_path("proc/901/cmdline"), "Xorg\0:7\0vt2", 12);
    CHECK_TEXT(look(NULL, NULL), "drm card1, drm card0 + x11 :7");
}

static void test_machine(void)
{
    begin(1);
    server(812, "Xvfb", "Xvfb :99 -screen 0 800x600x24", -1);
    server(813, "Xvnc", "Xvnc :4", -1);
    CHECK_TEXT(look(NULL, NULL), "x11 :4, x11 :99");
    CHECK_TEXT(look(":99", NULL), "x11 :99");
}

static void session_of_another_seat_does_not_matter(void)
{
    begin(1);
    tree_put_text(tree_path("run/systemd/seats/seat0"), "ACTIVE=../../etc/passwd\n");
    CHECK_TEXT(look(NULL, NULL), "");
    CHECK_TEXT(scene.session, "");
}

int main(void)
{
    RUN(empty_system);
    RUN(cards_without_a_node_are_not_there);
    RUN(emulated_and_passed_through);
    RUN(virtio_is_one_step_below_pci);
    RUN(what_has_no_driver_is_known_by_its_name);
    RUN(names_of_newer_kernels_are_drms_own);
    RUN(framebuffers_of_the_firmware_are_emulated);
    RUN(rule_that_is_of_no_card_is_told);
    RUN(cards_that_must_not_be_opened);
    RUN(sleeping_card_is_not_lit);
    RUN(from_the_console_to_x_and_back);
    RUN(wayland_session);
    RUN(card_that_the_sessions_compositor_has_open_is_seen);
    RUN(compositor_of_the_users_manager_is_found_too);
    RUN(client_that_renders_is_no_compositor);
    RUN(search_that_time_has_cut_off_is_told);
    RUN(compositor_that_only_renders_shows_nothing);
    RUN(compositor_of_another_session_or_seat_does_not_count);
    RUN(compositor_without_logind_is_found);
    RUN(false_x_server_does_not_hide_the_compositor);
    RUN(test_machine);
    RUN(session_of_another_seat_does_not_matter);
    strlist_deinit(&found.passed_over);
    tree_end();
    return CHECK_RESULT();
}
