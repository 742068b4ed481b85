/** The decisive lines of a configuration, for one kind of thing on the path. */
export interface Mend {
  readonly where:
    | 'nginx'
    | 'haproxy'
    | 'apache'
    | 'varnish'
    | 'squid'
    | 'caddy'
    | 'everwire'
    | 'network'
    | 'server'
    | 'client'
  readonly lines: readonly string[]
}

/** WebSockets pass. */
export const upgraded: readonly Mend[] = [
  {
    where: 'nginx',
    lines: [
      'proxy_http_version 1.1;',
      'proxy_set_header Upgrade $http_upgrade;',
      'proxy_set_header Connection "upgrade";',
    ],
  },
  {
    where: 'apache',
    lines: ['# before any ProxyPass /', 'ProxyPass /wire/ http://127.0.0.1:4000/wire/ upgrade=websocket'],
  },
  {
    where: 'varnish',
    lines: [
      'sub vcl_recv { if (req.http.upgrade ~ "(?i)websocket") { return (pipe); } }',
      'sub vcl_pipe { set bereq.http.upgrade = req.http.upgrade; set bereq.http.connection = req.http.connection; }',
    ],
  },
  { where: 'squid', lines: ['http_upgrade_request_protocols websocket allow all'] },
]

/** Nobody on the way can read it. */
export const encrypted: Mend = {
  where: 'network',
  lines: ['serve the site over HTTPS: most devices on the way leave alone what they cannot read'],
}

/** Nobody on the way reads it to its end first. */
const uninspected: readonly Mend[] = [
  {
    where: 'squid',
    lines: [
      'acl wire urlpath_regex ^/wire/',
      '# for each SERVICE of icap_service or ecap_service, before what allows it:',
      'adaptation_access SERVICE deny wire',
    ],
  },
  {
    where: 'network',
    lines: ['exempt the host from content inspection (virus scanner, data-loss prevention) of the proxy'],
  },
]

/** Event streams are passed on as they come. */
export const unbuffered: readonly Mend[] = [
  { where: 'nginx', lines: ['proxy_buffering off;'] },
  { where: 'haproxy', lines: ['option http-no-delay', '# and no "http-response wait-for-body"'] },
  {
    where: 'apache',
    lines: [
      '# it holds nothing by itself; with ModSecurity:',
      '# no text/event-stream in SecResponseBodyMimeType',
    ],
  },
  {
    where: 'varnish',
    lines: [
      'sub vcl_backend_response { if (beresp.http.content-type ~ "event-stream") { set beresp.do_stream = true; set beresp.do_gzip = false; } }',
    ],
  },
  {
    where: 'caddy',
    lines: [
      '# it holds nothing by itself:',
      '# no "buffer_responses" and no "response_buffers" in reverse_proxy',
    ],
  },
  ...uninspected,
]

/** Event streams are let through, and last. */
export const allowed: readonly Mend[] = [
  {
    where: 'network',
    lines: ['let answers of the type text/event-stream pass, however long they last'],
  },
  ...uninspected,
]

/** Large bodies are let through. */
export const roomy: readonly Mend[] = [
  { where: 'nginx', lines: ['client_max_body_size 8m;'] },
  { where: 'squid', lines: ['request_body_max_size 8 MB'] },
  { where: 'caddy', lines: ['request_body {', '  max_size 8MB', '}'] },
]

/** What is quiet for less than three heartbeats lives. */
export const patient: readonly Mend[] = [
  { where: 'nginx', lines: ['proxy_read_timeout 75s;'] },
  { where: 'haproxy', lines: ['timeout client 75s', 'timeout server 75s', 'timeout tunnel 75s'] },
  { where: 'apache', lines: ['ProxyTimeout 75'] },
  {
    where: 'varnish',
    lines: [
      '.first_byte_timeout = 75s;  # of the backend',
      '.between_bytes_timeout = 75s;',
      '# and for WebSockets start it with: varnishd -p pipe_timeout=75',
    ],
  },
  { where: 'squid', lines: ['read_timeout 75 seconds'] },
]

/** Streams share a connection. */
export const multiplexed: readonly Mend[] = [
  { where: 'nginx', lines: ['listen 443 ssl http2;  # from nginx 1.25.1 on: listen 443 ssl; http2 on;'] },
  { where: 'haproxy', lines: ['bind :443 ssl crt site.pem alpn h2,http/1.1'] },
  { where: 'apache', lines: ['# a2enmod http2', 'Protocols h2 http/1.1'] },
  { where: 'caddy', lines: ['app.example {  # a name in place of http://: HTTPS, HTTP/2 and HTTP/3'] },
]

/** The server sees the host as the browser names it. */
export const sameHost: readonly Mend[] = [
  { where: 'nginx', lines: ['proxy_set_header Host $http_host;'] },
  { where: 'apache', lines: ['ProxyPreserveHost On'] },
  { where: 'squid', lines: ['# without defaultsite and no-vhost', 'http_port 80 accel vhost'] },
  {
    where: 'everwire',
    lines: ["origins: ['https://app.example']  // the address of the pages, instead"],
  },
]
