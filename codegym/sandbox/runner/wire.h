/* The frames between the host (codegym/sandbox/layered/channel.py) and the runner (serve.c), on one byte stream
 * each way.
 *
 * A frame is u32 size of the payload, u8 type, u32 id, then the payload. All numbers are little-endian.
 *
 *   to the runner                                        from the runner
 *   'X' run: u8 op, u8 more, u16 0, u32 argc, u32 envc,  'H' hello (id 0: protocol version)
 *       then argc+envc+1 C strings (cwd, argv, env),     'O' 'E' a piece of stdout, stderr
 *       then the first piece of stdin                    'A' the last piece of stdin was taken: send the next
 *   'I' the next piece of stdin: u8 more, bytes          'X' ended: i32 exit code (-N: signal N), u32 0,
 *   'K' kill command `id`; id 0: kill everything             u64 wall ns, user us, system us, peak rss kB
 *   'P' start a service (payload as 'X')                 'S' service started: i32 pid, or -errno
 *                                                        'Z' everything is dead (answers 'K' 0)
 *   with a stage (stage.h), two C strings each:          'R' done: i32 errno, what failed; with 'H' and with
 *   'M' upper, lowers: mount a workspace                     the answer to 'G' comes a descriptor
 *   'J' upper, lowers: merge the lowers in a new upper   'F' why there will be no 'H'
 *   'D' delete an upper   'C' empty /tmp and /dev/shm    'N' delete all that was given or written
 *   'T' mount the descriptor that comes along here       'G' give a descriptor of this folder
 *
 * Ops: 'x' execute argv; 'r' copy file argv[0] to stdout; 'w' copy stdin to file argv[0] with octal mode argv[1];
 * 'd' delete file argv[0]. The last three run in a process of the box, with its rights, and exit with an errno.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HEAD = 9,            /* bytes before the payload */
    PIECE = 65536,       /* the longest payload that the runner sends */
    MAX_FRAME = 8 << 20, /* the longest payload that the runner accepts */
};

enum { EXIT_WRITE = 71, EXIT_FRAME = 72 }; /* exit codes: the host is gone; a frame too long or broken off */

struct frame {
    char type;
    uint32_t id, size;
    char *payload;  /* the caller frees it */
    int descriptor; /* what came along, or -1; the caller closes it */
};

/* The payload of 'X' and 'P'. Strings and input are in the payload; `argv` and `env` share one allocation, which
 * the caller frees by `argv`. */
struct request {
    char op;
    bool more;
    char *cwd, **argv, **env, *input;
    size_t input_len;
};

/* The payload of 'X' from the runner. */
struct ended {
    int32_t code;
    uint32_t zero;
    uint64_t wall_ns, user_us, system_us, peak_kb;
};

extern int wire_in, wire_out;

/* Read the next frame, and a descriptor with it if `sockets`. Return false at the end of the stream. Exit with
 * EXIT_FRAME if the payload is too long, breaks off, or does not fit into memory. */
bool read_frame(struct frame *frame, bool sockets);

/* Decode a payload. Return false if it is malformed; `argv` is to be freed in either case. */
bool parse_request(const struct frame *frame, struct request *request);

/* Send a frame of at most PIECE bytes of payload. Exit with EXIT_WRITE if the host is gone. */
void send_frame(char type, uint32_t id, const void *payload, uint32_t size);

/* Send a frame, and `descriptor` with it if it is not -1: then wire_out is a Unix socket. */
void send_with(int descriptor, char type, uint32_t id, const void *payload, uint32_t size);

void send_ended(uint32_t id, const struct ended *ended);
