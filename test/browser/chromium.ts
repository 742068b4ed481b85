import { chromium, type Browser } from 'playwright'

/** Starts the machine's own Chromium; `npm test` finds it and names it in CHROMIUM. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' })
}
