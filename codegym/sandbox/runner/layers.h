/* What a box wrote, on a stage: emptying folders, and merging layers into a new one.
 * An adversary chose every name, mode and depth: no link is followed, and recursion is bounded. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/* Delete all that is in the folder `top`, as far as possible. */
void empty_folder(int top);

/* Empty a folder that the box may write, and undo what can be done to the folder itself. */
bool renew_folder(const char *path, mode_t mode);

/* Add the layer at path `layer` to the folder `to`, over what is there from lower layers. */
bool merge_layer(const char *layer, int to);
