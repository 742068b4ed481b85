/** A person as a letter in a colour that belongs to the name. */
export function Avatar({ name }: { readonly name: string }) {
  const hue = Array.from(name, (letter) => letter.charCodeAt(0)).reduce(
    (sum, code) => (sum * 31 + code) % 360,
    7,
  )
  return (
    <span class="avatar" style={`--hue: ${hue}`} aria-hidden="true">
      {name.slice(0, 1)}
    </span>
  )
}
