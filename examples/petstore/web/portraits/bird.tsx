interface Bird {
  readonly body: string
  readonly head: string
  readonly wing: string
  readonly tip: string
  readonly beak: string
  readonly cheek: string
  /** A budgerigar's waves on head and wing. */
  readonly isBarred?: boolean
}

export function BirdPortrait({ body, head, wing, tip, beak, cheek, isBarred }: Bird) {
  return (
    <g>
      <path d="M138 128 C158 150 172 172 184 196 L166 198 C150 180 136 160 126 140 Z" fill={tip} />
      <path d="M128 132 C144 154 152 174 158 196 L146 198 C134 180 126 160 120 142 Z" fill={wing} />
      <path
        d="M84 74 C78 52 92 28 118 28 C142 28 154 46 154 66 C168 90 166 122 146 142 C130 158 104 154 92 136 C80 118 78 94 84 74 Z"
        fill={body}
      />
      <path d="M82 76 C76 50 92 26 118 26 C144 26 156 48 152 70 C138 84 100 90 82 76 Z" fill={head} />
      {isBarred && (
        <g fill="none" stroke="#3d4a3a" stroke-width="2.6" stroke-linecap="round" opacity=".7">
          <path d="M124 29 Q132 38 130 50" />
          <path d="M134 32 Q143 43 140 58" />
          <path d="M144 40 Q151 52 148 66" />
        </g>
      )}
      <path
        d="M118 92 C140 84 162 98 160 124 C158 142 146 152 136 154 C122 144 108 118 118 92 Z"
        fill={wing}
      />
      <path
        d="M132 130 C142 128 152 122 158 112 C160 130 152 148 136 154 C132 148 130 138 132 130 Z"
        fill={tip}
      />
      {isBarred && (
        <g fill="none" stroke="#3d4a3a" stroke-width="2.4" stroke-linecap="round" opacity=".55">
          <path d="M122 104 Q134 102 144 106" />
          <path d="M122 114 Q136 112 150 117" />
          <path d="M125 124 Q138 123 150 128" />
        </g>
      )}
      <circle cx="106" cy="57" r="12" fill="#fffaf0" />
      <circle cx="105" cy="57" r="7" fill="#2a1f1b" />
      <circle cx="107" cy="54.5" r="2.2" fill="#fff" />
      <ellipse cx="116" cy="76" rx="8" ry="5.5" fill={cheek} opacity=".75" />
      <path
        d="M88 56 C76 56 68 66 72 82 C74 88 80 86 82 80 C84 76 90 76 94 72 C96 64 94 58 88 56 Z"
        fill={beak}
      />
      <path d="M82 80 Q86 87 93 82 Q95 76 92 72 Q86 76 82 80 Z" fill="#00000038" />
      <path
        d="M28 160 C80 152 150 158 214 150"
        fill="none"
        stroke="#8a6345"
        stroke-width="10"
        stroke-linecap="round"
      />
      <path
        d="M186 152 C196 140 208 138 216 140 C212 150 200 154 186 152 Z M50 158 C42 146 32 144 24 148 C28 158 40 162 50 158 Z"
        fill="#7d9d6a"
      />
      <path
        d="M106 150 v13 M113 151 v13 M126 150 v13 M133 149 v13"
        stroke="#b98a6a"
        stroke-width="5"
        stroke-linecap="round"
      />
    </g>
  )
}
