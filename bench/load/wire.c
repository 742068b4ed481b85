/* What arrives: WebSocket frames, event streams, answers to polls. */
#include "load.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<zlib.h>) && defined DEFLATE
#include <zlib.h>
#endif

static void message(struct connection *connection, const char *bytes, size_t length) {
  if (received(connection, bytes, length)) return;
  if (connection->stage == OPEN && options.ready && memmem(bytes, length, options.ready, strlen(options.ready))) {
    connection_ready(connection);
    return;
  }
  if (memmem(bytes, length, "\"type\":\"gap\"", 12) || memmem(bytes, length, "event: gap", 10)) state.gaps++;
  if (state.counting) state.other++;
}

/* ---- WebSocket ---- */

void websocket_send(struct connection *connection, int opcode, const char *bytes, size_t length) {
  /* Masked with zeros: the payload stays as it is. */
  unsigned char head[8] = {(unsigned char)(0x80 | opcode)};
  size_t used = 2;
  if (length < 126) head[1] = (unsigned char)(0x80 | length);
  else {
    head[1] = 0x80 | 126;
    head[2] = (unsigned char)(length >> 8);
    head[3] = (unsigned char)length;
    used = 4;
  }
  struct buffer frame = {0};
  append(&frame, head, used + 4);
  append(&frame, bytes, length);
  connection_send(connection, frame.bytes, frame.length);
  release(&frame);
}

/* Engine.IO over WebSocket: "0" opens, "2" pings, "40" connects the namespace. */
static bool engine(struct connection *connection, const char *bytes, size_t length) {
  if (length == 1 && bytes[0] == '2') websocket_send(connection, 1, "3", 1);
  else if (length > 1 && bytes[0] == '0') websocket_send(connection, 1, "40", 2);
  else if (length > 1 && !memcmp(bytes, "40", 2)) connection_ready(connection);
  else return false;
  return true;
}

#ifdef DEFLATE
/* Every message stands for itself: no context is taken over. */
static const char *inflated(const char *bytes, size_t *length) {
  static z_stream stream;
  static bool begun;
  static char out[1 << 20];
  static const unsigned char tail[4] = {0, 0, 0xff, 0xff};
  if (!begun) begun = inflateInit2(&stream, -15) == Z_OK;
  else inflateReset(&stream);
  stream.next_out = (unsigned char *)out;
  stream.avail_out = sizeof out;
  for (int part = 0; part < 2; part++) {
    stream.next_in = part ? (unsigned char *)(uintptr_t)tail : (unsigned char *)(uintptr_t)bytes;
    stream.avail_in = part ? sizeof tail : (unsigned)*length;
    int result = inflate(&stream, Z_SYNC_FLUSH);
    if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) return NULL;
  }
  *length = sizeof out - stream.avail_out;
  return out;
}
#endif

static void websocket_message(struct connection *connection, const char *bytes, size_t length) {
  if (connection->compressed) {
#ifdef DEFLATE
    bytes = inflated(bytes, &length);
#else
    bytes = NULL;
#endif
    if (!bytes) {
      state.faults++;
      return;
    }
  }
  if (options.transport == SOCKETIO && engine(connection, bytes, length)) return;
  message(connection, bytes, length);
}

size_t websocket_take(struct connection *connection, char *bytes, size_t length) {
  size_t at = 0;
  while (length - at >= 2) {
    const unsigned char *frame = (unsigned char *)bytes + at;
    size_t head = 2, size = frame[1];
    if (size > 127) die("a server must not mask its frames");
    if (size == 126) head = 4;
    else if (size == 127) head = 10;
    if (length - at < head) break;
    if (head > 2) {
      size = 0;
      for (size_t i = 2; i < head; i++) size = size << 8 | frame[i];
    }
    if (length - at - head < size) break;
    const char *payload = bytes + at + head;
    int opcode = frame[0] & 15;
    bool last = frame[0] & 0x80;
    at += head + size;
    if (opcode == 8) {
      connection_close(connection, true);
      return length;
    }
    if (opcode == 9) websocket_send(connection, 10, payload, size);
    if (opcode > 2) continue;
    if (opcode) connection->compressed = frame[0] & 0x40;
    if (last && opcode) websocket_message(connection, payload, size);
    else {
      append(&connection->body, payload, size);
      if (!last) continue;
      websocket_message(connection, connection->body.bytes, connection->body.length);
      connection->body.length = 0;
    }
    if (connection->stage == CLOSED) return length;
  }
  return at;
}

/* ---- Server-sent events ---- */

/* Takes whole events off a stream; returns the bytes used. */
static size_t events(struct connection *connection, const char *bytes, size_t length) {
  size_t at = 0;
  for (char *end; (end = memmem(bytes + at, length - at, "\n\n", 2));) {
    size_t size = (size_t)(end - bytes) - at;
    /* A comment is a heartbeat. */
    if (size && bytes[at] != ':') message(connection, bytes + at, size);
    at += size + 2;
    if (connection->stage == CLOSED) return length;
  }
  return at;
}

static void stream(struct connection *connection, const char *bytes, size_t length) {
  struct buffer *body = &connection->body;
  if (body->length == 0) {
    size_t used = events(connection, bytes, length);
    if (used < length) append(body, bytes + used, length - used);
    return;
  }
  append(body, bytes, length);
  size_t used = events(connection, body->bytes, body->length);
  if (connection->stage == CLOSED) return;
  memmove(body->bytes, body->bytes + used, body->length - used);
  body->length -= used;
}

/* Moves the chunks' contents together, so that the events of one receipt are searched in one go. */
size_t events_take(struct connection *connection, char *bytes, size_t length) {
  if (!connection->chunked) {
    stream(connection, bytes, length);
    return length;
  }
  size_t at = 0, to = 0;
  while (at < length) {
    if (connection->chunk == 0) {
      const char *end = memchr(bytes + at, '\n', length - at);
      if (!end) break;
      connection->chunk = strtoull(bytes + at, NULL, 16) + 2;
      if (connection->chunk == 2) {
        connection_close(connection, true);
        return length;
      }
      at = (size_t)(end - bytes) + 1;
    }
    size_t here = length - at < connection->chunk ? length - at : connection->chunk;
    /* The last two are the chunk's own line end. */
    size_t after = connection->chunk - here;
    size_t content = after >= 2 ? here : here > 2 - after ? here - (2 - after) : 0;
    memmove(bytes + to, bytes + at, content);
    to += content;
    at += here;
    connection->chunk -= here;
  }
  /* What is left is a piece of a chunk's size line; `stream` does not touch the bytes beyond `to`. */
  stream(connection, bytes, to);
  return connection->stage == CLOSED ? length : at;
}

/* ---- Long-polling ---- */

void poll_ask(struct connection *connection, const char *after, size_t length) {
  char request[1024], path[512];
  numbered(path, sizeof path, connection->late && options.late_path ? options.late_path : options.path,
           connection->index);
  int size = snprintf(request, sizeof request, "GET %s%s%.*s HTTP/1.1\r\nHost: %s\r\n\r\n", path,
                      length ? "&after=" : "", (int)length, length ? after : "", options.host);
  connection_send(connection, request, (size_t)size);
}

size_t poll_take(struct connection *connection, char *bytes, size_t length) {
  size_t at = 0;
  for (char *end; connection->stage != CLOSED && (end = memmem(bytes + at, length - at, "\r\n\r\n", 4));) {
    const char *head = bytes + at;
    size_t head_size = (size_t)(end - head) + 4;
    /* Names of fields are compared as this server writes them. */
    const char *size_field = memmem(head, head_size, "ontent-", 7);
    while (size_field && strncasecmp(size_field, "ontent-length:", 14))
      size_field = memmem(size_field + 7, (size_t)(end - size_field) - 7, "ontent-", 7);
    if (!size_field) die("an answer to a poll without Content-Length");
    size_t size = strtoul(size_field + 14, NULL, 10);
    if (length - at < head_size + size) break;
    const char *body = head + head_size;
    if (memcmp(head + 8, " 200", 4)) {
      state.faults++;
      connection_close(connection, true);
      return length;
    }
    if (size > 2 && memmem(body, size, "\"reason\":", 9)) state.gaps++;
    received(connection, body, size);
    at += head_size + size;
    /* The position is the last field. */
    const char *id = NULL;
    for (const char *found = body; (found = memmem(found, (size_t)(body + size - found), "\"id\":\"", 6)); found += 6)
      id = found + 6;
    if (!id) die("an answer to a poll without a position");
    size_t id_size = (size_t)((char *)memchr(id, '"', (size_t)(body + size - id)) - id);
    if (connection->stage == OPEN) connection_ready(connection);
    if (connection->stage != CLOSED) poll_ask(connection, id, id_size);
  }
  return at;
}
