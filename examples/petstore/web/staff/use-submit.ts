import { useState } from 'preact/hooks'
import { reason } from '../parts/fault.tsx'

/** A form that is sent to the server: busy, done or refused. */
export function useSubmit(send: () => Promise<unknown>) {
  const [isBusy, setBusy] = useState(false)
  const [isDone, setDone] = useState(false)
  const [fault, setFault] = useState<string>()

  async function submit(event: Event) {
    event.preventDefault()
    setBusy(true)
    setDone(false)
    setFault(undefined)
    try {
      await send()
      setDone(true)
      setTimeout(() => setDone(false), 3_000)
    } catch (error) {
      setFault(reason(error))
    } finally {
      setBusy(false)
    }
  }
  return { isBusy, isDone, fault, submit: (event: Event) => void submit(event) }
}
