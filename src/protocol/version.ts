/** The version of this package; client and server of one version always understand each other. */
export const version = '0.1.0'
