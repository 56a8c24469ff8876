/* Flash in a file, for a node that runs as a process: 4 KiB sectors, as on a chip. */
#ifndef POSIX_FLASH_FILE_H
#define POSIX_FLASH_FILE_H

#include "flash_device.h"

#define POSIX_FLASH_SECTOR 4096u
/* A file is made with so many sectors: 256 KiB. */
#define POSIX_FLASH_SECTORS 64u

typedef struct posix_flash {
  mr_flash_device device;
  int file;
} posix_flash;

/* Opens the file, or makes it, erased, and keeps others out. Answers NULL, or what is wrong. */
const char *posix_flash_open(posix_flash *flash, const char *path);

#endif
