#include "cabinet.h"

#include <stddef.h>
#include <string.h>

void cabinet_init(struct cabinet *cabinet, const struct library *library)
{
    memset(cabinet, 0, sizeof *cabinet);
    cabinet->library = library;
}

static void shut(struct cabinet *cabinet, int slot)
{
    cabinet->library->close(cabinet->library->context, cabinet->slots[slot].handle);
    cabinet->slots[slot].open = false;
}

static int slot_of(const struct cabinet *cabinet, const char *name)
{
    for (int i = 0; i < CABINET_SLOTS; i++)
        if (strcmp(cabinet->slots[i].name, name) == 0)
            return i;
    return -1;
}

/* A slot for a new score: one that is empty, or that of the oldest score. */
static int slot_to_fill(const struct cabinet *cabinet)
{
    int best = -1;
    for (int i = 0; i < CABINET_SLOTS; i++) {
        if (!cabinet->slots[i].open)
            return i;
        if (cabinet->slots[i].users == 0 && (best < 0 || cabinet->slots[i].age < cabinet->slots[best].age))
            best = i;
    }
    return best;
}

int cabinet_take(struct cabinet *cabinet, const char *name)
{
    int slot = slot_of(cabinet, name);
    if (slot < 0) {
        int handle = cabinet->library->open(cabinet->library->context, name);
        slot = slot_to_fill(cabinet);
        if (slot < 0)
            return -1;
        strncpy(cabinet->slots[slot].name, name, CABINET_NAME - 1);
        cabinet->slots[slot].handle = handle;
        cabinet->slots[slot].open = true;
        cabinet->slots[slot].age = ++cabinet->clock;
        if (handle < 0)
            return -1;
    }
    cabinet->slots[slot].users = 1;
    return slot;
}

const char *cabinet_text(struct cabinet *cabinet, int slot)
{
    struct slot *score = &cabinet->slots[slot];
    if (score->loaded)
        return score->text;
    score->loaded = true;
    if (!cabinet->library->read(cabinet->library->context, score->handle, score->text))
        return NULL;
    return score->text;
}

bool cabinet_give(struct cabinet *cabinet, int slot)
{
    cabinet->slots[slot].users--;
    return true;
}

void cabinet_changed(struct cabinet *cabinet, const char *name)
{
    int slot = slot_of(cabinet, name);
    if (slot >= 0 && cabinet->slots[slot].users == 0)
        shut(cabinet, slot);
}

void cabinet_close(struct cabinet *cabinet)
{
    for (int i = 0; i < CABINET_SLOTS; i++)
        if (cabinet->slots[i].open)
            cabinet->library->close(cabinet->library->context, cabinet->slots[i].handle);
}
