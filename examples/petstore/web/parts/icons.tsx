import type { JSX } from 'preact'

const shapes = {
  bell: <path d="M6 10a6 6 0 0 1 12 0c0 5 2 6.500 2 6.500H4S6 15 6 10Zm4 9.500a2.200 2.200 0 0 0 4 0" />,
  sun: (
    <path d="M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm0-5.500v2m0 15v2M2.500 12h2m15 0h2M5.300 5.300l1.400 1.400m10.600 10.600 1.400 1.400m0-13.400-1.400 1.400M6.700 17.300l-1.400 1.400" />
  ),
  moon: <path d="M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10Z" />,
  chevron: <path d="m6 14.500 6-6 6 6" />,
  back: <path d="M19 12H5m6-6-6 6 6 6" />,
  search: <path d="M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13Zm5 11.500L20.500 20.500" />,
  send: <path d="M4 12 20 4.500 15.500 20l-4-6.500L4 12Zm7.500 1.500L20 4.500" />,
  check: <path d="m5 12.500 4.500 4.500L19 7.500" />,
  close: <path d="m6.500 6.500 11 11m0-11-11 11" />,
  alert: <path d="M12 8v5m0 3.200v.1M12 3.500 2.800 19.500h18.400L12 3.500Z" />,
  heart: (
    <path d="M12 20S4 15 4 9.300C4 6.500 6 4.700 8.300 4.700c1.600 0 3 .9 3.700 2.300.7-1.400 2.100-2.300 3.700-2.300C18 4.700 20 6.500 20 9.300 20 15 12 20 12 20Z" />
  ),
  home: (
    <path d="M4 11.500 12 4.500l8 7V19a1.500 1.500 0 0 1-1.500 1.500h-13A1.500 1.500 0 0 1 4 19v-7.500Zm5.500 9v-6h5v6" />
  ),
  desk: <path d="M4 5.500h16v13H4v-13Zm0 4.500h16M8.500 14h4" />,
  stethoscope: (
    <path d="M6 4H4.500v5a4.500 4.500 0 0 0 9 0V4H12m-3 9.500v2a4.500 4.500 0 0 0 9 0V14m0-3.500a1.700 1.700 0 1 0 0 3.500 1.700 1.700 0 0 0 0-3.500Z" />
  ),
  syringe: (
    <path d="m14.500 4 5.500 5.500M17.200 6.800 13 11m-5.500-1.500 7 7L10 19l-5-5 4.500-4.500M5.500 18.500 3 21m9.500-12-2 2" />
  ),
  pill: <path d="M5.500 12.500 12.500 5.500a4.200 4.200 0 0 1 6 6l-7 7a4.200 4.200 0 0 1-6-6ZM9 9l6 6" />,
  scissors: (
    <path d="M7 4.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5Zm0 10a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5ZM9 8.500l11 9M9 15.500l11-9" />
  ),
  note: <path d="M6 3.500h8l4.500 4.500v12.500H6v-17Zm8 0V8h4.500M9 12.500h6M9 16h6" />,
  chat: <path d="M4 5.500h16v11h-8.500L7 20.500v-4H4v-11Z" />,
  wire: <path d="M3 12h3l2.500-6 4 12 3-9 1.500 3h4" />,
  cut: (
    <path d="M9 7.500 7.500 6a3.500 3.500 0 0 0-5 5L4 12.500m11 4 1.500 1.500a3.500 3.500 0 0 0 5-5L20 11.500M8 3v2.500M3 8h2.500M16 21v-2.500m5-2.500h-2.500" />
  ),
  shield: (
    <path d="M12 3.500 5 6v5.500c0 4.500 3 7.500 7 9 4-1.500 7-4.500 7-9V6l-7-2.500Zm-3 5.500 6 6m0-6-6 6" />
  ),
  hourglass: <path d="M6.500 3.500h11m-11 17h11m-9.500-17v3.500l4 5-4 5v3.500m8-17v3.500l-4 5 4 5v3.500" />,
  restart: <path d="M19.500 12A7.500 7.500 0 1 1 17 6.400M20 3.500v4h-4" />,
  burst: <path d="M4 7h9M4 12h13M4 17h7m4-12.500 5.500 0m-2 5h2M15 17h5.500" />,
} satisfies Record<string, JSX.Element>

export type IconName = keyof typeof shapes

/** Decoration: what it means stands beside it, or in the label of its button. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {shapes[name]}
    </svg>
  )
}

export function Logo({ size = 34 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="var(--accent)" />
      <path d="M6.500 15.500 16 7l9.500 8.500V24a2 2 0 0 1-2 2h-15a2 2 0 0 1-2-2z" fill="var(--accent-ink)" />
      <g fill="var(--accent)">
        <ellipse cx="16" cy="21" rx="3.600" ry="2.900" />
        <circle cx="11.700" cy="17.600" r="1.500" />
        <circle cx="14.600" cy="15.400" r="1.500" />
        <circle cx="17.600" cy="15.400" r="1.500" />
        <circle cx="20.400" cy="17.600" r="1.500" />
      </g>
    </svg>
  )
}
