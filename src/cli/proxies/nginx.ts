import type { Recommended } from './site.ts'

export const nginx: Recommended = ({ host, port, upstream, tls }) => {
  const listen = `${host === undefined ? '' : `${host}:`}${port}`
  return `# Everwire behind nginx 1.18 or newer. Save as /etc/nginx/conf.d/everwire.conf, then: nginx -t && nginx -s reload
# On a port of several sites the first answers whom no server_name fits: give this one a server_name, or remove Debian's
# own site, /etc/nginx/sites-enabled/default.
# Each client takes two connections, of which nginx by default has 512: raise worker_connections in nginx.conf.

# A WebSocket asks to be upgraded; whatever else comes leaves the connection to Everwire open.
map $http_upgrade $everwire_connection {
  default upgrade;
  ''      '';
}

upstream everwire {
  server ${upstream};
  keepalive 32;
  # Shorter than Node's own 5 s, so that no request meets a connection that is being closed.
  keepalive_timeout 4s;
}

server {
${
  tls
    ? `  # HTTP/2: a page may have many event streams at once. From nginx 1.25.1 on: "listen ${listen} ssl;" and "http2 on;".
  listen ${listen} ssl http2;
  ssl_certificate ${tls.cert};
  ssl_certificate_key ${tls.key};
`
    : `  # Plain HTTP, and so HTTP/1.1: a browser opens six connections to a host. --tls-cert and --tls-key bring HTTP/2.
  listen ${listen};
`
}
  location / {
    proxy_pass http://everwire;

    # WebSocket.
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $everwire_connection;

    # The host as the browser names it, port included: Everwire admits pages of the same host only, or of its "origins".
    proxy_set_header Host $http_host;
    # Replaced, not added to: what a client claims is not believed. Everwire itself reads neither; "authenticate" may.
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;

    # A batch of large messages, as after being offline; 1 MB by default.
    client_max_body_size 8m;

    # Every event at once. Everwire asks for it by X-Accel-Buffering; this holds where that header is ignored.
    proxy_buffering off;
    # Three heartbeats of 25 s; the default of 60 s would do, and no less than 30 s.
    proxy_read_timeout 75s;
    proxy_send_timeout 75s;
  }
}
`
}
