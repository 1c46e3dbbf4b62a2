#include "tap.h"

#include "library.h"

static bool a_score_is_read_once(void)
{
    start();
    int slot = cabinet_take(&cabinet, "waltz");
    CHECK(same(cabinet_text(&cabinet, slot), "waltz, edition 1"));
    CHECK(same(cabinet_text(&cabinet, slot), "waltz, edition 1"));
    CHECK(asked("+waltz .waltz "));
    return true;
}

static bool a_score_stays_open(void)
{
    start();
    int slot = cabinet_take(&cabinet, "waltz");
    CHECK(cabinet_give(&cabinet, slot));
    CHECK(cabinet_take(&cabinet, "waltz") == slot);
    CHECK(asked("+waltz "));
    return true;
}

static bool a_full_cabinet_makes_room(void)
{
    start();
    CHECK(cabinet_give(&cabinet, cabinet_take(&cabinet, "waltz")));
    CHECK(cabinet_give(&cabinet, cabinet_take(&cabinet, "polka")));
    CHECK(cabinet_give(&cabinet, cabinet_take(&cabinet, "march")));
    CHECK(cabinet_take(&cabinet, "tango") >= 0);
    CHECK(asked("+waltz +polka +march -waltz +tango "));
    return true;
}

static const struct tap_test tests[] = {
    {"a score is read once", a_score_is_read_once},
    {"a score stays open", a_score_stays_open},
    {"a full cabinet makes room", a_full_cabinet_makes_room},
};

TAP_MAIN(tests)
