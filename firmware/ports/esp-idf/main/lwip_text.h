/* A function of POSIX that lwIP leaves out. */
#ifndef ESP_LWIP_TEXT_H
#define ESP_LWIP_TEXT_H

const char *gai_strerror(int code);

#endif
