import { Both, Eyes } from './shapes.tsx'

interface GuineaPig {
  readonly coat: string
  readonly patch: string
  readonly light: string
}

export function GuineaPigPortrait({ coat, patch, light }: GuineaPig) {
  return (
    <g>
      <path d="M40 184 C34 128 74 92 120 92 C166 92 206 128 200 184 Z" fill={patch} />
      <Both>
        <path d="M82 72 C62 58 46 66 48 84 C50 100 66 106 80 98 Z" fill={patch} />
        <path d="M78 78 C66 70 56 74 57 84 C58 92 68 96 76 92 Z" fill="#d9968a" opacity=".7" />
      </Both>
      <path
        d="M120 52 C154 52 176 80 178 114 C180 146 154 164 120 164 C86 164 60 146 62 114 C64 80 86 52 120 52 Z"
        fill={coat}
      />
      <path d="M120 52 C96 52 74 70 66 96 C76 116 100 112 108 96 C114 84 114 64 120 52 Z" fill={patch} />
      <path
        d="M120 52 C126 66 126 84 132 100 C146 116 148 163 120 163 C92 163 94 116 108 100 C114 84 114 66 120 52 Z"
        fill={light}
      />
      <path
        d="M120 52 C112 44 110 38 112 32 C118 34 120 38 121 42 C124 36 128 34 132 34 C132 42 128 48 120 52 Z"
        fill={light}
      />
      <path d="M110 124 Q120 119 130 124 Q128 132 120 134 Q112 132 110 124 Z" fill="#cf857a" />
      <path
        d="M120 134 V140 M120 140 Q113 147 105 142 M120 140 Q127 147 135 142"
        fill="none"
        stroke="#2a1f1b"
        stroke-width="2.4"
        stroke-linecap="round"
      />
      <Eyes x={88} y={106} r={8} />
      <Both>
        <path d="M74 178 C74 166 84 162 92 166 C98 170 98 178 96 184 L74 184 Z" fill={light} />
        <ellipse cx="88" cy="128" rx="9" ry="6" fill="#e7988c" opacity=".3" />
      </Both>
    </g>
  )
}
