/* The core that this firmware was built with; cmake/embed.cmake makes the definitions. */
#ifndef METALRAFT_MODULE_H
#define METALRAFT_MODULE_H

#include <stdint.h>

extern const uint8_t metalraft_module[];
extern const uint32_t metalraft_module_bytes;
extern const uint8_t metalraft_module_sha256[32];

#endif
