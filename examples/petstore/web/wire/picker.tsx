import { choice, choices, choose, transportNames } from '../live/connection.ts'

export function Picker({ name }: { readonly name: string }) {
  return (
    <fieldset class="segmented">
      <legend class="visually-hidden">Transport</legend>
      {choices.map((each) => (
        <label key={each}>
          <input
            type="radio"
            name={name}
            value={each}
            checked={choice.value === each}
            onChange={() => choose(each)}
          />
          <span>{transportNames[each]}</span>
        </label>
      ))}
    </fieldset>
  )
}
