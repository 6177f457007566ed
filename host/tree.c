/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees of files, as tar streams in parts. A part that was lost with its connection is asked for, or sent, once more. */
#include "host/client.h"

#include "base/number.h"
#include "platform/known.h"
#include "platform/random.h"
#include "platform/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_SIZE (4u << 20)    /* bytes of a part that is sent */
#define PART_FIRST (256u << 10) /* of the first one, so that the agent begins early; each is twice as long */
#define KNOWN_COUNT_MAX 60000   /* of the files that the agent is told of */
#define KNOWN_BYTES_MAX (12u << 20)
#define TIME_UNIT 100 /* nanoseconds: a time of Windows has no finer one */

struct tree {
    const char *remote, *local;
    unsigned flags;
    char token[33];
    struct os_pack *pack;     /* owned: of a put */
    struct os_unpack *unpack; /* owned: of a get */
    uint8_t *part;            /* owned: a put's part that was sent last */
    uint8_t *ahead;           /* owned: the one behind it, which is read while the agent writes that */
    size_t part_len, ahead_len;
    size_t want; /* bytes of the part that is read next */
    bool has_ahead, read_last;
    uint64_t base;  /* bytes of the stream before that part */
    uint64_t moved; /* bytes that have passed for certain */
    bool asked;     /* a get's next part is on its way: the agent packs it while the last one is written */
    bool sent_last, ended;
    struct strlist known; /* "SIZE MTIME PATH" of the files on the other side, sorted by the path */
    struct strlist facts; /* of the agent's last answer */
};

static int tree_local_failed(struct periscope *p, const struct tree *tree, const struct error *err)
{
    return client_fail(p, PERISCOPE_LOCAL, "'%s': %s", tree->local, err->text);
}

static int tree_make_token(struct periscope *p, struct tree *tree)
{
    struct error err;
    uint64_t number[2];
    if (os_random(&number[0], &err) || os_random(&number[1], &err))
        return client_fail(p, PERISCOPE_LOCAL, "no random number: %s", err.text);
    snprintf(tree->token, sizeof tree->token, "%016" PRIx64 "%016" PRIx64, number[0], number[1]);
    return 0;
}

/* ---- what the other side has ---- */

/* Parses the times and sizes of an entry. */
static bool known_numbers(const char *known, uint64_t *size, int64_t *mtime_ns)
{
    uint64_t seconds, part;
    if (!number_take(&known, INT64_MAX, size) || *known++ != ' ')
        return false;
    bool negative = *known == '-';
    known += negative;
    if (!number_take(&known, INT64_MAX / OS_NS - 1, &seconds) || *known++ != '.' ||
        !number_take(&known, OS_NS - 1, &part))
        return false;
    *mtime_ns = (negative ? -(int64_t)seconds : (int64_t)seconds) * OS_NS + (int64_t)part;
    return true;
}

static bool tree_is_changed(void *context, const char *path, const struct os_node *node)
{
    const struct tree *tree = context;
    const char *known = node->type == OS_NODE_FILE ? known_find(&tree->known, path) : NULL;
    uint64_t size;
    int64_t mtime_ns;
    if (!known || !known_numbers(known, &size, &mtime_ns))
        return true;
    return size != node->size || mtime_ns / TIME_UNIT != node->mtime_ns / TIME_UNIT;
}

/* Lists the guest's files: from "file SIZE MODE MTIME PATH" it makes "SIZE MTIME PATH". A folder that is not there has
   none. */
static int known_of_guest(struct periscope *p, struct tree *tree)
{
    struct periscope_strings list;
    int status = periscope_list(p, tree->remote, true, &list);
    if (status == PERISCOPE_REFUSED)
        return 0;
    for (size_t i = 0; i < list.count; i++) {
        char type[16], size[24], mode[8], time[40];
        int at = 0;
        if (sscanf(list.items[i], "%15s %23s %7s %39s %n", type, size, mode, time, &at) == 4 && at &&
            strcmp(type, "file") == 0)
            strlist_addf(&tree->known, "%s %s %s", size, time, list.items[i] + at);
    }
    periscope_strings_free(&list);
    known_sort(&tree->known);
    return status ? status : tree->known.failed ? client_no_memory(p) : 0;
}

/* Lists the local files; those beyond the request's bounds are sent again. */
static int known_of_host(struct periscope *p, struct tree *tree)
{
    struct os_walk walk;
    struct error err;
    size_t bytes = 0;
    int status = os_walk_begin(&walk, tree->local, &err);
    int event = status ? OS_WALK_END : OS_WALK_NODE;
    while (event != OS_WALK_END && tree->known.count < KNOWN_COUNT_MAX && bytes < KNOWN_BYTES_MAX) {
        event = os_walk_next(&walk, &err);
        if (event != OS_WALK_NODE || walk.node.type != OS_NODE_FILE)
            continue;
        int64_t ns = walk.node.mtime_ns, seconds = ns / OS_NS - (ns % OS_NS < 0);
        strlist_addf(&tree->known, "%" PRIu64 " %" PRId64 ".%09ld %s", walk.node.size, seconds,
                     (long)(ns - seconds * OS_NS), (const char *)walk.path.data);
        bytes += walk.path.len + 64;
    }
    os_walk_end(&walk);
    known_sort(&tree->known);
    return status ? tree_local_failed(p, tree, &err) : tree->known.failed ? client_no_memory(p) : 0;
}

/* ---- requests ---- */

static void tree_request(struct call *call, const struct tree *tree, const char *const *options)
{
    char token[48];
    write_entry_text(&call->request, WIRE_STRING, tree->remote);
    snprintf(token, sizeof token, "token=%s", tree->token);
    write_entry_text(&call->request, WIRE_STRING, token);
    for (; *options; options++)
        write_entry_text(&call->request, WIRE_STRING, *options);
}

static const char *tree_offset(char text[40], uint64_t offset)
{
    snprintf(text, 40, "offset=%" PRIu64, offset);
    return text;
}

/* ---- get ---- */

static int tree_get_begin(struct periscope *p, struct tree *tree)
{
    struct error err;
    os_unpack_end(tree->unpack);
    tree->unpack = NULL;
    tree->moved = 0;
    int status = os_folder_make(tree->local, &err);
    if (!status)
        status = os_unpack_begin(&tree->unpack, tree->local, &err);
    return status ? tree_local_failed(p, tree, &err) : tree_make_token(p, tree);
}

static bool tree_has_ended(const struct tree *tree)
{
    const char *end = strlist_get(&tree->facts, "end");
    return end && strcmp(end, "1") == 0;
}

/* Asks for what follows an offset. */
static int tree_get_ask(struct periscope *p, struct tree *tree, uint64_t from)
{
    struct call call;
    char offset[40];
    const char *const options[] = {tree_offset(offset, from), NULL};
    uint32_t known = from ? 0 : (uint32_t)tree->known.count;
    call_init(&call, p, METHOD_gettree, 3 + known, CALL_ANY);
    tree_request(&call, tree, options);
    for (uint32_t i = 0; i < known; i++) {
        write_entry_header(&call.request, WIRE_STRING, strlen(tree->known.items[i]) + 7);
        buffer_append(&call.request, "known=", 6);
        buffer_append(&call.request, tree->known.items[i], strlen(tree->known.items[i]) + 1);
    }
    int status = call_send(&call, false);
    tree->asked = !status;
    call_deinit(&call);
    return status;
}

/* Takes a part that has come whole, and asks for the next one before it writes this: if the connection breaks then, the
   agent has that one to give again. */
static int tree_get_content(struct call *call, struct tree *tree, const struct entry *entry)
{
    struct error err;
    struct buffer bytes;
    buffer_init(&bytes, PART_SIZE);
    int status = call_data(call, entry, &bytes);
    if (!status)
        status = call_end(call);
    if (status) {
        buffer_deinit(&bytes);
        return status;
    }
    tree->ended = tree_has_ended(tree);
    int asked = tree->ended ? 0 : tree_get_ask(call->p, tree, tree->moved + bytes.len);
    if (os_unpack_write(tree->unpack, bytes.data, bytes.len, &err))
        status = tree_local_failed(call->p, tree, &err);
    else
        tree->moved += bytes.len;
    buffer_deinit(&bytes);
    return status ? status : asked;
}

static int tree_get_part(struct periscope *p, struct tree *tree)
{
    struct call call;
    struct entry entry;
    strlist_deinit(&tree->facts);
    int status = tree->asked ? 0 : tree_get_ask(p, tree, tree->moved);
    call_init(&call, p, METHOD_gettree, 0, CALL_ANY); /* to read its reply */
    tree->asked = false;
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_strings(&call, "sd", &tree->facts, &entry);
    if (!status && entry.type != WIRE_DATA)
        status = call_malformed(&call, "it has no content");
    if (!status)
        status = tree_get_content(&call, tree, &entry);
    call_deinit(&call);
    return status;
}

/* Lets the agent drop what it keeps for another try; that goes with time anyway. */
static void tree_let_go(struct periscope *p, const struct tree *tree)
{
    struct call call;
    struct entry last;
    struct strlist facts = {0};
    const char *const options[] = {"finish=1", NULL};
    struct error kept = p->error;
    call_init(&call, p, METHOD_gettree, 3, CALL_ANY);
    tree_request(&call, tree, options);
    if (!call_send(&call, false) && !call_reply(&call) && !call_strings(&call, "sd", &facts, &last))
        (void)call_end(&call);
    strlist_deinit(&facts);
    call_deinit(&call);
    p->error = kept;
}

static int attempt_get_tree(struct periscope *p, void *context)
{
    struct tree *tree = context;
    struct error err;
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, METHOD_gettree);
    if (!status && !tree->unpack)
        status = tree_get_begin(p, tree);
    bool continued = tree->moved > 0;
    tree->asked = false; /* what was asked for on another connection */
    while (!status && !tree->ended) {
        status = tree_get_part(p, tree);
        if (status == PERISCOPE_REFUSED && continued)
            status = tree_get_begin(p, tree); /* the agent has been started anew */
        continued = false;
        if (!status && !client_progress(p, tree->moved, UINT64_MAX, tree->ended))
            status = PERISCOPE_LOCAL;
    }
    if (status && tree->asked)
        periscope_disconnect(p); /* the next part comes */
    if (!status && os_unpack_finish(tree->unpack, &err))
        status = tree_local_failed(p, tree, &err);
    if (!status)
        tree_let_go(p, tree);
    return status;
}

/* ---- put ---- */

static int tree_put_begin(struct periscope *p, struct tree *tree)
{
    struct error err;
    os_pack_end(tree->pack);
    tree->part_len = 0;
    tree->base = tree->moved = 0;
    tree->sent_last = tree->read_last = tree->has_ahead = false;
    tree->want = PART_FIRST;
    bool some = tree->flags & PERISCOPE_CHANGED_ONLY;
    if (os_pack_begin(&tree->pack, tree->local, some ? tree_is_changed : NULL, tree, &err))
        return tree_local_failed(p, tree, &err);
    return tree_make_token(p, tree);
}

static int tree_read_ahead(struct periscope *p, struct tree *tree)
{
    struct error err;
    if (tree->has_ahead || tree->read_last)
        return 0;
    int got = os_pack_read(tree->pack, tree->ahead, tree->want, &err);
    if (got < 0) {
        periscope_disconnect(p); /* an answer may be on its way */
        return tree_local_failed(p, tree, &err);
    }
    tree->ahead_len = (size_t)got;
    tree->has_ahead = true;
    tree->read_last = tree->ahead_len < tree->want;
    if (tree->want < PART_SIZE)
        tree->want *= 2;
    return 0;
}

/* Sends what the agent lacks of the part. */
static int tree_put_part(struct periscope *p, struct tree *tree, bool query)
{
    static const char doing[] = "sending a tree";
    struct call call;
    struct entry last;
    char offset[40];
    size_t from = (size_t)(tree->moved - tree->base), len = query ? 0 : tree->part_len - from;
    const char *const options[] = {query ? "query=1" : tree_offset(offset, tree->moved),
                                   tree->sent_last ? "end=1" : "end=0", NULL};
    strlist_deinit(&tree->facts);
    call_init(&call, p, METHOD_puttree, 5, CALL_ANY);
    tree_request(&call, tree, options);
    write_entry_header(&call.request, WIRE_DATA, len);
    if (tree->sent_last)
        call_allow_sum(&call, tree->base + tree->part_len); /* the agent waits for the disk */
    int status = call_send(&call, len > 0);
    if (!status && len > 0)
        status = client_send(p, tree->part + from, len, false, doing);
    if (!status && !query)
        status = tree_read_ahead(p, tree);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_strings(&call, "s", &tree->facts, &last);
    uint64_t have;
    if (!status && (!fact_number(&tree->facts, "have", &have) || have > tree->base + tree->part_len))
        status = call_malformed(&call, "it does not tell what the agent has");
    if (!status && have >= tree->base)
        tree->moved = have;
    call_deinit(&call);
    return status;
}

/* Goes on to the next part. */
static int tree_read_part(struct periscope *p, struct tree *tree)
{
    int status = tree_read_ahead(p, tree);
    if (status)
        return status;
    uint8_t *sent = tree->part;
    tree->base += tree->part_len;
    tree->part = tree->ahead;
    tree->part_len = tree->ahead_len;
    tree->ahead = sent;
    tree->has_ahead = false;
    tree->sent_last = tree->read_last;
    return 0;
}

static bool tree_is_done(const struct tree *tree)
{
    const char *done = strlist_get(&tree->facts, "done");
    return done && strcmp(done, "1") == 0;
}

/* Asks how far it was before the connection broke. An agent that was started anew knows nothing of it. */
static int tree_put_again(struct periscope *p, struct tree *tree)
{
    uint64_t have = 0;
    int status = tree_put_part(p, tree, true);
    if (status)
        return status;
    tree->ended = tree_is_done(tree);
    if (tree->ended) {
        strlist_add(&tree->facts, "left-out=1");
        strlist_add(&tree->facts, "note=.: what the guest has left out is not known: its answer was lost");
    }
    if (tree->ended || (fact_number(&tree->facts, "have", &have) && have >= tree->base))
        return 0;
    return tree_put_begin(p, tree);
}

static int attempt_put_tree(struct periscope *p, void *context)
{
    struct tree *tree = context;
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, METHOD_puttree);
    if (!status)
        status = tree->pack ? tree_put_again(p, tree) : tree_put_begin(p, tree);
    while (!status && !tree->ended) {
        if (tree->moved == tree->base + tree->part_len && !tree->sent_last)
            status = tree_read_part(p, tree);
        if (!status)
            status = tree_put_part(p, tree, false);
        tree->ended = !status && tree_is_done(tree);
        if (!status && !client_progress(p, tree->moved, UINT64_MAX, tree->ended))
            status = PERISCOPE_LOCAL;
    }
    return status;
}

/* ---- what is too much on the other side ---- */

/* Removes what the guest has in the tree and the host has not. What is in a folder goes with it. */
static int tree_delete_in_guest(struct periscope *p, struct tree *tree)
{
    struct periscope_strings list, facts;
    struct os_node node;
    struct error err;
    struct buffer here, there;
    int status = periscope_list(p, tree->remote, true, &list);
    buffer_init(&here, WIRE_STRING_MAX);
    buffer_init(&there, WIRE_STRING_MAX);
    for (size_t i = 0; i < list.count && !status; i++) {
        int at = 0;
        if (sscanf(list.items[i], "%*s %*s %*s %*s %n", &at) < 0 || at == 0)
            continue;
        buffer_clear(&here);
        buffer_clear(&there);
        buffer_printf(&here, "%s/%s%c", tree->local, list.items[i] + at, 0);
        buffer_printf(&there, "%s/%s%c", tree->remote, list.items[i] + at, 0);
        if (here.failed || there.failed)
            status = client_no_memory(p);
        else if (os_node_look(&node, (const char *)here.data, false, &err) == ERR_NOT_FOUND)
            status = periscope_rmtree(p, (const char *)there.data, &facts);
        else
            continue;
        if (!status)
            periscope_strings_free(&facts);
    }
    buffer_deinit(&here);
    buffer_deinit(&there);
    periscope_strings_free(&list);
    return status;
}

/* ---- calls ---- */

static void tree_add_notes(struct strlist *out, const struct strlist *facts, const struct os_tree_notes *local)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strncmp(facts->items[i], "note=", 5) == 0)
            strlist_add(out, facts->items[i] + 5);
    for (size_t i = 0; local && i < local->texts.count; i++)
        strlist_add(out, local->texts.items[i]);
}

static int tree_end(struct periscope *p, struct tree *tree, int status, struct periscope_strings *notes,
                    uint64_t *left_out)
{
    const struct os_tree_notes *local = tree->pack     ? os_pack_notes(tree->pack)
                                        : tree->unpack ? os_unpack_notes(tree->unpack)
                                                       : NULL;
    struct strlist texts = {0};
    uint64_t theirs = 0;
    (void)fact_number(&tree->facts, "left-out", &theirs);
    if (!status) {
        *left_out = theirs + (local ? local->count : 0);
        tree_add_notes(&texts, &tree->facts, local);
        status = texts.failed ? client_no_memory(p) : 0;
    }
    if (!status)
        strings_take(notes, &texts);
    strlist_deinit(&texts);
    strlist_deinit(&tree->facts);
    strlist_deinit(&tree->known);
    os_pack_end(tree->pack);
    os_unpack_end(tree->unpack);
    free(tree->part);
    free(tree->ahead);
    return status;
}

int periscope_get_tree(struct periscope *p, const char *remote_folder, const char *local_folder, unsigned flags,
                       struct periscope_strings *notes, uint64_t *left_out)
{
    struct tree tree = {.remote = remote_folder, .local = local_folder, .flags = flags};
    struct os_node node;
    *notes = (struct periscope_strings){0};
    *left_out = 0;
    int status = 0;
    if (flags & PERISCOPE_CHANGED_ONLY && os_node_look(&node, local_folder, true, NULL) == 0)
        status = known_of_host(p, &tree);
    if (!status)
        status = client_continue(p, attempt_get_tree, &tree, &tree.moved);
    return tree_end(p, &tree, status, notes, left_out);
}

int periscope_put_tree(struct periscope *p, const char *local_folder, const char *remote_folder, unsigned flags,
                       struct periscope_strings *notes, uint64_t *left_out)
{
    struct tree tree = {.remote = remote_folder, .local = local_folder, .flags = flags};
    *notes = (struct periscope_strings){0};
    *left_out = 0;
    tree.part = malloc(PART_SIZE);
    tree.ahead = malloc(PART_SIZE);
    int status = tree.part && tree.ahead ? 0 : client_no_memory(p);
    if (!status && flags & PERISCOPE_CHANGED_ONLY)
        status = known_of_guest(p, &tree);
    if (!status)
        status = client_continue(p, attempt_put_tree, &tree, &tree.moved);
    if (!status && flags & PERISCOPE_DELETE)
        status = tree_delete_in_guest(p, &tree);
    return tree_end(p, &tree, status, notes, left_out);
}
