#include "cabinet.h"

#include <stddef.h>
#include <string.h>

static const struct slot nothing;

void cabinet_init(struct cabinet *cabinet, const struct library *library)
{
    cabinet->library = library;
    cabinet->clock = 0;
    for (int i = 0; i < CABINET_SLOTS; i++)
        cabinet->slots[i] = nothing;
}

static bool in_use(const struct cabinet *cabinet, int slot)
{
    return slot >= 0 && slot < CABINET_SLOTS && cabinet->slots[slot].users > 0;
}

static void shut(struct cabinet *cabinet, int slot)
{
    if (cabinet->slots[slot].open)
        cabinet->library->close(cabinet->library->context, cabinet->slots[slot].handle);
    cabinet->slots[slot] = nothing;
}

static int slot_of(const struct cabinet *cabinet, const char *name)
{
    for (int i = 0; i < CABINET_SLOTS; i++)
        if (cabinet->slots[i].open && strcmp(cabinet->slots[i].name, name) == 0)
            return i;
    return -1;
}

/* A slot for a new score: one that is empty, or that of the score which was given back longest ago. */
static int slot_to_fill(const struct cabinet *cabinet)
{
    int best = -1;
    for (int i = 0; i < CABINET_SLOTS; i++) {
        if (!cabinet->slots[i].open)
            return i;
        if (!in_use(cabinet, i) && (best < 0 || cabinet->slots[i].age < cabinet->slots[best].age))
            best = i;
    }
    return best;
}

int cabinet_take(struct cabinet *cabinet, const char *name)
{
    if (strlen(name) >= CABINET_NAME)
        return -1;
    int slot = slot_of(cabinet, name);
    if (slot < 0) {
        slot = slot_to_fill(cabinet);
        if (slot < 0)
            return -1;
        shut(cabinet, slot);
        int handle = cabinet->library->open(cabinet->library->context, name);
        if (handle < 0)
            return -1;
        strcpy(cabinet->slots[slot].name, name);
        cabinet->slots[slot].handle = handle;
        cabinet->slots[slot].open = true;
    }
    cabinet->slots[slot].users++;
    return slot;
}

const char *cabinet_text(struct cabinet *cabinet, int slot)
{
    if (!in_use(cabinet, slot))
        return NULL;
    struct slot *score = &cabinet->slots[slot];
    if (!score->loaded)
        score->loaded = cabinet->library->read(cabinet->library->context, score->handle, score->text);
    return score->loaded ? score->text : NULL;
}

bool cabinet_give(struct cabinet *cabinet, int slot)
{
    if (!in_use(cabinet, slot))
        return false;
    cabinet->slots[slot].users--;
    cabinet->slots[slot].age = ++cabinet->clock;
    return true;
}

void cabinet_changed(struct cabinet *cabinet, const char *name)
{
    int slot = slot_of(cabinet, name);
    if (slot < 0)
        return;
    if (in_use(cabinet, slot))
        cabinet->slots[slot].loaded = false;
    else
        shut(cabinet, slot);
}

void cabinet_close(struct cabinet *cabinet)
{
    for (int i = 0; i < CABINET_SLOTS; i++)
        shut(cabinet, i);
}
