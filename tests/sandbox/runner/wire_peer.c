/* A runner that runs nothing: it reports what wire.c read, through wire.c. See test_wire.py.
 *
 * 'X' is answered on 'O' with op, more, argc and envc, then each string (cwd, argv, env) after its length, then the
 * input. If more input is due, it is asked for with 'A' and returned on 'E'. The last answer is 'X': for op 'e' with
 * the five decimal numbers of argv, otherwise with zeros. A malformed request is answered with 'F'. Any other frame
 * is returned with its descriptor, if it fits into a piece.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "wire.h"

void die(const char *what) {
    (void)what;
    _exit(70);
}

static void send_pieces(char type, uint32_t id, const char *data, size_t size) {
    for (size_t n; size > 0; data += n, size -= n) {
        n = size < PIECE ? size : PIECE;
        send_frame(type, id, data, (uint32_t)n);
    }
}

static void send_string(uint32_t id, const char *text) {
    uint32_t size = (uint32_t)strlen(text);
    send_frame('O', id, &size, sizeof size);
    send_pieces('O', id, text, size);
}

static uint32_t count(char **strings) {
    uint32_t n = 0;
    while (strings[n]) n++;
    return n;
}

static void report(uint32_t id, const struct request *request) {
    uint32_t counts[] = {count(request->argv), count(request->env)};
    char head[] = {request->op, request->more};
    send_frame('O', id, head, sizeof head);
    send_frame('O', id, counts, sizeof counts);
    send_string(id, request->cwd);
    for (char **word = request->argv; *word; word++) send_string(id, *word);
    for (char **setting = request->env; *setting; setting++) send_string(id, *setting);
    send_pieces('O', id, request->input, request->input_len);
}

static void return_input(uint32_t id, bool sockets) {
    struct frame frame;
    for (bool more = true; more; free(frame.payload)) {
        send_frame('A', id, NULL, 0);
        if (!read_frame(&frame, sockets) || frame.type != 'I' || frame.id != id || !frame.size) _exit(73);
        more = frame.payload[0];
        send_pieces('E', id, frame.payload + 1, frame.size - 1);
    }
}

static void answer_request(const struct frame *frame, bool sockets) {
    struct request request;
    struct ended ended = {0};
    if (!parse_request(frame, &request)) {
        send_frame('F', frame->id, NULL, 0);
    } else {
        report(frame->id, &request);
        if (request.more) return_input(frame->id, sockets);
        if (request.op == 'e' && count(request.argv) == 5) {
            ended.code = atoi(request.argv[0]);
            ended.wall_ns = strtoull(request.argv[1], NULL, 10);
            ended.user_us = strtoull(request.argv[2], NULL, 10);
            ended.system_us = strtoull(request.argv[3], NULL, 10);
            ended.peak_kb = strtoull(request.argv[4], NULL, 10);
        }
        send_ended(frame->id, &ended);
    }
    free(request.argv);
}

int main(int argc, char **argv) {
    const bool sockets = argc > 1 && !strcmp(argv[1], "sockets");
    struct frame frame;
    wire_in = 0;
    wire_out = 1;
    while (read_frame(&frame, sockets)) {
        if (frame.type == 'X') answer_request(&frame, sockets);
        else if (frame.size <= PIECE) send_with(frame.descriptor, frame.type, frame.id, frame.payload, frame.size);
        if (frame.descriptor >= 0) close(frame.descriptor);
        free(frame.payload);
    }
    return 0;
}
