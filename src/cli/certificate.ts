import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { promisify } from 'node:util'
import type { Tls } from '../node/listen.ts'
import { Failure, exit, usage } from './failure.ts'

/** The certificate and the key of two PEM files. Throws a usage Failure that names the file which is none. */
export async function certificateOf(certFile: string, keyFile: string): Promise<Tls> {
  // One after the other: where both are missing it is always the first that is named.
  const cert = await textOf(certFile)
  const key = await textOf(keyFile)
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw usage(`${certFile} and ${keyFile} are no certificate in PEM and its key: ${message}`)
  }
  return { cert, key }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw usage(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const days = 365
const dayMs = 24 * 3_600_000

const cache = () => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'everwire')

/** Where the certificate for development is, or would be. */
export function developmentFile(folder = cache()): string {
  return join(folder, 'localhost', 'cert.pem')
}

/**
 * A self-signed certificate for this machine's own names, for development: made with openssl when there is none yet, or
 * when it has less than a day left, and kept, so that a browser has to be told only once. Throws a Failure without openssl.
 */
export async function developmentCertificate(
  folder = cache(),
): Promise<{ readonly tls: Tls; readonly file: string }> {
  const kept = join(folder, 'localhost')
  const files = (at: string) => [join(at, 'cert.pem'), join(at, 'key.pem')] as const
  const [certFile, keyFile] = files(kept)
  if (await isGood(certFile)) return { tls: await certificateOf(certFile, keyFile), file: certFile }
  await mkdir(folder, { recursive: true })
  // A folder that nobody else may read, and that is there as a whole or not at all.
  const made = await mkdtemp(join(folder, 'making-'))
  try {
    await makeCertificate(...files(made))
    await rm(kept, { recursive: true, force: true })
    await rename(made, kept)
  } finally {
    await rm(made, { recursive: true, force: true })
  }
  return { tls: await certificateOf(certFile, keyFile), file: certFile }
}

async function isGood(file: string): Promise<boolean> {
  try {
    return new X509Certificate(await readFile(file)).validToDate.getTime() > Date.now() + dayMs
  } catch {
    return false
  }
}

async function makeCertificate(certFile: string, keyFile: string): Promise<void> {
  const names = 'subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1'
  try {
    const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'.split(' ')
    const subject = ['-days', String(days), '-subj', '/CN=localhost', '-addext', names]
    await promisify(execFile)('openssl', [...request, ...subject, '-keyout', keyFile, '-out', certFile])
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new Failure(
      missing
        ? 'A development certificate is made with openssl, which is not installed: install it, or give --tls-cert and --tls-key.'
        : `openssl could not make a certificate: ${error instanceof Error ? error.message : String(error)}`,
      exit.failed,
      { cause: error },
    )
  }
}
