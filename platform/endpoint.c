/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/endpoint.h"
#include "platform/address.h"

#include <string.h>

#define ENDPOINTS_MAX 32 /* addresses of a name that are told */

int os_resolve(const char *name, struct os_address *out, int max, struct error *err)
{
    struct os_endpoint found[ENDPOINTS_MAX];
    int count = os_look_up(name, 0, found, max < ENDPOINTS_MAX ? max : ENDPOINTS_MAX, err);
    for (int i = 0; i < count; i++)
        out[i] = found[i].address;
    return count;
}

static int endpoint_listen_everywhere(struct os_listener **out, uint16_t port, struct error *err)
{
    static const uint8_t any_v4[4];
    struct os_endpoint endpoint = {.port = port};
    int status = os_listen_on(out, &endpoint, err);
    if (status != ERR_UNAVAILABLE)
        return status;
    os_address_set_v4(&endpoint.address, any_v4);
    return os_listen_on(out, &endpoint, err);
}

static bool endpoint_is_among(const struct os_endpoint *one, const struct os_endpoint *list, int count)
{
    for (int i = 0; i < count; i++)
        if (list[i].scope == one->scope && memcmp(&list[i].address, &one->address, sizeof one->address) == 0)
            return true;
    return false;
}

/* Listens on all of them but those that this machine lacks, such as ::1 where it has no IPv6. *out is NULL where there is
   none. The port of the first is that of all. */
static int endpoint_listen_all(struct os_listener **out, struct os_endpoint *found, int count, struct error *err)
{
    int status = error_set(err, ERR_NOT_FOUND, "the name has no address");
    for (int i = 0; i < count; i++) {
        char text[OS_ADDRESS_TEXT_SIZE];
        if (endpoint_is_among(&found[i], found, i))
            continue;
        if (*out)
            found[i].port = os_listener_port(*out);
        status = *out ? os_listener_add(*out, &found[i], err) : os_listen_on(out, &found[i], err);
        if (status && count > 1) {
            os_address_text(&found[i].address, text);
            error_prefix(err, status, "%s", text);
        }
        if (status && status != ERR_UNAVAILABLE)
            return status;
    }
    return *out ? 0 : status;
}

static int endpoint_listen_by_name(struct os_listener **out, const char *name, uint16_t port, struct error *err)
{
    struct os_endpoint found[OS_LISTEN_MAX + 1];
    int count = os_look_up(name, port, found, OS_LISTEN_MAX + 1, err);
    if (count < 0)
        return count;
    if (count > OS_LISTEN_MAX)
        return error_set(err, ERR_LIMIT, "the name has more than %d addresses", OS_LISTEN_MAX);
    int status = endpoint_listen_all(out, found, count, err);
    if (status) {
        os_listener_close(*out);
        *out = NULL;
    }
    return status;
}

int os_listen(struct os_listener **out, const char *bind_to, uint16_t port, struct error *err)
{
    *out = NULL;
    int status =
        bind_to ? endpoint_listen_by_name(out, bind_to, port, err) : endpoint_listen_everywhere(out, port, err);
    if (status == 0)
        return 0;
    return error_prefix(err, status, "could not listen on %.200s port %u", bind_to ? bind_to : "any address", port);
}
