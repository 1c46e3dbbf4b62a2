/* Reading and writing of frames; see wire.h for the format. */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "die.h"

_Static_assert(sizeof(struct ended) == 40, "the payload of 'X' has no gaps");

int wire_in, wire_out;

static void write_all(const void *data, size_t size) {
    for (const char *at = data; size > 0;) {
        ssize_t n = write(wire_out, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) _exit(EXIT_WRITE);
        at += n;
        size -= (size_t)n;
    }
}

static bool read_all(void *data, size_t size) {
    for (char *at = data; size > 0;) {
        ssize_t n = read(wire_in, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static void pack_head(char *head, char type, uint32_t id, uint32_t size) {
    memcpy(head, &size, 4);
    head[4] = type;
    memcpy(head + 5, &id, 4);
}

void send_frame(char type, uint32_t id, const void *payload, uint32_t size) {
    char frame[HEAD + PIECE];
    pack_head(frame, type, id, size);
    if (size) memcpy(frame + HEAD, payload, size);
    write_all(frame, HEAD + size);
}

void send_with(int descriptor, char type, uint32_t id, const void *payload, uint32_t size) {
    char head[HEAD], control[CMSG_SPACE(sizeof descriptor)] = {0};
    struct iovec first = {head, 1};
    struct msghdr message = {
        .msg_iov = &first, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (descriptor < 0) {
        send_frame(type, id, payload, size);
        return;
    }
    pack_head(head, type, id, size);
    struct cmsghdr *along = CMSG_FIRSTHDR(&message);
    along->cmsg_len = CMSG_LEN(sizeof descriptor);
    along->cmsg_level = SOL_SOCKET;
    along->cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(along), &descriptor, sizeof descriptor);
    if (sendmsg(wire_out, &message, MSG_NOSIGNAL) != 1) _exit(EXIT_WRITE);
    write_all(head + 1, HEAD - 1);
    write_all(payload, size);
}

void send_ended(uint32_t id, const struct ended *ended) { send_frame('X', id, ended, sizeof *ended); }

/* Read a frame's head, and the descriptor that comes with its first bytes. */
static bool read_head_and_descriptor(char *head, int *descriptor) {
    char control[CMSG_SPACE(sizeof *descriptor)];
    struct iovec first = {head, HEAD};
    struct msghdr message = {
        .msg_iov = &first, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(wire_in, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *along = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (along && along->cmsg_type == SCM_RIGHTS) memcpy(descriptor, CMSG_DATA(along), sizeof *descriptor);
    return n > 0 && read_all(head + n, HEAD - (size_t)n);
}

bool read_frame(struct frame *frame, bool sockets) {
    char head[HEAD];
    *frame = (struct frame){.descriptor = -1};
    bool whole = sockets ? read_head_and_descriptor(head, &frame->descriptor) : read_all(head, HEAD);
    if (!whole) return false;
    memcpy(&frame->size, head, 4);
    frame->type = head[4];
    memcpy(&frame->id, head + 5, 4);
    if (frame->size > MAX_FRAME || !(frame->payload = malloc(frame->size + 1u))) _exit(EXIT_FRAME);
    if (!read_all(frame->payload, frame->size)) _exit(EXIT_FRAME);
    return true;
}

/* Return the C string at `*at`, which ends before `end`, and move `*at` behind it; NULL if there is none. */
static char *next_string(char **at, const char *end) {
    char *text = *at, *nul = memchr(text, 0, (size_t)(end - text));
    if (!nul) return NULL;
    *at = nul + 1;
    return text;
}

bool parse_request(const struct frame *frame, struct request *request) {
    enum { FIXED = 12 }; /* op, more, 0, argc, envc */
    uint32_t argc, envc;
    char *at = frame->payload, *end = at + frame->size;
    *request = (struct request){0};
    if (frame->size < FIXED) return false;
    request->op = at[0];
    request->more = at[1];
    memcpy(&argc, at + 4, 4);
    memcpy(&envc, at + 8, 4);
    if (argc == 0 || argc > frame->size || envc > frame->size) return false;
    request->argv = calloc(argc + envc + 2, sizeof *request->argv); /* each list ends with NULL */
    if (!request->argv) die("malloc");
    request->env = request->argv + argc + 1;
    at += FIXED;
    if (!(request->cwd = next_string(&at, end))) return false;
    for (uint32_t i = 0; i < argc; i++)
        if (!(request->argv[i] = next_string(&at, end))) return false;
    for (uint32_t i = 0; i < envc; i++)
        if (!(request->env[i] = next_string(&at, end))) return false;
    request->input = at;
    request->input_len = (size_t)(end - at);
    return true;
}
