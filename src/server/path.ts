/**
 * The parameters of a path that fits a pattern such as `/rooms/:room/ws`, in which `:room` stands for one segment, not
 * empty; undefined when it does not fit.
 */
export function paramsOf(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (given.length !== wanted.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, segment] of wanted.entries()) {
    const text = given[i] ?? ''
    if (!segment.startsWith(':')) {
      if (segment !== text) return undefined
    } else if (text === '') return undefined
    else params[segment.slice(1)] = decoded(text)
  }
  return params
}

// What is no escaped UTF-8 is refused later, with the rest of the URL.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
