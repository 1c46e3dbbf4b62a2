/* A cabinet keeps a few scores open, so that nobody walks to the library for each page. */
#ifndef CABINET_H
#define CABINET_H

#include <stdbool.h>

#define CABINET_SLOTS 3 /* at no time are more scores open */
#define CABINET_NAME 16 /* bytes of a name, the 0 at its end included */
#define CABINET_TEXT 32 /* the same of a text */

/* The library: where scores come from. */
struct library {
    void *context;
    /* Open a score: a handle of 0 or more, or -1 if there is no such score. Handles are never used a second time. */
    int (*open)(void *context, const char *name);
    /* Read the whole text of an open score; false if that failed, and then `text` may hold anything. */
    bool (*read)(void *context, int handle, char text[CABINET_TEXT]);
    /* Every handle has to be closed, once. */
    void (*close)(void *context, int handle);
};

struct slot {
    char name[CABINET_NAME];
    char text[CABINET_TEXT];
    int handle;
    bool open;         /* the library holds `handle` open for us */
    bool loaded;       /* `text` is the text of this score */
    unsigned users;    /* how often it was taken and not yet given back */
    unsigned long age; /* when it was given back last */
};

struct cabinet {
    const struct library *library;
    unsigned long clock;
    struct slot slots[CABINET_SLOTS];
};

/* Make an empty cabinet. */
void cabinet_init(struct cabinet *cabinet, const struct library *library);

/* Take the score `name` and return its slot, from 0 to CABINET_SLOTS - 1, or -1 if that is not possible.
 *
 * A score that is open is not opened again: those who take it share a slot, and each of them gives it back. Otherwise it
 * is opened in a slot that holds no open score. If there is none, the score goes that nobody uses and that was given
 * back longest ago: it is closed first, even if the library turns out not to have the new one. If all are in use, or the
 * name is longer than fits, the library is not asked for anything. */
int cabinet_take(struct cabinet *cabinet, const char *name);

/* The text of a score that is in use, or NULL if the slot is not in use or the library could not read it.
 *
 * A text is read when it is first asked for, and kept for as long as the score is open. What could not be read is tried
 * again next time. */
const char *cabinet_text(struct cabinet *cabinet, int slot);

/* Give a score back; it stays open for the next one who wants it. False, and nothing else, if the slot is not in use or
 * there is no such slot. */
bool cabinet_give(struct cabinet *cabinet, int slot);

/* The score `name` has changed in the library. If it is in use, its text is read again, through the same handle, when it
 * is next asked for. If it is open and nobody uses it, it is closed. */
void cabinet_changed(struct cabinet *cabinet, const char *name);

/* Close all scores, whoever uses them; the cabinet is as empty as a new one. */
void cabinet_close(struct cabinet *cabinet);

#endif
