import { examine, type Step } from '../examine.ts'
import type { Measurements } from '../measurements.ts'
import { markdown } from '../report.ts'
import { frontOfPage, probeBrowser } from './browser.ts'
import { copy } from './copy.ts'
import { byId } from './element.ts'
import { clear, show } from './view.ts'

const base = location.href.replace(/[?#].*$/, '').replace(/\/doctor\/?$/, '')
const copyButton = byId('copy', HTMLButtonElement)
const againButton = byId('again', HTMLButtonElement)
const idleSelect = byId('idle', HTMLSelectElement)
let report = ''

/** About how long each step takes, in seconds. */
const takes: Readonly<Record<Step, number>> = {
  reach: 0.5,
  socket: 0.5,
  stream: 1.7,
  plain: 1,
  page: 2,
  idle: 0,
}

const says: Readonly<Record<Step, string>> = {
  reach: 'Asking what answers there ...',
  socket: 'Opening a WebSocket ...',
  stream: 'Reading an event stream ...',
  plain: 'Polling and posting ...',
  page: "Trying the browser's own EventSource, and its connections ...",
  idle: 'Being silent, to see which quiet connections are cut ...',
}

async function run(): Promise<void> {
  const seconds = Number(idleSelect.value)
  clear()
  document.body.dataset['state'] = 'running'
  byId('verdict', HTMLElement).ariaBusy = 'true'
  copyButton.disabled = againButton.disabled = true
  const bar = progressBar(seconds)
  const so = await examine({
    base,
    from: 'page',
    idleMs: seconds * 1_000,
    front: frontOfPage,
    page: probeBrowser,
    progress(step, state, known) {
      bar.at(step, state)
      byId('state', HTMLElement).textContent = says[step]
      if (known) show(known, false)
    },
  })
  bar.stop()
  finish(so)
}

function finish(so: Measurements): void {
  const now = new Date()
  report = markdown(so, show(so, true), now)
  byId('state', HTMLElement).textContent = `Examined at ${now.toLocaleTimeString()}.`
  byId('verdict', HTMLElement).ariaBusy = 'false'
  document.body.dataset['state'] = 'done'
  copyButton.disabled = againButton.disabled = false
}

/** A bar that goes on by the clock, within what each step may take. */
function progressBar(idleSeconds: number) {
  const bar = document.querySelector('.bar')
  const inner = document.querySelector<HTMLElement>('.bar i')
  const seconds = { ...takes, idle: idleSeconds }
  const total = Object.values(seconds).reduce((sum, each) => sum + each, 0)
  let done = 0
  let begunAt = performance.now()
  let now: Step = 'reach'
  const draw = () => {
    const within = Math.min(seconds[now], (performance.now() - begunAt) / 1_000)
    const percent = Math.round((Math.min(total, done + within) / total) * 100)
    bar?.setAttribute('aria-valuenow', String(percent))
    if (inner) inner.style.width = `${percent}%`
  }
  const timer = setInterval(draw, 250)
  return {
    at(step: Step, state: 'running' | 'done') {
      now = step
      begunAt = performance.now()
      if (state === 'done') done += seconds[step]
      draw()
    },
    stop: () => clearInterval(timer),
  }
}

byId('host', HTMLElement).textContent = location.host
const asked = new URLSearchParams(location.search).get('idle')
if (asked !== null && /^\d{1,3}$/.test(asked) && Number(asked) <= 180) {
  if (![...idleSelect.options].some(({ value }) => value === asked)) {
    idleSelect.append(new Option(asked === '1' ? '1 second' : `${asked} seconds`, asked))
  }
  idleSelect.value = asked
} else idleSelect.value = '30'
againButton.onclick = () => void run()
copyButton.onclick = () =>
  void copy(report).then((copied) => {
    copyButton.textContent = copied ? 'Copied' : 'Could not copy'
    setTimeout(() => (copyButton.textContent = 'Copy report'), 2_000)
  })
void run()
