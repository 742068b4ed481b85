/** The decisive lines of a configuration, for one kind of thing on the path. */
export interface Mend {
  readonly where: 'nginx' | 'haproxy' | 'apache' | 'varnish' | 'everwire' | 'network' | 'server' | 'client'
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
  { where: 'apache', lines: ['ProxyPass /wire/ http://127.0.0.1:4000/wire/ upgrade=websocket'] },
  {
    where: 'varnish',
    lines: [
      'sub vcl_recv { if (req.http.upgrade ~ "(?i)websocket") { return (pipe); } }',
      'sub vcl_pipe { set bereq.http.upgrade = req.http.upgrade; set bereq.http.connection = req.http.connection; }',
    ],
  },
]

/** Nobody on the way can read it. */
export const encrypted: Mend = {
  where: 'network',
  lines: ['serve the site over HTTPS: most devices on the way leave alone what they cannot read'],
}

/** Event streams are passed on as they come. */
export const unbuffered: readonly Mend[] = [
  { where: 'nginx', lines: ['proxy_buffering off;', '# and no "proxy_ignore_headers X-Accel-Buffering"'] },
  { where: 'haproxy', lines: ['option http-no-delay', 'no option http-buffer-request'] },
  { where: 'apache', lines: ['ProxyPass /wire/ http://127.0.0.1:4000/wire/ flushpackets=on'] },
  {
    where: 'network',
    lines: ['exempt the host from content inspection (virus scanner, data-loss prevention) of the proxy'],
  },
]
