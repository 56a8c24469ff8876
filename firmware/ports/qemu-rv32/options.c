#include "options.h"

#include "board.h"
#include "semihosting.h"

#include <stdbool.h>
#include <string.h>

/* Longest command line: two paths of Linux's usual length in tests, and the other options. */
enum { COMMAND_LINE_BYTES = 512 };

/* More digits than that do not count bytes of this machine. */
enum { MOST_DIGITS = 9 };

void options_refuse(const char *problem, const char *value) {
  board_print("metalraft: ");
  board_print(problem);
  board_print(value);
  board_print("\n");
  semihosting_exit(BOARD_USAGE);
}

/* Whether a word sets an option; if so, it does. */
static bool sets(const char *word, board_option *option) {
  const size_t length = strlen(option->name);
  if (strncmp(word, option->name, length) != 0 || word[length] != '=') return false;
  option->value = word + length + 1;
  return true;
}

void options_read(board_option *options, size_t count) {
  static char line[COMMAND_LINE_BYTES];
  char *rest = line;
  if (!semihosting_command_line(line, sizeof line)) options_refuse("the command line is too long", "");
  strtok_r(line, " ", &rest);
  for (const char *word; (word = strtok_r(NULL, " ", &rest)) != NULL;) {
    size_t i = 0;
    while (i < count && !sets(word, &options[i])) i++;
    if (i == count) options_refuse("unknown option: ", word);
  }
}

size_t options_number(const board_option *option, size_t most) {
  size_t number = 0;
  if (option->value == NULL) return most;
  for (int i = 0; option->value[i] != 0; i++) {
    const char digit = option->value[i];
    if (i == MOST_DIGITS || digit < '0' || digit > '9') options_refuse("not a number: ", option->value);
    number = number * 10 + (size_t)(digit - '0');
  }
  if (number == 0 || number > most) options_refuse("out of range: ", option->value);
  return number;
}
