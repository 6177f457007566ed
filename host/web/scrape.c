/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/scrape.h"

#include "host/web/guest.h"

static void scrape_head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_printf(out, "# HELP periscope_%s %s\n# TYPE periscope_%s %s\n", name, help, name, type);
}

static void scrape_one(struct buffer *out, const char *name, const char *type, unsigned long long value,
                       const char *help)
{
    scrape_head(out, name, type, help);
    buffer_printf(out, "periscope_%s %llu\n", name, value);
}

static void scrape_histogram(struct buffer *out, const char *name, struct histogram *histogram, const double *bounds_s,
                             const char *help)
{
    unsigned long long total = 0;
    scrape_head(out, name, "histogram", help);
    for (int i = 0; i < METRICS_BUCKETS - 1; i++) {
        total += atomic_load(&histogram->counts[i]);
        buffer_printf(out, "periscope_%s_bucket{le=\"%g\"} %llu\n", name, bounds_s[i], total);
    }
    total += atomic_load(&histogram->counts[METRICS_BUCKETS - 1]);
    buffer_printf(out, "periscope_%s_bucket{le=\"+Inf\"} %llu\n", name, total);
    buffer_printf(out, "periscope_%s_sum %.3f\nperiscope_%s_count %llu\n", name,
                  (double)atomic_load(&histogram->sum_ms) / 1000, name, total);
}

/* Tells each guest's state: 1 for the one that it is in, 0 for the others. */
static void scrape_states(struct buffer *out, struct gateway *gateway)
{
    scrape_head(out, "guest_state", "gauge", "Whether the guest is in that state.");
    for (size_t i = 0; i < gateway->guest_count; i++) {
        enum guest_state now = guest_state(&gateway->guests[i]);
        for (int state = 0; state < GUEST_STATE_COUNT; state++)
            buffer_printf(out, "periscope_guest_state{guest=\"%s\",state=\"%s\"} %d\n", gateway->guests[i].config->name,
                          guest_state_name((enum guest_state)state), state == (int)now);
    }
    scrape_head(out, "guest_last_seen_timestamp_seconds", "gauge", "When the guest has answered last; 0: never.");
    for (size_t i = 0; i < gateway->guest_count; i++)
        buffer_printf(out, "periscope_guest_last_seen_timestamp_seconds{guest=\"%s\"} %.3f\n",
                      gateway->guests[i].config->name, (double)guest_last_seen_ms(&gateway->guests[i]) / 1000);
}

void scrape_write(struct buffer *out, struct gateway *gateway)
{
    struct metrics *m = &gateway->metrics;
    scrape_states(out, gateway);
    scrape_histogram(out, "screenshot_seconds", &m->screenshot, metrics_screenshot_s,
                     "How long a picture took that was asked for, from the question to its last byte.");
    scrape_histogram(out, "boot_to_ready_seconds", &m->boot, metrics_boot_s,
                     "From a guest's boot until its desktop was ready.");
    scrape_one(out, "http_requests_total", "counter", atomic_load(&m->requests), "Requests that were let in.");
    scrape_one(out, "refused_total", "counter", atomic_load(&m->refused), "Requests and sockets that were not let in.");
    scrape_one(out, "sockets_total", "counter", atomic_load(&m->sockets), "WebSockets that were opened.");
    scrape_one(out, "sockets_open", "gauge", atomic_load(&m->sockets_open), "WebSockets that are open.");
    scrape_one(out, "bad_messages_total", "counter", atomic_load(&m->bad_messages),
               "Messages of browsers that were wrong.");
    scrape_one(out, "frames_total", "counter", atomic_load(&m->frames), "Frames that were sent to viewers.");
    scrape_one(out, "rectangles_total", "counter", atomic_load(&m->rectangles),
               "Rectangles that were sent to viewers.");
    scrape_one(out, "picture_bytes_total", "counter", atomic_load(&m->picture_bytes),
               "Bytes of pictures sent to viewers.");
}
