#include <stddef.h>

long total(const int *values, size_t count)
{
    long sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}
