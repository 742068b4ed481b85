import { Both, Collar, Eyes } from './shapes.tsx'

interface Dog {
  readonly coat: string
  readonly dark: string
  readonly light: string
  readonly collar: string
  readonly ears: 'floppy' | 'pointed' | 'folded'
  /** A shepherd's mask, a terrier's beard. */
  readonly face?: 'mask' | 'beard'
  readonly tongue?: boolean
}

export function DogPortrait({ coat, dark, light, collar, ears, face, tongue }: Dog) {
  return (
    <g>
      {ears === 'pointed' && (
        <Both>
          <path d="M74 84 C66 58 62 36 66 22 Q68 16 74 20 C90 30 104 44 110 58 Z" fill={dark} />
          <path d="M80 74 C74 56 72 44 73 34 C84 42 94 52 98 60 Z" fill="#d99a8b" opacity=".75" />
        </Both>
      )}
      <path d="M56 182 C58 142 88 122 120 122 C152 122 182 142 184 182 Z" fill={coat} />
      <path d="M92 182 C92 156 104 140 120 140 C136 140 148 156 148 182 Z" fill={light} />
      <Collar y={132} colour={collar} />
      <path
        d="M120 36 C156 36 170 62 171 90 C172 122 150 144 120 144 C90 144 68 122 69 90 C70 62 84 36 120 36 Z"
        fill={coat}
      />
      {face === 'mask' && (
        <path
          d="M120 36 C144 36 159 48 166 66 C156 62 142 66 136 80 C130 92 128 96 120 96 C112 96 110 92 104 80 C98 66 84 62 74 66 C81 48 96 36 120 36 Z"
          fill={dark}
        />
      )}
      {ears === 'floppy' && (
        <Both>
          <path
            d="M92 44 C66 38 44 58 44 92 C44 116 52 128 62 126 C76 124 74 98 80 82 C84 72 92 60 92 44 Z"
            fill={dark}
          />
        </Both>
      )}
      {ears === 'folded' && (
        <Both>
          <path
            d="M84 56 C72 44 60 38 54 42 C48 48 52 66 58 82 C62 92 70 88 74 80 C78 72 82 64 84 56 Z"
            fill={dark}
          />
        </Both>
      )}
      {face === 'beard' ? (
        <path
          d="M120 88 C142 88 156 102 156 116 L161 124 L152 127 L153 138 L142 137 L138 149 L128 144 L120 153 L112 144 L102 149 L98 137 L87 138 L88 127 L79 124 L84 116 C84 102 98 88 120 88 Z"
          fill={light}
        />
      ) : (
        <path
          d="M120 84 C128 84 130 92 138 97 C150 104 153 112 150 122 C146 135 134 139 120 139 C106 139 94 135 90 122 C87 112 90 104 102 97 C110 92 112 84 120 84 Z"
          fill={light}
        />
      )}
      {tongue && (
        <path d="M112 122 Q120 126 128 122 L128 133 Q127 143 120 143 Q113 143 112 133 Z" fill="#e58a86" />
      )}
      <path
        d="M120 110 V119 M120 119 Q111 128 101 120 M120 119 Q129 128 139 120"
        fill="none"
        stroke="#2a1f1b"
        stroke-width="2.6"
        stroke-linecap="round"
      />
      <path
        d="M107 102 C107 96 113 94 120 94 C127 94 133 96 133 102 C133 108 126 112 120 112 C114 112 107 108 107 102 Z"
        fill="#2a1f1b"
      />
      <ellipse cx="116" cy="99" rx="4" ry="2" fill="#fff" opacity=".45" />
      <Eyes x={97} y={84} />
      <Both>
        <path
          d="M89 72 Q96 66 104 71"
          fill="none"
          stroke={face === 'mask' ? light : dark}
          stroke-width="3.2"
          stroke-linecap="round"
          opacity=".8"
        />
      </Both>
    </g>
  )
}
