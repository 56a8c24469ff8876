/* Flash as a raw data partition. */
#ifndef ESP_FLASH_PARTITION_H
#define ESP_FLASH_PARTITION_H

#include "flash_device.h"

/* Its name in partitions.csv. */
#define FLASH_PARTITION_NAME "raftlog"
/* What SPI flash erases at once. */
#define FLASH_PARTITION_SECTOR 4096u

/* Finds the partition. Answers NULL, or what is wrong. */
const char *flash_partition_open(mr_flash_device *device);

#endif
