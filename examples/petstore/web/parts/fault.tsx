import { Icon } from './icons.tsx'

export function Fault({ text }: { readonly text: string | undefined }) {
  if (text === undefined) return null
  return (
    <p class="fault" role="alert">
      <Icon name="alert" size={18} /> {text}
    </p>
  )
}

export function reason(error: unknown): string {
  // fetch reports every network fault as a TypeError, in words that are of no use to a visitor.
  if (error instanceof TypeError) return 'The server could not be reached. Please try again.'
  return error instanceof Error ? error.message : String(error)
}
