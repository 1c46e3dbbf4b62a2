/* The file operations of the wire ('r', 'w', 'd'), as a process of the box. */
#pragma once
#include "wire.h"

/* Do what `request->op` asks for, between stdin, stdout and the file argv[0]. Return 0 or an errno. */
int file_operation(struct request *request);
