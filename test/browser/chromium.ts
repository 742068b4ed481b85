import { chromium, type Browser } from 'playwright'

/**
 * Starts the machine's own Chromium; `npm test` finds it and names it in CHROMIUM. `backForwardCache`: pages that are left
 * are kept, which playwright switches off otherwise.
 */
export function launchChromium(options: { readonly backForwardCache?: boolean } = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    ...(options.backForwardCache && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
  })
}
