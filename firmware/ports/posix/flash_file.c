/*
 * A file in the place of flash. Programming clears bits, as on a chip, so that what would not work there does not work
 * here. What was written is durable once the device has been synced.
 */
#include "flash_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_at(void *context, uint32_t address, void *into, uint32_t length) {
  const posix_flash *flash = context;
  uint8_t *at = into;
  for (uint32_t done = 0; done < length;) {
    const ssize_t part = pread(flash->file, at + done, length - done, (off_t)(address + done));
    if (part == 0 || (part < 0 && errno != EINTR)) return -1;
    if (part > 0) done += (uint32_t)part;
  }
  return 0;
}

static int write_at(posix_flash *flash, uint32_t address, const uint8_t *bytes, uint32_t length) {
  for (uint32_t done = 0; done < length;) {
    const ssize_t part = pwrite(flash->file, bytes + done, length - done, (off_t)(address + done));
    if (part < 0 && errno != EINTR) return -1;
    if (part > 0) done += (uint32_t)part;
  }
  return 0;
}

static int program(void *context, uint32_t address, const void *bytes, uint32_t length) {
  uint8_t cells[256];
  const uint8_t *from = bytes;
  for (uint32_t done = 0; done < length;) {
    const uint32_t part = length - done < sizeof cells ? length - done : (uint32_t)sizeof cells;
    if (read_at(context, address + done, cells, part) != 0) return -1;
    for (uint32_t i = 0; i < part; i++) cells[i] &= from[done + i];
    if (write_at(context, address + done, cells, part) != 0) return -1;
    done += part;
  }
  return 0;
}

static int erase(void *context, uint32_t sector) {
  uint8_t blank[POSIX_FLASH_SECTOR];
  memset(blank, 0xff, sizeof blank);
  return write_at(context, sector * POSIX_FLASH_SECTOR, blank, sizeof blank);
}

static int sync_file(void *context) {
  const posix_flash *flash = context;
  return fdatasync(flash->file);
}

/* Whether the file's first bytes are all as erased. */
static int is_blank(posix_flash *flash, uint32_t length) {
  uint8_t bytes[256];
  for (uint32_t at = 0; at < length;) {
    const uint32_t part = length - at < sizeof bytes ? length - at : (uint32_t)sizeof bytes;
    if (read_at(flash, at, bytes, part) != 0) return 0;
    for (uint32_t i = 0; i < part; i++) {
      if (bytes[i] != 0xff) return 0;
    }
    at += part;
  }
  return 1;
}

/* Fills a new file, or one whose filling was cut short. One that was used and is shorter has lost what was durable. */
static const char *fill(posix_flash *flash) {
  struct stat found;
  const off_t whole = (off_t)POSIX_FLASH_SECTORS * POSIX_FLASH_SECTOR;
  if (fstat(flash->file, &found) != 0) return strerror(errno);
  if (!S_ISREG(found.st_mode) || found.st_size > whole) return "it is no file of a node's flash";
  if (found.st_size == whole) return NULL;
  if (!is_blank(flash, (uint32_t)found.st_size)) return "the file has been cut: restore it, or start with another as a new node";
  for (uint32_t sector = 0; sector < POSIX_FLASH_SECTORS; sector++) {
    if (erase(flash, sector) != 0) return strerror(errno);
  }
  return fsync(flash->file) == 0 ? NULL : strerror(errno);
}

const char *posix_flash_open(posix_flash *flash, const char *path) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  flash->file = open(path, O_RDWR | O_CREAT, 0644);
  if (flash->file < 0) return strerror(errno);
  if (fcntl(flash->file, F_SETLK, &lock) != 0) return "another process has it: stop that one, or give another file";
  flash->device = (mr_flash_device){flash,   POSIX_FLASH_SECTOR, POSIX_FLASH_SECTORS, read_at,
                                    program, erase,              sync_file};
  return fill(flash);
}
