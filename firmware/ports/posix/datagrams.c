#include "datagrams.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads "host:port". Answers NULL, or what is wrong. */
static const char *resolve(const char *text, struct sockaddr_in *address) {
  char host[POSIX_ADDRESS];
  const char *colon = strrchr(text, ':');
  if (colon == NULL || (size_t)(colon - text) >= sizeof host) return "write host:port";
  memcpy(host, text, (size_t)(colon - text));
  host[colon - text] = '\0';
  const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
  struct addrinfo *found = NULL;
  const int answer = getaddrinfo(host, colon + 1, &hints, &found);
  if (answer != 0) return gai_strerror(answer);
  memcpy(address, found->ai_addr, sizeof *address);
  freeaddrinfo(found);
  return NULL;
}

const char *posix_datagrams_open(posix_datagrams *datagrams, const char *address) {
  struct sockaddr_in own;
  socklen_t length = sizeof own;
  memset(datagrams, 0, sizeof *datagrams);
  const char *problem = resolve(address, &own);
  if (problem != NULL) return problem;
  datagrams->socket = socket(AF_INET, SOCK_DGRAM, 0);
  if (datagrams->socket < 0) return strerror(errno);
  if (fcntl(datagrams->socket, F_SETFL, O_NONBLOCK) != 0) return strerror(errno);
  if (bind(datagrams->socket, (const struct sockaddr *)&own, sizeof own) != 0) {
    return errno == EADDRINUSE ? "the port is taken: stop the process that has it, or give another" : strerror(errno);
  }
  if (getsockname(datagrams->socket, (struct sockaddr *)&own, &length) != 0) return strerror(errno);
  datagrams->port = ntohs(own.sin_port);
  return NULL;
}

static uint32_t place_of(const posix_datagrams *datagrams, uint32_t member) {
  uint32_t place = 0;
  while (place < datagrams->count && datagrams->ids[place] != member) place++;
  return place;
}

static void put(posix_datagrams *datagrams, uint32_t place, uint32_t member, const struct sockaddr_in *address,
                int is_guess) {
  datagrams->ids[place] = member;
  datagrams->addresses[place] = *address;
  datagrams->is_guess[place] = is_guess != 0;
  if (place == datagrams->count) datagrams->count++;
}

static void drop(posix_datagrams *datagrams, uint32_t place) {
  datagrams->count--;
  datagrams->ids[place] = datagrams->ids[datagrams->count];
  datagrams->addresses[place] = datagrams->addresses[datagrams->count];
  datagrams->is_guess[place] = datagrams->is_guess[datagrams->count];
}

/* Where there is room for one more: strangers give way to members. */
static uint32_t place_for(posix_datagrams *datagrams, uint32_t member) {
  const uint32_t place = place_of(datagrams, member);
  if (place < POSIX_MEMBERS) return place;
  for (uint32_t i = 0; i < datagrams->count; i++) {
    if (datagrams->is_guess[i]) return i;
  }
  return POSIX_MEMBERS;
}

uint32_t posix_receive(posix_datagrams *datagrams, uint8_t *into, uint32_t capacity) {
  ssize_t length;
  /* An empty datagram is as none: the next turn finds what is behind it. */
  do {
    socklen_t size = sizeof datagrams->source;
    length = recvfrom(datagrams->socket, into, capacity, 0, (struct sockaddr *)&datagrams->source, &size);
  } while (length < 0 && errno == EINTR);
  return length < 0 ? 0 : (uint32_t)length;
}

void posix_heard(posix_datagrams *datagrams, uint32_t member) {
  const uint32_t place = place_for(datagrams, member);
  if (place == POSIX_MEMBERS || (place < datagrams->count && !datagrams->is_guess[place])) return;
  put(datagrams, place, member, &datagrams->source, 1);
}

void posix_send(posix_datagrams *datagrams, uint32_t to, const uint8_t *datagram, uint32_t length) {
  const uint32_t place = place_of(datagrams, to);
  if (place == datagrams->count) return;
  const struct sockaddr *address = (const struct sockaddr *)&datagrams->addresses[place];
  /* What the system does not take is lost, as on any network. */
  (void)sendto(datagrams->socket, datagram, length, 0, address, sizeof datagrams->addresses[place]);
}

int posix_locate(posix_datagrams *datagrams, uint32_t member, const uint8_t *address, uint32_t length) {
  char text[POSIX_ADDRESS];
  struct sockaddr_in found;
  if (length == 0) {
    const uint32_t place = place_of(datagrams, member);
    if (place < datagrams->count) drop(datagrams, place);
    return 1;
  }
  const uint32_t place = place_for(datagrams, member);
  if (length >= sizeof text || place == POSIX_MEMBERS) return 0;
  memcpy(text, address, length);
  text[length] = '\0';
  text[strcspn(text, ",")] = '\0';
  if (resolve(text, &found) != NULL) return 0;
  put(datagrams, place, member, &found, 0);
  return 1;
}
