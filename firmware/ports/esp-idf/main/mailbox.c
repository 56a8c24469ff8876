#include "mailbox.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "esp_log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
/* The line to be done; empty once it has been taken. */
static char question[MR_CONSOLE_LINE];
/* What was answered to line number `number`; empty until then. */
static char answer[MR_CONSOLE_LINE];
static unsigned long number;
static const char *closed;

static struct timespec in_patience(void) {
  struct timeval now;
  gettimeofday(&now, NULL);
  return (struct timespec){now.tv_sec + MAILBOX_PATIENCE, now.tv_usec * 1000};
}

void mailbox_ask(const char *line, char *into, uint32_t capacity) {
  const struct timespec until = in_patience();
  int waited = 0;
  pthread_mutex_lock(&lock);
  number++;
  answer[0] = '\0';
  snprintf(question, sizeof question, "%s", line);
  while (closed == NULL && answer[0] == '\0' && waited == 0) {
    waited = pthread_cond_timedwait(&answered, &lock, &until);
  }
  const char *text = "no answer yet: it was lost, or may yet take effect";
  if (closed != NULL) text = closed;
  else if (answer[0] != '\0') text = answer;
  snprintf(into, capacity, "%s", text);
  question[0] = '\0';
  /* An answer that comes later is for nobody. */
  number++;
  pthread_mutex_unlock(&lock);
}

int mailbox_take(char *into, uint32_t capacity) {
  pthread_mutex_lock(&lock);
  const int there = question[0] != '\0';
  if (there) snprintf(into, capacity, "#%lu %s", number, question);
  question[0] = '\0';
  pthread_mutex_unlock(&lock);
  return there;
}

void mailbox_answer(void *context, const char *line) {
  char *end = NULL;
  (void)context;
  pthread_mutex_lock(&lock);
  const int is_for_line = line[0] == '#' && strtoul(line + 1, &end, 10) == number && *end == ' ';
  if (is_for_line) {
    snprintf(answer, sizeof answer, "%s", end + 1);
    pthread_cond_signal(&answered);
  }
  pthread_mutex_unlock(&lock);
  if (!is_for_line) ESP_LOGI("metalraft", "answered late: %s", line);
}

void mailbox_close(const char *reason) {
  pthread_mutex_lock(&lock);
  closed = reason;
  pthread_cond_signal(&answered);
  pthread_mutex_unlock(&lock);
}
