#include "tap.h"

#include "library.h"

static int take(const char *name)
{
    return cabinet_take(&cabinet, name);
}

static const char *text(int slot)
{
    return cabinet_text(&cabinet, slot);
}

static bool give(int slot)
{
    return cabinet_give(&cabinet, slot);
}

static bool texts_are_read_when_asked_for(void)
{
    start();
    int fugue = take("fugue");
    CHECK(asked("+fugue "));
    CHECK(same(text(fugue), "fugue, edition 1"));
    edition = 2;
    CHECK(same(text(fugue), "fugue, edition 1"));
    CHECK(asked(".fugue "));
    return true;
}

static bool a_text_outlives_those_who_read_it(void)
{
    start();
    int fugue = take("fugue");
    CHECK(same(text(fugue), "fugue, edition 1"));
    CHECK(give(fugue));
    CHECK(same(text(take("fugue")), "fugue, edition 1"));
    CHECK(asked("+fugue .fugue "));
    return true;
}

static bool two_share_a_slot(void)
{
    start();
    int first = take("motet"), second = take("motet");
    CHECK(first >= 0 && first == second);
    CHECK(give(first));
    CHECK(same(text(second), "motet, edition 1"));
    CHECK(take("aria") >= 0 && take("gigue") >= 0);
    CHECK(take("canon") == -1);
    CHECK(give(second));
    CHECK(take("canon") >= 0);
    CHECK(asked("+motet .motet +aria +gigue -motet +canon "));
    return true;
}

static bool every_giving_back_was_a_taking(void)
{
    start();
    int rondo = take("rondo");
    CHECK(take("rondo") == rondo && take("rondo") == rondo);
    CHECK(give(rondo) && give(rondo) && give(rondo));
    CHECK(!give(rondo));
    CHECK(!give(rondo));
    CHECK(!give(-1) && !give(CABINET_SLOTS));
    CHECK(take("rondo") == rondo);
    CHECK(same(text(rondo), "rondo, edition 1"));
    CHECK(give(rondo) && !give(rondo));
    CHECK(asked("+rondo .rondo "));
    return true;
}

static bool what_nobody_uses_has_no_text(void)
{
    start();
    int aria = take("aria");
    CHECK(same(text(aria), "aria, edition 1"));
    CHECK(give(aria));
    CHECK(text(aria) == NULL);
    CHECK(text(-1) == NULL && text(CABINET_SLOTS) == NULL);
    for (int slot = 0; slot < CABINET_SLOTS; slot++)
        CHECK(text(slot) == NULL);
    CHECK(asked("+aria .aria "));
    return true;
}

static bool the_old_score_is_closed_first(void)
{
    start();
    CHECK(give(take("aria")) && give(take("motet")) && give(take("gigue")));
    CHECK(take("canon") >= 0);
    CHECK(asked("+aria +motet +gigue -aria +canon "));
    CHECK(take("rondo") >= 0);
    CHECK(asked("-motet +rondo "));
    CHECK(most_open == 3);
    return true;
}

static bool given_back_longest_ago_goes_first(void)
{
    start();
    int aria = take("aria"), motet = take("motet"), gigue = take("gigue");
    CHECK(give(gigue) && give(aria) && give(motet));
    CHECK(give(take("canon")));
    CHECK(asked("+aria +motet +gigue -gigue +canon "));
    CHECK(take("aria") == aria && give(aria));
    CHECK(give(take("rondo")));
    CHECK(give(take("fugue")));
    CHECK(asked("-motet +rondo -canon +fugue "));
    CHECK(take("aria") == aria);
    CHECK(asked(""));
    return true;
}

static bool only_the_last_of_two_counts(void)
{
    start();
    int aria = take("aria"), same_aria = take("aria");
    CHECK(give(aria));
    CHECK(give(take("motet")) && give(take("gigue")));
    CHECK(give(same_aria));
    CHECK(take("canon") >= 0);
    CHECK(asked("+aria +motet +gigue -motet +canon "));
    return true;
}

static bool a_new_score_has_its_own_text(void)
{
    start();
    int aria = take("aria");
    CHECK(same(text(aria), "aria, edition 1"));
    CHECK(give(aria) && take("motet") >= 0 && take("gigue") >= 0);
    int canon = take("canon");
    CHECK(same(text(canon), "canon, edition 1"));
    CHECK(asked("+aria .aria +motet +gigue -aria +canon .canon "));
    return true;
}

static bool a_full_cabinet_asks_for_nothing(void)
{
    start();
    CHECK(take("aria") >= 0 && take("motet") >= 0 && take("gigue") >= 0);
    CHECK(take("canon") == -1);
    CHECK(asked("+aria +motet +gigue "));
    CHECK(take("motet") >= 0);
    CHECK(open_now == 3);
    return true;
}

static bool what_is_not_there_leaves_nothing_open(void)
{
    start();
    CHECK(take("ghost") == -1);
    CHECK(take("ghost") == -1);
    CHECK(asked("+ghost? +ghost? "));
    CHECK(take("aria") >= 0 && take("motet") >= 0 && take("gigue") >= 0);
    cabinet_close(&cabinet);
    CHECK(strchr(journal, '!') == NULL);
    CHECK(handles == 3 && open_now == 0);
    return true;
}

static bool room_that_was_made_stays_empty(void)
{
    start();
    CHECK(give(take("aria")) && take("motet") >= 0 && take("gigue") >= 0);
    CHECK(take("ghost") == -1);
    CHECK(asked("+aria +motet +gigue -aria +ghost? "));
    CHECK(take("ghost") == -1);
    CHECK(asked("+ghost? "));
    CHECK(same(text(take("aria")), "aria, edition 1"));
    CHECK(asked("+aria .aria "));
    return true;
}

static bool what_was_closed_is_opened_again(void)
{
    start();
    CHECK(give(take("aria")));
    cabinet_changed(&cabinet, "aria");
    CHECK(asked("+aria -aria "));
    CHECK(same(text(take("aria")), "aria, edition 1"));
    CHECK(asked("+aria .aria "));
    return true;
}

static bool names_that_are_too_long(void)
{
    start();
    int longest = take("fifteen-letters");
    CHECK(same(text(longest), "fifteen-letters, edition 1"));
    CHECK(asked("+fifteen-letters .fifteen-letters "));
    CHECK(take("sixteen--letters") == -1);
    CHECK(take("fifteen-letters and many more") == -1);
    CHECK(asked(""));
    return true;
}

static bool a_changed_score_is_read_again(void)
{
    start();
    int fugue = take("fugue");
    CHECK(same(text(fugue), "fugue, edition 1"));
    edition = 2;
    cabinet_changed(&cabinet, "fugue");
    CHECK(same(text(fugue), "fugue, edition 2"));
    CHECK(same(text(fugue), "fugue, edition 2"));
    CHECK(asked("+fugue .fugue .fugue "));
    return true;
}

static bool a_changed_score_is_closed_if_nobody_uses_it(void)
{
    start();
    int fugue = take("fugue");
    CHECK(same(text(fugue), "fugue, edition 1"));
    CHECK(give(fugue));
    edition = 7;
    cabinet_changed(&cabinet, "fugue");
    cabinet_changed(&cabinet, "fugue");
    CHECK(asked("+fugue .fugue -fugue "));
    CHECK(same(text(take("fugue")), "fugue, edition 7"));
    CHECK(asked("+fugue .fugue "));
    return true;
}

static bool other_changes_do_not_matter(void)
{
    start();
    int fugue = take("fugue");
    CHECK(same(text(fugue), "fugue, edition 1"));
    edition = 3;
    cabinet_changed(&cabinet, "fug");
    cabinet_changed(&cabinet, "");
    cabinet_changed(&cabinet, "fugues");
    CHECK(same(text(fugue), "fugue, edition 1"));
    CHECK(asked("+fugue .fugue "));
    return true;
}

static bool what_could_not_be_read_is_tried_again(void)
{
    start();
    int fugue = take("fugue");
    unreadable = 2;
    CHECK(text(fugue) == NULL);
    CHECK(text(fugue) == NULL);
    CHECK(same(text(fugue), "fugue, edition 1"));
    unreadable = 1;
    cabinet_changed(&cabinet, "fugue");
    CHECK(text(fugue) == NULL);
    CHECK(same(text(fugue), "fugue, edition 1"));
    CHECK(asked("+fugue .fugue? .fugue? .fugue .fugue? .fugue "));
    return true;
}

static bool closing_closes_everything_once(void)
{
    start();
    int aria = take("aria");
    CHECK(take("motet") >= 0 && give(take("gigue")) && take("motet") >= 0);
    cabinet_close(&cabinet);
    CHECK(handles == 3 && open_now == 0);
    journal[0] = '\0';
    cabinet_close(&cabinet);
    cabinet_changed(&cabinet, "gigue");
    CHECK(text(aria) == NULL && !give(aria));
    CHECK(asked(""));
    CHECK(same(text(take("motet")), "motet, edition 1"));
    CHECK(asked("+motet .motet "));
    return true;
}

static bool a_cabinet_after_closing_is_as_good_as_new(void)
{
    start();
    int motet = take("motet");
    CHECK(take("aria") >= 0 && give(take("gigue")));
    CHECK(same(text(motet), "motet, edition 1"));
    cabinet_close(&cabinet);
    journal[0] = '\0';
    edition = 4;
    CHECK(give(take("canon")) && give(take("rondo")) && give(take("motet")));
    CHECK(same(text(take("fugue")), "fugue, edition 4"));
    CHECK(same(text(take("motet")), "motet, edition 4"));
    CHECK(asked("+canon +rondo +motet -canon +fugue .fugue .motet "));
    return true;
}

static const struct tap_test tests[] = {
    {"texts are read when asked for", texts_are_read_when_asked_for},
    {"a text outlives those who read it", a_text_outlives_those_who_read_it},
    {"two share a slot", two_share_a_slot},
    {"every giving back was a taking", every_giving_back_was_a_taking},
    {"what nobody uses has no text", what_nobody_uses_has_no_text},
    {"the old score is closed first", the_old_score_is_closed_first},
    {"given back longest ago goes first", given_back_longest_ago_goes_first},
    {"only the last of two counts", only_the_last_of_two_counts},
    {"a new score has its own text", a_new_score_has_its_own_text},
    {"a full cabinet asks for nothing", a_full_cabinet_asks_for_nothing},
    {"what is not there leaves nothing open", what_is_not_there_leaves_nothing_open},
    {"room that was made stays empty", room_that_was_made_stays_empty},
    {"what was closed is opened again", what_was_closed_is_opened_again},
    {"names that are too long", names_that_are_too_long},
    {"a changed score is read again", a_changed_score_is_read_again},
    {"a changed score is closed if nobody uses it", a_changed_score_is_closed_if_nobody_uses_it},
    {"other changes do not matter", other_changes_do_not_matter},
    {"what could not be read is tried again", what_could_not_be_read_is_tried_again},
    {"closing closes everything once", closing_closes_everything_once},
    {"a cabinet after closing is as good as new", a_cabinet_after_closing_is_as_good_as_new},
};

TAP_MAIN(tests)
