/*
 * The floor in C: it shows what an echo costs a process that only sends and receives bytes. Its frames are built and masked
 * before the measurement, it blocks in recv, and it compares replies in the receive buffer. With --poll it looks again
 * and again for a while before it blocks. Its last argument is its work as JSON, and it answers as peers/driver.mjs does.
 * exchange.mjs says why each thing is done.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STAMPS 16
/* As in peers/payloads.mjs. */
#define MAX_DISTINCT_PAYLOADS 128
#define MAX_PAYLOAD_BYTES (1024 * 1024)
/* Most messages in flight whose time of sending is remembered: more than any window. */
#define MAX_IN_FLIGHT 128
#define RECEIVE_BUFFER (256 * 1024)
#define SAMPLES_PER_LINE 5000
/* As long as the clients of Wirespeed poll. */
#define POLL_NS 200000

static int polls;

struct task {
  size_t size, window, per_sample, warm_up_messages, least_samples, most_messages;
  double warm_up_ns, warm_up_limit_ns, measure_ns, measure_limit_ns;
  int is_stamped;
};

struct cpu {
  double user, system;
  long server_user, server_system;
};

struct samples {
  double *times, *sends, *receives;
  size_t count, most;
};

/* The frames of all payloads, side by side: masked as they are sent, and unmasked as they come back. */
struct frames {
  uint8_t *sent, *expected;
  size_t count, sent_size, expected_size, header_size;
};

static _Noreturn void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("{\"type\":\"failed\",\"reason\":\"");
  vprintf(format, arguments);
  printf("\"}\n");
  va_end(arguments);
  exit(1);
}

static _Noreturn void fail_errno(const char *doing) {
  fail("%s: %s", doing, strerror(errno));
}

static void *allocate(size_t size) {
  void *memory = malloc(size);
  if (!memory) fail("no memory for %zu bytes", size);
  return memory;
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static struct cpu cpu_times(long server_pid) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  struct cpu cpu = {
      .user = usage.ru_utime.tv_sec * 1e6 + usage.ru_utime.tv_usec,
      .system = usage.ru_stime.tv_sec * 1e6 + usage.ru_stime.tv_usec,
      .server_user = -1,
      .server_system = -1,
  };
  char path[64], stat[1024];
  snprintf(path, sizeof path, "/proc/%ld/stat", server_pid);
  FILE *file = fopen(path, "r");
  if (!file) return cpu;
  stat[fread(stat, 1, sizeof stat - 1, file)] = '\0';
  fclose(file);
  /* The second field is the program's name and may contain anything, so fields are counted from its last parenthesis. */
  const char *rest = strrchr(stat, ')');
  if (rest) {
    sscanf(rest, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld %ld", &cpu.server_user,
           &cpu.server_system);
  }
  return cpu;
}

static size_t header_of(uint8_t *header, size_t length, int is_masked) {
  uint8_t mask = is_masked ? 0x80 : 0;
  header[0] = 0x82;
  if (length < 126) {
    header[1] = mask | (uint8_t)length;
    return 2;
  }
  size_t bytes = length < 65536 ? 2 : 8;
  header[1] = mask | (bytes == 2 ? 126 : 127);
  for (size_t i = 0; i < bytes; i++) header[2 + i] = (uint8_t)(length >> 8 * (bytes - 1 - i));
  return 2 + bytes;
}

static struct frames make_frames(size_t size) {
  size_t count = MAX_PAYLOAD_BYTES / size;
  count = count < 2 ? 2 : count > MAX_DISTINCT_PAYLOADS ? MAX_DISTINCT_PAYLOADS : count;
  size_t words = count + (size + 7) / 8;
  uint32_t *pattern = allocate(words * 8);
  for (size_t word = 0; word < words; word++) {
    pattern[2 * word] = (uint32_t)word;
    pattern[2 * word + 1] = (uint32_t)(word + 1) * 0x9e3779b1u;
  }
  uint8_t header[14];
  size_t header_size = header_of(header, size, 1);
  struct frames frames = {
      .count = count,
      .header_size = header_size,
      .sent_size = header_size + 4 + size,
      .expected_size = header_size + size,
  };
  frames.sent = allocate(count * frames.sent_size);
  frames.expected = allocate(count * frames.expected_size);
  for (size_t i = 0; i < count; i++) {
    const uint8_t *payload = (const uint8_t *)(pattern + 2 * i);
    uint8_t *sent = frames.sent + i * frames.sent_size;
    uint8_t *expected = frames.expected + i * frames.expected_size;
    uint8_t *key = sent + header_size;
    header_of(sent, size, 1);
    header_of(expected, size, 0);
    memcpy(expected + header_size, payload, size);
    for (size_t j = 0; j < 4; j++) key[j] = (uint8_t)rand();
    for (size_t j = 0; j < size; j++) key[4 + j] = payload[j] ^ key[j & 3];
  }
  free(pattern);
  return frames;
}

static int open_connection(int port, int is_stamped) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail_errno("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char head[4096];
  int length = snprintf(head, sizeof head,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
                        "Sec-WebSocket-Version: 13\r\n\r\n",
                        is_stamped ? "/stamped" : "/", port);
  if (send(fd, head, (size_t)length, 0) != length) fail_errno("send");
  size_t filled = 0;
  do {
    /* One byte at a time, so that it reads no byte after the head. */
    if (filled == sizeof head - 1 || recv(fd, head + filled, 1, 0) != 1) fail("no answer to the upgrade");
    head[++filled] = '\0';
  } while (filled < 4 || memcmp(head + filled - 4, "\r\n\r\n", 4) != 0);
  if (strncmp(head, "HTTP/1.1 101 ", 13) != 0) fail("refused: %.12s", head);
  return fd;
}

static int64_t stamp_at(const uint8_t *bytes) {
  int64_t time;
  memcpy(&time, bytes, sizeof time);
  return time;
}

static void print_kind(const char *name, const double *values, size_t from, size_t to) {
  printf(",\"%s\":[", name);
  for (size_t i = from; i < to; i++) printf(i == from ? "%.3f" : ",%.3f", values[i] / 1e3);
  printf("]");
}

static void print_result(const struct samples *samples, const struct task *task, int64_t elapsed,
                         struct cpu before, struct cpu after) {
  for (size_t from = 0; from < samples->count; from += SAMPLES_PER_LINE) {
    size_t to = from + SAMPLES_PER_LINE < samples->count ? from + SAMPLES_PER_LINE : samples->count;
    printf("{\"type\":\"samples\"");
    print_kind("times", samples->times, from, to);
    if (task->is_stamped) {
      print_kind("sends", samples->sends, from, to);
      print_kind("receives", samples->receives, from, to);
    }
    printf("}\n");
  }
  printf("{\"type\":\"finished\",\"messages\":%zu,\"elapsed\":%.3f,\"clientUser\":%.0f,\"clientSystem\":%.0f",
         samples->count * task->per_sample, elapsed / 1e3, after.user - before.user,
         after.system - before.system);
  if (before.server_user >= 0 && after.server_user >= 0) {
    printf(",\"serverTicks\":{\"user\":%ld,\"system\":%ld}", after.server_user - before.server_user,
           after.server_system - before.server_system);
  }
  printf("}\n");
  fflush(stdout);
}

/* Receives, after polling for a while if the floor polls. */
static ssize_t receive(int fd, uint8_t *buffer, size_t size) {
  if (polls) {
    int64_t until = now() + POLL_NS;
    do {
      ssize_t length = recv(fd, buffer, size, MSG_DONTWAIT);
      if (length >= 0 || errno != EAGAIN) return length;
    } while (now() < until);
  }
  return recv(fd, buffer, size, 0);
}

static void run(const struct task *task, int port, long server_pid) {
  struct frames frames = make_frames(task->size);
  size_t most = (task->most_messages + task->per_sample - 1) / task->per_sample;
  struct samples samples = {.most = most, .times = allocate(most * sizeof(double))};
  if (task->is_stamped) {
    samples.sends = allocate(most * sizeof(double));
    samples.receives = allocate(most * sizeof(double));
  }
  static uint8_t buffer[RECEIVE_BUFFER];
  uint8_t stamps[STAMPS] = {0};
  int64_t sent_at[MAX_IN_FLIGHT];
  enum { WARMING_UP, MEASURING, ENDED } phase = WARMING_UP;
  struct cpu before = {0}, after = {0};
  int64_t begun = now(), last = 0, elapsed = 0;
  /* Messages begun, answered and allowed to be sent, and how much of the current frame has been sent and received. */
  size_t sent = 0, received = 0, allowed = task->window, sending = 0, receiving = 0;
  size_t until_sample = task->per_sample;
  size_t skipped_from = frames.header_size, skipped_to = skipped_from + (task->is_stamped ? STAMPS : 0);
  int fd = open_connection(port, task->is_stamped);

  while (phase != ENDED || received < sent || sending > 0) {
    while (sending > 0 || (sent < allowed && phase != ENDED)) {
      if (sending == 0) {
        size_t in_a_row = frames.count - sent % frames.count;
        size_t count = allowed - sent < in_a_row ? allowed - sent : in_a_row;
        int64_t at = now();
        for (size_t i = 0; i < count; i++) sent_at[(sent + i) % MAX_IN_FLIGHT] = at;
        sent += count;
        sending = count * frames.sent_size;
      }
      size_t end = (sent - 1) % frames.count + 1;
      ssize_t taken = send(fd, frames.sent + end * frames.sent_size - sending, sending, MSG_DONTWAIT);
      if (taken >= 0) {
        sending -= (size_t)taken;
        continue;
      }
      if (errno != EAGAIN) fail_errno("send");
      struct pollfd ready = {.fd = fd, .events = POLLIN | POLLOUT};
      poll(&ready, 1, -1);
      if (ready.revents & POLLIN) break;
    }
    ssize_t length = receive(fd, buffer, sizeof buffer);
    if (length < 0) fail_errno("recv");
    if (length == 0) fail("closed early");
    for (size_t offset = 0; offset < (size_t)length;) {
      const uint8_t *expected = frames.expected + received % frames.count * frames.expected_size;
      int is_in_stamps = receiving >= skipped_from && receiving < skipped_to;
      size_t end = is_in_stamps ? skipped_to : receiving < skipped_from ? skipped_from : frames.expected_size;
      size_t piece = end - receiving < (size_t)length - offset ? end - receiving : (size_t)length - offset;
      if (is_in_stamps) {
        memcpy(stamps + receiving - skipped_from, buffer + offset, piece);
      } else if (memcmp(expected + receiving, buffer + offset, piece) != 0) {
        fail("reply %zu is not what was sent", received);
      }
      offset += piece;
      receiving += piece;
      if (receiving < frames.expected_size) continue;
      receiving = 0;
      if (received == sent) fail("more replies than messages");
      int64_t time = now(), at = sent_at[received % MAX_IN_FLIGHT];
      received++;
      int has_seen_enough = received >= task->warm_up_messages || time - begun >= task->warm_up_limit_ns;
      if (phase == WARMING_UP && has_seen_enough && time - begun >= task->warm_up_ns) {
        phase = MEASURING;
        before = cpu_times(server_pid);
        begun = last = now();
      } else if (phase == MEASURING && --until_sample == 0) {
        until_sample = task->per_sample;
        samples.times[samples.count] = task->per_sample > 1 ? (double)(time - last) / task->per_sample : time - at;
        last = time;
        if (task->is_stamped) {
          samples.sends[samples.count] = stamp_at(stamps) - at;
          samples.receives[samples.count] = time - stamp_at(stamps + 8);
        }
        samples.count++;
        int is_enough = samples.count >= task->least_samples || time - begun >= task->measure_limit_ns;
        if ((is_enough && time - begun >= task->measure_ns) || samples.count == samples.most) {
          phase = ENDED;
          after = cpu_times(server_pid);
          elapsed = time - begun;
        }
      }
      if (phase != ENDED) allowed++;
    }
  }
  close(fd);
  print_result(&samples, task, elapsed, before, after);
  free(samples.times);
  free(samples.sends);
  free(samples.receives);
  free(frames.sent);
  free(frames.expected);
}

/* Returns the number after a key, searched from `json` on. The work has a known shape, and no text in it contains a key. */
static double number_of(const char *json, const char *key) {
  const char *found = strstr(json, key);
  if (!found) fail("the work has no %s", key + 1);
  return strtod(found + strlen(key), NULL);
}

int main(int argc, char **argv) {
  polls = argc == 3 && strcmp(argv[1], "--poll") == 0;
  const char *work = argc == 2 + polls ? argv[argc - 1] : "";
  const char *url = strstr(work, "\"url\":\"ws://127.0.0.1:"), *tasks = strstr(work, "\"tasks\":[");
  if (!url || !tasks) fail("usage: floor [--poll] WORK");
  int port = atoi(url + strlen("\"url\":\"ws://127.0.0.1:"));
  long server_pid = (long)number_of(work, "\"serverPid\":");
  for (const char *at = strstr(tasks, "\"mode\":"); at; at = strstr(at + 1, "\"mode\":")) {
    const char *warm_up = strstr(at, "\"warmUp\":"), *measure = strstr(at, "\"measure\":");
    const char *is_stamped = strstr(at, "\"isStamped\":");
    if (!warm_up || !measure || !is_stamped) fail("the work has an incomplete task");
    struct task task = {
        .size = (size_t)number_of(at, "\"size\":"),
        .window = (size_t)number_of(at, "\"window\":"),
        .per_sample = (size_t)number_of(at, "\"perSample\":"),
        .is_stamped = strncmp(is_stamped, "\"isStamped\":true", 16) == 0,
        .warm_up_ns = number_of(warm_up, "\"time\":") * 1e6,
        .warm_up_limit_ns = number_of(warm_up, "\"limit\":") * 1e6,
        .warm_up_messages = (size_t)number_of(warm_up, "\"messages\":"),
        .measure_ns = number_of(measure, "\"time\":") * 1e6,
        .measure_limit_ns = number_of(measure, "\"limit\":") * 1e6,
        .least_samples = (size_t)number_of(measure, "\"samples\":"),
        .most_messages = (size_t)number_of(measure, "\"messages\":"),
    };
    if (task.size == 0 || task.window == 0 || task.window > MAX_IN_FLIGHT) fail("a task is out of bounds");
    run(&task, port, server_pid);
  }
  return 0;
}
