import { Both, Collar, Eyes } from './shapes.tsx'

interface Cat {
  readonly coat: string
  readonly dark: string
  readonly light: string
  readonly iris: string
  readonly collar?: string
  readonly pattern: 'tabby' | 'tuxedo'
}

export function CatPortrait({ coat, dark, light, iris, collar, pattern }: Cat) {
  return (
    <g>
      <path
        d="M178 184 C206 172 214 140 196 120"
        fill="none"
        stroke={dark}
        stroke-width="15"
        stroke-linecap="round"
      />
      <Both>
        <path d="M66 96 C60 70 58 46 61 30 Q63 23 70 27 C86 36 102 48 112 60 Z" fill={coat} />
        <path d="M72 82 C68 64 67 52 68 42 C80 50 90 58 96 66 Z" fill="#e3a093" opacity=".85" />
      </Both>
      <path d="M62 182 C62 146 90 128 120 128 C150 128 178 146 178 182 Z" fill={coat} />
      <path d="M98 182 C97 158 106 142 120 142 C134 142 143 158 142 182 Z" fill={light} />
      {collar && <Collar y={134} colour={collar} />}
      <path
        d="M120 48 C158 48 178 74 178 100 C178 130 150 147 120 147 C90 147 62 130 62 100 C62 74 82 48 120 48 Z"
        fill={coat}
      />
      {pattern === 'tabby' && (
        <g fill="none" stroke={dark} stroke-width="5.5" stroke-linecap="round">
          <path d="M120 51 V70" />
          <Both>
            <path d="M105 53 Q106 62 108 68" />
            <path d="M64 92 Q74 94 80 99" />
            <path d="M64 110 Q74 110 80 112" />
          </Both>
        </g>
      )}
      {pattern === 'tuxedo' && (
        <path
          d="M120 70 C124 88 132 96 146 106 C156 116 154 144 120 145 C86 144 84 116 94 106 C108 96 116 88 120 70 Z"
          fill={light}
        />
      )}
      <ellipse cx="108" cy="121" rx="17" ry="13" fill={light} />
      <ellipse cx="132" cy="121" rx="17" ry="13" fill={light} />
      <path d="M112 108 Q120 105 128 108 Q128 113 120 117 Q112 113 112 108 Z" fill="#d9827a" />
      <path
        d="M120 117 V122 M120 122 Q114 130 106 126 M120 122 Q126 130 134 126"
        fill="none"
        stroke="#2a1f1b"
        stroke-width="2.2"
        stroke-linecap="round"
      />
      <Eyes x={95} y={95} r={8.5} iris={iris} />
      <g stroke={pattern === 'tuxedo' ? '#c9bfb6' : '#ffffffb0'} stroke-width="1.8" stroke-linecap="round">
        <Both>
          <path d="M84 117 L52 110 M84 123 L50 124 M86 129 L56 137" />
        </Both>
      </g>
    </g>
  )
}
