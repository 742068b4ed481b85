/**
 * What came as text, or as a binary message. What cannot be read is ignored, like a type that is not known (PROTOCOL.md
 * 4.5). The server is trusted to say what its `type` promises.
 */
export function read<Said extends object>(data: string | ArrayBuffer): Said | undefined {
  try {
    if (typeof data === 'string') return JSON.parse(data)
    const end = 2 + new DataView(data).getUint16(0)
    const header: object = JSON.parse(new TextDecoder().decode(data.slice(2, end)))
    return { ...header, data: new Uint8Array(data, end) } as unknown as Said
  } catch {
    return undefined
  }
}
