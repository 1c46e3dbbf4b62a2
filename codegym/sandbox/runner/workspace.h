/* A stage and the workspaces mounted on it: for an embedded box in the keeper, for a container in its runner.
 *
 * The stage is a tmpfs of limited size, or for the keeper a folder on disk, and the current folder of its process.
 * On it: l/N layers from outside, u/N what the box wrote, k/N work folders of overlayfs, tmp and shm what the box
 * has at /tmp and /dev/shm, none an empty folder. A request returns NULL, or what failed, with errno set. */
#pragma once
#include <linux/mount.h>

/* From <sys/mount.h>, which older C libraries can't include beside <linux/mount.h>. */
extern int mount(const char *, const char *, const char *, unsigned long, const void *);
extern int umount2(const char *, int);
enum { DETACH = 2 };

enum { BORN_FD = 4 }; /* an event that tells the keeper that the runner has started */

/* Write `text` to the file at `path`, or die. */
void put(const char *path, const char *text);

/* Mount a tmpfs of limited size on `path`, or die. */
void mount_stage(const char *path, const char *size, const char *inodes);

/* Enter the stage that is mounted on `path` and make its folders: those above, then `more` up to NULL. */
void make_stage(const char *path, const char **more);

/* Unmount the workspace, if there is one. */
const char *unmount_workspace(const char *work);

/* Mount u/UPPER, made if missing, over the lower folders (topmost first, a colon between) on `work`. */
const char *mount_workspace(const char *work, const char *upper, const char *lowers);

/* Make u/UPPER with what the lower folders, written by boxes, contain together. Changes `lowers`. */
const char *merge_layers(const char *upper, char *lowers);

/* Delete u/UPPER and its work folder. */
const char *delete_upper(const char *upper);

/* Empty what the box has at /tmp and /dev/shm. */
const char *empty_temporary(void);

/* Delete all that the box wrote; no workspace may be mounted. */
const char *delete_written(void);
