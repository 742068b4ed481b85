import type { EverwireOptions } from '../index.ts'
import type { Terminal } from './terminal.ts'

interface Where {
  readonly url: string
  readonly port: number
  readonly host: string | undefined
  /** The file of a certificate that no browser knows. */
  readonly selfSigned: string | undefined
}

/** Says where a server listens, what it serves and how it keeps that. */
export function announce(terminal: Terminal, where: Where, options: EverwireOptions): void {
  const { url, port, host, selfSigned } = where
  const channels = Object.keys(options.channels ?? {})
  const store =
    typeof options.store === 'string' ? options.store : options.store ? 'a store of its own' : 'memory'
  const dev = options.dev === true
  terminal.result(
    { type: 'listening', url: `${url}/wire`, port, host: host ?? null, dev, store, channels },
    () => {
      const label = (text: string) => terminal.style('dim', text.padEnd(11))
      return [
        `${label('listening')}${terminal.style('cyan', `${url}/wire`)}${host === undefined ? '  on all addresses' : ''}`,
        `${label('channels')}${channelsText(channels, dev)}`,
        `${label('messages')}${store === 'memory' ? 'in memory, until this ends (--data DIR keeps them)' : `in ${store}`}`,
      ].join('\n')
    },
  )
  if (selfSigned !== undefined)
    warn(
      terminal,
      `--tls-dev: the certificate is signed by nobody, and browsers ask once. Node trusts it with NODE_EXTRA_CA_CERTS=${selfSigned}, curl with --cacert.`,
    )
  if (dev) warn(terminal, "--dev: every channel is open to everybody who can reach this machine's loopback.")
  else if (channels.length === 0)
    warn(terminal, 'No channel is open to anybody: give --config FILE with channels, or --dev.')
}

function channelsText(channels: readonly string[], dev: boolean): string {
  const named = channels.join(', ')
  if (!dev) return named || 'none'
  return named ? `any; with rules for ${named}` : 'any'
}

function warn(terminal: Terminal, message: string): void {
  terminal.note({ type: 'warning', message }, () => terminal.noteStyle('yellow', message))
}
