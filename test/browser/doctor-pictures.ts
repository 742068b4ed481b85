// Takes the pictures of the doctor's page anew: node test/browser/doctor-pictures.ts [FOLDER], by default docs/assets.
// Light ones; --dark takes dark ones. `npm run build` first: the page is served as it was built.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { everwire } from 'everwire'
import { chromium } from 'playwright'
import { meddlingProxy, type Meddling } from '../support/meddling-proxy.ts'

interface Picture {
  readonly name: string
  readonly path: Meddling
  readonly height: number
}

const pictures: readonly Picture[] = [
  { name: 'doctor-good', path: {}, height: 590 },
  { name: 'doctor-bad', path: { upgrade: 'strip', stream: 'hold' }, height: 1_180 },
]

const { values, positionals } = parseArgs({
  options: { dark: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [folder = fileURLToPath(new URL('../../docs/assets', import.meta.url))] = positionals

const wire = everwire({ dev: true })
const { port } = await wire.listen(0, '127.0.0.1')
try {
  for (const { name, path, height } of pictures) {
    const proxy = await meddlingProxy(port, path)
    // As a page of a server that has a name.
    const here = new URL(proxy.url).host
    const browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: [`--host-resolver-rules=MAP app.localhost:80 ${here}`],
    })
    try {
      const page = await browser.newPage({
        viewport: { width: 900, height },
        colorScheme: values.dark ? 'dark' : 'light',
        locale: 'en-GB',
      })
      await page.goto('http://app.localhost/wire/doctor?idle=30')
      await page.locator('body[data-state="done"]').waitFor({ timeout: 90_000 })
      await page.screenshot({ path: join(folder, `${name}.png`) })
    } finally {
      await browser.close()
      proxy.close()
    }
  }
} finally {
  await wire.close()
}
