/* Says to the judge that a test program came to its end. */
#include <unistd.h>

static void finish(void)
{
    char word[32];
    if (read(3, word, sizeof word) == (ssize_t)sizeof word && write(4, word, sizeof word) == (ssize_t)sizeof word)
        close(4);
}
