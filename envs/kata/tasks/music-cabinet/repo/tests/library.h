/* A library of scores that writes down what it is asked for, each with a blank behind it:
 * "+fugue" it was opened, "+ghost?" it is not there, ".fugue" it was read, ".fugue?" that failed, "-fugue" it was closed,
 * "!" something was done with a handle that is not open. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include "cabinet.h"

#include <stdio.h>
#include <string.h>

#define HANDLES 64

static char journal[1024];
static char shelf[HANDLES][CABINET_NAME];
static bool is_open[HANDLES];
static int handles, open_now, most_open, edition, unreadable;

static void note(const char *sign, const char *name, const char *end)
{
    size_t used = strlen(journal);
    snprintf(journal + used, sizeof journal - used, "%s%s%s ", sign, name, end);
}

static int library_open(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "ghost") == 0) {
        note("+", name, "?");
        return -1;
    }
    note("+", name, "");
    snprintf(shelf[handles], CABINET_NAME, "%s", name);
    is_open[handles] = true;
    if (++open_now > most_open)
        most_open = open_now;
    return handles++;
}

static bool library_read(void *context, int handle, char text[CABINET_TEXT])
{
    (void)context;
    if (handle < 0 || handle >= handles || !is_open[handle]) {
        note("!", "", "");
        return false;
    }
    if (unreadable > 0) {
        unreadable--;
        snprintf(text, CABINET_TEXT, "mould");
        note(".", shelf[handle], "?");
        return false;
    }
    note(".", shelf[handle], "");
    snprintf(text, CABINET_TEXT, "%s, edition %d", shelf[handle], edition);
    return true;
}

static void library_close(void *context, int handle)
{
    (void)context;
    if (handle < 0 || handle >= handles || !is_open[handle]) {
        note("!", "", "");
        return;
    }
    note("-", shelf[handle], "");
    is_open[handle] = false;
    open_now--;
}

static const struct library library = {NULL, library_open, library_read, library_close};
static struct cabinet cabinet;

static void start(void)
{
    journal[0] = '\0';
    handles = open_now = most_open = unreadable = 0;
    edition = 1;
    cabinet_init(&cabinet, &library);
}

static bool same(const char *text, const char *expected)
{
    return text != NULL && strcmp(text, expected) == 0;
}

/* Whether the library was asked for this and nothing else since the last time. */
static bool asked(const char *expected)
{
    bool yes = same(journal, expected);
    journal[0] = '\0';
    return yes;
}

#endif
