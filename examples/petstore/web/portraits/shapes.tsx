import type { ComponentChildren } from 'preact'

/** Draws what is on the left also on the right: faces are symmetric about x = 120. */
export function Both({ children }: { readonly children: ComponentChildren }) {
  return (
    <>
      <g>{children}</g>
      <g transform="matrix(-1 0 0 1 240 0)">{children}</g>
    </>
  )
}

export function Eyes({
  x,
  y,
  r = 6.5,
  iris,
}: {
  readonly x: number
  readonly y: number
  readonly r?: number
  readonly iris?: string
}) {
  return (
    <>
      {[x, 240 - x].map((cx) => (
        <g key={cx}>
          {iris && <ellipse cx={cx} cy={y} rx={r + 2.5} ry={r + 2} fill={iris} />}
          <ellipse cx={cx} cy={y} rx={iris ? r * 0.55 : r} ry={r} fill="#2a1f1b" />
          <circle cx={cx + r * 0.25} cy={y - r * 0.38} r={r * 0.32} fill="#fff" />
        </g>
      ))}
    </>
  )
}

export function Collar({
  y,
  colour,
  tag = '#f2c14e',
}: {
  readonly y: number
  readonly colour: string
  readonly tag?: string
}) {
  return (
    <>
      <path
        d={`M86 ${y} Q120 ${y + 22} 154 ${y} L156 ${y + 10} Q120 ${y + 33} 84 ${y + 10} Z`}
        fill={colour}
      />
      <circle cx="120" cy={y + 24} r="7" fill={tag} />
      <circle cx="120" cy={y + 24} r="2.4" fill="#00000030" />
    </>
  )
}
