/*
 * Semihosting: how a program without an operating system reaches the host that emulates or debugs it (Arm's "Semihosting
 * for AArch32 and AArch64", taken over by RISC-V). Files are the host's; calls block.
 */
#ifndef METALRAFT_SEMIHOSTING_H
#define METALRAFT_SEMIHOSTING_H

#include <stdbool.h>
#include <stddef.h>

/* How a file is opened: the numbers of fopen's "rb" and "wb". */
enum { SEMIHOSTING_READ = 1, SEMIHOSTING_WRITE = 5 };

/* Name of the host's own console. Opened for reading it is standard input, for writing standard output. */
#define SEMIHOSTING_CONSOLE ":tt"

/* Opens a file of the host. Answers its handle, or a negative number. */
int semihosting_open(const char *name, int mode);

/* Reads what is there, waiting for the first byte. Answers how many bytes, 0 at the end, or a negative number. */
int semihosting_read(int handle, void *into, size_t capacity);

/* Writes all bytes. Answers whether the host took them. */
bool semihosting_write(int handle, const void *bytes, size_t length);

/* Writes a text to the host's console, unbuffered. */
void semihosting_print(const char *text);

/* The command line that the emulator was given for this program, words parted by blanks. Answers whether it fits. */
bool semihosting_command_line(char *into, size_t capacity);

/* Ends the emulation with an exit status. */
__attribute__((noreturn)) void semihosting_exit(int status);

#endif
