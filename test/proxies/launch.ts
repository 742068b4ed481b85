import { join } from 'node:path'
import type { Program, ProxyName } from './programs.ts'

/** Where a proxy works: its ports and a folder of its own. */
export interface Place {
  readonly listen: number
  readonly origin: number
  readonly folder: string
}

/** Seconds after which each cuts what is silent here; most do so after 60 s by default. */
export const idleS = 4
export const idleMs = idleS * 1_000

/** How a proxy is started so that it touches nothing outside its folder, and stays in the foreground. */
interface Launch {
  /** Besides `config`, which holds the configuration. */
  readonly files: Readonly<Record<string, string>>
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const apacheModules = [
  'mpm_event',
  'authz_core',
  'proxy',
  'proxy_http',
  'proxy_wstunnel',
  'headers',
  'deflate',
  'filter',
  'setenvif',
  'ssl',
  'http2',
  'socache_shmcb',
]

/** What surrounds a configuration: `conf.d` of nginx, a site of apache, the whole file elsewhere. */
export const launches: Readonly<Record<ProxyName, (program: Program, place: Place) => Launch>> = {
  nginx: (_program, { folder }) => ({
    files: {
      'nginx.conf': `
daemon off;
user root;
worker_processes 1;
pid ${folder}/pid;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  include ${folder}/config;
}`,
    },
    args: ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'],
  }),

  haproxy: (_program, { folder }) => ({ files: {}, args: ['-db', '-f', join(folder, 'config')] }),

  varnish: (_program, { folder, listen }) => ({
    files: {},
    args: [
      `-F -j none -T none -s malloc,16M -p pipe_timeout=${idleS}`.split(' '),
      ['-n', folder, '-a', `127.0.0.1:${listen}`, '-f', join(folder, 'config')],
    ].flat(),
  }),

  squid: ({ root }, { folder }) => ({
    files: {
      'squid.conf': `
include ${folder}/config
pid_filename none
access_log none
cache_log ${folder}/cache.log
coredump_dir ${folder}
cache deny all
visible_hostname localhost
mime_table ${join(root, 'usr/share/squid/mime.conf')}
icon_directory ${join(root, 'usr/share/squid/icons')}
error_directory ${join(root, 'usr/share/squid/errors/templates')}
unlinkd_program ${join(root, 'usr/lib/squid/unlinkd')}
pinger_enable off
shutdown_lifetime 0 seconds`,
    },
    args: ['-N', '-f', join(folder, 'squid.conf')],
  }),

  caddy: (_program, { folder }) => ({
    files: {},
    args: ['run', '--adapter', 'caddyfile', '--config', join(folder, 'config')],
    env: {
      CADDY_ADMIN: `unix/${folder}/admin`,
      HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
    },
  }),

  apache: ({ root }, { folder, listen }) => ({
    files: {
      'httpd.conf': `
ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
Mutex file:${folder}
${apacheModules.map((name) => `LoadModule ${name}_module ${join(root, `usr/lib/apache2/modules/mod_${name}.so`)}`).join('\n')}
User nobody
Group nogroup
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${listen}
Include ${folder}/config`,
    },
    args: ['-DFOREGROUND', '-f', join(folder, 'httpd.conf')],
  }),
}
