#include "lwip_text.h"

/* Gives way to the system's own, should a version of it have one. */
__attribute__((weak)) const char *gai_strerror(int code) {
  (void)code;
  return "the name is not known: write an IPv4 address";
}
