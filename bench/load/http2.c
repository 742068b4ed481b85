/* Event streams over clear-text HTTP/2 (RFC 9113), several to a connection: the first subscriber of each group holds the
 * connection, and each of the group is one stream of it. */
#include "load.h"
#include <string.h>

enum { DATA, HEADERS, RESET = 3, SETTINGS, PING = 6, GOAWAY, WINDOW_UPDATE };
enum { ACK = 1, END_STREAM = 1, END_HEADERS = 4, PADDED = 8 };

static void frame(struct buffer *to, int type, int flags, uint32_t stream, const void *payload, size_t length) {
  unsigned char head[9] = {
      (unsigned char)(length >> 16), (unsigned char)(length >> 8),  (unsigned char)length,
      (unsigned char)type,           (unsigned char)flags,          (unsigned char)(stream >> 24),
      (unsigned char)(stream >> 16), (unsigned char)(stream >> 8), (unsigned char)stream};
  append(to, head, sizeof head);
  append(to, payload, length);
}

/* A header field whose name has an index below 15 in the static table of RFC 7541, not indexed itself. */
static void field(struct buffer *to, unsigned char name, const char *value) {
  size_t size = strlen(value);
  if (size > 126) die("too long: %s", value);
  unsigned char head[2] = {name, (unsigned char)size};
  append(to, head, sizeof head);
  append(to, value, size);
}

/* Windows as large as they may be: the server's pace is measured, not that of updates. */
#define WINDOW 0x7fff0000u
static void update(struct buffer *to, uint32_t size) {
  unsigned char bytes[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16), (unsigned char)(size >> 8),
                            (unsigned char)size};
  frame(to, WINDOW_UPDATE, 0, 0, bytes, sizeof bytes);
}

void http2_ask(struct connection *connection) {
  static const unsigned char settings[] = {0, 2, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff};
  struct buffer out = {0};
  append(&out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
  frame(&out, SETTINGS, 0, 0, settings, sizeof settings);
  update(&out, WINDOW);
  for (uint32_t i = 0; i < options.streams; i++) {
    char path[512];
    struct buffer fields = {0};
    numbered(path, sizeof path, options.path, connection->index + i);
    append(&fields, "\x82\x86", 2); /* :method GET, :scheme http */
    field(&fields, 4, path);
    field(&fields, 1, options.host);
    frame(&out, HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, fields.bytes, fields.length);
    release(&fields);
  }
  connection_send(connection, out.bytes, out.length);
  release(&out);
}

static void answer(struct connection *connection, int type, const void *payload, size_t length) {
  struct buffer out = {0};
  if (type == WINDOW_UPDATE) update(&out, (uint32_t)length);
  else frame(&out, type, ACK, 0, payload, length);
  connection_send(connection, out.bytes, out.length);
  release(&out);
}

size_t http2_take(struct connection *connection, char *bytes, size_t length) {
  size_t at = 0;
  while (length - at >= 9) {
    const unsigned char *head = (unsigned char *)bytes + at;
    size_t size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    if (length - at - 9 < size) break;
    int type = head[3], flags = head[4];
    uint32_t number = ((uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8]) / 2;
    char *payload = bytes + at + 9;
    if (number >= options.streams) die("no such stream");
    struct connection *stream = connection + number;
    at += 9 + size;
    if (type == RESET || type == GOAWAY) {
      connection_close(connection, true);
      return length;
    }
    /* 0x88 is ":status: 200". */
    if (type == HEADERS && !memchr(payload, 0x88, size)) die("a stream was refused");
    if (type == HEADERS) stream->stage = OPEN;
    if (type == SETTINGS && !(flags & ACK)) answer(connection, SETTINGS, NULL, 0);
    if (type == PING && !(flags & ACK)) answer(connection, PING, payload, size);
    if (type != DATA) continue;
    connection->unconfirmed += size;
    if (connection->unconfirmed > WINDOW / 2) {
      answer(connection, WINDOW_UPDATE, NULL, connection->unconfirmed);
      connection->unconfirmed = 0;
    }
    size_t padding = flags & PADDED ? (size_t)(unsigned char)payload[0] + 1 : 0;
    events_take(stream, payload + (padding ? 1 : 0), size - padding);
  }
  return at;
}
