import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const client = fileURLToPath(new URL('../../src/client/index.ts', import.meta.url))

export default defineConfig({
  publicDir: 'web/public',
  // From the sources of this checkout; in a project of its own it is a dependency like any other.
  resolve: { alias: { 'everwire/client': client } },
  build: {
    target: 'es2022',
    // The page's content policy forbids inline scripts.
    modulePreload: { polyfill: false },
  },
})
