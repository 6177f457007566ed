/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/endpoint.h"
#include "platform/address.h"

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

int os_listen(struct os_listener **out, const char *bind_to, uint16_t port, struct error *err)
{
    struct os_endpoint found;
    int status;
    *out = NULL;
    if (bind_to) {
        int count = os_look_up(bind_to, port, &found, 1, err);
        if (count < 0)
            return count;
        status = count ? os_listen_on(out, &found, err) : error_set(err, ERR_NOT_FOUND, "the name has no address");
    } else {
        status = endpoint_listen_everywhere(out, port, err);
    }
    if (status == 0)
        return 0;
    return error_prefix(err, status, "could not listen on %.200s port %u", bind_to ? bind_to : "any address", port);
}
