#!/usr/bin/env node
// Plain JavaScript that old Nodes can parse: its whole purpose is a clear sentence instead of a stack trace.
import { existsSync } from 'node:fs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const main = new URL('../dist/cli/main.js', import.meta.url)

if (major < 22 || (major === 22 && minor < 13)) {
  console.error(
    `everwire needs Node 22.13 or newer; this is Node ${process.versions.node}.\n` +
      'Install a newer Node (https://nodejs.org). In a checkout, `npm start` brings its own.',
  )
  process.exitCode = 1
} else if (!existsSync(main)) {
  console.error(
    'everwire is not built: dist/cli/main.js is missing.\n' +
      'In a checkout, run `npm run build`. If you installed the package, install it again.',
  )
  process.exitCode = 1
} else {
  await import(main.href)
}
