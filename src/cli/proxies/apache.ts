import { only, type Recommended } from './site.ts'

export const apache: Recommended = ({ host, port, upstream, tls }) => {
  const standard = tls ? 443 : 80
  return `# Everwire behind Apache 2.4.47 or newer. Save as /etc/apache2/sites-available/everwire.conf, then:
#   a2enmod proxy proxy_http headers${tls ? ' ssl http2' : ''} && a2ensite everwire && apachectl configtest && systemctl reload apache2
# On a port of several sites the first answers whom no ServerName fits: give this one a ServerName, or remove
# Debian's own: a2dissite 000-default.
# Each client takes a thread of mpm_event, of which Debian has 150: raise MaxRequestWorkers and ServerLimit, or take
# another proxy for more than a few hundred clients. mpm_prefork takes a process for each.
${only(port !== standard, `# Unless ports.conf has it: Listen ${port}`)}${only(
    tls !== undefined,
    '',
    '# Over HTTP/2 each stream takes one of these threads, by default one and a half times ThreadsPerChild. A connection has six',
    '# at first, and more once requests have ended on it: a page with many event streams is better off with another proxy.',
    'H2MaxWorkers 400',
  )}
<VirtualHost ${host ?? '*'}:${port}>
${only(
  tls !== undefined,
  '  SSLEngine on',
  `  SSLCertificateFile "${tls?.cert}"`,
  `  SSLCertificateKeyFile "${tls?.key}"`,
  '  Protocols h2 http/1.1',
)}${only(tls === undefined, '  # Plain HTTP, and so HTTP/1.1: a browser opens six connections to a host. --tls-cert and --tls-key bring HTTP/2.')}
  # The host as the browser names it: Everwire admits pages of the same host only, or of its "origins".
  ProxyPreserveHost On
  # Replaced, not added to: what a client claims is not believed. Everwire itself reads neither; "authenticate" may.
  RequestHeader set X-Forwarded-For expr=%{REMOTE_ADDR}
  RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}
  ProxyAddHeaders Off

  # upgrade: WebSocket. timeout: three heartbeats of 25 s; 60 s by default. ttl: shorter than Node's own
  # 5 s, so that no request meets a connection that is being closed.
  ProxyPass "/" "http://${upstream}/" upgrade=websocket timeout=75 ttl=4
</VirtualHost>
`
}
