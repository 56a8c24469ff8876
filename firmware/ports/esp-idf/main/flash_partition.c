/* Writes and erases of esp_partition are done when they return, so there is nothing to sync. */
#include "flash_partition.h"

#include <stddef.h>

#include "esp_partition.h"

static int read_at(void *context, uint32_t address, void *into, uint32_t length) {
  return esp_partition_read(context, address, into, length) == ESP_OK ? 0 : -1;
}

static int program(void *context, uint32_t address, const void *bytes, uint32_t length) {
  return esp_partition_write(context, address, bytes, length) == ESP_OK ? 0 : -1;
}

static int erase(void *context, uint32_t sector) {
  const size_t start = (size_t)sector * FLASH_PARTITION_SECTOR;
  return esp_partition_erase_range(context, start, FLASH_PARTITION_SECTOR) == ESP_OK ? 0 : -1;
}

const char *flash_partition_open(mr_flash_device *device) {
  const esp_partition_t *found = esp_partition_find_first(
      ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_UNDEFINED, FLASH_PARTITION_NAME);
  if (found == NULL) return "there is no partition " FLASH_PARTITION_NAME ": flash the project's partition table";
  *device = (mr_flash_device){
      .context = (void *)(uintptr_t)found,
      .sector_size = FLASH_PARTITION_SECTOR,
      .sector_count = found->size / FLASH_PARTITION_SECTOR,
      .read = read_at,
      .program = program,
      .erase = erase,
  };
  return NULL;
}
