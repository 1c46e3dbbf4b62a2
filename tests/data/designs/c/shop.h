void sort(int *xs, int n, int (*cmp)(int, int));
int warn(char *text);
const char *name(void);
int add(const char *);
void drop(const char *);
int is_empty(const char *);
