/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gettree, puttree: trees of files as tar streams, in parts that are continued on another connection. */
#include "agent/log.h"
#include "agent/rpc/files.h"
#include "agent/rpc/option.h"
#include "agent/rpc/virtual.h"
#include "agent/transfers.h"
#include "platform/known.h"
#include "platform/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_MAX (1u << 20) /* bytes of one answer, which are kept until the next one is asked for */
#define STEP (128u << 10)     /* bytes between the socket and the tree */

struct tree {
    struct session *session;
    struct request *request;
    const char *path, *token;
    const char *real;       /* where a packed one is */
    struct transfer *entry; /* in use by this part */
    uint64_t offset, window;
    bool end, query;
    void (*free)(void *object); /* of its kind */
};

static struct transfer_key tree_key(const struct tree *tree)
{
    return (struct transfer_key){tree->token, tree->path, tree->free};
}

static int tree_failed(const struct tree *tree, int status, const struct error *reason, struct error *err)
{
    return error_set(err, status == ERR_CLOSED || status == ERR_PROTOCOL ? ERR_SYSTEM : status, "%s of '%s': %s",
                     tree->request->method->name, tree->path, reason->text);
}

static int tree_check(const struct tree *tree, struct error *err)
{
    const char *name = tree->request->method->name;
    if (!tree->token || strlen(tree->token) > TRANSFERS_TOKEN_MAX)
        return error_set(err, ERR_INVALID, "%s: a token of 1 to %d bytes is needed", name, TRANSFERS_TOKEN_MAX);
    if (tree->window < 1 || tree->window > WINDOW_MAX)
        return error_set(err, ERR_INVALID, "%s: window=%llu is not from 1 to %u", name,
                         (unsigned long long)tree->window, WINDOW_MAX);
    return 0;
}

static int tree_add(struct tree *tree, struct error *err)
{
    struct transfer_key key = tree_key(tree);
    struct error reason;
    int status = transfers_add(tree->session->agent->transfers, &key, tree->session, &tree->entry, &reason);
    if (status)
        return tree_failed(tree, status, &reason, err);
    buffer_init(&tree->entry->last, WINDOW_MAX);
    return 0;
}

static int tree_take(struct tree *tree, struct error *err)
{
    struct transfer_key key = tree_key(tree);
    struct error reason;
    int status = transfers_take(tree->session->agent->transfers, &key, tree->session, &tree->entry, &reason);
    return status ? tree_failed(tree, status, &reason, err) : 0;
}

/* Keeps the tree for the next part, also where the connection has ended; ends it after any other failure. */
static void tree_leave(struct tree *tree, int status)
{
    struct transfers *transfers = tree->session->agent->transfers;
    if (!tree->entry)
        return;
    if (status == 0 || status == ERR_CLOSED)
        transfers_park(transfers, tree->entry);
    else
        transfers_end(transfers, tree->entry);
}

/* Refuses a part that belongs elsewhere; the tree stays as it is. */
static int tree_misplaced(struct tree *tree, struct error *err)
{
    int status = error_set(err, ERR_INVALID, "%s of '%s': offset=%llu is not where the %llu bytes end%s",
                           tree->request->method->name, tree->path, (unsigned long long)tree->offset,
                           (unsigned long long)tree->entry->have, tree->entry->object ? "" : ", and it is complete");
    transfers_park(tree->session->agent->transfers, tree->entry);
    tree->entry = NULL;
    return status;
}

/* ---- gettree ---- */

/* What a packed tree needs: its stream, and what the client has already of it. */
struct packed {
    struct reply_body body; /* sends what was packed last: the entry waits again once that is done */
    struct transfers *transfers;
    struct transfer *entry;
    struct os_pack *pack;
    struct strlist known; /* "SIZE MTIME PATH", sorted by the path */
    char *path;
};

static void packed_free(void *object)
{
    struct packed *packed = object;
    os_pack_end(packed->pack);
    strlist_deinit(&packed->known);
    free(packed->path);
    free(packed);
}

static bool packed_is_known(const struct packed *packed, const char *path, const struct os_node *node)
{
    char time[OPTION_TIME_SIZE], text[96];
    const char *known = known_find(&packed->known, path);
    int len =
        snprintf(text, sizeof text, "%llu %s ", (unsigned long long)node->size, option_time(node->mtime_ns, time));
    return known && strncmp(known, text, (size_t)len) == 0;
}

/* Leaves out what the client has, and what lies in the agent's own folder: a test may have put that there. */
static bool packed_wanted(void *context, const char *path, const struct os_node *node)
{
    struct packed *packed = context;
    size_t len = strlen(packed->path) + strlen(path) + 4;
    char *whole = strstr(path, ".periscope") ? malloc(len) : NULL;
    bool own = false;
    if (whole) {
        snprintf(whole, len, "%s/%s/x", packed->path, path);
        own = virtual_file_keep_out(whole, NULL) != 0;
        free(whole);
    }
    return !own && (node->type != OS_NODE_FILE || !packed_is_known(packed, path, node));
}

static int packed_begin(struct tree *tree, struct strlist *known, struct error *err)
{
    struct error reason;
    int status = tree_add(tree, err);
    if (status)
        return status;
    struct packed *packed = tree->entry->object = calloc(1, sizeof *packed);
    if (!packed)
        return error_set(err, ERR_NO_MEMORY, "no memory for a tree");
    known_sort(known);
    packed->known = *known;
    *known = (struct strlist){0};
    packed->path = strdup(tree->real);
    status = packed->path ? os_pack_begin(&packed->pack, tree->real, packed_wanted, packed, &reason)
                          : error_set(&reason, ERR_NO_MEMORY, "Cannot allocate memory");
    return status ? tree_failed(tree, status, &reason, err) : 0;
}

/* Reads the next window behind the last one, which has come when it is asked for. */
static int packed_read(struct tree *tree, struct error *err)
{
    struct buffer *last = &tree->entry->last;
    struct error reason;
    buffer_clear(last);
    uint8_t *room = buffer_extend(last, (size_t)tree->window);
    if (!room)
        return error_set(err, ERR_NO_MEMORY, "no memory for a part of a tree");
    struct packed *packed = tree->entry->object;
    int got = os_pack_read(packed->pack, room, (size_t)tree->window, &reason);
    last->len = got > 0 ? (size_t)got : 0;
    tree->entry->have += last->len;
    return got < 0 ? tree_failed(tree, got, &reason, err) : 0;
}

static int packed_part(struct tree *tree, struct strlist *known, struct error *err)
{
    if (tree->offset == 0) {
        int status = packed_begin(tree, known, err);
        return status ? status : packed_read(tree, err);
    }
    int status = tree_take(tree, err);
    if (status)
        return status;
    if (tree->offset == tree->entry->have - tree->entry->last.len && tree->entry->last.len)
        return 0; /* the same again: the answer was lost */
    return tree->offset == tree->entry->have ? packed_read(tree, err) : tree_misplaced(tree, err);
}

static int packed_send(struct reply_body *body, struct os_socket *socket, int stall_ms, struct error *err)
{
    const struct buffer *last = &((struct packed *)(void *)body)->entry->last;
    return os_socket_send(socket, last->data, last->len, stall_ms, false, err);
}

static void packed_sent(struct reply_body *body)
{
    struct packed *packed = (struct packed *)(void *)body;
    transfers_park(packed->transfers, packed->entry);
}

/* Lets the reply have the entry until its part was sent. An empty part would be a body that sends nothing. */
static void packed_attach(struct tree *tree, struct packed *packed, struct reply *reply)
{
    if (tree->entry->last.len == 0)
        return;
    packed->body = (struct reply_body){packed_send, packed_sent};
    packed->transfers = tree->session->agent->transfers;
    packed->entry = tree->entry;
    reply->body = &packed->body;
    tree->entry = NULL;
}

static int packed_reply(struct tree *tree, struct reply *reply, struct error *err)
{
    struct packed *packed = tree->entry->object;
    struct buffer *last = &tree->entry->last;
    struct strlist facts = {0};
    bool end = last->len < tree->window;
    strlist_addf(&facts, "end=%d", end);
    if (end)
        files_add_notes(&facts, os_pack_notes(packed->pack));
    int status = files_reply(reply, &facts, 1, err);
    write_entry_header(&reply->bytes, WIRE_DATA, last->len);
    if (status == 0)
        packed_attach(tree, packed, reply);
    return status;
}

/* Moves the options "known=..." to a list, so that the others can be read. */
static int packed_options(struct tree *tree, struct strlist *known, struct error *err)
{
    const struct option options[] = {{"token", OPTION_TEXT, &tree->token},
                                     {"offset", OPTION_NUMBER, &tree->offset},
                                     {"window", OPTION_NUMBER, &tree->window},
                                     {"finish", OPTION_FLAG, &tree->end},
                                     {0}};
    struct request *request = tree->request;
    uint32_t kept = 1;
    for (uint32_t i = 1; i < request->arg_count; i++) {
        struct argument argument = request->args[i];
        if (strncmp(argument.text, "known=", 6) == 0) {
            strlist_add(known, argument.text + 6);
            continue;
        }
        request->args[i] = request->args[kept]; /* all of them stay, to be freed */
        request->args[kept++] = argument;
    }
    uint32_t all = request->arg_count;
    request->arg_count = kept;
    int status = options_read(request, 1, options, err);
    request->arg_count = all;
    if (status == 0 && known->failed)
        status = error_set(err, ERR_NO_MEMORY, "gettree: no memory for what is known");
    return status ? status : tree_check(tree, err);
}

static int packed_finish(struct tree *tree, struct reply *reply, struct error *err)
{
    struct strlist facts = {0};
    struct error reason;
    if (tree_take(tree, &reason) == 0)
        transfers_end(tree->session->agent->transfers, tree->entry);
    tree->entry = NULL;
    strlist_add(&facts, "end=1");
    int status = files_reply(reply, &facts, 1, err);
    write_entry_data(&reply->bytes, NULL, 0);
    return status;
}

static int packed_answer(struct tree *tree, struct strlist *known, struct reply *reply, struct error *err)
{
    if (tree->end)
        return packed_finish(tree, reply, err);
    int status = packed_part(tree, known, err);
    if (status == 0)
        status = packed_reply(tree, reply, err);
    tree_leave(tree, status);
    return status;
}

int rpc_gettree(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct tree tree = {.session = session,
                        .request = request,
                        .path = request->args[0].text,
                        .window = WINDOW_MAX,
                        .free = packed_free};
    struct strlist known = {0};
    struct files_look look;
    struct error reason;
    int status = packed_options(&tree, &known, err);
    if (status == 0) {
        status = files_begin_look(&look, session, tree.path, &reason);
        if (status) {
            tree_failed(&tree, status, &reason, err);
        } else {
            tree.real = look.path;
            status = packed_answer(&tree, &known, reply, err);
            files_end_look(&look);
        }
    }
    strlist_deinit(&known);
    return status;
}

/* ---- puttree ---- */

static void unpacked_free(void *object)
{
    os_unpack_end(object);
}

static int unpacked_begin(struct tree *tree, struct error *err)
{
    struct error reason;
    if (tree->offset) {
        int status = tree_take(tree, err);
        if (status)
            return status;
        return tree->entry->object && tree->offset == tree->entry->have ? 0 : tree_misplaced(tree, err);
    }
    int status = tree_add(tree, err);
    if (status)
        return status;
    status = os_folder_make(tree->path, &reason);
    struct os_unpack *unpack = NULL;
    if (status == 0)
        status = os_unpack_begin(&unpack, tree->path, &reason);
    tree->entry->object = unpack;
    return status ? tree_failed(tree, status, &reason, err) : 0;
}

/* Takes the data as they come. ERR_CLOSED for a failure of the connection. */
static int unpacked_receive(struct tree *tree, uint8_t *bytes, struct error *err)
{
    struct error reason;
    int got;
    while ((got = list_read_data(&tree->request->list, bytes, STEP, err)) != 0) {
        if (got < 0)
            return ERR_CLOSED;
        int status = os_unpack_write(tree->entry->object, bytes, (size_t)got, &reason);
        if (status)
            return tree_failed(tree, status, &reason, err);
        tree->entry->have += (uint64_t)got;
    }
    return 0;
}

/* Ends the tree when all of it is there and on the disk. */
static int unpacked_finish(struct tree *tree, struct strlist *facts, struct error *err)
{
    struct error reason;
    struct os_unpack *unpack = tree->entry->object;
    int status = os_unpack_finish(unpack, &reason);
    if (status)
        return tree_failed(tree, status, &reason, err);
    strlist_addf(facts, "files=%llu", (unsigned long long)os_unpack_files(unpack));
    files_add_notes(facts, os_unpack_notes(unpack));
    log_line("%s: received the tree '%s': %llu files and folders", tree->session->peer_text, tree->path,
             (unsigned long long)os_unpack_files(unpack));
    os_unpack_end(unpack);
    tree->entry->object = NULL;
    return 0;
}

static int unpacked_part(struct tree *tree, struct strlist *facts, struct error *err)
{
    int status = unpacked_begin(tree, err);
    if (status)
        return status;
    uint8_t *bytes = malloc(STEP);
    status = bytes ? unpacked_receive(tree, bytes, err) : error_set(err, ERR_NO_MEMORY, "no memory for a tree");
    free(bytes);
    return status == 0 && tree->end ? unpacked_finish(tree, facts, err) : status;
}

static int unpacked_answer(struct tree *tree, struct strlist *facts, struct error *err)
{
    struct error reason;
    int status = 0;
    if (!tree->query)
        status = unpacked_part(tree, facts, err);
    else if (tree_take(tree, &reason))
        return strlist_add(facts, "have=0") && strlist_add(facts, "done=0")
                   ? 0
                   : error_set(err, ERR_NO_MEMORY, "no memory");
    if (tree->entry) {
        strlist_addf(facts, "have=%llu", (unsigned long long)tree->entry->have);
        strlist_addf(facts, "done=%d", !tree->entry->object);
    }
    tree_leave(tree, status);
    return status;
}

int rpc_puttree(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct tree tree = {
        .session = session, .request = request, .path = request->args[0].text, .window = 1, .free = unpacked_free};
    const struct option options[] = {{"token", OPTION_TEXT, &tree.token},
                                     {"offset", OPTION_NUMBER, &tree.offset},
                                     {"end", OPTION_FLAG, &tree.end},
                                     {"query", OPTION_FLAG, &tree.query},
                                     {0}};
    struct strlist facts = {0};
    struct os_identity *as;
    struct error reason;
    int status = options_read(request, 1, options, err);
    if (status == 0)
        status = tree_check(&tree, err);
    if (status)
        return status;
    status = files_begin_at(session, tree.path, &as, &reason);
    if (status)
        return tree_failed(&tree, status, &reason, err);
    status = unpacked_answer(&tree, &facts, err);
    files_end(as);
    if (status == 0)
        return files_reply(reply, &facts, 0, err);
    strlist_deinit(&facts);
    return status;
}
