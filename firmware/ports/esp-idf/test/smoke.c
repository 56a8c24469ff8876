/*
 * Boots the port on fakes: smoke FILE, with the partition in the file, and lines typed on the console from
 * standard input, each answered by one line. One that begins with "!" is for the fakes: !led, !wifi, !lose, !break. The
 * partition is saved when the input ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "esp_console.h"
#include "fakes.h"

void app_main(void);

static void ask_fakes(const char *what) {
  if (strcmp(what, "led") == 0) {
    printf("%d after %d\n", fake_led_level(), fake_led_changes());
  } else if (strcmp(what, "wifi") == 0) {
    printf("%s\n", fake_wifi_calls());
  } else if (strcmp(what, "lose") == 0) {
    fake_wifi_lose();
    printf("lost\n");
  } else if (strcmp(what, "break") == 0) {
    fake_partition_break();
    printf("broken\n");
  } else {
    printf("there is no such thing\n");
  }
}

int main(int count, char **arguments) {
  char line[1024];
  if (count != 2 || fake_partition_load(arguments[1]) != 0) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  app_main();
  while (fgets(line, sizeof line, stdin) != NULL) {
    int result = 0;
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '!') ask_fakes(line + 1);
    else if (esp_console_run(line, &result) != ESP_OK) printf("there is no such command\n");
  }
  const int saved = fake_partition_save(arguments[1]);
  /* Power is cut: the node's thread is not asked. */
  _exit(saved == 0 ? 0 : 2);
}
