import { Both, Eyes } from './shapes.tsx'

interface Rabbit {
  readonly coat: string
  readonly dark: string
  readonly light: string
  readonly ears: 'lop' | 'upright'
}

export function RabbitPortrait({ coat, dark, light, ears }: Rabbit) {
  return (
    <g>
      {ears === 'upright' && (
        <Both>
          <path d="M96 82 C80 46 80 8 96 6 C114 6 118 46 114 78 Z" fill={dark} />
          <path d="M99 70 C90 44 90 18 97 16 C106 18 108 46 107 68 Z" fill="#e3a79d" opacity=".8" />
        </Both>
      )}
      <path d="M58 182 C58 146 86 130 120 130 C154 130 182 146 182 182 Z" fill={coat} />
      <path d="M92 182 C92 160 104 148 120 148 C136 148 148 160 148 182 Z" fill={light} />
      <path
        d="M120 56 C150 56 166 78 168 102 C170 130 148 148 120 148 C92 148 70 130 72 102 C74 78 90 56 120 56 Z"
        fill={coat}
      />
      <path
        d="M120 56 C127 56 129 80 131 94 C140 112 140 146 120 146 C100 146 100 112 109 94 C111 80 113 56 120 56 Z"
        fill={light}
      />
      {ears === 'lop' && (
        <Both>
          <path
            d="M106 60 C78 46 50 62 46 100 C44 130 52 150 64 148 C78 146 80 118 84 98 C88 82 100 74 106 60 Z"
            fill={dark}
          />
          <path d="M62 138 C54 130 54 104 64 88 C68 104 68 128 62 138 Z" fill="#e3a79d" opacity=".55" />
        </Both>
      )}
      <ellipse cx="108" cy="124" rx="13" ry="10.5" fill={light} />
      <ellipse cx="132" cy="124" rx="13" ry="10.5" fill={light} />
      <path d="M114 130 H126 V139 Q120 142 114 139 Z" fill="#fffdf8" />
      <path d="M120 131 V140" stroke="#d8ccc2" stroke-width="1.2" />
      <path d="M113 111 Q120 108 127 111 Q126 117 120 119 Q114 117 113 111 Z" fill="#d9827a" />
      <path
        d="M120 119 V125 M120 125 Q114 131 107 127 M120 125 Q126 131 133 127"
        fill="none"
        stroke="#2a1f1b"
        stroke-width="2.2"
        stroke-linecap="round"
      />
      <Eyes x={92} y={98} r={7.5} />
      <Both>
        <ellipse cx="86" cy="117" rx="8" ry="5" fill="#e7988c" opacity=".35" />
      </Both>
    </g>
  )
}
