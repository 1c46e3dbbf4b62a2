#include <stddef.h>
#include <stdio.h>

long total(const int *values, size_t count);

int main(void)
{
    const int values[] = {3, -1, 40};

    puts("1..2");
    printf("%s 1 - adds up\n", total(values, 3) == 42 ? "ok" : "not ok");
    printf("%s 2 - nothing is zero\n", total(values, 0) == 0 ? "ok" : "not ok");
    return 0;
}
