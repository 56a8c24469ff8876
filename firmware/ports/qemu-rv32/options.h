/*
 * Options from the command line that the emulator passes on (-semihosting-config arg=...): the program's own name, then
 * words of the form name=value.
 */
#ifndef METALRAFT_OPTIONS_H
#define METALRAFT_OPTIONS_H

#include <stddef.h>

/* An option that a program takes, and its value: as set before unless the command line has it. */
typedef struct board_option {
  const char *name;
  const char *value;
} board_option;

/* Fills in the values; they last as long as the program. A word that is none of the options ends the emulation. */
void options_read(board_option *options, size_t count);

/* The decimal number that an option's value is, from 1 to `most`; `most` without a value. Else the emulation ends. */
size_t options_number(const board_option *option, size_t most);

/* Ends the emulation with a message about what it was started with. */
__attribute__((noreturn)) void options_refuse(const char *problem, const char *value);

#endif
