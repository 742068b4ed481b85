import type { Recommended } from './site.ts'

export const haproxy: Recommended = ({ host, port, upstream, tls }) => {
  const bind = `${host ?? ''}:${port}`
  return `# Everwire behind HAProxy 2.4 or newer. Into /etc/haproxy/haproxy.cfg, then: haproxy -c -f FILE && systemctl reload haproxy
# Each client takes two connections: "maxconn" in the global section, and its limit of open files, must allow for that.

defaults everwire
  mode http
  timeout connect 5s
  # A request's head; what it asks for may last.
  timeout http-request 10s
  # Three heartbeats of 25 s: what is silent for longer is dead.
  timeout client 75s
  timeout server 75s
  timeout tunnel 75s
  # Every event at once: without it each waits up to 0.2 s for the next.
  option http-no-delay
  # A client that goes is told to Everwire at once, not with the next heartbeat.
  option abortonclose

frontend everwire from everwire
${
  tls
    ? `  # One file with certificate, chain and key. HTTP/2: a page may have many event streams at once.
  bind ${bind} ssl crt ${tls.cert} alpn h2,http/1.1
`
    : `  # Plain HTTP, and so HTTP/1.1: a browser opens six connections to a host. --tls-cert brings HTTP/2.
  bind ${bind}
`
}  # Replaced, not added to: what a client claims is not believed. Everwire itself reads neither; "authenticate" may.
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto ${tls ? 'https' : 'http'}
  default_backend everwire

backend everwire from everwire
  server everwire ${upstream}
`
}
