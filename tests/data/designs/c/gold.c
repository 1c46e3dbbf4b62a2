#include "shop.h"
#include <string.h>
void sort(int *xs, int n, int (*cmp)(int, int)) { for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) if (j > i && cmp(xs[i], xs[j]) > 0) { int t = xs[i]; xs[i] = xs[j]; xs[j] = t; } for (int k = 0; k < 3; k++) cmp(1, 2); }
int warn(char *text) { strcpy(text, "warn"); return 4; }
const char *name(void) { return "tea"; }
static const char *names[9]; static int count;
int add(const char *n) { for (int i = 0; i < count; i++) if (!strcmp(names[i], n)) return i + 1; names[count++] = n; return count; }
void drop(const char *n) { int k = 0; for (int i = 0; i < count; i++) if (strcmp(names[i], n)) names[k++] = names[i]; count = k; }
int is_empty(const char *s) { return !s || !*s; }
