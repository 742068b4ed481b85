import { only, type Recommended } from './site.ts'

export const caddy: Recommended = ({ host, port, upstream, tls }) => {
  return `# Everwire behind Caddy 2.5 or newer. Into /etc/caddy/Caddyfile, in place of Debian's own site, then:
#   caddy reload --config /etc/caddy/Caddyfile
${
  tls
    ? `# HTTP/2 and HTTP/3 are on: a page may have many event streams at once.
https://:${port} {
`
    : `# Plain HTTP, and so HTTP/1.1: a browser opens six connections to a host. With your name instead of http://:${port}
# (app.example) Caddy fetches a certificate by itself and speaks HTTP/2 and HTTP/3.
http://:${port} {
`
}${only(host !== undefined, `  bind ${host}`)}${only(tls !== undefined, `  tls ${tls?.cert} ${tls?.key}`)}  # Nothing more is needed: WebSockets are upgraded, event streams are flushed at once, and there is no read time-out.
  # No flush_interval: with -1 Caddy would not tell Everwire that a client has gone.
  # X-Forwarded-For and -Proto are set, and what a client claims is not believed. Everwire itself reads neither;
  # "authenticate" may.
  reverse_proxy ${upstream}
}
`
}
