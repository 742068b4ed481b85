import type { JSX } from 'preact'
import { BirdPortrait } from './bird.tsx'
import { CatPortrait } from './cat.tsx'
import { DogPortrait } from './dog.tsx'
import { GuineaPigPortrait } from './guinea-pig.tsx'
import { RabbitPortrait } from './rabbit.tsx'

interface Picture {
  /** Names a pair of background colours in portrait.css. */
  readonly tint: 'sand' | 'sage' | 'sky' | 'rose' | 'lilac'
  readonly animal: JSX.Element
}

const pictures: Readonly<Record<string, Picture>> = {
  biscuit: {
    tint: 'sage',
    animal: (
      <DogPortrait coat="#e2a75c" dark="#c4833c" light="#f8e3c0" collar="#c2552d" ears="floppy" tongue />
    ),
  },
  juniper: {
    tint: 'sky',
    animal: (
      <DogPortrait
        coat="#c68d55"
        dark="#4b3a32"
        light="#ecd3ae"
        collar="#3f7a68"
        ears="pointed"
        face="mask"
      />
    ),
  },
  pepper: {
    tint: 'rose',
    animal: (
      <DogPortrait
        coat="#8d8784"
        dark="#5f5956"
        light="#e9e4df"
        collar="#7a4a86"
        ears="folded"
        face="beard"
      />
    ),
  },
  olive: {
    tint: 'lilac',
    animal: (
      <CatPortrait
        coat="#9a948f"
        dark="#6b645f"
        light="#efe9e2"
        iris="#c9d36a"
        collar="#5c7fae"
        pattern="tabby"
      />
    ),
  },
  saffron: {
    tint: 'sky',
    animal: <CatPortrait coat="#e8955a" dark="#c96f35" light="#fdeedd" iris="#e9c75a" pattern="tabby" />,
  },
  domino: {
    tint: 'sand',
    animal: (
      <CatPortrait
        coat="#3a3536"
        dark="#29252a"
        light="#faf6f0"
        iris="#a9cf86"
        collar="#c2552d"
        pattern="tuxedo"
      />
    ),
  },
  clover: {
    tint: 'rose',
    animal: <RabbitPortrait coat="#c99d78" dark="#a87a56" light="#fbf0e3" ears="lop" />,
  },
  misty: {
    tint: 'sage',
    animal: <RabbitPortrait coat="#a7a9b4" dark="#878a98" light="#eff0f3" ears="upright" />,
  },
  mango: {
    tint: 'sky',
    animal: (
      <BirdPortrait
        body="#f3b53f"
        head="#ee8a35"
        wing="#f2c552"
        tip="#5c9a58"
        beak="#3f3632"
        cheek="#e2603a"
      />
    ),
  },
  fern: {
    tint: 'sand',
    animal: (
      <BirdPortrait
        body="#8cc267"
        head="#f0dd6b"
        wing="#b9cf66"
        tip="#4d8f6d"
        beak="#dca24c"
        cheek="#6f86c9"
        isBarred
      />
    ),
  },
  truffle: { tint: 'lilac', animal: <GuineaPigPortrait coat="#6f4c3a" patch="#4d3428" light="#f7ecdf" /> },
  nutmeg: { tint: 'sage', animal: <GuineaPigPortrait coat="#d89a5b" patch="#b3703a" light="#fbf2e6" /> },
}

/** A drawing of a pet; decoration where its name stands beside it. */
export function Portrait({ name, label }: { readonly name: string; readonly label?: string }) {
  const picture = pictures[name]
  if (!picture) return null
  const described =
    label === undefined ? { 'aria-hidden': true } : { role: 'img' as const, 'aria-label': label }
  return (
    <svg
      class={`portrait tint-${picture.tint}`}
      viewBox="0 0 240 180"
      preserveAspectRatio="xMidYMax meet"
      {...described}
    >
      <rect class="portrait-wall" x="-240" y="-120" width="720" height="300" />
      <circle class="portrait-sun" cx="120" cy="104" r="92" />
      <path
        class="portrait-leaf"
        d="M16 180 C10 150 16 124 34 108 C38 134 34 160 24 180 Z M36 180 C36 162 44 148 58 140 C56 158 50 170 44 180 Z"
      />
      <path
        class="portrait-leaf"
        d="M224 180 C230 150 224 124 206 108 C202 134 206 160 216 180 Z M204 180 C204 162 196 148 182 140 C184 158 190 170 196 180 Z"
      />
      {picture.animal}
    </svg>
  )
}
