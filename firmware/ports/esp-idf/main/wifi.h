/* Wi-Fi as a station, and IP. */
#ifndef ESP_WIFI_STATION_H
#define ESP_WIFI_STATION_H

/* How long the board waits for an address before it goes on without, in s. */
#define WIFI_PATIENCE 30

/*
 * Joins the network and waits for an address; goes on trying in the background, for as long as the board runs, when
 * there is none in time or the network is lost. Answers NULL, or what is wrong with the driver or its settings.
 */
const char *wifi_start(void);

#endif
