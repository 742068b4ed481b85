import { Fault } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'

interface FormEndProps {
  readonly action: string
  readonly done: string
  readonly isBusy: boolean
  readonly isDone: boolean
  readonly fault: string | undefined
}

export function FormEnd({ action, done, isBusy, isDone, fault }: FormEndProps) {
  return (
    <>
      <Fault text={fault} />
      <div class="form-end">
        <button class="button" disabled={isBusy}>
          {action}
        </button>
        <span role="status">
          {isDone && (
            <span class="done">
              <Icon name="check" size={18} /> {done}
            </span>
          )}
        </span>
      </div>
    </>
  )
}
