const byItself = 'its certificate is signed by nobody but itself'
const byOthers = 'its certificate is signed by an authority that is not known here'

/** Why nothing could be asked, in words, by the code of the system or of TLS. */
const faults: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host could not be looked up',
  ETIMEDOUT: 'nobody answers there',
  UND_ERR_CONNECT_TIMEOUT: 'nobody answers there',
  UND_ERR_SOCKET: 'the connection was closed',
  HPE_INVALID_CONSTANT: 'what answers does not speak HTTP',
  EPROTO: 'what answers does not speak HTTPS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers does not speak HTTPS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what answers does not speak HTTPS',
}

const certificateFaults: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: byItself,
  SELF_SIGNED_CERT_IN_CHAIN: byOthers,
  UNABLE_TO_GET_ISSUER_CERT: byOthers,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: byOthers,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: byOthers,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is the clock right?',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}

/** What is wrong with a certificate; undefined where that is not what is wrong. */
export function certificateFault(code: string): string | undefined {
  return certificateFaults[code]
}

/** Whether it would be trusted if the certificate of who has signed it were known here. */
export function lacksAuthority(code: string): boolean {
  const fault = certificateFaults[code]
  return fault === byItself || fault === byOthers
}

/** A reason as people read it, with the code to look up. */
export function faultText(code: string): string {
  const words = certificateFaults[code] ?? faults[code]
  return words === undefined ? code : `${words} (${code})`
}
