#include "shop.h"
void sort(int *xs, int n, int (*cmp)(int, int)) { (void)xs; (void)n; (void)cmp; }
int warn(char *text) { (void)text; return 1; }
const char *name(void) { return ""; }
int add(const char *n) { (void)n; return 0; }
void drop(const char *n) { (void)n; }
int is_empty(const char *s) { (void)s; return 0; }
