import { recommended } from '../../src/cli/proxies/recommended.ts'
import { idleS, type Place } from './launch.ts'
import { proxyNames, type ProxyName } from './programs.ts'

/** A proxy and how it is configured. */
export interface Configuration {
  readonly proxy: ProxyName
  /** `defaults`: nothing but where the origin is. */
  readonly name: string
  readonly config: (place: Place) => string | Promise<string>
}

const nginx = (name: string, inLocation = '', inServer = ''): Configuration => ({
  proxy: 'nginx',
  name,
  config: ({ listen, origin }) => `
server {
  listen 127.0.0.1:${listen};
  ${inServer}
  location / {
    proxy_pass http://127.0.0.1:${origin};
    proxy_read_timeout ${idleS}s;
    ${inLocation}
  }
}`,
})

const nginxUpgrade = `
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;`

const haproxy = (name: string, inDefaults = ''): Configuration => ({
  proxy: 'haproxy',
  name,
  config: ({ listen, origin }) => `
defaults
  mode http
  timeout connect 5s
  timeout client ${idleS}s
  timeout server ${idleS}s
  ${inDefaults}
frontend in
  bind 127.0.0.1:${listen}
  default_backend out
backend out
  server origin 127.0.0.1:${origin}`,
})

const varnish = (name: string, vcl = ''): Configuration => ({
  proxy: 'varnish',
  name,
  config: ({ origin }) => `
vcl 4.1;
backend default {
  .host = "127.0.0.1"; .port = "${origin}";
  .first_byte_timeout = ${idleS}s; .between_bytes_timeout = ${idleS}s;
}
${vcl}`,
})

const squid = (name: string, lines = ''): Configuration => ({
  proxy: 'squid',
  name,
  config: ({ listen, origin }) => `
http_port 127.0.0.1:${listen} accel defaultsite=localhost no-vhost
cache_peer 127.0.0.1 parent ${origin} 0 no-query originserver
http_access allow all
read_timeout ${idleS} seconds
${lines}`,
})

const caddy = (name: string, lines = ''): Configuration => ({
  proxy: 'caddy',
  name,
  config: ({ listen, origin }) => `
http://:${listen} {
  bind 127.0.0.1
  ${lines}
  reverse_proxy 127.0.0.1:${origin}
}`,
})

const apache = (name: string, parameters = '', lines = ''): Configuration => ({
  proxy: 'apache',
  name,
  config: ({ origin }) => `
ProxyTimeout ${idleS}
ProxyPass "/" "http://127.0.0.1:${origin}/" ${parameters}
${lines}`,
})

/** What `everwire proxy` prints, its time-outs shortened. */
const printed = proxyNames.flatMap((proxy): Configuration[] => {
  const print = recommended.get(proxy)
  if (!print) return []
  const config = ({ listen, origin }: Place) =>
    print({ host: '127.0.0.1', port: listen, upstream: `127.0.0.1:${origin}`, tls: undefined }).replaceAll(
      /\b75(?=s?\b)/g,
      String(idleS),
    )
  return [{ proxy, name: 'recommended', config }]
})

export const configurations: readonly Configuration[] = [
  nginx('defaults'),
  nginx('gzip', 'gzip on; gzip_types *; gzip_proxied any; gzip_min_length 0;'),
  nginx('no buffering', 'proxy_buffering off;'),
  nginx('buffering forced', 'proxy_ignore_headers X-Accel-Buffering;'),
  nginx('upgrade', nginxUpgrade),
  haproxy('defaults'),
  haproxy('http-no-delay', 'option http-no-delay'),
  haproxy('compression', 'compression algo gzip\n  compression type text/event-stream'),
  varnish('defaults'),
  varnish(
    'upgrade',
    'sub vcl_recv { if (req.http.upgrade ~ "(?i)websocket") { return (pipe); } }\nsub vcl_pipe { set bereq.http.upgrade = req.http.upgrade; set bereq.http.connection = req.http.connection; }',
  ),
  squid('defaults'),
  squid('upgrade', 'http_upgrade_request_protocols websocket allow all'),
  caddy('defaults'),
  caddy('gzip', 'encode gzip'),
  apache('defaults'),
  apache('upgrade', 'upgrade=websocket'),
  apache('deflate', '', 'SetOutputFilter DEFLATE'),
  ...printed,
]
