import { signal } from '@preact/signals'
import { Icon } from './icons.tsx'

const system = matchMedia('(prefers-color-scheme: dark)')
const chosen = document.documentElement.dataset['theme']
const isDark = signal(chosen ? chosen === 'dark' : system.matches)

system.addEventListener('change', ({ matches }) => {
  if (!document.documentElement.dataset['theme']) isDark.value = matches
})

export function ThemeToggle() {
  function toggle() {
    isDark.value = !isDark.value
    const theme = isDark.value ? 'dark' : 'light'
    document.documentElement.dataset['theme'] = theme
    localStorage.setItem('theme', theme)
  }
  return (
    <button
      type="button"
      class="icon-button"
      onClick={toggle}
      aria-label={isDark.value ? 'Use light colours' : 'Use dark colours'}
    >
      <Icon name={isDark.value ? 'sun' : 'moon'} />
    </button>
  )
}
