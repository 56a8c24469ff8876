/* What the smoke program asks of the fakes. */
#ifndef FAKES_H
#define FAKES_H

/* Fills the partition from a file, or erases it if there is none. Answers 0, or -1 if the file is not of its size. */
int fake_partition_load(const char *path);
int fake_partition_save(const char *path);
/* From here on nothing can be written or erased. */
void fake_partition_break(void);

/* The LED's pin: its level, and how often that has changed. */
int fake_led_level(void);
int fake_led_changes(void);

/* What the driver of Wi-Fi was told, in order, a word each; and the loss of the network. */
const char *fake_wifi_calls(void);
void fake_wifi_lose(void);

#endif
