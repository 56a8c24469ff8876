/* A node's datagrams over a UDP socket (IPv4). */
#ifndef POSIX_DATAGRAMS_H
#define POSIX_DATAGRAMS_H

#include <netinet/in.h>
#include <stdint.h>

#define POSIX_MEMBERS 32u
/* "host:port", the host a name of at most 253 characters. */
#define POSIX_ADDRESS 280u

typedef struct posix_datagrams {
  int socket;
  uint16_t port;
  uint32_t count;
  uint32_t ids[POSIX_MEMBERS];
  struct sockaddr_in addresses[POSIX_MEMBERS];
  /* Whether the address is where a message came from, and not from the configuration. */
  uint8_t is_guess[POSIX_MEMBERS];
  /* Where the datagram taken last came from. */
  struct sockaddr_in source;
} posix_datagrams;

/* Binds to "host:port"; port 0 lets the system choose. Answers NULL, or what is wrong. */
const char *posix_datagrams_open(posix_datagrams *datagrams, const char *address);

/* The functions of a platform. */
uint32_t posix_receive(posix_datagrams *datagrams, uint8_t *into, uint32_t capacity);
void posix_heard(posix_datagrams *datagrams, uint32_t member);
void posix_send(posix_datagrams *datagrams, uint32_t to, const uint8_t *datagram, uint32_t length);
/* The address ends at a comma, behind which other hosts write what else they know. Answers 0 if it cannot be used. */
int posix_locate(posix_datagrams *datagrams, uint32_t member, const uint8_t *address, uint32_t length);

#endif
