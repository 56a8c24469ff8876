/* The console runs in a task of its own, which asks the node's thread. */
#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "esp_console.h"
#include "mailbox.h"
#include "sdkconfig.h"

/* A line and its answer, and what printf takes. */
#define STACK_BYTES 5120

static int forward(int count, char **words) {
  char line[MR_CONSOLE_LINE - MR_CONSOLE_TAG] = "";
  char text[MR_CONSOLE_LINE];
  size_t used = 0;
  for (int i = 0; i < count; i++) {
    const int bytes = snprintf(line + used, sizeof line - used, "%s%s", i == 0 ? "" : " ", words[i]);
    used += (size_t)bytes;
    if (used >= sizeof line) {
      printf("refused: the line is too long\n");
      return 1;
    }
  }
  mailbox_ask(line, text, sizeof text);
  printf("%s\n", text);
  return strncmp(text, "refused", 7) == 0 ? 1 : 0;
}

static const esp_console_cmd_t commands[] = {
    {.command = "status", .help = "role, term, indexes and the store's digest", .func = forward},
    {.command = "members", .help = "the members of the cluster and their addresses", .func = forward},
    {.command = "put", .help = "sets a key, on the leader", .hint = " KEY VALUE", .func = forward},
    {.command = "delete", .help = "removes a key, on the leader", .hint = " KEY", .func = forward},
    {.command = "get", .help = "reads a key, linearizably", .hint = " KEY", .func = forward},
    {.command = "local", .help = "reads a key as this node has it", .hint = " KEY", .func = forward},
    {.command = "transfer", .help = "hands over leadership; ID 0: to the best", .hint = " ID", .func = forward},
    {.command = "add", .help = "adds a node, on the leader", .hint = " ID HOST:PORT", .func = forward},
    {.command = "learner", .help = "adds a node that never votes", .hint = " ID HOST:PORT", .func = forward},
    {.command = "remove", .help = "removes a member, on the leader", .hint = " ID", .func = forward},
};

/* The device that menuconfig names under "Channel for console output". */
static esp_err_t open_repl(const esp_console_repl_config_t *config, esp_console_repl_t **repl) {
#if defined(CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG)
  const esp_console_dev_usb_serial_jtag_config_t device = ESP_CONSOLE_DEV_USB_SERIAL_JTAG_CONFIG_DEFAULT();
  return esp_console_new_repl_usb_serial_jtag(&device, config, repl);
#elif defined(CONFIG_ESP_CONSOLE_UART_DEFAULT) || defined(CONFIG_ESP_CONSOLE_UART_CUSTOM)
  const esp_console_dev_uart_config_t device = ESP_CONSOLE_DEV_UART_CONFIG_DEFAULT();
  return esp_console_new_repl_uart(&device, config, repl);
#else
#error "the console has to be on a UART or on USB serial JTAG: menuconfig, Channel for console output"
#endif
}

const char *commands_start(void) {
  esp_console_repl_config_t config = ESP_CONSOLE_REPL_CONFIG_DEFAULT();
  esp_console_repl_t *repl = NULL;
  config.prompt = "metalraft>";
  config.task_stack_size = STACK_BYTES;
  config.max_cmdline_length = MR_CONSOLE_LINE;
  if (open_repl(&config, &repl) != ESP_OK) return "the console's device does not open";
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    if (esp_console_cmd_register(&commands[i]) != ESP_OK) return "no memory for the console's commands";
  }
  return esp_console_start_repl(repl) == ESP_OK ? NULL : "the console does not start";
}
